"""The messages of a person of whom there were two records: caps count all, nothing goes twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, update
from sqlalchemy.orm import Session, aliased

from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.delivery.outbox import WAITING

S = MessageState
TWIN = "shared_address"
_COUNTS = (*WAITING, S.SENDING, S.ACCEPTED, S.DELIVERED, S.BOUNCED, S.UNCERTAIN)


def move(session: Session, keep_id: int, drop_id: int, now: datetime) -> None:
    """Give a merged record's messages to the one that stays; see ``consent.merging``.

    Of two messages of one campaign on one channel only one may leave: what waits for the
    other record is not sent, and what waits for the kept one neither where the other has
    left already.
    """
    session.flush()
    for mine, theirs, blocking in (
        (keep_id, drop_id, [state for state in _COUNTS if state not in WAITING]),
        (drop_id, keep_id, _COUNTS),
    ):
        other = aliased(Message)
        twin = exists().where(
            other.origin_kind == Message.origin_kind,
            other.origin_id == Message.origin_id,
            other.channel == Message.channel,
            other.contact_id == theirs,
            other.state.in_(blocking),
        )
        session.execute(
            update(Message)
            .where(
                Message.contact_id == mine,
                Message.origin_kind == Origin.BROADCAST.value,
                Message.state.in_(WAITING),
                twin,
            )
            .values(
                state=S.SUPPRESSED,
                reason=TWIN,
                batch_id=None,
                held_until=None,
                settled_at=now,
            ),
            execution_options={"synchronize_session": False},
        )
    session.execute(
        update(Message).where(Message.contact_id == drop_id).values(contact_id=keep_id),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
