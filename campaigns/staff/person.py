"""One person: where she stands, what happened, and what the desk can do about it."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import interests
from campaigns.bookings import ledger as bookings
from campaigns.broadcasts.checks import Ways
from campaigns.consent import ledger, optin, suppression
from campaigns.consent.models import ConsentStatus, Suppression
from campaigns.contacts import directory, notes
from campaigns.contacts.models import Channel, Contact
from campaigns.core.errors import Conflict, InvalidInput, NotFound
from campaigns.delivery import outbox
from campaigns.staff import broadcast_reach, person_standing, person_timeline
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.web import context, templating

HOLDS = (("30", "for 30 days"), ("90", "for 90 days"), ("released", "until I release it"))


def name_of(contact: Contact) -> str:
    """Return a person's name, or something to call them by."""
    return f"{contact.first_name} {contact.last_name}".strip() or f"Person {contact.id}"


@bp.get("/people/<int:contact_id>")
@requires(Permission.READ_PEOPLE)
def person(contact_id: int) -> str:
    """Show the person."""
    return _page(contact_id)


@bp.post("/people/<int:contact_id>/booked")
@requires(Permission.RECORD_BOOKING)
def book_person(contact_id: int) -> Response:
    """Record that the person booked; the form's key makes a second tap the same booking."""
    now, by = context.now(), actor()
    key = request.form.get("key", "")
    if not (key.isalnum() and 8 <= len(key) <= 40):
        raise InvalidInput(
            "booking_key", "This page is too old to record a booking. Open the person again."
        )
    with context.transaction() as session:
        booking = bookings.record(
            session,
            source=bookings.FRONT_DESK,
            external_id=f"{contact_id}-{key}",
            contact_id=contact_id,
            booked_at=now,
            now=now,
            recorded_by=by.name,
        )
        audit.append(
            session,
            by,
            "booking.recorded",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            booking=booking.id,
        )
    notify(
        "Booked. Series that end with a booking stop for this person.",
        undo=url_for("staff.unbook_person", contact_id=contact_id, key=key),
    )
    return _back(contact_id)


@bp.post("/people/<int:contact_id>/booked/<key>/undo")
@requires(Permission.RECORD_BOOKING)
def unbook_person(contact_id: int, key: str) -> Response:
    """Take back a booking recorded by mistake."""
    now = context.now()
    with context.transaction() as session:
        booking = bookings.cancel(
            session, source=bookings.FRONT_DESK, external_id=f"{contact_id}-{key}", now=now
        )
        audit.append(
            session,
            actor(),
            "booking.cancelled",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            booking=booking.id,
        )
    notify("The booking is taken back.")
    return _back(contact_id)


@bp.post("/people/<int:contact_id>/hold")
@requires(Permission.EDIT_PEOPLE)
def hold_person(contact_id: int) -> Response:
    """Pause marketing to the person: for some days, to a date, or until it is released."""
    now, by = context.now(), actor()
    days = request.form.get("days", "")
    if days not in (*dict(HOLDS), "date"):
        raise InvalidInput("hold_days", "Choose 30 days, 90 days, a date, or until released.")
    until_ = _hold_end(days, now)
    with context.transaction() as session:
        contact = directory.hold(session, contact_id, until=until_, reason="staff", now=now)
        until = templating.clinic_date(contact.hold_until)
        audit.append(
            session,
            by,
            "contact.held",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            until=f"until {until}",
        )
    notify(
        f"No messages until {until}.", undo=url_for("staff.release_person", contact_id=contact_id)
    )
    return _back(contact_id)


def _hold_end(days: str, now: datetime) -> datetime:
    """Return when a hold ends: the whole day that is named still counts as held.

    Raises: InvalidInput for a day that is none or is over.
    """
    if days == "released":
        return directory.UNTIL_RELEASED
    if days != "date":
        return now + timedelta(days=int(days))
    try:
        day = date.fromisoformat(request.form.get("until", ""))
        after = datetime.combine(day + timedelta(days=1), time(), templating.zone())
    except (ValueError, OverflowError):
        raise InvalidInput(
            "hold_date", "Give the last day of the hold as a date. Nothing was changed."
        ) from None
    if after <= now or day.year > now.year + 50:
        raise InvalidInput(
            "hold_date",
            "The hold must end on a day to come; choose “until I release it” for one without an "
            "end. Nothing was changed.",
        )
    return after.astimezone(UTC) - timedelta(seconds=1)


@bp.post("/people/<int:contact_id>/release")
@requires(Permission.EDIT_PEOPLE)
def release_person(contact_id: int) -> Response:
    """End the pause."""
    now = context.now()
    with context.transaction() as session:
        directory.release(session, contact_id, now=now)
        outbox.wake_for_contact(session, contact_id, now=now)
        audit.append(
            session,
            actor(),
            "contact.released",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
        )
    notify("The hold is over. Messages may go out again where the person agreed.")
    return _back(contact_id)


@bp.post("/people/<int:contact_id>/notes")
@requires(Permission.EDIT_PEOPLE)
def note_person(contact_id: int) -> Any:
    """Keep a note."""
    now = context.now()
    text = request.form.get("text", "")
    try:
        with context.transaction() as session:
            note = notes.add(session, actor(), contact_id, text, now=now)
            audit.append(
                session,
                actor(),
                "note.added",
                subject_kind="contact",
                subject_id=contact_id,
                now=now,
                note=note.id,
            )
    except InvalidInput as fault:
        return _page(contact_id, note=text, errors=fault.fields), 422
    notify("The note is kept.")
    return _back(contact_id)


@bp.post("/people/<int:contact_id>/ask")
@requires(Permission.EDIT_PEOPLE)
def ask_person(contact_id: int) -> Response:
    """Send the one request to confirm that an email without proof may get."""
    now = context.now()
    with context.transaction() as session:
        state = ledger.state_of(session, contact_id).get(Channel.EMAIL)
        held = directory.addresses_of(session, contact_id).get(Channel.EMAIL)
        if held is None or state is None or state.status != ConsentStatus.UNCONFIRMED:
            raise Conflict("ask_not_needed", "There is nothing to confirm here any more.")
        asked = optin.request(
            session,
            contact_id=contact_id,
            channel=Channel.EMAIL,
            address=held.address,
            entry_id=None,
            origin=optin.IMPORT,
            now=now,
        )
        if asked is None:
            raise Conflict(
                "asked_before",
                "This address was asked before, and the one request that is allowed is used up.",
            )
        audit.append(
            session,
            actor(),
            "confirmation.asked",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
        )
    notify("One email goes out that asks to confirm. Nothing else is sent before the answer.")
    return _back(contact_id)


@bp.post("/people/<int:contact_id>/lift/<int:suppression_id>")
@requires(Permission.EDIT_PEOPLE)
def lift_person(contact_id: int, suppression_id: int) -> Response:
    """Take an address off the do-not-contact list, where staff may."""
    with context.transaction() as session:
        row = session.get(Suppression, suppression_id)
        held = directory.addresses_of(session, contact_id)
        if row is None or not any(
            row in suppression.active_for(session, a.channel, a.address, context.now())
            for a in held.values()
        ):
            raise NotFound("suppression", "This entry is not on the list any more.")
        suppression.lift(session, suppression_id, actor=actor(), now=context.now())
    notify("Taken off the do-not-contact list.")
    return _back(contact_id)


def _page(contact_id: int, *, note: str = "", errors: dict[str, str] | None = None) -> str:
    chosen = request.args.get("show", "all")
    _, kinds = person_timeline.FILTERS.get(chosen, person_timeline.FILTERS["all"])
    shows_interests = may(Permission.READ_INTERESTS)
    with context.reading() as session:
        contact = directory.get(session, contact_id)
        standings = person_standing.of_person(
            session,
            contact,
            providers=broadcast_reach.providers(Ways.of(context.services().settings)),
            now=context.now(),
        )
        lines = person_timeline.of_person(
            session, contact, kinds=kinds, shows_topics=shows_interests, before=_before()
        )
        names = interests.names(session) if shows_interests else {}
        codes = interests.codes_of(session, contact_id) if shows_interests else set()
        may_store = ledger.has_topic_consent(session, contact_id)
    return render_template(
        "staff/people/person.html",
        contact=contact,
        name=name_of(contact),
        standings=standings,
        lines=lines,
        older_url=_older_url(contact_id, chosen, lines),
        filters=person_timeline.FILTERS,
        chosen=chosen if chosen in person_timeline.FILTERS else "all",
        interests=[names[code] for code in names if code in codes],
        shows_interests=shows_interests,
        may_store=may_store,
        held=contact.hold_until is not None and contact.hold_until > context.now(),
        holds=HOLDS,
        summary=person_standing.summary(standings),
        key=secrets.token_hex(8),
        note=note,
        errors=errors or {},
    )


def _before() -> datetime | None:
    try:
        found = datetime.fromisoformat(request.args.get("before", ""))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _older_url(contact_id: int, chosen: str, lines: list[person_timeline.Line]) -> str | None:
    if len(lines) < person_timeline.LENGTH:
        return None
    before = lines[-1].at.isoformat()
    return url_for("staff.person", contact_id=contact_id, show=chosen, before=before)


def _back(contact_id: int) -> Response:
    return redirect(url_for("staff.person", contact_id=contact_id), 303)
