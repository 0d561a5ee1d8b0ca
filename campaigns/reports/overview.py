"""The last days in figures: bookings, clicks, leavings, and what each campaign brought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session

from campaigns.audience.models import Interest
from campaigns.broadcasts.models import Broadcast
from campaigns.consent.models import Action, ConsentEntry
from campaigns.contacts.models import Channel, Contact, ContactStatus
from campaigns.content.models import Lesson, LessonVersion
from campaigns.core import bulk
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.drips.models import Drip, DripStep, DripVersion
from campaigns.events.models import Click
from campaigns.reports.attribution import CAMPAIGNS, credited_bookings, credited_leavings
from campaigns.reports.instants import utc_hour

DAYS = 30
_TAKEN = (MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.BOUNCED)
_Sent = dict[tuple[str, int, str, str], int]
"""Messages by kind and id of their origin, state and channel."""
_Key = tuple[str, int, str]
"""``broadcast`` or ``drip``, its id and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day in the clinic's zone."""

    on: date
    booked: int
    clicked: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A campaign or a series, and what its messages brought in the span."""

    kind: str
    """``broadcast`` or ``drip``."""
    id: int
    name: str
    sent: int
    """Messages that a provider took."""
    delivered: int
    clicked: int
    """People."""
    booked: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The figures of the span [since, until)."""

    since: datetime
    until: datetime
    people_added: int
    people_agreed: int
    """People who confirmed at least one channel in the span."""
    emails_sent: int
    texts_sent: int
    delivered: int
    bounced: int
    checking: int
    clicked: int
    booked: int
    """People with a booking within 7 days of a message."""
    bookings: int
    """All bookings in the span, whether a message preceded or not."""
    left: int
    days: tuple[Day, ...]
    sources: tuple[Source, ...]


def last_days(session: Session, *, now: datetime, zone: str, days: int = DAYS) -> Overview:
    """Count the last ``days`` days, today included, by the clinic's calendar."""
    local = ZoneInfo(zone)
    today = now.astimezone(local).date()
    first = today - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=local).astimezone(UTC)
    until = now + timedelta(seconds=1)
    bookings = credited_bookings(since, until)
    leavings = credited_leavings(since, until)
    sent = _sent(session, since, until)
    return Overview(
        since=since,
        until=until,
        people_added=_count(
            session,
            select(func.count(Contact.id)).where(
                Contact.created_at >= since,
                Contact.created_at < until,
                Contact.status != ContactStatus.MERGED,
            ),
        ),
        people_agreed=_count(
            session,
            select(func.count(ConsentEntry.contact_id.distinct())).where(
                ConsentEntry.action == Action.OPT_IN_CONFIRMED,
                ConsentEntry.recorded_at >= since,
                ConsentEntry.recorded_at < until,
            ),
        ),
        emails_sent=_taken(sent, Channel.EMAIL),
        texts_sent=_taken(sent, Channel.SMS),
        delivered=_of_state(sent, MessageState.DELIVERED),
        bounced=_of_state(sent, MessageState.BOUNCED),
        checking=_of_state(sent, MessageState.UNCERTAIN),
        clicked=_count(
            session,
            select(func.count(Message.contact_id.distinct()))
            .join(Click, Click.message_id == Message.id)
            .where(_clicked_in(since, until)),
        ),
        booked=_count(
            session,
            select(func.count(bookings.c.contact_id.distinct())).where(
                bookings.c.message_id.is_not(None)
            ),
        ),
        bookings=_count(session, select(func.count()).select_from(bookings)),
        left=_count(session, select(func.count(leavings.c.contact_id.distinct()))),
        days=_days(session, first, days, local, since, until, bookings, leavings),
        sources=_sources(session, sent, since, until, bookings, leavings),
    )


def booked_by_topic(session: Session, overview: Overview) -> list[tuple[str, int]]:
    """Return (topic, people booked) for messages on a topic; for those who may read interests."""
    bookings = credited_bookings(overview.since, overview.until)
    people = func.count(bookings.c.contact_id.distinct())
    rows = session.execute(
        select(Interest.name, people)
        .select_from(bookings)
        .join(Message, Message.id == bookings.c.message_id)
        .join(LessonVersion, LessonVersion.id == Message.version_id)
        .join(Lesson, Lesson.id == LessonVersion.lesson_id)
        .join(Interest, Interest.id == Lesson.interest_id)
        .group_by(Interest.name)
        .order_by(people.desc(), Interest.name)
    )
    return [(row[0], row[1]) for row in rows]


def _count(session: Session, query: Any) -> int:
    return int(session.scalar(query) or 0)


def _clicked_in(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(Click.suspect.is_(False), Click.at >= since, Click.at < until)


def _sent(session: Session, since: datetime, until: datetime) -> _Sent:
    """Count messages by origin, state and channel, in the order of one index: read once."""
    key = (Message.origin_kind, Message.origin_id, Message.state, Message.channel)
    rows = session.execute(
        select(*key, func.count())
        .where(Message.origin_kind.in_(CAMPAIGNS), _in_span(since, until))
        .group_by(*key)
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}


def _of_state(sent: _Sent, state: MessageState) -> int:
    return sum(count for (_, _, found, _), count in sent.items() if found == state)


def _taken(sent: _Sent, channel: Channel) -> int:
    return sum(n for (_, _, state, by), n in sent.items() if by == channel and state in _TAKEN)


def _days(
    session: Session,
    first: date,
    days: int,
    zone: ZoneInfo,
    since: datetime,
    until: datetime,
    bookings: Subquery,
    leavings: Subquery,
) -> tuple[Day, ...]:
    booked = _by_day(
        session,
        zone,
        select(utc_hour(bookings.c.at), bookings.c.contact_id)
        .where(bookings.c.message_id.is_not(None))
        .distinct(),
    )
    left = _by_day(session, zone, select(utc_hour(leavings.c.at), leavings.c.contact_id).distinct())
    clicked = _by_day(
        session,
        zone,
        select(utc_hour(Click.at), Message.contact_id)
        .join(Message, Message.id == Click.message_id)
        .where(_clicked_in(since, until))
        .distinct(),
    )
    return tuple(
        Day(on=on, booked=booked[on], clicked=clicked[on], left=left[on])
        for on in (first + timedelta(days=offset) for offset in range(days))
    )


def _by_day(session: Session, zone: ZoneInfo, query: Any) -> Counter[date]:
    """Count the distinct people of each local day, from rows (UTC hour, person)."""
    seen = {
        (datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=UTC).astimezone(zone).date(), who)
        for hour, who in session.execute(query)
    }
    return Counter(day for day, _ in seen)


def _sources(
    session: Session,
    counts: _Sent,
    since: datetime,
    until: datetime,
    bookings: Subquery,
    leavings: Subquery,
) -> tuple[Source, ...]:
    sources = _source_of(session, {(kind, origin) for kind, origin, _, _ in counts})
    sent: Counter[_Key] = Counter()
    delivered: Counter[_Key] = Counter()
    for (kind, origin, state, _), count in counts.items():
        source = sources.get((kind, origin))
        if source is not None:
            sent[source] += count if state in _TAKEN else 0
            delivered[source] += count if state == MessageState.DELIVERED else 0
    people = func.count(Message.contact_id.distinct())
    clicked_ids = select(Click.message_id).where(_clicked_in(since, until))
    clicked = _per_source(session, people, Message.id.in_(clicked_ids))
    booked = _per_source(
        session,
        people,
        Message.id.in_(select(bookings.c.message_id).where(bookings.c.message_id.is_not(None))),
    )
    left = _per_source(
        session,
        people,
        Message.id.in_(select(leavings.c.message_id).where(leavings.c.message_id.is_not(None))),
    )
    keys = {key for figures in (+sent, clicked, booked, left) for key in figures}
    return tuple(
        sorted(
            (
                Source(
                    kind=kind,
                    id=source_id,
                    name=name,
                    sent=sent.get((kind, source_id, name), 0),
                    delivered=delivered.get((kind, source_id, name), 0),
                    clicked=clicked.get((kind, source_id, name), 0),
                    booked=booked.get((kind, source_id, name), 0),
                    left=left.get((kind, source_id, name), 0),
                )
                for kind, source_id, name in keys
            ),
            key=lambda source: (-source.booked, -source.sent, source.name),
        )
    )


def _in_span(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(Message.intent_at >= since, Message.intent_at < until)


def _source_of(session: Session, origins: Set[tuple[str, int]]) -> dict[tuple[str, int], _Key]:
    """Return the campaign or drip that each origin belongs to; others are missing."""
    found: dict[tuple[str, int], _Key] = {}
    ids = {kind: [o for k, o in origins if k == kind] for kind in CAMPAIGNS}
    names = select(Broadcast.id, Broadcast.name)
    for row in session.execute(
        names.where(bulk.among(session, Broadcast.id, ids[Origin.BROADCAST]))
    ):
        found[Origin.BROADCAST, row.id] = ("broadcast", row.id, row.name)
    steps = (
        select(DripStep.id.label("step_id"), Drip.id, Drip.name)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .join(Drip, Drip.id == DripVersion.drip_id)
    )
    for step in session.execute(
        steps.where(bulk.among(session, DripStep.id, ids[Origin.DRIP_STEP]))
    ):
        found[Origin.DRIP_STEP, step.step_id] = ("drip", step.id, step.name)
    return found


def _per_source(
    session: Session, figure: ColumnElement[int], condition: ColumnElement[bool]
) -> dict[tuple[str, int, str], int]:
    name = func.coalesce(Broadcast.name, Drip.name)
    source_id = func.coalesce(Broadcast.id, Drip.id)
    rows = session.execute(
        select(Message.origin_kind, source_id, name, figure)
        .select_from(Message)
        .outerjoin(
            Broadcast,
            and_(Message.origin_kind == Origin.BROADCAST, Broadcast.id == Message.origin_id),
        )
        .outerjoin(
            DripStep,
            and_(Message.origin_kind == Origin.DRIP_STEP, DripStep.id == Message.origin_id),
        )
        .outerjoin(DripVersion, DripVersion.id == DripStep.version_id)
        .outerjoin(Drip, Drip.id == DripVersion.drip_id)
        .where(condition, or_(Broadcast.id.is_not(None), Drip.id.is_not(None)))
        .group_by(Message.origin_kind, source_id, name)
    )
    return {
        ("broadcast" if row[0] == Origin.BROADCAST else "drip", row[1], row[2]): row[3]
        for row in rows
        if row[3]
    }
