"""Double opt-in: one confirmation message, valid for a time, never a second ask too soon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, insert, literal, or_, select
from sqlalchemy.orm import Session, aliased

from campaigns.consent import ledger, suppression
from campaigns.consent.models import (
    ConsentEntry,
    ConsentState,
    ConsentStatus,
    Method,
    OptInRequest,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.db import UtcDateTime, change
from campaigns.core.errors import InvalidInput, NotFound

VALID_FOR = {Channel.EMAIL: timedelta(days=7), Channel.SMS: timedelta(hours=24)}
ONE_PER = timedelta(hours=24)
"""One confirmation to an address in this time, whoever asks: nobody can be flooded."""
PER_DAY = 3
"""Somebody who left meanwhile may come back at once: so many times in ``ONE_PER``."""

FORM = "form"
KEYWORD = "keyword"
IMPORT = "import"
STALE = "stale"
"""Asked anew, because nothing was sent for so long; once for each agreement."""


def request(
    session: Session,
    *,
    contact_id: int,
    channel: str,
    address: str,
    entry_id: int | None,
    origin: str,
    now: datetime,
    form_id: int | None = None,
) -> OptInRequest | None:
    """Ask a person to confirm an address; delivery sends the message from this row.

    Returns None when a confirmation to the address is under way or went out in the last
    24 hours, unless a stop came after it (see ``may_ask``), and, for ``origin="import"``,
    when the address was ever asked: a file's address without proof gets exactly one request.
    """
    directory.lock(session, [contact_id])
    query = (
        select(OptInRequest.requested_at)
        .where(OptInRequest.channel == channel, OptInRequest.address == address)
        .order_by(OptInRequest.id.desc())
        .limit(PER_DAY)
    )
    earlier = list(session.scalars(query))
    if earlier and origin == IMPORT:
        return None
    if not may_ask(session, channel, address, earlier, now=now):
        return None
    row = OptInRequest(
        contact_id=contact_id,
        channel=channel,
        address=address,
        entry_id=entry_id,
        requested_at=now,
        expires_at=now + VALID_FOR[Channel(channel)],
        origin=origin,
        form_id=form_id,
    )
    session.add(row)
    session.flush()
    return row


def may_ask(
    session: Session, channel: str, address: str, asked: Sequence[datetime], *, now: datetime
) -> bool:
    """Tell whether an address that was asked at these times may be asked once more.

    Once in 24 hours; whoever said stop since the last time may come back at once, up to
    ``PER_DAY`` times. Only who has the address can say stop, so nobody else gains by that.
    """
    recent = [at for at in asked if at > now - ONE_PER]
    if not recent:
        return True
    left_at = suppression.last_stop(session, channel, address)
    return left_at is not None and max(recent) <= left_at and len(recent) < PER_DAY


def ask_again(session: Session, channel: str, contact_ids: Sequence[int], *, now: datetime) -> int:
    """Ask people whose agreement became stale to confirm it; return how many.

    Set-based. Each agreement is asked about once: whoever does not answer is not asked again.
    """
    earlier = aliased(OptInRequest)
    asked = exists().where(
        earlier.channel == Address.channel,
        earlier.address == Address.address,
        or_(
            and_(earlier.origin == STALE, earlier.requested_at >= ConsentState.since),
            earlier.requested_at > now - ONE_PER,
        ),
    )
    people = (
        select(
            Address.contact_id,
            Address.channel,
            Address.address,
            ConsentState.entry_id,
            literal(now, UtcDateTime()),
            literal(now + VALID_FOR[Channel(channel)], UtcDateTime()),
            literal(STALE),
        )
        .join(
            ConsentState,
            and_(
                ConsentState.contact_id == Address.contact_id,
                ConsentState.channel == Address.channel,
            ),
        )
        .where(
            Address.channel == channel,
            Address.contact_id.in_(contact_ids),
            ConsentState.status == ConsentStatus.GRANTED,
            ~asked,
        )
    )
    columns = [
        "contact_id", "channel", "address", "entry_id", "requested_at", "expires_at", "origin",
    ]  # fmt: skip
    return change(session, insert(OptInRequest).from_select(columns, people))


def get(session: Session, request_id: int) -> OptInRequest:
    """Return a request.

    Raises: NotFound ``optin``.
    """
    row = session.get(OptInRequest, request_id)
    if row is None:
        raise NotFound("optin", "This confirmation link is not known. Sign up again to get one.")
    return row


def needs_words(session: Session, row: OptInRequest) -> bool:
    """Tell whether a request rests on no words that the person was shown before.

    That is so for an address from a file. The page that confirms it has to show them.
    """
    asked = session.get(ConsentEntry, row.entry_id) if row.entry_id else None
    return asked is None or asked.wording_sha256 is None


def open_request(
    session: Session, contact_id: int, channel: str, *, now: datetime
) -> OptInRequest | None:
    """Return the newest request of a person that can still be confirmed (a texted Y)."""
    return session.scalar(
        select(OptInRequest)
        .where(
            OptInRequest.contact_id == contact_id,
            OptInRequest.channel == channel,
            OptInRequest.confirmed_at.is_(None),
            OptInRequest.expires_at > now,
        )
        .order_by(OptInRequest.id.desc())
        .limit(1)
    )


def confirm(
    session: Session,
    request_id: int,
    *,
    now: datetime,
    evidence: Mapping[str, Any] | None = None,
    method: Method | None = None,
    shown: tuple[int, str] | None = None,
) -> ConsentEntry:
    """Record the confirmation; the same request confirmed twice is one entry.

    ``shown`` is the wording (its version, its words) that stood beside the button, for a
    request that rests on none (``needs_words``).

    Raises: NotFound ``optin``; InvalidInput ``optin_expired``, ``optin_moved`` when the
    address is not the person's any more, ``wording_missing``.
    """
    row = get(session, request_id)
    directory.lock(session, [row.contact_id])
    session.refresh(row)
    asked = session.get(ConsentEntry, row.entry_id) if row.entry_id else None
    if row.confirmed_at is not None:
        done = _confirmation(session, row)
        if done is not None:
            return done
    if now >= row.expires_at:
        raise InvalidInput(
            "optin_expired", "This confirmation has expired. Sign up again to get a new one."
        )
    held = directory.addresses_of(session, row.contact_id).get(Channel(row.channel))
    if held is None or held.address != row.address:
        raise InvalidInput(
            "optin_moved",
            "This address is not the one on file any more. Sign up again with the new one.",
        )
    words = ledger.wording_of(session, asked) if asked else None
    disclosure_id = asked.disclosure_id if asked and words else None
    if words is None and shown is not None:
        disclosure_id, words = shown
    how = method or (Method.REPLY if row.channel == Channel.SMS else Method.WEB_FORM)
    entry = ledger.grant(
        session,
        contact_id=row.contact_id,
        channel=row.channel,
        method=how,
        actor=Actor(kind=ActorKind.PERSON, id=row.contact_id),
        now=now,
        disclosure_id=disclosure_id,
        wording=words,
        address=row.address,
        evidence={
            "optin_request": row.id,
            **({"requested_entry": asked.id} if asked else {}),
            **(evidence or {}),
        },
        source_label=_label(session, row),
    )
    row.confirmed_at = now
    directory.note_heard(session, row.contact_id, now=now)
    session.flush()
    return entry


def _confirmation(session: Session, row: OptInRequest) -> ConsentEntry | None:
    """Return the entry that a confirmed request led to."""
    query = (
        select(ConsentEntry)
        .where(
            ConsentEntry.contact_id == row.contact_id,
            ConsentEntry.channel == row.channel,
            ConsentEntry.recorded_at == row.confirmed_at,
            ConsentEntry.action == "opt_in_confirmed",
        )
        .order_by(ConsentEntry.id)
        .limit(1)
    )
    return session.scalar(query)


def _label(session: Session, row: OptInRequest) -> str:
    state = ledger.state_of(session, row.contact_id).get(row.channel)
    return state.source_label if state else ""
