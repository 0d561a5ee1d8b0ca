"""Change a person's details, addresses and interests."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import interests
from campaigns.consent import addressing, ledger, suppression
from campaigns.consent.models import Action, Method
from campaigns.contacts import addresses, directory
from campaigns.core.errors import InvalidInput, NotPermitted
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.staff.people import ADDRESS_FIELDS, LOCALES
from campaigns.staff.person import name_of
from campaigns.staff.person_agreement import shown_words
from campaigns.web import context

_PLAIN = ("first_name", "last_name", "postal_code", "city", "state", "locale", "timezone")
_ZONES = (
    ("", "Not known: taken from ZIP code and area code"),
    ("America/New_York", "Eastern (New York)"),
    ("America/Chicago", "Central (Chicago)"),
    ("America/Denver", "Mountain (Denver)"),
    ("America/Phoenix", "Arizona (Phoenix)"),
    ("America/Los_Angeles", "Pacific (Los Angeles)"),
    ("America/Anchorage", "Alaska (Anchorage)"),
    ("Pacific/Honolulu", "Hawaii (Honolulu)"),
)
_SAID = (("paper", "On a paper form"), ("spoken", "Aloud, at the desk or by phone"))


@bp.route("/people/<int:contact_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_PEOPLE)
def edit_person(contact_id: int) -> Any:
    """Show and change name, place, language and addresses."""
    errors: dict[str, str] = {}
    with context.reading() as session:
        contact = directory.get(session, contact_id)
        held = directory.addresses_of(session, contact_id)
    values: dict[str, Any] = {name: getattr(contact, name) or "" for name in _PLAIN}
    values |= {
        field: held[channel].address if channel in held else ""
        for channel, field in ADDRESS_FIELDS.items()
    }
    if request.method == "POST":
        values = {name: request.form.get(name, "") for name in (*_PLAIN, "email", "phone")}
        try:
            changed = _save(contact_id, values, errors)
        except InvalidInput as fault:
            errors |= fault.fields or {"first_name": fault.message}
        else:
            notify("Saved." if changed else "Nothing was different; nothing was changed.")
            return redirect(url_for("staff.person", contact_id=contact_id), 303)
    page = render_template(
        "staff/people/edit.html",
        contact=contact,
        name=name_of(contact),
        values=values,
        errors=errors,
        locales=LOCALES,
        zones=_zones(values["timezone"]),
    )
    return page, 422 if errors else 200


def _zones(present: str) -> list[tuple[str, str]]:
    known = present in dict(_ZONES)
    return [*_ZONES] if known else [*_ZONES, (present, present)]


def _save(contact_id: int, values: dict[str, Any], errors: dict[str, str]) -> bool:
    now, by = context.now(), actor()
    for channel, field in ADDRESS_FIELDS.items():
        if values[field].strip():
            try:
                address = addresses.normalise(channel, values[field])
                with context.reading() as session:
                    suppression.refuse_erased(session, channel, address, now)
            except InvalidInput as fault:
                errors[field] = fault.message
    with context.transaction() as session:
        changed = directory.edit(
            session, contact_id, now=now, **{name: values[name] for name in _PLAIN}
        )
        if errors:
            raise InvalidInput("contact_fields", "Some fields need mending.", fields=errors)
        for channel, field in ADDRESS_FIELDS.items():
            if addressing.change(session, contact_id, channel, values[field], actor=by, now=now):
                changed.append(field)
        if changed:
            audit.append(
                session,
                by,
                "contact.edited",
                subject_kind="contact",
                subject_id=contact_id,
                now=now,
                fields=sorted(changed),
            )
    return bool(changed)


@bp.get("/people/<int:contact_id>/interests")
@requires(Permission.READ_INTERESTS)
def person_interests(contact_id: int) -> str:
    """Show what a person is interested in, with the agreement that it is kept."""
    with context.reading() as session:
        chosen = interests.codes_of(session, contact_id)
    return _interests_page(contact_id, chosen)


@bp.post("/people/<int:contact_id>/interests")
@requires(Permission.EDIT_PEOPLE)
def change_interests(contact_id: int) -> Any:
    """Change what a person is interested in; the first time with how she agreed to that."""
    _may_know()
    errors: dict[str, str] = {}
    with context.reading() as session:
        agreed = ledger.has_topic_consent(session, contact_id)
    chosen = set(request.form.getlist("interests"))
    said, note = request.form.get("said", ""), " ".join(request.form.get("note", "").split())
    if chosen and not agreed:
        if said not in dict(_SAID):
            errors["said"] = "Topics are kept only with the person's agreement. Say how."
        elif not note:
            errors["note"] = "Say in a few words where the agreement is, or who heard it."
    if not errors:
        try:
            _store(contact_id, chosen, agreed=agreed, said=said, note=note[:500])
        except InvalidInput as fault:
            errors = fault.fields or {"interests": fault.message}
        else:
            notify("Saved." if chosen else "No topics are kept about this person.")
            return redirect(url_for("staff.person", contact_id=contact_id), 303)
    return _interests_page(contact_id, chosen, said=said, note=note, errors=errors), 422


def _interests_page(
    contact_id: int,
    chosen: set[str],
    *,
    said: str = "",
    note: str = "",
    errors: dict[str, str] | None = None,
) -> str:
    with context.reading() as session:
        contact = directory.get(session, contact_id)
        agreed = ledger.has_topic_consent(session, contact_id)
        choices = [i for i in interests.list_all(session) if i.active or i.code in chosen]
        words = shown_words(session, contact.locale)["health_topic"][1]
    return render_template(
        "staff/people/interests.html",
        contact=contact,
        name=name_of(contact),
        choices=choices,
        chosen=chosen,
        agreed=agreed,
        words=words,
        said=said,
        note=note,
        ways=_SAID,
        errors=errors or {},
    )


def _may_know() -> None:
    if not may(Permission.READ_INTERESTS):
        raise NotPermitted("interests", "Your role does not include what people are interested in.")


def _store(contact_id: int, chosen: set[str], *, agreed: bool, said: str, note: str) -> None:
    now, by = context.now(), actor()
    with context.transaction() as session:
        if chosen and not agreed:
            contact = directory.get(session, contact_id)
            disclosure_id, words = shown_words(session, contact.locale)["health_topic"]
            ledger.record(
                session,
                contact_id=contact_id,
                channel=ledger.TOPIC,
                action=Action.HEALTH_TOPIC_CONSENT,
                method=Method.PAPER_FORM if said == "paper" else Method.VERBAL,
                actor=by,
                now=now,
                disclosure_id=disclosure_id,
                wording=words,
                evidence={"note": note, "recorded_by": by.name},
            )
        interests.set_for_contact(session, contact_id, chosen, actor=by, source="staff", now=now)


@bp.post("/people/<int:contact_id>/interests/forget")
@requires(Permission.EDIT_PEOPLE)
def forget_interests(contact_id: int) -> Any:
    """Delete all topics because the person took the agreement back."""
    _may_know()
    now, by = context.now(), actor()
    with context.transaction() as session:
        interests.set_for_contact(session, contact_id, set(), actor=by, source="staff", now=now)
        if ledger.has_topic_consent(session, contact_id):
            ledger.record(
                session,
                contact_id=contact_id,
                channel=ledger.TOPIC,
                action=Action.HEALTH_TOPIC_WITHDRAWN,
                method=Method.STAFF,
                actor=by,
                now=now,
                evidence={"recorded_by": by.name},
            )
    notify("All topics about this person are deleted, and none will be kept.")
    return redirect(url_for("staff.person", contact_id=contact_id), 303)
