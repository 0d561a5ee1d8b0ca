"""Builds people as the gate finds them: messages planned for them, and what happened before."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from campaigns.bookings.models import Booking
from campaigns.consent.models import ConsentEntry, ConsentState, OptInRequest, Suppression
from campaigns.contacts.models import Address, Contact, ContactStatus
from campaigns.delivery.facts import Frame
from campaigns.delivery.models import Batch, Message, MessageState
from campaigns.eligibility.gate import Kind

TOPIC = "topic"
_ids = itertools.count(1)


def hours_later(now: datetime, hours_from_now: float | None) -> datetime | None:
    """Return a moment so many hours from now, None for none."""
    return None if hours_from_now is None else now + timedelta(hours=hours_from_now)


def empty(session: Session) -> None:
    """Take away what an earlier example left."""
    for model in (Message, Batch, Booking, Suppression, ConsentState, OptInRequest, Address):
        session.execute(delete(model))


def make_batch(session: Session, frame: Frame) -> int:
    """Make a batch of the frame's origin; return its id."""
    return session.execute(
        insert(Batch)
        .values(
            origin_kind=frame.kind.value,
            origin_id=frame.origin_id,
            channel=frame.channel,
            priority=5,
            due_at=frame.now,
            epoch=0,
        )
        .returning(Batch.id)
    ).scalar_one()


def plan(session: Session, one: dict[str, Any], frame: Frame, batch_id: int) -> tuple[int, int]:
    """Make a person as described, and a message planned for them; return both ids."""
    now = frame.now
    postal_code, state = one["place"]
    contact = Contact(
        first_name="A",
        last_name="B",
        status=one["status"],
        postal_code=postal_code,
        state=state,
        hold_until=hours_later(now, one["hold_in"]),
        created_at=now,
        updated_at=now,
    )
    session.add(contact)
    session.flush()
    one["address_text"] = None
    if one["address"]:
        text = "shared" if one["address"] == "shared" else f"own{contact.id}"
        one["address_text"] = text
        session.add(
            Address(
                contact_id=contact.id,
                channel=frame.channel,
                address=text,
                address_hash=f"1:{text}",
                created_at=now,
            )
        )
    if one["consent"] is not None:
        session.add(
            ConsentState(
                contact_id=contact.id,
                channel=frame.channel,
                status=one["consent"],
                since=now - timedelta(days=one["agreed_days_ago"]),
                entry_id=_entry(session, contact.id, one["entered"], frame),
                frequency_per_month=one["promised"],
            )
        )
    if one["topic"] is not None:
        session.add(
            ConsentState(contact_id=contact.id, channel=TOPIC, status=one["topic"], since=now)
        )
    if one["booked"]:
        session.add(
            Booking(
                contact_id=contact.id,
                source="x",
                external_id=str(contact.id),
                booked_at=now,
                recorded_at=now,
            )
        )
    for number, entry in enumerate(one["suppressions"]):
        text = one["address_text"] or f"nobody{contact.id}-{number}"
        session.add(
            Suppression(
                channel=entry["channel"],
                address_hash=f"1:{text}",
                mailbox_hash=f"1:{text}",
                reason=entry["reason"],
                created_at=now,
                expressed_at=now,
                lifted_at=now if entry["lifted"] else None,
                expires_at=hours_later(now, entry["expires_in"]),
            )
        )
    _send(session, one["sent"], contact.id, frame)
    if one["merged_sent"] is not None:
        merged = Contact(
            first_name="A",
            last_name="B",
            status=ContactStatus.MERGED,
            merged_into_id=contact.id,
            created_at=now,
            updated_at=now,
        )
        session.add(merged)
        session.flush()
        _send(session, one["merged_sent"], merged.id, frame)
    subject = contact.id
    if frame.kind is Kind.CONFIRMATION:
        origin, minutes = one["asked"]
        request = OptInRequest(
            contact_id=contact.id,
            channel=frame.channel,
            address=f"x{contact.id}",
            requested_at=now - timedelta(minutes=minutes),
            expires_at=now,
            origin=origin,
        )
        session.add(request)
        session.flush()
        subject = request.id
    body = None if one["passes_stop"] is None else {"passes_stop": one["passes_stop"]}
    message = Message(
        origin_kind=frame.kind.value,
        origin_id=frame.origin_id,
        subject_id=subject,
        channel=frame.channel,
        contact_id=contact.id,
        body=body,
        state=MessageState.PLANNED,
        due_at=now,
        expires_at=hours_later(now, one["expires_in"]),
        batch_id=batch_id,
        created_at=now,
    )
    session.add(message)
    session.flush()
    return message.id, contact.id


def _entry(
    session: Session, contact_id: int, entered: tuple[str, int] | None, frame: Frame
) -> int | None:
    if entered is None:
        return None
    method, days_ago = entered
    at = frame.now - timedelta(days=days_ago)
    entry = ConsentEntry(
        contact_id=contact_id,
        channel=frame.channel,
        action="opt_in_confirmed",
        method=method,
        expressed_at=at,
        recorded_at=at,
        evidence_sha256="",
        actor_kind="staff",
        prev_hash="",
        row_hash="",
        mac="",
    )
    session.add(entry)
    session.flush()
    return entry.id


def _send(session: Session, sent: list[dict[str, Any]], contact_id: int, frame: Frame) -> None:
    for one in sent:
        mine = one["same_origin"]
        session.add(
            Message(
                origin_kind=frame.kind.value if mine else one["origin_kind"],
                origin_id=frame.origin_id if mine else 10_000_000 + next(_ids),
                subject_id=20_000_000 + next(_ids),
                channel=one["channel"],
                contact_id=contact_id,
                state=one["state"],
                due_at=frame.now,
                intent_at=frame.now - timedelta(hours=one["hours_ago"]),
                created_at=frame.now,
            )
        )
