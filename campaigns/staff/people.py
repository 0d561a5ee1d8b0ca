"""People: find somebody, page through the list, add a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.audience.models import ContactInterest, Interest
from campaigns.consent import standing, suppression
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.errors import InvalidInput
from campaigns.staff import paper_words, person_agreement, person_standing, scans
from campaigns.staff.blueprint import actor, bp, is_htmx, may, notify
from campaigns.web import context

PAGE = 50
DETAILS = ("first_name", "last_name", "email", "phone", "postal_code", "city", "state", "locale")
LOCALES = (("en", "English"), ("es", "Spanish"))
ADDRESS_FIELDS = {Channel.EMAIL: "email", Channel.SMS: "phone"}


@bp.get("/people/")
@requires(Permission.READ_PEOPLE)
def people() -> Any:
    """Show the people who fit what is typed; all of them, by name, for nothing."""
    text = " ".join(request.args.get("q", "")[:100].split())
    after = _place(request.args)
    shows_interests = may(Permission.READ_INTERESTS)
    with context.reading() as session:
        found = directory.search(session, text, limit=PAGE + 1, after=after)
        page, more = found[:PAGE], len(found) > PAGE
        shorts = person_standing.shorts(session, page, context.now())
        interests = _interests(session, page) if shows_interests else {}
    values = {
        "people": page,
        "text": text,
        "shorts": shorts,
        "interests": interests,
        "shows_interests": shows_interests,
        "next_url": _next_url(text, page[-1]) if more else None,
        "first_url": url_for("staff.people", q=text or None) if after else None,
        "is_empty": not page and not text and after is None,
    }
    part = is_htmx() and request.headers.get("HX-Target") == "people"
    template = "staff/people/_rows.html" if part else "staff/people/people.html"
    return render_template(template, **values)


@bp.route("/people/new", methods=["GET", "POST"])
@requires(Permission.EDIT_PEOPLE)
def new_person() -> Any:
    """Add somebody, with the consent given at the desk or without any."""
    names = (*DETAILS, *person_agreement.FIELDS, "adult")
    values: dict[str, Any] = {**dict.fromkeys(names, ""), "consent": person_agreement.NONE}
    errors: dict[str, str] = {}
    sharers: list[Contact] = []
    if request.method == "POST":
        values = {name: request.form.get(name, "") for name in names}
        agreement = person_agreement.read(request.form, errors, now=context.now())
        values["scan_kept"] = scans.mark_of(agreement.scan) if agreement.scan else ""
        _check(values, agreement, errors)
        if not errors:
            sharers = _sharers(values)
        if not errors and (not sharers or request.form.get("shared")):
            try:
                contact_id, told = _add(values, agreement)
            except InvalidInput as fault:
                errors = fault.fields or {"first_name": fault.message}
            else:
                notify(" ".join(told))
                return redirect(url_for("staff.person", contact_id=contact_id), 303)
    with context.reading() as session:
        words = person_agreement.shown_words(session, str(values["locale"] or "en"))
        versions = paper_words.choices(session, str(values["locale"] or "en"))
    page = render_template(
        "staff/people/new.html",
        values=values,
        errors=errors,
        sharers=sharers,
        words=words,
        versions=versions,
        locales=LOCALES,
    )
    return page, 422 if errors or sharers else 200


def _add(values: dict[str, Any], agreement: person_agreement.Agreement) -> tuple[int, list[str]]:
    now, by = context.now(), actor()
    with context.transaction() as session:
        contact = directory.create(
            session,
            now=now,
            source="staff",
            adult_confirmed=bool(values["adult"]),
            **{name: values[name] for name in DETAILS},
        )
        audit.append(
            session, by, "contact.created", subject_kind="contact", subject_id=contact.id, now=now
        )
        told = [f"{contact.first_name or 'The person'} is in the list."]
        told += person_agreement.record(session, contact, agreement, by=by, now=now)
        for held in directory.addresses_of(session, contact.id).values():
            standing.note_unproven(
                session, contact.id, held.channel, source_label=person_agreement.PLACE, now=now
            )
            blocked = suppression.is_suppressed(session, held.channel, held.address, now)
            if blocked is not None:
                thing = "email" if held.channel == Channel.EMAIL else "texts"
                told.append(f"The address is on the do-not-contact list for {thing}.")
    return contact.id, told


def _check(
    values: dict[str, Any], agreement: person_agreement.Agreement, errors: dict[str, str]
) -> None:
    if not (values["first_name"].strip() or values["last_name"].strip()):
        errors["first_name"] = "Give a first or a last name, so that the person can be found."
    if not (values["email"].strip() or values["phone"].strip()):
        errors["email"] = "Give an email address or a mobile number."
    if not values["adult"]:
        errors["adult"] = "Messages go to adults only. Tick this, or do not add the person."
    for channel, field in ADDRESS_FIELDS.items():
        if not values[field].strip():
            if channel in agreement.channels:
                errors[f"{channel}_ok"] = "There is no address for this. Add it above."
            continue
        try:
            address = addresses.normalise(channel, values[field])
            with context.reading() as session:
                suppression.refuse_erased(session, channel, address, context.now())
        except InvalidInput as fault:
            errors[field] = fault.message


def _sharers(values: dict[str, Any]) -> list[Contact]:
    """Return the people who have one of these addresses already."""
    found: dict[int, Contact] = {}
    with context.reading() as session:
        for channel, field in ADDRESS_FIELDS.items():
            if values[field].strip():
                address = addresses.normalise(channel, values[field])
                for contact in directory.find_by_address(session, channel, address):
                    found[contact.id] = contact
    return list(found.values())


def _interests(session: Session, page: Sequence[Contact]) -> dict[int, list[str]]:
    rows = session.execute(
        select(ContactInterest.contact_id, Interest.name)
        .join(Interest, Interest.id == ContactInterest.interest_id)
        .where(ContactInterest.contact_id.in_([contact.id for contact in page]))
        .order_by(Interest.position)
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.contact_id, []).append(row.name)
    return found


def _place(args: MultiDict[str, str]) -> directory.Place | None:
    number = args.get("id", "")
    if not number.isdecimal() or len(number) > 15:
        return None
    return (args.get("last", "")[:80], args.get("first", "")[:80], int(number))


def _next_url(text: str, last: Contact) -> str:
    last_name, first_name, number = directory.place_of(last)
    query = {"q": text} if text else {}
    query |= {"last": last_name, "first": first_name, "id": str(number)}
    return f"{url_for('staff.people')}?{urlencode(query)}"
