"""What a person agreed to at the desk: on paper, or aloud; with the exact words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.consent import disclosures, ledger, optin
from campaigns.consent.models import Action, Method
from campaigns.consent.scans import Stored
from campaigns.consent.scans import record as keep_scan
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput
from campaigns.staff import paper_words, scans
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context, templating

NONE, PAPER, SPOKEN = "none", "paper", "spoken"
FIELDS = (
    *("consent", "email_ok", "sms_ok", "signed_on", "note", "scan_kept"),
    *("email_version", "sms_version", "email_words", "sms_words"),
)
PLACE = "the front desk"
"""For the footer of messages: where this person signed up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What the form says about consent, checked."""

    how: str = NONE
    channels: tuple[Channel, ...] = ()
    signed_on: date | None = None
    note: str = ""
    words: Mapping[str, paper_words.Said] = field(default_factory=dict)
    scan: Stored | None = None


def shown_words(session: Session, locale: str = "en") -> dict[str, tuple[int, str]]:
    """Return the wording in use for each channel and for topics, rendered, with its id."""
    clinic = profile.get(session)
    base = context.services().public_url
    found: dict[str, tuple[int, str]] = {}
    for kind in (*Channel, "health_topic"):
        disclosure = disclosures.current(session, kind, locale)
        text = disclosures.render(
            disclosure,
            brand=clinic.brand,
            privacy_url=f"{base}/privacy",
            terms_url=f"{base}/sms-program",
        )
        found[str(kind)] = (disclosure.id, text)
    return found


def read(form: Mapping[str, str], errors: dict[str, str], *, now: datetime) -> Agreement:
    """Read the consent part of a form; faults go into ``errors`` by field."""
    how = form.get("consent", NONE)
    if how not in (PAPER, SPOKEN):
        if any(form.get(f"{c}_ok") for c in Channel):
            errors["consent"] = "Choose how the person agreed, or untick email and texts."
        return Agreement()
    channels = tuple(c for c in Channel if form.get(f"{c}_ok"))
    if not channels:
        errors["email_ok"] = "Tick what the person agreed to: email, texts, or both."
    note = " ".join(form.get("note", "").split())
    scan = scans.read_again("scan", form.get("scan_kept", ""), errors) if how == PAPER else None
    if not note and scan is None:
        errors["note"] = (
            "Say in a few words where the paper lies, like: folder 3; or add a scan of it."
            if how == PAPER
            else "Say in a few words who heard it, like: asked at the desk by Robin."
        )
    signed_on = None
    if how == PAPER:
        try:
            signed_on = date.fromisoformat(form.get("signed_on", ""))
        except ValueError:
            errors["signed_on"] = "Give the day on the form."
        else:
            if signed_on > now.astimezone(templating.zone()).date():
                errors["signed_on"] = "This day is still to come. Check the form."
    return Agreement(
        how=how,
        channels=channels,
        signed_on=signed_on,
        note=note[:500],
        words=paper_words.read(form, channels, errors, on_paper=how == PAPER, signed_on=signed_on),
        scan=scan,
    )


def record(
    session: Session, contact: Contact, agreement: Agreement, *, by: Actor, now: datetime
) -> list[str]:
    """Write the agreement to the ledger; return sentences about what happens now.

    A spoken yes is enough for email. Texts need a written one, so a text goes out that
    the person answers with Y.
    """
    told: list[str] = []
    words = shown_words(session, contact.locale)
    proof: dict[str, Any] = {}
    if agreement.scan is not None and agreement.channels:
        kept = keep_scan(session, by, agreement.scan, contact_id=contact.id, now=now)
        proof = {"scan": kept.sha256, "scan_id": kept.id, "signature": "scan of the signed form"}
    for channel in agreement.channels:
        held = directory.addresses_of(session, contact.id).get(channel)
        if held is None:
            raise InvalidInput(
                "address_missing",
                "Consent needs an address. Add it, or untick what has none.",
                fields={f"{channel}_ok": "There is no address for this. Add it first."},
            )
        said = agreement.words.get(channel) or paper_words.Said(*words[channel])
        disclosure_id, typed = said.disclosure_id, said.text
        if disclosure_id is None and typed == words[channel][1]:
            disclosure_id = words[channel][0]
        asks = agreement.how == SPOKEN and channel == Channel.SMS
        entry = ledger.record(
            session,
            contact_id=contact.id,
            channel=channel,
            action=Action.OPT_IN_REQUESTED if asks else Action.OPT_IN_CONFIRMED,
            method=Method.VERBAL if agreement.how == SPOKEN else Method.PAPER_FORM,
            actor=by,
            now=now,
            expressed_at=_moment(agreement.signed_on, now),
            disclosure_id=disclosure_id,
            wording=typed,
            evidence={"note": agreement.note, "recorded_by": by.name, **proof},
            source_label=PLACE,
        )
        told.append(_told(session, contact, channel, entry.id, held.address, asks=asks, now=now))
        audit.append(
            session,
            by,
            "consent.recorded",
            subject_kind="contact",
            subject_id=contact.id,
            now=now,
            channel=str(channel),
            entry=entry.id,
        )
    return told


def _told(
    session: Session,
    contact: Contact,
    channel: Channel,
    entry_id: int,
    address: str,
    *,
    asks: bool,
    now: datetime,
) -> str:
    thing = "email" if channel == Channel.EMAIL else "texts"
    if not asks:
        state = ledger.state_of(session, contact.id).get(channel)
        if state is None or state.entry_id != entry_id:
            return (
                f"The agreement to {thing} is kept, but an earlier stop is newer than the form "
                "and still holds."
            )
        return f"Agreed to {thing}."
    asked = optin.request(
        session,
        contact_id=contact.id,
        channel=channel,
        address=address,
        entry_id=entry_id,
        origin=optin.FORM,
        now=now,
    )
    if asked is None:
        return "A text asking to confirm went to this number already in the last 24 hours."
    return "A text goes out now: the person agrees by answering Y."


def _moment(day: date | None, now: datetime) -> datetime:
    """Return when it was said: at noon of the day on the form, or now."""
    zone = templating.zone()
    if day is None or day == now.astimezone(zone).date():
        return now
    return datetime.combine(day, time(12), zone)


@bp.route("/people/<int:contact_id>/agreement", methods=["GET", "POST"])
@requires(Permission.EDIT_PEOPLE)
def person_agreement(contact_id: int) -> Any:
    """Record that somebody who is known agreed, on paper or aloud."""
    errors: dict[str, str] = {}
    now = context.now()
    values: dict[str, Any] = {**dict.fromkeys(FIELDS, ""), "consent": PAPER}
    if request.method == "POST":
        values = {name: request.form.get(name, "") for name in FIELDS}
        agreement = read(request.form, errors, now=now)
        values["scan_kept"] = scans.mark_of(agreement.scan) if agreement.scan else ""
        if agreement.how == NONE:
            errors["consent"] = "Choose how the person agreed."
        if not errors:
            try:
                with context.transaction() as session:
                    contact = directory.get(session, contact_id)
                    told = record(session, contact, agreement, by=actor(), now=now)
            except InvalidInput as fault:
                errors = fault.fields or {"consent": fault.message}
            else:
                notify(" ".join(told))
                return redirect(url_for("staff.person", contact_id=contact_id), 303)
    with context.reading() as session:
        contact = directory.get(session, contact_id)
        words = shown_words(session, contact.locale)
        versions = paper_words.choices(session, contact.locale)
        held = directory.addresses_of(session, contact_id)
    page = render_template(
        "staff/people/agreement.html",
        contact=contact,
        values=values,
        errors=errors,
        words=words,
        versions=versions,
        held=held,
    )
    return page, 422 if errors else 200
