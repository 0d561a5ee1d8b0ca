"""Whom a link in a message belongs to: the message, its person, and the address it went to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.consent import ledger, suppression
from campaigns.consent.models import ConsentEntry, ConsentStatus, Method, SuppressionReason
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Contact, ContactStatus
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.signing import Purpose
from campaigns.delivery import outbox
from campaigns.delivery.models import Message, Origin
from campaigns.web import context


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
    def masked(self) -> str:
        """The address, mostly hidden."""
        return addresses.mask(self.channel, self.address) if self.address else "•••"

    @property
    def actor(self) -> Actor:
        """The person as the one who acts."""
        return Actor(kind=ActorKind.PERSON, id=self.contact_id)


def of_token(session: Session, purpose: Purpose, token: str) -> Recipient | None:
    """Return the recipient that a token names, or None for any token that names nobody."""
    message_id = context.services().tokens.read(purpose, token)
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
    for contact_id in (recipient.contact_id, recipient.original_id):
        if contact_id is None or recipient.is_test:
            continue
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
    if recipient.address and channel == recipient.channel and not recipient.is_test:
        stops = suppression.active_for(session, channel, recipient.address, now)
        if not any(row.reason in suppression.LIFTED_BY_CONSENT for row in stops):
            suppression.add(
                session,
                channel=channel,
                address=recipient.address,
                reason=SuppressionReason.OPT_OUT,
                now=now,
                contact_id=recipient.contact_id,
            )
    return entry
