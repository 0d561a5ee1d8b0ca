"""One broadcast in figures: every message is in exactly one row of the table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, select, true
from sqlalchemy.orm import Session

from campaigns.broadcasts.models import Broadcast
from campaigns.contacts.models import Channel
from campaigns.core.errors import NotFound
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.events.models import Click
from campaigns.reports.attribution import WINDOW, credited_bookings, credited_leavings

S = MessageState
STATES_OF: dict[str, tuple[MessageState, ...]] = {
    "delivered": (S.DELIVERED,),
    "accepted": (S.ACCEPTED,),
    "bounced": (S.BOUNCED,),
    "failed": (S.FAILED, S.NOT_ACCEPTED),
    "checking": (S.UNCERTAIN,),
    "sending": (S.SENDING,),
    "held": (S.HELD,),
    "planned": (S.PLANNED,),
    "suppressed": (S.SUPPRESSED,),
    "expired": (S.EXPIRED,),
    "cancelled": (S.CANCELLED,),
}
"""The rows of the table: between them they hold every state once."""
LABELS: dict[str, str] = {
    "planned_total": "Planned for",
    "delivered": "Delivered",
    "accepted": "Sent, no receipt yet",
    "bounced": "Came back",
    "failed": "Failed",
    "checking": "Waiting for proof",
    "sending": "Going out now",
    "held": "Held until later",
    "planned": "Still to go",
    "suppressed": "Not sent, for a reason",
    "expired": "Too late to send",
    "cancelled": "Cancelled",
    "clicked": "Clicked",
    "booked": "Booked within 7 days",
    "left": "Left",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure of a channel: how many messages, each to one person."""

    code: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """How many messages of a state have this reason."""

    state: str
    code: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFunnel:
    """What became of a broadcast's messages on one channel."""

    channel: str
    total: int
    lines: tuple[Line, ...]
    """Exclusive; their counts add up to ``total``."""
    reasons: tuple[Reason, ...]
    """Of suppressed and held messages; those of a state add up to its line."""
    clicked: int
    booked: int
    left: int

    def count(self, code: str) -> int:
        """Return one line's figure."""
        return next(line.count for line in self.lines if line.code == code)

    @property
    def handed_over(self) -> int:
        """How many the provider took: delivered, without receipt yet, or come back."""
        return self.count("delivered") + self.count("accepted") + self.count("bounced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """A broadcast's figures."""

    broadcast_id: int
    name: str
    state: str
    started_at: datetime | None
    channels: tuple[ChannelFunnel, ...]
    people: int
    """Distinct people, over both channels."""
    clicked: int
    booked: int
    left: int


def of_broadcast(session: Session, broadcast_id: int) -> Funnel:
    """Count a broadcast's messages; raise NotFound if there is no such broadcast."""
    broadcast = session.get(Broadcast, broadcast_id)
    if broadcast is None:
        raise NotFound("broadcast_unknown", "There is no such campaign.")
    rows = session.execute(
        select(Message.channel, Message.state, Message.reason, func.count())
        .where(in_broadcast(broadcast_id))
        .group_by(Message.channel, Message.state, Message.reason)
    ).all()
    counts: dict[str, dict[str, int]] = {}
    reasons: dict[str, list[Reason]] = {}
    for channel, state, reason, count in rows:
        states = counts.setdefault(channel, {})
        states[state] = states.get(state, 0) + count
        if state in (S.SUPPRESSED, S.HELD):
            reasons.setdefault(channel, []).append(
                Reason(state=state, code=reason or "", count=count)
            )
    return Funnel(
        broadcast_id=broadcast.id,
        name=broadcast.name,
        state=broadcast.state,
        started_at=broadcast.started_at,
        channels=tuple(
            _channel(session, broadcast, channel, counts[channel], reasons.get(channel, []))
            for channel in (Channel.EMAIL, Channel.SMS)
            if channel in counts
        ),
        people=_people(session, broadcast_id, true()),
        clicked=_people(session, broadcast_id, clicked()),
        booked=_people(session, broadcast_id, booked(broadcast)),
        left=_people(session, broadcast_id, left(broadcast)),
    )


def count_of_state(session: Session, broadcast_id: int, state: MessageState) -> int:
    """Count a broadcast's messages of one state."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Message)
            .where(in_broadcast(broadcast_id), Message.state == state)
        )
        or 0
    )


def in_broadcast(broadcast_id: int) -> ColumnElement[bool]:
    """Condition: a message of this broadcast."""
    return and_(Message.origin_kind == Origin.BROADCAST, Message.origin_id == broadcast_id)


def clicked() -> ColumnElement[bool]:
    """Condition: a person, not a scanner, followed a link of the message."""
    return (
        select(Click.id)
        .where(Click.message_id == Message.id, Click.suspect.is_(False))
        .correlate(Message)
        .exists()
    )


def booked(broadcast: Broadcast) -> ColumnElement[bool]:
    """Condition: a booking is credited to the message."""
    return Message.id.in_(_messages(credited_bookings(*span_of(broadcast))))


def left(broadcast: Broadcast) -> ColumnElement[bool]:
    """Condition: the person left the channel, and this was the last message before."""
    return Message.id.in_(_messages(credited_leavings(*span_of(broadcast))))


def condition_of(broadcast: Broadcast, figure: str) -> ColumnElement[bool]:
    """Return the condition behind a figure's code; raise NotFound for an unknown one."""
    if figure == "planned_total":
        return true()
    if figure == "clicked":
        return clicked()
    if figure == "booked":
        return booked(broadcast)
    if figure == "left":
        return left(broadcast)
    if figure not in STATES_OF:
        raise NotFound("figure_unknown", "There is no such figure in this report.")
    return Message.state.in_(STATES_OF[figure])


def _messages(credited: Subquery) -> Select[tuple[int]]:
    return select(credited.c.message_id).where(credited.c.message_id.is_not(None))


def span_of(broadcast: Broadcast) -> tuple[datetime, datetime]:
    """Return when a credit for this broadcast can arise: from its start to 7 days past its end."""
    since = broadcast.started_at or broadcast.created_at
    ends = [at for at in (broadcast.finished_at, broadcast.expires_at) if at is not None]
    until = max([*ends, since]) + WINDOW if ends else datetime.max.replace(tzinfo=since.tzinfo)
    return since, until


def _channel(
    session: Session,
    broadcast: Broadcast,
    channel: str,
    states: dict[str, int],
    reasons: list[Reason],
) -> ChannelFunnel:
    on_channel = Message.channel == channel
    return ChannelFunnel(
        channel=channel,
        total=sum(states.values()),
        lines=tuple(
            Line(
                code=code, label=LABELS[code], count=sum(states.get(state, 0) for state in members)
            )
            for code, members in STATES_OF.items()
        ),
        reasons=tuple(sorted(reasons, key=lambda reason: -reason.count)),
        clicked=_people(session, broadcast.id, on_channel, clicked()),
        booked=_people(session, broadcast.id, on_channel, booked(broadcast)),
        left=_people(session, broadcast.id, on_channel, left(broadcast)),
    )


def _people(session: Session, broadcast_id: int, *conditions: ColumnElement[bool]) -> int:
    return (
        session.scalar(
            select(func.count(Message.contact_id.distinct())).where(
                in_broadcast(broadcast_id), *conditions
            )
        )
        or 0
    )
