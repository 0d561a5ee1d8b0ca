"""Asking the provider for replies, so that a STOP sent while we were down is not lost.

Twilio tries a webhook once. Every two minutes, and first thing after a start, the list of
messages is read from an hour before the last look; what no webhook brought is applied as
if one had, at the time when the person wrote. Idempotent on the message's SID: a text
counts once, whether a webhook, this, or both bring it, in any order.

Until the first look after a start or a gap no text leaves: see ``delivery.listening``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from campaigns.contacts.models import Channel
from campaigns.core import logs
from campaigns.core.errors import InvalidInput
from campaigns.delivery import listening
from campaigns.delivery.parts import MACHINE, Parts
from campaigns.delivery.ports import Received, SmsListener
from campaigns.events import inbound, twilio_forms
from campaigns.events.models import InboundText

log = logs.get(__name__)

EVERY = timedelta(minutes=2)
RETRY = timedelta(seconds=20)
OVERLAP = timedelta(hours=1)
"""Provider lists show some messages late, and its clock is not ours."""
FIRST_LOOK = timedelta(days=1)
"""How far the very first look goes back."""
_CHUNK = 500


class _Now(Protocol):
    def now(self) -> datetime:
        """Return the machine's time."""
        ...


def begin(parts: Parts, *, machine: _Now = MACHINE) -> None:
    """Note, before a worker sends anything, that replies will be asked for."""
    if isinstance(parts.sms, SmsListener):
        with parts.db.transaction() as session:
            listening.begin(session, Channel.SMS, now=machine.now())


def tick(parts: Parts, *, machine: _Now = MACHINE) -> int:
    """Ask if it is time to; return how many texts were new.

    Raises: OSError when the provider's list cannot be read; the next tick tries again.
    """
    if not isinstance(parts.sms, SmsListener):
        return 0
    now = machine.now()
    with parts.db.reading() as session:
        row = listening.get(session, Channel.SMS)
        if row is not None and row.tried_at is not None:
            pause = RETRY if row.error else EVERY
            if row.tried_at <= now < row.tried_at + pause:
                return 0
    return poll(parts, machine=machine)


def poll(parts: Parts, *, machine: _Now = MACHINE) -> int:
    """Read the provider's list and apply what is new; return how many texts that was.

    Raises: OSError when the list cannot be read.
    """
    sender = parts.sms
    assert isinstance(sender, SmsListener)
    asked_at = machine.now()
    with parts.db.transaction() as session:
        listening.note_tried(session, Channel.SMS, now=asked_at)
        row = listening.get(session, Channel.SMS)
        since = (row.read_until - OVERLAP) if row and row.read_until else asked_at - FIRST_LOOK
    try:
        found = sender.received(since)
    except OSError as fault:
        with parts.db.transaction() as session:
            listening.note_failed(
                session,
                Channel.SMS,
                error=str(fault),
                refused=isinstance(fault, PermissionError),
                now=asked_at,
            )
        raise
    new = [one for one in _unknown(parts, found) if _apply(parts, one, asked_at)]
    with parts.db.transaction() as session:
        listening.note_read(session, Channel.SMS, until=asked_at)
    if new:
        log.info("replies.found", count=len(new))
    return len(new)


def _unknown(parts: Parts, found: list[Received]) -> list[Received]:
    """Leave out what is stored already."""
    known: set[str] = set()
    with parts.db.reading() as session:
        for start in range(0, len(found), _CHUNK):
            sids = [one.sid for one in found[start : start + _CHUNK]]
            query = select(InboundText.provider_sid).where(InboundText.provider_sid.in_(sids))
            known.update(session.scalars(query))
    return [one for one in found if one.sid not in known]


def _apply(parts: Parts, one: Received, asked_at: datetime) -> bool:
    """Apply one text in a transaction of its own: a fault in one holds up no other.

    It is not stored then, so that the looks of the next hour try it again.
    """
    try:
        form = twilio_forms.read_inbound(
            [
                ("MessageSid", one.sid),
                ("AccountSid", one.account),
                ("From", one.sender),
                ("To", one.to),
                ("Body", one.body),
                ("NumMedia", str(one.media)),
            ]
        )
    except InvalidInput:
        log.warning("replies.odd", sid=one.sid[:40])
        return False
    if form.account != parts.settings.twilio_account_sid:
        return False
    now = parts.clock.now()
    try:
        with parts.db.transaction() as session:
            row = inbound.receive(
                session,
                form,
                signature_digest=None,
                now=now,
                public_url=parts.public_url,
                # The provider's clock is the machine's; a demonstration has one of its own.
                sent_at=now - max(asked_at - one.sent_at, timedelta()),
            )
            return row is not None
    except Exception:
        log.exception("replies.not_applied", sid=one.sid[:40])
        return False
