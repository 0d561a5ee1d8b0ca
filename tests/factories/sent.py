"""Builds messages that a provider has."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.delivery import outbox
from campaigns.delivery.models import Message, MessageState, Origin

_numbers = itertools.count(1)


def sent_message(
    session: Session,
    contact: Contact,
    channel: str = Channel.EMAIL,
    *,
    now: datetime,
    origin_id: int | None = None,
    **values: Any,
) -> Message:
    """Plan a message to a person and record that the provider took it."""
    message_id = outbox.enqueue(
        session,
        origin_kind=Origin.BROADCAST,
        origin_id=origin_id or 10_000 + next(_numbers),
        subject_id=contact.id,
        channel=channel,
        contact_id=contact.id,
        due_at=now,
        now=now,
    )
    assert message_id is not None
    message = session.get_one(Message, message_id)
    fields: dict[str, Any] = {
        "state": MessageState.ACCEPTED,
        "address": directory.addresses_of(session, contact.id)[Channel(channel)].address,
        "intent_at": now,
        "accepted_at": now,
        "attempt_id": next(_numbers),
        **values,
    }
    for name, value in fields.items():
        setattr(message, name, value)
    session.flush()
    return message
