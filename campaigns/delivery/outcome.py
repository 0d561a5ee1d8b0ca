"""What providers' events say about messages; never going back, whatever the order.

accepted < delivered < failed, bounced. The first of two final states stays, except that
a bounce that comes after a delivery counts. An event also settles what was unclear, and
what was given up or planned again in error: it is the proof that the message left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from campaigns.delivery.models import Message, MessageState

S = MessageState

_UNSETTLED = (S.SENDING, S.UNCERTAIN, S.NOT_ACCEPTED, S.PLANNED, S.HELD)
"""Nothing is known yet; of planned and held rows only those that were tried before."""
_BEFORE_DELIVERED = (*_UNSETTLED, S.ACCEPTED)
_BEFORE_FINAL = (*_BEFORE_DELIVERED, S.DELIVERED)


def note_accepted(
    session: Session,
    message_ids: Sequence[int],
    *,
    now: datetime,
    at: datetime | None = None,
    provider_id: str | None = None,
) -> int:
    """Note that the provider has the messages; return how many changed."""
    return _move(
        session,
        message_ids,
        _UNSETTLED,
        S.ACCEPTED,
        accepted_at=func.coalesce(Message.accepted_at, at or now),
        provider_id=func.coalesce(Message.provider_id, provider_id),
    )


def note_delivered(
    session: Session,
    message_ids: Sequence[int],
    *,
    now: datetime,
    at: datetime | None = None,
    provider_id: str | None = None,
) -> int:
    """Note that the messages arrived; return how many changed."""
    return _move(
        session,
        message_ids,
        _BEFORE_DELIVERED,
        S.DELIVERED,
        accepted_at=func.coalesce(Message.accepted_at, at or now),
        delivered_at=at or now,
        settled_at=now,
        provider_id=func.coalesce(Message.provider_id, provider_id),
    )


def note_bounced(
    session: Session,
    message_ids: Sequence[int],
    *,
    now: datetime,
    at: datetime | None = None,
    reason: str | None = None,
    detail: str | None = None,
    provider_id: str | None = None,
) -> int:
    """Note that the messages came back; return how many changed."""
    return _move(
        session,
        message_ids,
        _BEFORE_FINAL,
        S.BOUNCED,
        accepted_at=func.coalesce(Message.accepted_at, at or now),
        settled_at=now,
        reason=(reason or "bounced")[:40],
        detail=detail,
        provider_id=func.coalesce(Message.provider_id, provider_id),
    )


def note_failed(
    session: Session,
    message_ids: Sequence[int],
    *,
    now: datetime,
    at: datetime | None = None,
    reason: str | None = None,
    detail: str | None = None,
    provider_id: str | None = None,
) -> int:
    """Note that the provider took the messages and could not send them on."""
    return _move(
        session,
        message_ids,
        _BEFORE_FINAL,
        S.FAILED,
        accepted_at=func.coalesce(Message.accepted_at, at or now),
        settled_at=now,
        reason=(reason or "failed")[:40],
        detail=detail,
        provider_id=func.coalesce(Message.provider_id, provider_id),
    )


def _move(
    session: Session,
    message_ids: Sequence[int],
    before: Sequence[MessageState],
    after: MessageState,
    **values: Any,
) -> int:
    ids = sorted(set(message_ids))
    changed = 0
    for start in range(0, len(ids), 1000):
        done = session.execute(
            update(Message)
            .where(
                Message.id.in_(ids[start : start + 1000]),
                Message.state.in_(before),
                # A row that was never tried cannot have left: the event is not ours.
                Message.attempt_id.is_not(None),
            )
            .values(state=after, check_at=None, held_until=None, **values),
            execution_options={"synchronize_session": False},
        )
        changed += int(done.rowcount)  # type: ignore[attr-defined]
    return changed
