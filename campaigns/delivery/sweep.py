"""After a crash: claims of workers that are gone end, what they were sending is unclear.

A row that was ``sending`` when its worker died may have left: it is never planned again
without a verdict. Rows that were still planned are free for the next worker at once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.contacts.models import Channel
from campaigns.core import logs, processes
from campaigns.delivery.models import Attempt, Batch, Message, MessageState
from campaigns.delivery.parts import MACHINE, Parts
from campaigns.delivery.recording import FIRST_CHECK

log = logs.get(__name__)
S = MessageState
_LOST = "the worker ended before the provider's answer was on record"


def tick(parts: Parts) -> int:
    """Do one round; return how many claims were ended."""
    machine = MACHINE.now()
    with parts.db.reading() as session:
        lost = [row[0] for row in _leased(session) if _is_lost(row[1], row[2], machine)]
    ended = 0
    for batch_id in lost:
        with parts.db.transaction() as session:
            ended += end_claim(session, batch_id, machine=machine, now=parts.clock.now())
    return ended


def _leased(session: Session) -> list[tuple[int, str, datetime]]:
    return [
        (batch_id, holder or "", until or MACHINE.now())
        for batch_id, holder, until in session.execute(
            select(Batch.id, Batch.lease_holder, Batch.lease_until).where(
                Batch.done_at.is_(None), Batch.lease_holder.is_not(None)
            )
        )
    ]


def _is_lost(holder: str, until: datetime, machine: datetime) -> bool:
    """Tell whether a claim is over: past its time, or its process on this host is gone."""
    return until <= machine or processes.is_alive(holder) is False


def end_claim(session: Session, batch_id: int, *, machine: datetime, now: datetime) -> int:
    """End one claim if it is still lost; what was under way becomes unclear."""
    batch = session.scalar(select(Batch).where(Batch.id == batch_id).with_for_update())
    if (
        batch is None
        or batch.lease_holder is None
        or batch.lease_until is None
        or not _is_lost(batch.lease_holder, batch.lease_until, machine)
    ):
        return 0
    doubtful = session.execute(
        update(Message)
        .where(Message.batch_id == batch_id, Message.state == S.SENDING)
        .values(
            state=S.UNCERTAIN,
            detail=_LOST,
            check_at=now + FIRST_CHECK[Channel(batch.channel)],
        ),
        execution_options={"synchronize_session": False},
    )
    session.execute(
        update(Attempt)
        .where(Attempt.batch_id == batch_id, Attempt.finished_at.is_(None))
        .values(finished_at=now, outcome="uncertain", error=_LOST),
        execution_options={"synchronize_session": False},
    )
    batch.lease_holder = batch.lease_until = None
    batch.epoch += 1
    planned = session.scalar(
        select(Message.id).where(Message.batch_id == batch_id, Message.state == S.PLANNED).limit(1)
    )
    if planned is None:
        batch.done_at = now
    log.warning(
        "claim_ended",
        batch=batch_id,
        unclear=doubtful.rowcount,  # type: ignore[attr-defined]
    )
    return 1
