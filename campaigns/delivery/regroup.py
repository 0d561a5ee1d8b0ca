"""Into batches with what is due and in none: held, retried, drip and service messages."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, or_, select, update
from sqlalchemy.orm import Session

from campaigns.broadcasts.models import Broadcast
from campaigns.delivery.models import Batch, Message, MessageState, Origin
from campaigns.delivery.parts import Parts

S = MessageState
LIMIT = 5_000
SERVICE = (Origin.CONFIRMATION, Origin.REPLY, Origin.TEST)
URGENT, IMPORTANT, ORDINARY, PATIENT = 0, 3, 5, 6
"""Priorities of batches: where several messages are due for a person whose limit leaves room
for one, the first to leave gets it. What a person waits for comes first and has no limit; a
series comes last, because its step is held until there is room, and a campaign's is skipped."""
SMS_BATCH = 100
# Written out, not bound: SQLite uses a partial index only for a condition that it can read.
IS_PLANNED = Message.state == literal_column("'planned'")
IS_HELD = Message.state == literal_column("'held'")


def tick(parts: Parts) -> int:
    """Do one round; return how many messages were put into batches."""
    now = parts.clock.now()
    with parts.db.reading() as session:
        if not _due(session, now, limit=1):
            return 0
    with parts.db.transaction() as session:
        return regroup(session, now=now, email_size=parts.settings.email_batch_size)


def regroup(session: Session, *, now: datetime, email_size: int, limit: int = LIMIT) -> int:
    """Batch what is due, each batch of one origin, channel and version."""
    rows = sorted(
        _due(session, now, limit=limit, lock=True),
        key=lambda row: (row[1], row[2], row[3], row[4] or 0, row[0]),
    )
    changes: list[dict[str, Any]] = []
    for (kind, origin_id, channel, version_id), group in groupby(
        rows, key=lambda row: (row[1], row[2], row[3], row[4])
    ):
        ids = [row[0] for row in group]
        size = email_size if channel == "email" else SMS_BATCH
        for start in range(0, len(ids), size):
            batch_id = new_batch(
                session,
                origin_kind=kind,
                origin_id=origin_id,
                channel=channel,
                version_id=version_id,
                due_at=now,
            )
            changes.extend(
                {"b_id": message_id, "b_batch": batch_id}
                for message_id in ids[start : start + size]
            )
    if changes:
        session.connection().execute(_INTO_BATCH, changes)
    return len(changes)


def new_batch(
    session: Session,
    *,
    origin_kind: str,
    origin_id: int,
    channel: str,
    version_id: int | None,
    due_at: datetime,
) -> int:
    """Make a batch with the priority of what it carries."""
    batch_id: int = session.execute(
        insert(Batch)
        .values(
            origin_kind=origin_kind,
            origin_id=origin_id,
            channel=channel,
            version_id=version_id,
            priority=priority_of(session, origin_kind, origin_id),
            due_at=due_at,
            epoch=0,
        )
        .returning(Batch.id)
    ).scalar_one()
    return batch_id


def priority_of(session: Session, origin_kind: str, origin_id: int) -> int:
    """Return how soon a batch of an origin is claimed; the lower the sooner."""
    if origin_kind in SERVICE:
        return URGENT
    if origin_kind == Origin.DRIP_STEP:
        return PATIENT
    important = session.scalar(select(Broadcast.important).where(Broadcast.id == origin_id))
    return IMPORTANT if important else ORDINARY


_TABLE: Any = Message.__table__
_INTO_BATCH = (
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("b_id"),
        or_(_TABLE.c.state == S.PLANNED.value, _TABLE.c.state == S.HELD.value),
    )
    .values(state=S.PLANNED, batch_id=bindparam("b_batch"), held_until=None)
)


def _due(session: Session, now: datetime, *, limit: int, lock: bool = False) -> list[Any]:
    statement = select(
        Message.id, Message.origin_kind, Message.origin_id, Message.channel, Message.version_id
    )
    loose = statement.where(IS_PLANNED, Message.batch_id.is_(None), Message.due_at <= now).order_by(
        Message.due_at, Message.id
    )
    held = statement.where(IS_HELD, Message.held_until <= now).order_by(
        Message.held_until, Message.id
    )
    found: list[Any] = []
    for query in (loose, held):
        query = query.limit(limit - len(found))
        if lock:
            query = query.with_for_update(skip_locked=True)
        found += session.execute(query).all()
        if len(found) >= limit:
            break
    return found


def expire(session: Session, *, now: datetime) -> int:
    """Settle held messages whose own time limit passed; campaigns' limits are in ``finish``."""
    done = session.execute(
        update(Message)
        .where(IS_HELD, Message.expires_at <= now)
        .values(state=S.EXPIRED, reason="expired", settled_at=now),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
