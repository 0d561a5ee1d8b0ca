"""The end of a broadcast, and what a cancelled or expired one leaves behind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import Session

from campaigns.broadcasts import lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.core import faults
from campaigns.delivery import outbox, regroup
from campaigns.delivery.models import Batch, Message, MessageState, Origin
from campaigns.delivery.parts import Parts

S = MessageState
OPEN = (S.PLANNED, S.HELD, S.SENDING)
"""States in which a message may still leave, or is leaving."""


def tick(parts: Parts) -> int:
    """Do one round; return how many broadcasts and messages came to an end."""
    now = parts.clock.now()
    with parts.db.reading() as session:
        ended = session.scalars(_with_rows(BroadcastState.CANCELLED, outbox.WAITING)).all()
        overdue = session.scalars(
            _with_rows(BroadcastState.SENDING, outbox.WAITING).where(Broadcast.expires_at <= now)
        ).all()
        finished = session.scalars(_finished()).all()
        stale = session.scalar(
            select(Message.id).where(regroup.IS_HELD, Message.expires_at <= now).limit(1)
        )
    if not (ended or overdue or finished or stale):
        return 0
    done = 0
    with parts.db.transaction() as session:
        for broadcast_id in ended:
            done += outbox.cancel(
                session, origin_kind=Origin.BROADCAST, origin_id=broadcast_id, now=now
            )
            _close_batches(session, broadcast_id, now)
        for broadcast_id in overdue:
            done += _expire(session, broadcast_id, now)
        if stale:
            done += regroup.expire(session, now=now)
        for broadcast_id in session.scalars(_finished()).all():
            done += lifecycle.mark_sent(session, broadcast_id, now=now)
        faults.point("finish.before_commit")
    return done


def _of_broadcast(states: Any) -> Any:
    return exists().where(
        Message.origin_kind == Origin.BROADCAST.value,
        Message.origin_id == Broadcast.id,
        Message.state.in_(states),
    )


def _with_rows(state: BroadcastState, states: Any) -> Any:
    return select(Broadcast.id).where(Broadcast.state == state, _of_broadcast(states))


def _finished() -> Any:
    return select(Broadcast.id).where(
        and_(Broadcast.state == BroadcastState.SENDING, Broadcast.fanned_out_at.is_not(None)),
        ~_of_broadcast(OPEN),
    )


def _close_batches(session: Session, broadcast_id: int, now: Any) -> None:
    """End batches that nobody holds; a holder finds nothing planned and ends its own."""
    session.execute(
        update(Batch)
        .where(
            Batch.origin_kind == Origin.BROADCAST.value,
            Batch.origin_id == broadcast_id,
            Batch.done_at.is_(None),
            Batch.lease_holder.is_(None),
        )
        .values(done_at=now),
        execution_options={"synchronize_session": False},
    )


def _expire(session: Session, broadcast_id: int, now: Any) -> int:
    done = session.execute(
        update(Message)
        .where(
            Message.origin_kind == Origin.BROADCAST.value,
            Message.origin_id == broadcast_id,
            Message.state.in_(outbox.WAITING),
        )
        .values(state=S.EXPIRED, reason="expired", batch_id=None, settled_at=now),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
