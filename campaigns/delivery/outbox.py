"""The outbox: planning messages, and taking back what has not left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import literal_column, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.core import rows as as_rows
from campaigns.core.db import change, is_sqlite
from campaigns.core.errors import NotFound
from campaigns.delivery.models import Message, MessageState, Origin

KEY = ("origin_kind", "origin_id", "subject_id", "channel")
"""What makes a message the same message."""
S = MessageState
WAITING = (S.PLANNED, S.HELD)


def enqueue(
    session: Session,
    *,
    origin_kind: Origin | str,
    origin_id: int,
    subject_id: int,
    channel: str,
    contact_id: int | None,
    due_at: datetime,
    now: datetime,
    version_id: int | None = None,
    body: dict[str, Any] | None = None,
    address: str | None = None,
    expires_at: datetime | None = None,
) -> int | None:
    """Plan one message; None if the same message is planned, or was sent, already.

    ``body`` is for messages without a lesson version: ``{"text": "…"}`` is a complete
    text; with ``"passes_stop": True`` it is the one answer that a stop lets through.
    ``address`` is only for test messages, which go to staff and not to a contact.
    """
    inserted = insert_new(
        session,
        [
            {
                "origin_kind": str(origin_kind),
                "origin_id": origin_id,
                "subject_id": subject_id,
                "channel": str(channel),
                "contact_id": contact_id,
                "address": address,
                "version_id": version_id,
                "body": body,
                "due_at": due_at,
                "expires_at": expires_at,
                "state": S.PLANNED,
                "tries": 0,
                "checks": 0,
                "created_at": now,
            }
        ],
    )
    if not inserted:
        return None
    return session.scalar(
        select(Message.id).where(
            Message.origin_kind == str(origin_kind),
            Message.origin_id == origin_id,
            Message.subject_id == subject_id,
            Message.channel == str(channel),
        )
    )


def insert_new(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Insert messages that do not exist yet, in one statement; return how many were new.

    All rows name the same columns.
    """
    if not rows:
        return 0
    table: Any = Message.__table__
    insert: Any = (sqlite if is_sqlite(session) else postgresql).insert(table)
    columns = {name: table.c[name].type for name in rows[0]}
    new = as_rows.table(session, "new", columns, map(itemgetter(*columns), rows))
    statement = insert.from_select(list(columns), select(new).where(true()))
    return change(session, statement.on_conflict_do_nothing(index_elements=list(KEY)))


def cancel(
    session: Session,
    *,
    origin_kind: Origin | str,
    origin_id: int,
    now: datetime,
    reason: str = "cancelled",
) -> int:
    """Take back what has not left of an origin; the rows stay, with the reason."""
    done = session.execute(
        update(Message)
        .where(
            Message.origin_kind == str(origin_kind),
            Message.origin_id == origin_id,
            Message.state.in_(WAITING),
        )
        .values(state=S.CANCELLED, reason=reason, batch_id=None, settled_at=now),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def cancel_for_contact(
    session: Session, contact_id: int, channel: str, *, now: datetime, reason: str = "opted_out"
) -> int:
    """Take back the marketing that waits for a person on a channel, because they left.

    What was asked for since (a confirmation, an answer) still goes out.
    """
    done = session.execute(
        update(Message)
        .where(
            Message.contact_id == contact_id,
            Message.channel == channel,
            Message.origin_kind.in_((Origin.BROADCAST, Origin.DRIP_STEP)),
            Message.state.in_(WAITING),
        )
        .values(state=S.SUPPRESSED, reason=reason, batch_id=None, settled_at=now),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def wake_for_contact(session: Session, contact_id: int, *, now: datetime) -> int:
    """Let what waited for the end of a person's hold be looked at again at once."""
    done = session.execute(
        update(Message)
        .where(
            Message.contact_id == contact_id,
            Message.state == S.HELD,
            Message.reason == "on_hold",
        )
        .values(held_until=now),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def waits_for(session: Session, contact_id: int, channel: str) -> bool:
    """Tell whether marketing that has not left waits for a person on a channel."""
    query = select(Message.id).where(
        Message.contact_id == contact_id,
        Message.channel == channel,
        Message.origin_kind.in_((Origin.BROADCAST, Origin.DRIP_STEP)),
        Message.state.in_(WAITING),
    )
    return session.scalar(query.limit(1)) is not None


def look_again(session: Session, *, reason: str, now: datetime) -> int:
    """Let the gate look at messages that it held for a reason which is gone; return how many."""
    return change(
        session,
        update(Message)
        .where(Message.state == literal_column("'held'"), Message.reason == reason)
        .values(held_until=now),
    )


def get(session: Session, message_id: int) -> Message:
    """Return a message.

    Raises: NotFound.
    """
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound("message_missing", "This message does not exist.")
    return message
