"""Bookings that fit nobody on the list: say whose they are, so that drips end for them."""

from __future__ import annotations

from datetime import timedelta

from flask import redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, and_, select
from werkzeug.wrappers import Response

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.bookings import ledger
from campaigns.bookings.models import Booking
from campaigns.contacts import directory
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context

RECENT = timedelta(days=30)
"""Older ones are most likely of people who are not on the list; they are asked about no more."""
FEW = 8
MANY = 100


def open_questions() -> ColumnElement[bool]:
    """Return the condition for bookings that somebody should look at."""
    return and_(
        Booking.contact_id.is_(None),
        Booking.state == "booked",
        Booking.recorded_at >= context.now() - RECENT,
    )


@bp.get("/bookings/")
@requires(Permission.RECORD_BOOKING)
def unmatched_bookings() -> str:
    """Show them, and the people that a search for one of them finds."""
    text = request.args.get("q", "")[:100].replace("\0", "").strip()
    chosen = request.args.get("booking", type=int)
    with context.reading() as session:
        found = session.scalars(
            select(Booking).where(open_questions()).order_by(Booking.id.desc()).limit(MANY)
        ).all()
        people = directory.search(session, text, limit=FEW) if text else []
    return render_template(
        "staff/people/bookings.html", bookings=found, people=people, text=text, chosen=chosen
    )


@bp.post("/bookings/<int:booking_id>/assign")
@requires(Permission.RECORD_BOOKING)
def assign_booking(booking_id: int) -> Response:
    """Say whose a booking is."""
    contact_id = request.form.get("contact_id", type=int)
    if contact_id is None:
        raise InvalidInput("contact_missing", "Choose whose booking this is.")
    with context.transaction() as session:
        booking = session.get(Booking, booking_id)
        if booking is not None and booking.contact_id is not None:
            raise Conflict("booking_assigned", "A colleague has said whose this booking is.")
        ledger.assign(session, booking_id, contact_id)
        audit.append(
            session,
            actor(),
            "booking.assigned",
            subject_kind="booking",
            subject_id=booking_id,
            now=context.now(),
            contact_id=contact_id,
        )
    notify("The booking is noted. Series that end on a booking end for this person.")
    return redirect(url_for("staff.unmatched_bookings"), 303)
