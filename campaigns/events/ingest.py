"""Store what providers report: each event once, however often and under whatever id it comes.

Two keys guard against repeats: the provider's own event id, and a natural key of what
happened, because retried posts have been seen with new ids. Both are unique in the
table, so that two processes that get the same post at once store it once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.core import rows
from campaigns.core.db import is_sqlite
from campaigns.events.models import ProviderEvent

SENDGRID = "sendgrid"
TWILIO = "twilio"
_CHUNK = 2000
_EVENTS: Any = ProviderEvent.__table__
_COLUMNS = {
    name: _EVENTS.c[name].type
    for name in (
        "provider",
        "dedupe_key",
        "provider_event_id",
        "signature_digest",
        "kind",
        "message_id",
        "occurred_at",
        "received_at",
        "payload",
        "applied_at",
        "effect",
    )
}


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
    return len(insert_new(session, events, effects={}, now=now))


def insert_new(
    session: Session, events: Iterable[Incoming], *, effects: Mapping[str, str], now: datetime
) -> list[tuple[str, int | None]]:
    """Store the events that are new; return the kind and the message of each of those.

    ``effects`` says, for kinds that the caller applies in this same transaction, what they
    do: these are stored as applied.
    """
    values = [
        (
            event.provider,
            event.dedupe_key,
            event.event_id,
            event.signature_digest,
            event.kind[:30],
            event.message_id,
            event.occurred_at,
            now,
            event.payload,
            now if event.kind in effects else None,
            effects.get(event.kind),
        )
        for event in events
    ]
    dialect: Any = sqlite if is_sqlite(session) else postgresql
    new: list[tuple[str, int | None]] = []
    for start in range(0, len(values), _CHUNK):
        told = rows.table(session, "told", _COLUMNS, values[start : start + _CHUNK])
        statement = (
            dialect.insert(_EVENTS)
            .from_select(list(_COLUMNS), select(told).where(true()))
            .on_conflict_do_nothing()
            .returning(_EVENTS.c.kind, _EVENTS.c.message_id)
        )
        new += [(row[0], row[1]) for row in session.connection().execute(statement)]
    return new
