"""The four figures that matter of several campaigns at once, for their list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from campaigns.audience.models import Segment
from campaigns.broadcasts.models import Broadcast
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.drips.models import DripStep, DripVersion
from campaigns.reports.attribution import LEFT_US, credited_bookings, credited_leavings
from campaigns.reports.funnel import clicked


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A campaign's figures: messages delivered, and people who clicked, booked and left."""

    delivered: int = 0
    clicked: int = 0
    booked: int = 0
    left: int = 0


def of_broadcasts(session: Session, broadcasts: Sequence[Broadcast]) -> dict[int, Card]:
    """Count for the campaigns that have begun; the others have no entry."""
    begun = [one for one in broadcasts if one.started_at is not None]
    if not begun:
        return {}
    ids = [one.id for one in begun]
    since = min(one.started_at for one in begun if one.started_at is not None)
    until = datetime.max.replace(tzinfo=since.tzinfo)
    messages = func.count()
    people = func.count(Message.contact_id.distinct())
    delivered = _counts(session, ids, messages, Message.state == MessageState.DELIVERED)
    clicks = _counts(session, ids, people, clicked())
    bookings = _counts(session, ids, people, _credited(credited_bookings(since, until)))
    leavings = _counts(session, ids, people, _credited(credited_leavings(since, until)))
    return {
        one: Card(
            delivered=delivered.get(one, 0),
            clicked=clicks.get(one, 0),
            booked=bookings.get(one, 0),
            left=leavings.get(one, 0),
        )
        for one in ids
    }


def group_names(session: Session, broadcasts: Sequence[Broadcast]) -> dict[int, str]:
    """Return the names of the groups that these campaigns go to, by group."""
    ids = {one.segment_id for one in broadcasts if one.segment_id is not None}
    rows = session.execute(select(Segment.id, Segment.name).where(Segment.id.in_(ids)))
    return {segment_id: name for segment_id, name in rows}  # noqa: C416 - rows are no pairs


def _credited(credited: Subquery) -> Any:
    return Message.id.in_(select(credited.c.message_id).where(credited.c.message_id.is_not(None)))


def _counts(session: Session, ids: list[int], figure: Any, condition: Any) -> dict[int, int]:
    rows = session.execute(
        select(Message.origin_id, figure)
        .where(Message.origin_kind == Origin.BROADCAST, Message.origin_id.in_(ids), condition)
        .group_by(Message.origin_id)
    )
    return {origin_id: number for origin_id, number in rows}  # noqa: C416 - rows are no pairs


def sent_by_drip(session: Session, drip_ids: Sequence[int], *, since: datetime) -> dict[int, int]:
    """Count the messages of series that were handed to a provider since a moment."""
    rows = session.execute(
        select(DripVersion.drip_id, func.count())
        .join(DripStep, DripStep.version_id == DripVersion.id)
        .join(Message, Message.origin_id == DripStep.id)
        .where(
            DripVersion.drip_id.in_(drip_ids),
            Message.origin_kind == Origin.DRIP_STEP,
            Message.state.in_(LEFT_US),
            Message.intent_at >= since,
        )
        .group_by(DripVersion.drip_id)
    )
    return {drip_id: number for drip_id, number in rows}  # noqa: C416 - rows are no pairs


def sent_by_position(session: Session, drip_id: int) -> dict[int, int]:
    """Count the messages of each place in a series that ever left, over all its versions."""
    rows = session.execute(
        select(DripStep.position, func.count())
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .join(Message, Message.origin_id == DripStep.id)
        .where(
            DripVersion.drip_id == drip_id,
            Message.origin_kind == Origin.DRIP_STEP,
            Message.state.in_(LEFT_US),
        )
        .group_by(DripStep.position)
    )
    return {position: number for position, number in rows}  # noqa: C416 - rows are no pairs
