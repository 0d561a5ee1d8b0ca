"""SendGrid's event webhook in our words: which kind of event, about which message.

Whatever comes in was signed by SendGrid, but its texts were written by foreign mail
servers: they are kept short, and shown escaped. Addresses are kept only where no message
of ours is named, because then nothing else says whom the event is about.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from campaigns.core import logs
from campaigns.core.errors import InvalidInput
from campaigns.core.signing import Purpose, Tokens
from campaigns.events.ingest import SENDGRID, Incoming, natural_key

KINDS = frozenset(
    {"processed", "deferred", "delivered", "bounce", "blocked", "dropped", "spamreport"}
    | {"unsubscribe", "group_unsubscribe", "group_resubscribe", "open", "click"}
    | {"account_status_change"}
)
_KEPT = (
    "event",
    "type",
    "reason",
    "status",
    "response",
    "attempt",
    "bounce_classification",
    "asm_group_id",
    "sg_message_id",
    "sg_machine_open",
)
_TEXT_LIMIT = 500


def read(body: bytes, tokens: Tokens) -> list[Incoming]:
    """Return the events of one post.

    Raises: InvalidInput when the body is not a list of objects.
    """
    try:
        events = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("events_unreadable", "The body is not JSON.") from error
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise InvalidInput("events_unreadable", "The body is not a list of events.")
    given = [event.get("mid") for event in events]
    texts = [token if isinstance(token, str) else "" for token in given]
    message_ids = tokens.read_many(Purpose.MESSAGE, texts)
    return [_read_one(*one) for one in zip(events, message_ids, strict=True)]


def _read_one(event: dict[str, Any], message_id: int | None) -> Incoming:
    kind = _plain(event.get("event"))[:30]
    if kind == "bounce" and event.get("type") == "blocked":
        kind = "blocked"
    payload = {key: _short(event[key]) for key in _KEPT if event.get(key) is not None}
    about: Any = message_id
    if message_id is None:
        email = _plain(event.get("email")).strip().lower()
        about = (email, event.get("sg_message_id"))
        if email:
            payload["email"] = email[:254]
    stamp = event.get("timestamp")
    event_id = event.get("sg_event_id")
    return Incoming(
        provider=SENDGRID,
        kind=kind,
        event_id=(_plain(event_id)[:120] or None) if isinstance(event_id, str) else None,
        dedupe_key=natural_key(
            SENDGRID, about, kind, stamp, event.get("url"), event.get("attempt")
        ),
        message_id=message_id,
        occurred_at=_instant(stamp),
        payload=payload,
    )


def _short(value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    # Mail servers repeat the address in their answers; whom it is about the message says.
    return logs.mask(_plain(value))[:_TEXT_LIMIT]


def _plain(value: Any) -> str:
    """Return a value as text that every database can store."""
    return str(value or "").replace("\0", "")


def _instant(stamp: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(stamp), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
