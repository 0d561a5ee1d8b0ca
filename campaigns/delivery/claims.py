"""Who works on which batch: leases in the machine's time, and an epoch that fences.

A claim raises the batch's epoch. Every later write of the claimant names it, so that a
worker that slept past its lease changes nothing when it wakes. Only ``sweep`` takes a
lease away.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.clinic.models import Clinic, Switch
from campaigns.clinic.switches import SwitchKind
from campaigns.delivery.models import Batch, Breaker, Message, MessageState, Origin
from campaigns.delivery.parameters import moment
from campaigns.delivery.parts import MACHINE
from campaigns.delivery.ports import Deadline
from campaigns.drips.models import Drip, DripState, DripStep, DripVersion
from campaigns.eligibility.gate import Kind

LEASE = timedelta(seconds=180)
LAST_POST = timedelta(seconds=60)
"""Before the end of the lease: a POST takes at most 45 seconds and must end within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A batch that this worker holds."""

    batch_id: int
    epoch: int
    holder: str
    kind: Kind
    origin_id: int
    channel: str
    version_id: int | None
    deadline: Deadline


def take(session: Session, *, channel: str, holder: str, now: datetime) -> Claim | None:
    """Claim the most urgent batch that is due and may run; None if there is none.

    Batches of paused campaigns and of stopped channels are passed over, so that they
    cost nothing while they wait.
    """
    batch = session.execute(_due(), {"channel": channel, "now": now}).one_or_none()
    if batch is None:
        return None
    session.execute(
        update(Batch)
        .where(Batch.id == batch.id)
        .values(lease_holder=holder, lease_until=MACHINE.now() + LEASE, epoch=batch.epoch + 1),
        execution_options={"synchronize_session": False},
    )
    return Claim(
        batch_id=batch.id,
        epoch=batch.epoch + 1,
        holder=holder,
        kind=Kind(batch.origin_kind),
        origin_id=batch.origin_id,
        channel=batch.channel,
        version_id=batch.version_id,
        deadline=_deadline(),
    )


@lru_cache(maxsize=1)
def _due() -> Select[*tuple[Any, ...]]:
    """Return the statement for the most urgent batch of ``:channel`` at ``:now``; made once."""
    channel = bindparam("channel", type_=String())
    return (
        select(
            Batch.id,
            Batch.epoch,
            Batch.origin_kind,
            Batch.origin_id,
            Batch.channel,
            Batch.version_id,
        )
        .where(
            Batch.done_at.is_(None),
            Batch.channel == channel,
            Batch.due_at <= moment("now"),
            Batch.lease_holder.is_(None),
            _may_run(),
            _channel_is_open(channel, moment("now")),
        )
        .order_by(Batch.priority, Batch.due_at, Batch.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Batch)
    )


def _deadline() -> Deadline:
    return Deadline(monotonic=time.monotonic() + (LEASE - LAST_POST).total_seconds())


def _may_run() -> ColumnElement[bool]:
    """Tell, as SQL, whether a batch's campaign is running."""
    broadcast = exists().where(
        Broadcast.id == Batch.origin_id,
        Broadcast.state.in_([BroadcastState.SENDING, BroadcastState.SENT]),
    )
    drip = (
        select(Drip.id)
        .join(DripVersion, DripVersion.drip_id == Drip.id)
        .join(DripStep, DripStep.version_id == DripVersion.id)
        .where(DripStep.id == Batch.origin_id, Drip.state != DripState.PAUSED)
        .exists()
    )
    return or_(
        Batch.origin_kind.in_([Origin.CONFIRMATION, Origin.REPLY, Origin.TEST]),
        and_(Batch.origin_kind == Origin.BROADCAST, broadcast),
        and_(Batch.origin_kind == Origin.DRIP_STEP, drip),
    )


def _channel_is_open(channel: Any, now: Any) -> ColumnElement[bool]:
    """Tell, as SQL, whether a channel runs; while staff stopped it, answers to a stop do."""
    stopped = or_(
        exists().where(Clinic.stopped_at.is_not(None)),
        exists().where(Switch.kind == SwitchKind.CHANNEL, Switch.code == channel),
    )
    answers = and_(
        Batch.origin_kind == Origin.REPLY,
        exists().where(
            Message.batch_id == Batch.id,
            Message.state == MessageState.PLANNED,
            Message.body["passes_stop"].as_boolean(),
        ),
    )
    broken = exists().where(Breaker.channel == channel, Breaker.open_until > now)
    return and_(or_(~stopped, answers), ~broken)


def renew(session: Session, claim: Claim) -> Claim | None:
    """Lengthen the lease in the transaction that states an intent; None if it was lost."""
    changed = session.execute(
        update(Batch)
        .where(*_held(claim), Batch.lease_until > MACHINE.now())
        .values(lease_until=MACHINE.now() + LEASE),
        execution_options={"synchronize_session": False},
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return None
    return replace(claim, deadline=_deadline())


def _held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        Batch.id == claim.batch_id,
        Batch.epoch == claim.epoch,
        Batch.lease_holder == claim.holder,
        Batch.done_at.is_(None),
    )


def give_back(session: Session, claim: Claim, *, now: datetime) -> bool:
    """End the claim: done if no row is planned or under way, else free to be claimed again.

    Returns whether the batch is done.
    """
    left = session.scalar(
        select(func.count())
        .select_from(Message)
        .where(
            Message.batch_id == claim.batch_id,
            Message.state.in_([MessageState.PLANNED, MessageState.SENDING]),
        )
    )
    done = not left
    session.execute(
        update(Batch)
        .where(*_held(claim))
        .values(lease_holder=None, lease_until=None, **({"done_at": now} if done else {})),
        execution_options={"synchronize_session": False},
    )
    return done
