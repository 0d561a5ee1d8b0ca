"""Answers that staff write to a person's text: one to one, never marketing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.clinic.models import Clinic
from campaigns.consent import suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import Actor
from campaigns.core.errors import Conflict, InvalidInput, NotPermitted
from campaigns.delivery import outbox
from campaigns.delivery.models import Origin
from campaigns.inbox import threads

LONGEST = 640
"""Four text parts: more is a letter, not a reply."""
GOOD_FOR = timedelta(hours=12)
_SUBJECTS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """A ready-made answer, to be changed before it goes."""

    name: str
    text: str


def canned(clinic: Clinic) -> list[Canned]:
    """Return the ready-made answers; those that need a missing detail are left out."""
    phone = _shown(clinic.phone)
    found = [
        Canned(
            name="We will call you",
            text=f"{clinic.brand}: Thank you for your message. We will call you today.",
        )
    ]
    if phone:
        found.append(
            Canned(
                name="Please call us",
                text=f"{clinic.brand}: Thank you for your message. Please call us at {phone}, so "
                "that we can help you in person.",
            )
        )
    if clinic.booking_url:
        found.append(
            Canned(
                name="How to book",
                text=f"{clinic.brand}: You can pick a time that suits you here: "
                f"{clinic.booking_url}",
            )
        )
    found.append(
        Canned(
            name="Not by text, please",
            text=f"{clinic.brand}: Thank you. For your privacy we answer questions about your "
            "health by phone or at your visit, not by text.",
        )
    )
    return found


def send(
    session: Session, actor: Actor, inbound_id: int, text: str, *, nonce: int, now: datetime
) -> int | None:
    """Send an answer to whoever wrote; the same form sent twice goes out once.

    Raises: NotFound ``inbound``; InvalidInput ``reply_empty``, ``reply_long``; Conflict
    ``nobody`` when no person has the number; NotPermitted ``said_stop``.
    """
    row = threads.get(session, inbound_id)
    text = text.strip()
    if not text:
        _refuse("reply_empty", "The answer is empty. Write a few words.")
    if len(text) > LONGEST:
        _refuse("reply_long", f"At most {LONGEST} characters fit; this has {len(text)}.")
    people = directory.find_by_address(session, Channel.SMS, row.from_address)
    if not people:
        raise Conflict(
            "nobody",
            "Nobody in the list has this number, so no answer can be sent from here. Add the "
            "person first, or call.",
        )
    directory.lock(session, [person.id for person in people])
    if suppression.is_suppressed(session, Channel.SMS, row.from_address, now) is not None:
        raise NotPermitted(
            "said_stop",
            "This number is on the do-not-contact list, so no text goes there. What you wrote "
            "was not sent. Please call instead.",
        )
    ids = [person.id for person in people]
    contact_id = row.contact_id if row.contact_id in ids else ids[0]
    message_id = outbox.enqueue(
        session,
        origin_kind=Origin.REPLY,
        origin_id=row.id,
        subject_id=nonce % _SUBJECTS,
        channel=Channel.SMS,
        contact_id=contact_id,
        body={"text": text},
        due_at=now,
        now=now,
        expires_at=now + GOOD_FOR,
    )
    if message_id is not None:
        threads.mark_read(session, inbound_id, now=now)
        audit.append(
            session,
            actor,
            "reply.sent",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            message=message_id,
        )
    return message_id


def _refuse(code: str, words: str) -> None:
    raise InvalidInput(code, f"{words} Nothing was sent.", fields={"text": words})


def _shown(phone: str | None) -> str | None:
    if not phone:
        return None
    digits = phone.removeprefix("+1")
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else phone
