"""What waits to leave, by what it comes from, and what staff give up of it after a stop.

While everything is stopped, messages pile up. Before it goes on, staff see each heap, how
old it is and what would be sensible; what they give up is taken back with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, func, literal_column, select, update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.broadcasts.models import Broadcast
from campaigns.core.actors import Actor
from campaigns.core.db import change
from campaigns.delivery import regroup
from campaigns.delivery.models import Batch, Message, MessageState, Origin
from campaigns.drips.models import (
    Drip,
    DripState,
    DripStep,
    DripVersion,
    Enrolment,
    EnrolmentState,
)

S = MessageState
DISCARDED = "discarded"
"""The reason on rows that staff gave up when they allowed sending again."""

GOOD_FOR = {
    Origin.BROADCAST: timedelta(hours=24),
    Origin.REPLY: timedelta(hours=1),
    Origin.TEST: timedelta(hours=1),
}
"""How long after its moment a message is still worth sending, unless staff say otherwise. A
campaign was for its day, an answer for a conversation; the rest has a time limit of its own."""

_LABELS = {
    Origin.CONFIRMATION: "Requests to confirm a sign-up",
    Origin.REPLY: "Answers to texts",
    Origin.TEST: "Test messages",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """Messages of one origin on one channel that have not left."""

    origin_kind: str
    origin_id: int
    channel: str
    label: str
    count: int
    due_since: datetime
    """When the earliest was to leave."""
    gives_up_at: datetime | None
    """When the last of them is not sent any more, if it has not left by then."""
    is_stale: bool
    """Whether giving it up is proposed."""

    @property
    def key(self) -> str:
        """What names it in a form."""
        return f"{self.origin_kind}-{self.origin_id}-{self.channel}"


def heaps(session: Session, *, now: datetime) -> list[Heap]:
    """Return what waits to leave and was due by ``now``, oldest first."""
    waiting = _waiting()
    rows = session.execute(
        select(
            waiting.c.origin_kind,
            waiting.c.origin_id,
            waiting.c.channel,
            func.count(),
            func.min(waiting.c.due_at),
            func.max(waiting.c.expires_at),
            func.count(waiting.c.expires_at),
        )
        .where(waiting.c.due_at <= now)
        .group_by(waiting.c.origin_kind, waiting.c.origin_id, waiting.c.channel)
        .order_by(func.min(waiting.c.due_at), waiting.c.origin_id)
    ).all()
    names = _names(session, [(row[0], row[1]) for row in rows])
    limits = _limits(session, [row[1] for row in rows if row[0] == Origin.BROADCAST])
    found = []
    for kind, origin_id, channel, count, due_since, own_limit, limited in rows:
        limit = own_limit if limited == count else None
        if kind == Origin.BROADCAST:
            limit = limits.get(origin_id)
        good_for = GOOD_FOR.get(Origin(kind))
        found.append(
            Heap(
                origin_kind=kind,
                origin_id=origin_id,
                channel=channel,
                label=names.get((kind, origin_id), _LABELS.get(Origin(kind), "Messages")),
                count=count,
                due_since=due_since,
                gives_up_at=limit,
                is_stale=(limit is not None and limit <= now)
                or (good_for is not None and due_since + good_for <= now),
            )
        )
    return found


def steps_due(session: Session, *, now: datetime) -> int:
    """Return how many people's next step of a series came due while timers stood still."""
    query = (
        select(func.count())
        .select_from(Enrolment)
        .join(Drip, Drip.id == Enrolment.drip_id)
        .where(
            Drip.state == DripState.LIVE,
            Enrolment.state == EnrolmentState.ACTIVE,
            Enrolment.next_due_at <= now,
        )
    )
    return session.scalar(query) or 0


def discard(session: Session, actor: Actor, keys: Iterable[str], *, now: datetime) -> int:
    """Give up the heaps that are named; return how many messages. Nothing else is touched.

    A key that names nothing any more is passed over. What left meanwhile stays as it is.
    """
    wanted = set(keys)
    given_up = 0
    for heap in heaps(session, now=now):
        if heap.key not in wanted:
            continue
        count = change(
            session,
            update(Message)
            .where(
                Message.origin_kind == heap.origin_kind,
                Message.origin_id == heap.origin_id,
                Message.channel == heap.channel,
                Message.state.in_([S.PLANNED, S.HELD]),
                Message.due_at <= now,
            )
            .values(state=S.CANCELLED, reason=DISCARDED, batch_id=None, settled_at=now),
        )
        given_up += count
        audit.append(
            session,
            actor,
            "messages.discarded",
            subject_kind=heap.origin_kind,
            subject_id=heap.origin_id or None,
            now=now,
            channel=heap.channel,
            messages=count,
        )
    return given_up


def _waiting() -> CTE:
    """Return the rows that have not left, each found by an index and none twice."""

    def rows() -> Any:
        return select(
            Message.origin_kind,
            Message.origin_id,
            Message.channel,
            Message.due_at,
            Message.expires_at,
        )

    batched: Any = (
        rows()
        .join(Batch, Batch.id == Message.batch_id)
        .where(Batch.done_at.is_(None), Message.state == literal_column("'planned'"))
    )
    loose = rows().where(regroup.IS_PLANNED, Message.batch_id.is_(None))
    held = rows().where(regroup.IS_HELD)
    waiting: CTE = batched.union_all(loose, held).cte("waiting")
    return waiting


def _names(session: Session, origins: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    campaigns = select(Broadcast.id, Broadcast.name).where(
        Broadcast.id.in_([i for kind, i in origins if kind == Origin.BROADCAST])
    )
    for broadcast_id, name in session.execute(campaigns):
        found[Origin.BROADCAST, broadcast_id] = name
    steps = (
        select(DripStep.id, Drip.name, DripStep.position)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .join(Drip, Drip.id == DripVersion.drip_id)
        .where(DripStep.id.in_([i for kind, i in origins if kind == Origin.DRIP_STEP]))
    )
    for step_id, name, position in session.execute(steps):
        found[Origin.DRIP_STEP, step_id] = f"{name}, step {position}"
    return found


def _limits(session: Session, ids: list[int]) -> dict[int, datetime | None]:
    query = select(Broadcast.id, Broadcast.expires_at).where(Broadcast.id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query)}
