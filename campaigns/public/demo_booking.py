"""``/demo/booking``: stands in for the clinic's booking system, in the demonstration only.

A real clinic's booking links lead to its own system, which reports what was booked to
``/webhooks/bookings/<source>``. The demonstration has no such system; this page takes its
place, says so, and reports by the same intake, so that reports and series see the booking.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import request
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.bookings import intake
from campaigns.bookings.intake import Report
from campaigns.public import frame
from campaigns.public.blueprint import bp
from campaigns.public.links import REFERENCE
from campaigns.web import context

PATH = "/demo/booking"
SOURCE = "demonstration"
_HOURS = (9, 11, 14)


@bp.get(PATH)
@open_to_all("there is nothing on it, and it is served in the demonstration alone")
def demo_booking() -> Response:
    """Offer times that nobody keeps."""
    if not _is_demonstration():
        return frame.not_found()
    return _form()


@bp.post(PATH)
@open_to_all("records an invented booking, in the demonstration alone")
def demo_book() -> Response:
    """Report a booking as a booking system would."""
    if not _is_demonstration():
        return frame.not_found()
    reference = request.form.get(REFERENCE, "")[:200]
    email = request.form.get("email", "").strip()[:254]
    slots = {f"{slot:%Y-%m-%dT%H:%M}": slot for slot in _slots()}
    slot = slots.get(request.form.get("slot", ""))
    if slot is None:
        return _form(fault=frame.say("demo_book_slot"), status=422)
    if not reference and not email:
        return _form(fault=frame.say("demo_book_email"), status=422)
    report = Report(
        external_id=secrets.token_hex(8),
        starts_at=slot,
        message=reference or None,
        email=email or None,
    )
    with context.transaction() as session:
        match = intake.take(session, SOURCE, report, now=context.now())
    return frame.page("demo_booked.html", slot=_said(slot), known=match.contact_id is not None)


def _is_demonstration() -> bool:
    return context.services().settings.is_demonstration


def _form(*, fault: str = "", status: int = 200) -> Response:
    return frame.page(
        "demo_booking.html",
        status=status,
        slots=[(f"{slot:%Y-%m-%dT%H:%M}", _said(slot)) for slot in _slots()],
        reference=request.values.get(REFERENCE, "")[:200],
        fault=fault,
    )


def _slots() -> list[datetime]:
    """Return the times of the next three weekdays, in the clinic's zone."""
    with context.reading() as session:
        clinic = frame.clinic_of(session)
    zone = ZoneInfo(clinic.timezone if clinic else "America/New_York")
    day = context.now().astimezone(zone)
    found: list[datetime] = []
    while len(found) < 3 * len(_HOURS):
        day += timedelta(days=1)
        if day.weekday() < 5:
            found += [day.replace(hour=h, minute=0, second=0, microsecond=0) for h in _HOURS]
    return found


def _said(slot: datetime) -> str:
    words = frame.Words(frame.language())
    day = frame.write_date(slot, str(slot.tzinfo), frame.language())
    return words("demo_book_at", date=day, time=f"{slot:%H:%M}")
