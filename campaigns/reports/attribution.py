"""Which message gets the credit for a booking, and which the blame for a leaving.

The rule, as the report pages state it: a booking counts for the message whose booking link
was followed, if that is known; otherwise for the last campaign or series message that
left for the person in the seven days before. Each booking counts once. A person who
leaves counts for the last message on that channel in the seven days before. Cancelled
bookings do not count.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select
from sqlalchemy.orm import aliased

from campaigns.bookings.models import Booking
from campaigns.consent.models import Action, ConsentEntry, Method
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.reports.instants import days_before

WINDOW = timedelta(days=7)
RULE = (
    "A booking counts for the message whose booking link the person followed. Where that is not "
    "known, it counts for the last campaign or series message that left for the person in the "
    "7 days before. Each booking counts once; cancelled ones do not count. Someone who left counts "
    "for the last message on that channel in the 7 days before."
)
LEFT_US = (MessageState.ACCEPTED, MessageState.DELIVERED)
"""States of messages that reached the person, as far as we know."""
CAMPAIGNS = (Origin.BROADCAST, Origin.DRIP_STEP)


def credited_bookings(since: datetime, until: datetime) -> Subquery:
    """Rows (booking_id, contact_id, at, message_id) of bookings made in [since, until)."""
    followed, last = aliased(Message), aliased(Message)
    by_link = (
        select(followed.id)
        .where(followed.id == Booking.message_id, _within(followed, Booking.contact_id, _at()))
        .correlate(Booking)
        .scalar_subquery()
    )
    by_time = (
        select(last.id)
        .where(_within(last, Booking.contact_id, _at()))
        .order_by(last.intent_at.desc(), last.id.desc())
        .limit(1)
        .correlate(Booking)
        .scalar_subquery()
    )
    return (
        select(
            Booking.id.label("booking_id"),
            Booking.contact_id,
            Booking.booked_at.label("at"),
            func.coalesce(by_link, by_time).label("message_id"),
        )
        .where(
            Booking.state == "booked",
            Booking.contact_id.is_not(None),
            Booking.booked_at >= since,
            Booking.booked_at < until,
        )
        .subquery("credited")
    )


def credited_leavings(since: datetime, until: datetime) -> Subquery:
    """Rows (entry_id, contact_id, channel, at, message_id) of leavings recorded in the span.

    A person leaves who could be reached before, or who says stop to us. A stop that came
    with a file, of somebody whom the service never reached, is no leaving; nor is a second
    stop.
    """
    last = aliased(Message)
    by_time = (
        select(last.id)
        .where(
            _within(last, ConsentEntry.contact_id, ConsentEntry.recorded_at),
            last.channel == ConsentEntry.channel,
        )
        .order_by(last.intent_at.desc(), last.id.desc())
        .limit(1)
        .correlate(ConsentEntry)
        .scalar_subquery()
    )
    return (
        select(
            ConsentEntry.id.label("entry_id"),
            ConsentEntry.contact_id,
            ConsentEntry.channel,
            ConsentEntry.recorded_at.label("at"),
            by_time.label("message_id"),
        )
        .where(
            ConsentEntry.action == Action.OPT_OUT,
            _left_us(),
            ConsentEntry.recorded_at >= since,
            ConsentEntry.recorded_at < until,
        )
        .subquery("leavings")
    )


def _left_us() -> ColumnElement[bool]:
    before = aliased(ConsentEntry)
    last = func.coalesce(
        select(before.action)
        .where(
            before.contact_id == ConsentEntry.contact_id,
            before.channel == ConsentEntry.channel,
            before.id < ConsentEntry.id,
            before.action.in_([Action.OPT_IN_CONFIRMED, Action.OPT_OUT]),
        )
        .order_by(before.id.desc())
        .limit(1)
        .correlate(ConsentEntry)
        .scalar_subquery(),
        "",
    )
    return or_(
        last == Action.OPT_IN_CONFIRMED,
        and_(last == "", ConsentEntry.method != Method.IMPORT),
    )


def _at() -> ColumnElement[datetime]:
    return Booking.booked_at.expression


def _within(message: Any, contact_id: Any, at: Any) -> ColumnElement[bool]:
    return and_(
        message.contact_id == contact_id,
        message.origin_kind.in_(CAMPAIGNS),
        message.state.in_(LEFT_US),
        message.intent_at <= at,
        message.intent_at > days_before(at, WINDOW),
    )
