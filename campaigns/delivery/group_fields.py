"""What a group may ask about messages: who received a campaign."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from campaigns.audience import fields
from campaigns.audience.fields import Behind, FieldSpec, Kind, pair
from campaigns.broadcasts.models import Broadcast
from campaigns.contacts.models import Contact
from campaigns.content import topics
from campaigns.delivery.models import Message, MessageState
from campaigns.eligibility.gate import Kind as Origin
from campaigns.imports import undo

_RECEIVED = (MessageState.ACCEPTED, MessageState.DELIVERED)
_LISTED = 200


def register() -> None:
    """Make the field known to the builder; may be called again."""
    fields.register(
        FieldSpec(
            code="received",
            label="Received the campaign",
            area="Messages",
            ops=pair(
                ("is", "is", "received “{value}”", "received “{value}”"),
                (
                    "is_not",
                    "is not",
                    "have not received “{value}”",
                    "has not received “{value}”",
                ),
                Kind.CHOICE,
            ),
            pattern=r"\d{1,18}",
            load_choices=_names,
            condition=_received,
            behind=_behind,
        )
    )
    undo.register_trace("messaged", lambda: exists().where(Message.contact_id == Contact.id))


def _names(session: Session) -> Iterable[tuple[str, str]]:
    query = (
        select(Broadcast.id, Broadcast.name)
        .where(Broadcast.started_at.is_not(None))
        .order_by(Broadcast.id.desc())
        .limit(_LISTED)
    )
    return [(str(number), name) for number, name in session.execute(query)]


def _received(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    return exists().where(
        Message.origin_kind == Origin.BROADCAST,
        Message.origin_id == int(value),
        Message.contact_id == Contact.id,
        Message.state.in_(_RECEIVED),
    )


def _behind(session: Session, value: Any) -> Behind:
    """Look at what the campaign said, and at the group as it was when it began."""
    broadcast = session.get(Broadcast, int(value))
    if broadcast is None:
        return Behind()
    versions = [v for v in (broadcast.email_version_id, broadcast.sms_version_id) if v is not None]
    return Behind(
        topical=any(topics.is_on_topic(session, version_id) for version_id in versions),
        rules=(broadcast.rule,) if broadcast.rule else (),
    )
