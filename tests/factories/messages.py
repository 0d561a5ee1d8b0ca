"""Builds messages that left, and the content whose links they carry."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigns.consent import ledger
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.content import lessons
from campaigns.content.models import LessonVersion
from campaigns.core.actors import SYSTEM
from campaigns.delivery import outbox
from campaigns.delivery.models import Message, MessageState, Origin

_numbers = itertools.count(1)

BLOCKS: list[dict[str, Any]] = [
    {"id": "h1", "type": "heading", "text": 'Hello {{ first_name | default: "there" }}'},
    {
        "id": "t1",
        "type": "text",
        "html": '<p>A habit: <a href="https://clinic.example/stretch">stretching</a>.</p>',
    },
    {"id": "u1", "type": "button", "label": "Read on", "url": "https://clinic.example/more"},
    {"id": "b1", "type": "book", "label": "Ask us"},
    {"id": "c1", "type": "call", "label": "Call us"},
    {"id": "d1", "type": "disclaimer"},
    {"id": "f1", "type": "footer"},
]
"""Links by number: 1 and 2 lead to web addresses, 3 to booking, 4 to the phone."""


def email_version(session: Session, *, now: datetime, **overrides: Any) -> LessonVersion:
    """Freeze an email with a link of every kind but a lesson."""
    draft = {
        "subject": "News from the clinic",
        "preheader": "What is new",
        "blocks": BLOCKS,
        **overrides.pop("draft", {}),
    }
    lesson = lessons.create(
        session,
        SYSTEM,
        channel="email",
        name=f"Email of a test {next(_numbers)}",
        now=now,
        draft=draft,
        **overrides,
    )
    return lessons.freeze(session, lesson.id, SYSTEM, now)


def message(
    session: Session,
    contact: Contact,
    *,
    now: datetime,
    channel: str = Channel.EMAIL,
    state: str = MessageState.DELIVERED,
    origin_kind: str = Origin.BROADCAST,
    origin_id: int = 1,
    version_id: int | None = None,
    reason: str | None = None,
) -> Message:
    """Make a message to a person; unless it is planned or held, it left at ``now``."""
    message_id = outbox.enqueue(
        session,
        origin_kind=origin_kind,
        origin_id=origin_id,
        subject_id=contact.id,
        channel=channel,
        contact_id=contact.id,
        version_id=version_id,
        due_at=now,
        now=now,
    )
    assert message_id is not None
    held = directory.addresses_of(session, contact.id).get(Channel(channel))
    agreed = ledger.state_of(session, contact.id).get(channel)
    values: dict[str, Any] = {"state": state, "reason": reason}
    if state not in (
        MessageState.PLANNED,
        MessageState.HELD,
        MessageState.SUPPRESSED,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
    ):
        values |= {
            "intent_at": now,
            "accepted_at": now,
            "address": held.address if held else None,
            "consent_entry_id": agreed.entry_id if agreed else None,
        }
    if state == MessageState.DELIVERED:
        values["delivered_at"] = now
    session.execute(update(Message).where(Message.id == message_id).values(**values))
    made = session.get_one(Message, message_id)
    session.refresh(made)
    return made
