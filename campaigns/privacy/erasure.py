"""Erase a person: everything that says who it was goes, what proves that we kept the law stays.

Gone: name, addresses, place, interests, notes, the words of messages and texts, clicks,
evidence, scans. Kept: the chain of the ledger (numbers, times and digests), the rows of
messages without address and words, and the keyed hash of each address with the reason
``erased``, so that no file, form or colleague brings the person back. Only the person
does, from the address itself (``suppression.LIFTED_BY_PROOF``). What providers hold is
theirs to delete: the clinic asks them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience.models import ContactInterest
from campaigns.consent import chain, scans, suppression
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentEvidence,
    ConsentState,
    Method,
    OptInRequest,
    PreferenceCode,
    Suppression,
    SuppressionReason,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel, Contact, ContactStatus, Note
from campaigns.core import sealing
from campaigns.core.actors import Actor
from campaigns.core.db import change, keys_of
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.delivery.models import ContactHours, Message, MessageState
from campaigns.drips import exits
from campaigns.drips.models import Bystander, EndReason
from campaigns.events import inbound
from campaigns.events.models import Click, InboundText, ProviderEvent
from campaigns.imports.models import ImportRow
from campaigns.providers.models import LocalDelivery

CONFIRMATION = "erase"
"""The word that staff type; there is no way back."""
_WAITING = (MessageState.PLANNED, MessageState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure led to."""

    people: int
    """The person and every record that was merged into it."""
    addresses: int
    files: list[str]
    """Digests of scans whose files nobody needs any more; remove them after the commit."""


def erase(session: Session, actor: Actor, contact_id: int, *, reason: str, now: datetime) -> Erased:
    """Erase a person and the records merged into hers; see the module for what stays.

    Messages that are leaving right now still leave; everything that waits is taken back.

    Raises: NotFound ``contact``; InvalidInput ``erasure_reason``; Conflict
    ``erased_already``, ``erase_merged`` (erase the record it was merged into), ``in_flight``.
    """
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise InvalidInput(
            "erasure_reason",
            "Say who asked for it and how; this stays on record.",
            fields={"reason": "Say who asked for it and how."},
        )
    contact = directory.get(session, contact_id)
    ids = directory.records_of(session, contact_id)
    directory.lock(session, ids)
    session.refresh(contact)
    if contact.status == ContactStatus.ERASED:
        raise Conflict("erased_already", "This person was erased already.")
    if contact.status == ContactStatus.MERGED:
        raise Conflict(
            "erase_merged", "This record was merged into another one. Erase that person instead."
        )
    _require_settled(session, ids)
    held = _addresses(session, ids)
    for channel, address in held:
        suppression.add(
            session,
            channel=channel,
            address=address,
            reason=SuppressionReason.ERASED,
            now=now,
            contact_id=contact_id,
        )
    _forget_messages(session, ids, held, now)
    _forget_people(session, ids, now)
    files = [digest for number in ids for digest in scans.erase(session, actor, number, now=now)]
    _close_ledger(session, actor, ids, reason, now)
    audit.append(
        session,
        actor,
        "contact.erased",
        subject_kind="contact",
        subject_id=contact_id,
        now=now,
        records=len(ids),
        addresses=len(held),
    )
    session.refresh(contact)
    return Erased(people=len(ids), addresses=len(held), files=files)


def _addresses(session: Session, ids: list[int]) -> set[tuple[str, str]]:
    """Return every address that the person has or had, as far as it is on file anywhere."""
    held = {
        (row.channel, row.address)
        for row in session.execute(
            select(Address.channel, Address.address).where(Address.contact_id.in_(ids))
        )
    }
    proofs = session.execute(
        select(ConsentEntry.channel, ConsentEvidence.details)
        .join(ConsentEvidence, ConsentEvidence.entry_id == ConsentEntry.id)
        .where(ConsentEntry.contact_id.in_(ids), ConsentEntry.channel.in_(list(Channel)))
    )
    for row in proofs:
        for name in ("address", "old_address"):
            value = row.details.get(name)
            if isinstance(value, str) and value:
                held.add((row.channel, value))
    return held - _of_others(session, ids, held)


def _of_others(
    session: Session, ids: list[int], held: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return what somebody else has too and keeps: a household's phone, a number passed on."""
    rows = session.execute(
        select(Address.channel, Address.address)
        .join(Contact, Contact.id == Address.contact_id)
        .where(
            Address.address.in_([address for _, address in held]),
            Address.contact_id.not_in(ids),
            Contact.status.not_in([ContactStatus.MERGED, ContactStatus.ERASED]),
        )
    )
    return {(row.channel, row.address) for row in rows}


def _require_settled(session: Session, ids: list[int]) -> None:
    leaving = session.scalar(
        select(Message.id)
        .where(Message.contact_id.in_(ids), Message.state == MessageState.SENDING)
        .limit(1)
    )
    if leaving is not None:
        raise Conflict(
            "in_flight",
            "A message to this person is leaving at this moment. Nothing was erased; try again in "
            "a minute.",
        )


def _forget_messages(
    session: Session, ids: list[int], held: set[tuple[str, str]], now: datetime
) -> None:
    change(
        session,
        update(Message)
        .where(Message.contact_id.in_(ids), Message.state.in_(_WAITING))
        .values(state=MessageState.CANCELLED, reason="erased", batch_id=None, settled_at=now),
    )
    mine = select(Message.id).where(Message.contact_id.in_(ids)).scalar_subquery()
    change(session, delete(Click).where(Click.message_id.in_(mine)))
    change(
        session,
        update(ProviderEvent).where(ProviderEvent.message_id.in_(mine)).values(payload={}),
    )
    change(
        session,
        update(Message)
        .where(Message.contact_id.in_(ids))
        .values(address=None, body=None, detail=None, text_digest=None),
    )
    phones = [address for channel, address in held if channel == Channel.SMS]
    change(
        session,
        update(InboundText)
        .where(
            or_(
                InboundText.contact_id.in_(ids),
                InboundText.contact_id.is_(None) & InboundText.from_address.in_(phones),
            )
        )
        .values(
            from_address="",
            body=sealing.seal(keys_of(session), inbound.SEALED_AS, b""),
            resolved_at=func.coalesce(InboundText.resolved_at, now),
        ),
    )
    everything = [address for _, address in held]
    change(session, delete(LocalDelivery).where(LocalDelivery.to.in_(everything)))


def _forget_people(session: Session, ids: list[int], now: datetime) -> None:
    for number in ids:
        exits.exit_person(session, number, EndReason.REMOVED, now=now)
    tables: tuple[Any, ...] = (
        Address,
        ContactHours,
        ContactInterest,
        Bystander,
        Note,
        PreferenceCode,
        ConsentState,
    )
    for table in tables:
        change(session, delete(table).where(table.contact_id.in_(ids)))
    # Emptied, not deleted: SQLite would give the number, and so the old link, to another one.
    change(
        session,
        update(OptInRequest)
        .where(OptInRequest.contact_id.in_(ids))
        .values(address="", expires_at=OptInRequest.requested_at),
    )
    change(session, update(ImportRow).where(ImportRow.contact_id.in_(ids)).values(cells=None))
    change(
        session,
        update(Suppression).where(Suppression.contact_id.in_(ids)).values(note="", lift_note=""),
    )
    blank: dict[str, Any] = dict.fromkeys(
        (
            "city", "state", "postal_code", "timezone", "hold_until", "hold_reason",
            "last_clicked_at", "last_booked_at", "last_heard_at",
        )
    )  # fmt: skip
    change(
        session,
        update(Contact)
        .where(Contact.id.in_(ids))
        .values(
            status=ContactStatus.ERASED,
            first_name="",
            last_name="",
            source="",
            adult_confirmed=False,
            updated_at=now,
            **blank,
        ),
    )


def _close_ledger(
    session: Session, actor: Actor, ids: list[int], reason: str, now: datetime
) -> None:
    """Put the erasure itself on record, in the chain; then let the evidence before it go."""
    chain.append(
        session,
        [
            chain.Draft(
                contact_id=number,
                channel="all",
                action=Action.ERASED,
                method=Method.STAFF,
                expressed_at=now,
                recorded_at=now,
                actor=actor,
                evidence={"reason": reason} if number == ids[0] else {},
            )
            for number in ids
        ],
    )
    before = select(ConsentEntry.id).where(
        ConsentEntry.contact_id.in_(ids), ConsentEntry.action != Action.ERASED
    )
    change(session, delete(ConsentEvidence).where(ConsentEvidence.entry_id.in_(before)))
