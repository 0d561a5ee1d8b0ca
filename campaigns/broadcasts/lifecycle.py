"""The life of a broadcast: draft, scheduled, sending, sent, with pause and cancel.

Every step is one compare-and-swap on the state, so that two people, or a person and a
worker, cannot both take it; the loser gets a Conflict in words. What left cannot come
back: cancelling stops what has not left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience import segments
from campaigns.broadcasts import checks, drafts
from campaigns.broadcasts.checks import Obstacle, Ways
from campaigns.broadcasts.models import Broadcast, BroadcastState, Timing
from campaigns.content import lessons
from campaigns.core.actors import SYSTEM, Actor
from campaigns.core.db import change
from campaigns.core.errors import Conflict, InvalidInput

LIFETIME = timedelta(days=7)
"""How long after its time a broadcast may still go out to those who were held."""

_S = BroadcastState
_WORDS = {
    _S.DRAFT: "a draft",
    _S.SCHEDULED: "scheduled",
    _S.SENDING: "being sent",
    _S.PAUSED: "paused",
    _S.SENT: "sent",
    _S.CANCELLED: "cancelled",
}


class Stale(StrEnum):
    """What happens on resuming to messages whose time passed during the pause."""

    SEND = "send"  # they go now, and the time limit moves by the length of the pause
    DISCARD = "discard"  # they are not sent any more, and the report says so


def schedule(
    session: Session,
    actor: Actor,
    broadcast_id: int,
    *,
    now: datetime,
    ways: Ways,
    at: datetime | None = None,
    revision: int | None = None,
) -> Broadcast:
    """Freeze content and group and put the broadcast on the clock; ``at`` None is now.

    Raises: InvalidInput when something stands in the way (the sentences are in
    ``fields``, by code), Conflict when it is not a draft.
    """
    broadcast = drafts.get(session, broadcast_id)
    if revision is not None and broadcast.revision != revision:
        raise Conflict(
            "revision_outdated",
            "Somebody else changed this campaign while you had it open. Nothing was scheduled: "
            "reload the page and check it again.",
        )
    if broadcast.state != _S.DRAFT:
        raise _conflict(broadcast, "be scheduled")
    obstacles = checks.obstacles(
        session,
        broadcast,
        ways=ways,
        now=now,
        timing=Timing.AT if at else Timing.NOW,
        at=at,
        sender_id=actor.id,
    )
    _refuse(obstacles)
    leaves_at = at or now
    values: dict[str, Any] = {
        "timing": Timing.AT if at else Timing.NOW,
        "scheduled_at": leaves_at,
        "expires_at": leaves_at + timedelta(days=broadcast.give_up_days),
        "scheduled_by": actor.name,
        "rule": segments.get(session, broadcast.segment_id or 0).rule,
        "email_version_id": None,
        "sms_version_id": None,
    }
    for lesson_id, column in (
        (broadcast.email_lesson_id, "email_version_id"),
        (broadcast.sms_lesson_id, "sms_version_id"),
    ):
        if lesson_id is not None:
            version = lessons.freeze(session, lesson_id, actor, now)
            # What was checked was the draft; what counts is what it froze into.
            _refuse(checks.version_obstacles(session, version.id, now=now, sender_id=actor.id))
            values[column] = version.id
    _swap(session, broadcast, (_S.DRAFT,), _S.SCHEDULED, now, "be scheduled", **values)
    _audit(
        session,
        actor,
        "broadcast.scheduled",
        broadcast_id,
        now,
        at=leaves_at.isoformat(),
        email_version_id=values["email_version_id"],
        sms_version_id=values["sms_version_id"],
    )
    return broadcast


def unschedule(session: Session, actor: Actor, broadcast_id: int, *, now: datetime) -> Broadcast:
    """Take a scheduled broadcast, of which nothing left yet, back to draft."""
    broadcast = drafts.get(session, broadcast_id)
    if broadcast.state == _S.PAUSED and broadcast.started_at is not None:
        raise _conflict(broadcast, "go back to draft, because it has begun to leave")
    _swap(
        session,
        broadcast,
        (_S.SCHEDULED, _S.PAUSED),
        _S.DRAFT,
        now,
        "go back to draft",
        **_THAWED,
    )
    _audit(session, actor, "broadcast.unscheduled", broadcast_id, now)
    return broadcast


def pause(
    session: Session,
    actor: Actor,
    broadcast_id: int,
    *,
    now: datetime,
    reason: str | None = None,
) -> Broadcast:
    """Hold everything that has not left; people stay where they are until it is resumed."""
    broadcast = drafts.get(session, broadcast_id)
    if broadcast.state == _S.PAUSED:
        return broadcast
    _swap(
        session,
        broadcast,
        (_S.SCHEDULED, _S.SENDING),
        _S.PAUSED,
        now,
        "be paused",
        paused_at=now,
        paused_by=actor.name,
        pause_reason=reason,
    )
    _audit(session, actor, "broadcast.paused", broadcast_id, now, reason=reason)
    return broadcast


def resume(
    session: Session,
    actor: Actor,
    broadcast_id: int,
    *,
    now: datetime,
    stale: Stale = Stale.SEND,
) -> Broadcast:
    """Go on after a pause; ``stale`` decides what happens to what should have left meanwhile.

    One that had not begun goes back to waiting for its time. If that time passed during
    the pause: SEND sends it now, DISCARD takes it back to draft for a new time.
    """
    broadcast = drafts.get(session, broadcast_id)
    if broadcast.state != _S.PAUSED:
        raise _conflict(broadcast, "be resumed")
    paused_at = broadcast.paused_at or now
    begun = broadcast.started_at is not None
    overdue = broadcast.scheduled_at is not None and broadcast.scheduled_at <= now
    if not begun and overdue and stale is Stale.DISCARD:
        return unschedule(session, actor, broadcast_id, now=now)
    expires_at = broadcast.expires_at or now + LIFETIME
    if begun and stale is Stale.DISCARD:
        expires_at = min(expires_at, now)
    elif stale is Stale.SEND:
        expires_at += now - paused_at
    _swap(
        session,
        broadcast,
        (_S.PAUSED,),
        _S.SENDING if begun else _S.SCHEDULED,
        now,
        "be resumed",
        expires_at=expires_at,
        paused_at=None,
        paused_by=None,
        pause_reason=None,
    )
    _audit(session, actor, "broadcast.resumed", broadcast_id, now, stale=stale)
    return broadcast


def cancel(session: Session, actor: Actor, broadcast_id: int, *, now: datetime) -> Broadcast:
    """Stop for good. What has left is not called back; the rest will not be sent."""
    broadcast = drafts.get(session, broadcast_id)
    if broadcast.state == _S.CANCELLED:
        return broadcast
    _swap(
        session,
        broadcast,
        (_S.SCHEDULED, _S.SENDING, _S.PAUSED),
        _S.CANCELLED,
        now,
        "be cancelled",
        finished_at=now,
    )
    _audit(session, actor, "broadcast.cancelled", broadcast_id, now)
    return broadcast


def due_to_start(session: Session, *, now: datetime, limit: int = 20) -> list[int]:
    """Return the ids of scheduled broadcasts whose time has come, earliest first."""
    return list(
        session.scalars(
            select(Broadcast.id)
            .where(Broadcast.state == _S.SCHEDULED, Broadcast.scheduled_at <= now)
            .order_by(Broadcast.scheduled_at, Broadcast.id)
            .limit(limit)
        )
    )


def mark_sending(session: Session, broadcast_id: int, *, now: datetime) -> bool:
    """Begin: scheduled becomes sending. False when somebody else began, paused or stopped it."""
    return _mark(session, broadcast_id, _S.SCHEDULED, _S.SENDING, now, started_at=now)


def mark_sent(session: Session, broadcast_id: int, *, now: datetime) -> bool:
    """End: everybody of the group has an outcome. False when it was not being sent."""
    return _mark(session, broadcast_id, _S.SENDING, _S.SENT, now, finished_at=now)


def go_on(session: Session, broadcast_id: int, *, now: datetime) -> bool:
    """Open a broadcast that had ended, because staff send what never left of it.

    It can be paused and stopped again, and has a week from now. False unless it had ended.
    """
    broadcast = drafts.get(session, broadcast_id)
    until = max(broadcast.expires_at or now, now + LIFETIME)
    return _mark(
        session, broadcast_id, _S.SENT, _S.SENDING, now, finished_at=None, expires_at=until
    )


_THAWED: dict[str, Any] = {
    "rule": None,
    "email_version_id": None,
    "sms_version_id": None,
    "expires_at": None,
    "scheduled_by": None,
    "paused_at": None,
    "paused_by": None,
    "pause_reason": None,
}


def _refuse(obstacles: list[Obstacle]) -> None:
    if obstacles:
        raise InvalidInput(
            "broadcast_not_ready",
            "This campaign cannot be scheduled yet. "
            + " ".join(obstacle.message for obstacle in obstacles),
            fields={obstacle.code: obstacle.message for obstacle in obstacles},
        )


def _mark(
    session: Session,
    broadcast_id: int,
    old: BroadcastState,
    new: BroadcastState,
    now: datetime,
    **values: Any,
) -> bool:
    changed = change(
        session,
        update(Broadcast)
        .where(Broadcast.id == broadcast_id, Broadcast.state == old)
        .values(state=new, updated_at=now, **values),
    )
    session.get(Broadcast, broadcast_id, populate_existing=True)
    if changed:
        _audit(session, SYSTEM, f"broadcast.{new}", broadcast_id, now)
    return bool(changed)


def _swap(
    session: Session,
    broadcast: Broadcast,
    old: tuple[BroadcastState, ...],
    new: BroadcastState,
    now: datetime,
    verb: str,
    **values: Any,
) -> None:
    changed = change(
        session,
        update(Broadcast)
        .where(Broadcast.id == broadcast.id, Broadcast.state.in_(old))
        .values(state=new, updated_at=now, revision=Broadcast.revision + 1, **values),
    )
    session.refresh(broadcast)
    if not changed:
        raise _conflict(broadcast, verb)


def _conflict(broadcast: Broadcast, verb: str) -> Conflict:
    state = _WORDS[BroadcastState(broadcast.state)]
    return Conflict(
        "broadcast_state",
        f"This campaign is {state} now, so it cannot {verb}. Nothing was changed.",
    )


def _audit(
    session: Session, actor: Actor, action: str, broadcast_id: int, now: datetime, **detail: Any
) -> None:
    audit.append(
        session,
        actor,
        action,
        subject_kind="broadcast",
        subject_id=broadcast_id,
        now=now,
        **detail,
    )
