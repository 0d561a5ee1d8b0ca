"""A booking system's report, taken in: whose it is, and what it says, recorded once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.bookings import ledger, matching
from campaigns.bookings.matching import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a booking system tells of one appointment."""

    external_id: str
    status: str = ledger.BOOKED
    booked_at: datetime | None = None
    """None: at the moment of the report."""
    starts_at: datetime | None = None
    message: str | None = None
    """The token of the booking link that was followed."""
    email: str | None = None
    phone: str | None = None
    first_name: str = ""
    last_name: str = ""


def take(session: Session, source: str, report: Report, *, now: datetime) -> Match:
    """Record an appointment or its cancellation, once; return whose it is.

    An appointment of nobody we know is kept as well, for staff to say whose it is.

    Raises: InvalidInput ``booking_id``.
    """
    match = matching.find(
        session,
        token=report.message,
        email=report.email,
        phone=report.phone,
        first_name=report.first_name,
        last_name=report.last_name,
    )
    ledger.record(
        session,
        source=source,
        external_id=report.external_id,
        contact_id=match.contact_id,
        booked_at=report.booked_at or now,
        starts_at=report.starts_at,
        message_id=match.message_id,
        now=now,
    )
    if report.status == ledger.CANCELLED:
        ledger.cancel(session, source=source, external_id=report.external_id, now=now)
    return match
