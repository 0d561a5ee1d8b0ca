"""What each status of a text does, by the table of Twilio's error codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from campaigns.consent import ledger, suppression
from campaigns.consent.models import Method
from campaigns.contacts.models import Channel
from campaigns.core.actors import Actor, ActorKind
from campaigns.delivery import breakers
from campaigns.events import trouble
from campaigns.providers import twilio_codes
from campaigns.providers.twilio_codes import Class

if TYPE_CHECKING:
    from campaigns.events.effects import Settled

TWILIO = Actor(kind=ActorKind.PROVIDER, name="Twilio")


def _accepted(_session: Session, row: Row[Any], settled: Settled, _now: datetime) -> str:
    if row.message_id is not None:
        settled.accepted[row.payload.get("sid")].append(row.message_id)
    return "accepted"


def _delivered(_session: Session, row: Row[Any], settled: Settled, _now: datetime) -> str:
    if row.message_id is not None:
        settled.delivered[row.payload.get("sid")].append(row.message_id)
    return "delivered"


def _failed(session: Session, row: Row[Any], settled: Settled, now: datetime) -> str:
    number = row.payload.get("error_code")
    code = twilio_codes.look_up(number if isinstance(number, int) else 0)
    if row.message_id is not None:
        group = settled.bounced if code.kind is Class.PERMANENT else settled.failed
        group[str(code.code) if code.code else row.kind, code.meaning].append(row.message_id)
    return _follow(session, row, code, now)


def _follow(session: Session, row: Row[Any], code: twilio_codes.Code, now: datetime) -> str:
    """Do what the class of the code asks for."""
    if code.kind is Class.OPT_OUT and row.contact_id is not None:
        ledger.withdraw(
            session,
            contact_id=row.contact_id,
            channel=Channel.SMS,
            method=Method.PROVIDER,
            actor=TWILIO,
            now=now,
            evidence={"event": row.id},
        )
    if code.suppress_as and row.address:
        suppression.add(
            session,
            channel=Channel.SMS,
            address=row.address,
            reason=code.suppress_as,
            now=now,
            contact_id=row.contact_id,
            note=f"{code.code}: {code.meaning}",
        )
        return f"failed, suppressed: {code.suppress_as}"
    if code.kind is Class.CONFIGURATION:
        breakers.note_refused_account(
            session, Channel.SMS, words=f"{code.code}: {code.meaning}", now=now
        )
        return "failed through our account, texts stopped"
    if code.kind is Class.FILTERED:
        paused = trouble.note_filtered(session, row, now=now)
        return "filtered, campaign paused" if paused else "filtered"
    if code.kind is Class.CONTENT:
        words = f"Twilio refused a text: {code.meaning}"
        trouble.pause_origin(session, row, words, now=now)
        return "failed through our fault, campaign paused"
    if code.kind is Class.SOFT:
        return trouble.note_unreachable(session, row, code.code, now=now) or "failed"
    return "failed"


def _logged(_session: Session, _row: Row[Any], _settled: Settled, _now: datetime) -> str:
    return "logged only"


APPLY: dict[str, Callable[[Session, Row[Any], Settled, datetime], str]] = {
    "accepted": _accepted,
    "scheduled": _accepted,
    "queued": _accepted,
    "sending": _accepted,
    "sent": _accepted,
    "delivered": _delivered,
    "read": _delivered,
    "partially_delivered": _logged,
    "undelivered": _failed,
    "failed": _failed,
    "canceled": _failed,
    "receiving": _logged,
    "received": _logged,
}
