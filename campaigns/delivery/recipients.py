"""Whom a link in a message belongs to: the message, its person, and the address it went to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.consent import ledger, suppression
from campaigns.consent.models import ConsentEntry, ConsentStatus, Method, SuppressionReason
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel, Contact, ContactStatus
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.db import keys_of
from campaigns.core.signing import Purpose, Tokens
from campaigns.delivery import outbox
from campaigns.delivery.models import Message, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The person behind a message, as its links see them."""

    message_id: int
    channel: str
    contact_id: int | None
    """The person who holds the message's data now (after a merge, the surviving one)."""
    original_id: int | None
    address: str | None
    is_test: bool

    @property
    def people(self) -> tuple[int, ...]:
        """The records a stop is written to: the surviving one and, after a merge, the old."""
        return tuple(one for one in (self.contact_id, self.original_id) if one is not None)

    @property
    def masked(self) -> str:
        """The address, mostly hidden."""
        return addresses.mask(self.channel, self.address) if self.address else "•••"

    @property
    def actor(self) -> Actor:
        """The person as the one who acts."""
        return Actor(kind=ActorKind.PERSON, id=self.contact_id)


def of_token(session: Session, purpose: Purpose, token: str) -> Recipient | None:
    """Return the recipient that a token names, or None for any token that names nobody."""
    message_id = Tokens(keys_of(session)).read(purpose, token)
    message = session.get(Message, message_id) if message_id is not None else None
    if message is None:
        return None
    original = session.get(Contact, message.contact_id) if message.contact_id else None
    contact = original
    while contact is not None and contact.merged_into_id is not None:
        contact = session.get(Contact, contact.merged_into_id)
    if contact is not None and contact.status == ContactStatus.ERASED:
        contact = None
    address = message.address
    if address is None and contact is not None:
        held = next(
            (row for channel, row in directory.addresses_of(session, contact.id).items()
             if channel == message.channel),
            None,
        )  # fmt: skip
        address = held.address if held else None
    return Recipient(
        message_id=message.id,
        channel=message.channel,
        contact_id=contact.id if contact else None,
        original_id=original.id if original and contact and original.id != contact.id else None,
        address=address,
        is_test=message.origin_kind == Origin.TEST,
    )


def gets_messages(session: Session, recipient: Recipient, channel: str) -> bool:
    """Tell whether the person has agreed to a channel, as far as the ledger knows."""
    if recipient.contact_id is None:
        return False
    state = ledger.state_of(session, recipient.contact_id).get(channel)
    return state is not None and state.status == ConsentStatus.GRANTED


def has_left(session: Session, recipient: Recipient, channel: str, *, now: datetime) -> bool:
    """Tell whether a stop on a channel would change nothing: it is on record everywhere.

    Whoever presses again is answered from this look alone, so one token costs one write
    however often it is pressed, and nobody is ever turned away.
    """
    if recipient.is_test:
        return True
    for contact_id in recipient.people:
        state = ledger.state_of(session, contact_id).get(channel)
        if state is None or state.status != ConsentStatus.WITHDRAWN:
            return False
        if outbox.waits_for(session, contact_id, channel):
            return False
        held = directory.addresses_of(session, contact_id).get(Channel(channel))
        if held is not None and not _is_stopped(session, channel, held.address, now):
            return False
    if recipient.address and channel == recipient.channel:
        return _is_stopped(session, channel, recipient.address, now)
    return True


def stop(
    session: Session,
    recipient: Recipient,
    channel: str,
    method: Method,
    *,
    now: datetime,
    evidence: dict[str, Any],
) -> ConsentEntry | None:
    """Withdraw a channel for the person, and for the very address that the message went to.

    What waits in the outbox for the person is cancelled in the same transaction. Returns
    the ledger entry, None when the stop was on record already.
    """
    entry = None
    for contact_id in () if recipient.is_test else recipient.people:
        made = ledger.withdraw(
            session,
            contact_id=contact_id,
            channel=channel,
            method=method,
            actor=recipient.actor,
            now=now,
            evidence={"message": recipient.message_id, **evidence},
        )
        outbox.cancel_for_contact(session, contact_id, channel, now=now)
        entry = entry or made
    own = bool(recipient.address) and channel == recipient.channel and not recipient.is_test
    if own and not _is_stopped(session, channel, str(recipient.address), now):
        suppression.add(
            session,
            channel=channel,
            address=str(recipient.address),
            reason=SuppressionReason.OPT_OUT,
            now=now,
            contact_id=recipient.contact_id,
        )
    return entry


def _is_stopped(session: Session, channel: str, address: str, now: datetime) -> bool:
    stops = suppression.active_for(session, channel, address, now)
    return any(row.reason in suppression.LIFTED_BY_CONSENT for row in stops)
