"""Appointments that people made: recorded once each, cancelled, listed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaigns.bookings.models import Booking
from campaigns.contacts import directory
from campaigns.contacts.models import Contact
from campaigns.core.errors import InvalidInput, NotFound

BOOKED = "booked"
CANCELLED = "cancelled"
FRONT_DESK = "front_desk"
"""The source of bookings that staff record by hand."""


def record(
    session: Session,
    *,
    source: str,
    external_id: str,
    contact_id: int | None,
    booked_at: datetime,
    now: datetime,
    recorded_by: str = "",
    starts_at: datetime | None = None,
    message_id: int | None = None,
) -> Booking:
    """Record an appointment; the same source and id again returns the one on record.

    A repeated report may add the person or the time that the first one lacked. Writes
    ``contacts.last_booked_at``, by which groups and drips see it.

    Raises: InvalidInput ``booking_id``; NotFound ``contact``.
    """
    if not source or not external_id or len(source) > 40 or len(external_id) > 120:
        raise InvalidInput(
            "booking_id",
            "A booking needs a source and an id of its own (at most 120 characters), so that a "
            "repeated report is counted once.",
        )
    if contact_id is not None:
        directory.get(session, contact_id)
        directory.lock(session, [contact_id])
    booking = find(session, source, external_id)
    if booking is None:
        booking = Booking(
            source=source,
            external_id=external_id,
            contact_id=contact_id,
            booked_at=min(booked_at, now),
            starts_at=starts_at,
            recorded_at=now,
            recorded_by=recorded_by[:120],
            message_id=message_id,
        )
        session.add(booking)
    else:
        booking.contact_id = booking.contact_id or contact_id
        booking.message_id = booking.message_id or message_id
        booking.starts_at = starts_at or booking.starts_at
    session.flush()
    if booking.contact_id is not None and booking.state == BOOKED:
        directory.note_booked(session, booking.contact_id, now=booking.booked_at)
    return booking


def cancel(session: Session, *, source: str, external_id: str, now: datetime) -> Booking:
    """Record that an appointment was called off; doing it twice changes nothing.

    Raises: NotFound ``booking``.
    """
    booking = find(session, source, external_id)
    if booking is None:
        raise NotFound("booking", "No booking with this id is on record. Nothing was changed.")
    if booking.state == BOOKED:
        booking.state = CANCELLED
        session.flush()
        if booking.contact_id is not None:
            _recount(session, booking.contact_id, now=now)
    return booking


def assign(session: Session, booking_id: int, contact_id: int) -> Booking:
    """Say whose an unmatched booking is.

    Raises: NotFound ``booking`` or ``contact``.
    """
    booking = session.get(Booking, booking_id)
    if booking is None:
        raise NotFound("booking", "This booking is not on record any more.")
    directory.get(session, contact_id)
    booking.contact_id = contact_id
    session.flush()
    if booking.state == BOOKED:
        directory.note_booked(session, contact_id, now=booking.booked_at)
    return booking


def find(session: Session, source: str, external_id: str) -> Booking | None:
    """Return a booking by its source and id."""
    return session.scalar(
        select(Booking).where(Booking.source == source, Booking.external_id == external_id)
    )


def list_of(session: Session, contact_id: int, *, limit: int = 200) -> list[Booking]:
    """Return a person's bookings, newest first."""
    query = (
        select(Booking)
        .where(Booking.contact_id == contact_id)
        .order_by(Booking.booked_at.desc(), Booking.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def unmatched(session: Session, *, limit: int = 100) -> list[Booking]:
    """Return bookings that no person could be found for, newest first."""
    query = (
        select(Booking)
        .where(Booking.contact_id.is_(None), Booking.state == BOOKED)
        .order_by(Booking.booked_at.desc(), Booking.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def move(session: Session, keep_id: int, drop_id: int, now: datetime) -> None:
    """Give a merged record's bookings to the one that stays; see ``consent.merging``."""
    session.execute(update(Booking).where(Booking.contact_id == drop_id).values(contact_id=keep_id))
    _recount(session, keep_id, now=now)


def _recount(session: Session, contact_id: int, *, now: datetime) -> None:
    """Set when a person last booked from what is left."""
    latest = session.scalar(
        select(func.max(Booking.booked_at)).where(
            Booking.contact_id == contact_id, Booking.state == BOOKED
        )
    )
    session.execute(
        update(Contact)
        .where(Contact.id == contact_id)
        .values(last_booked_at=latest, updated_at=now)
    )
