"""Store what providers report: each event once, however often and under whatever id it comes.

Two keys guard against repeats: the provider's own event id, and a natural key of what
happened, because retried posts have been seen with new ids. Both are unique in the
table, so that two processes that get the same post at once store it once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.core.db import is_sqlite
from campaigns.events.models import ProviderEvent

SENDGRID = "sendgrid"
TWILIO = "twilio"
_CHUNK = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One event as a provider reported it, in our words."""

    provider: str
    kind: str
    dedupe_key: str
    event_id: str | None = None
    message_id: int | None = None
    occurred_at: datetime | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    signature_digest: str | None = None


def natural_key(provider: str, *parts: object) -> str:
    """Return the key of what happened, made of what stays the same when it is told again."""
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    return f"{provider}:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def store(session: Session, events: Iterable[Incoming], *, now: datetime) -> int:
    """Store the events that are new; return how many those were. Applies nothing yet."""
    rows = [
        {
            "provider": event.provider,
            "dedupe_key": event.dedupe_key,
            "provider_event_id": event.event_id,
            "signature_digest": event.signature_digest,
            "kind": event.kind[:30],
            "message_id": event.message_id,
            "occurred_at": event.occurred_at,
            "received_at": now,
            "payload": event.payload,
        }
        for event in events
    ]
    if not rows:
        return 0
    dialect = sqlite if is_sqlite(session) else postgresql
    statement = dialect.insert(ProviderEvent.__table__).on_conflict_do_nothing()
    stored = 0
    for start in range(0, len(rows), _CHUNK):
        result = session.connection().execute(
            statement, rows[start : start + _CHUNK], execution_options={"preserve_rowcount": True}
        )
        stored += max(result.rowcount, 0)
    return stored
