"""From opt-in requests to the outbox: the one message that asks a person to confirm."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures
from campaigns.consent.models import ConsentEntry, Disclosure, OptInRequest
from campaigns.consent.texts import LOCALES
from campaigns.contacts.models import Channel, Contact
from campaigns.content import sms
from campaigns.delivery import notices, outbox
from campaigns.delivery.models import Message, Origin
from campaigns.delivery.notices import CONFIRM
from campaigns.delivery.parts import Parts

LIMIT = 500


def tick(parts: Parts) -> int:
    """Do one round; return how many requests got their message."""
    now = parts.clock.now()
    with parts.db.reading() as session:
        if not _pending(session, parts, limit=1):
            return 0
    done = 0
    with parts.db.transaction() as session:
        for request, per_month, locale in _pending(session, parts, limit=LIMIT):
            planned = outbox.enqueue(
                session,
                origin_kind=Origin.CONFIRMATION,
                origin_id=0,
                subject_id=request.id,
                channel=request.channel,
                contact_id=request.contact_id,
                body={
                    "template": CONFIRM,
                    "origin": request.origin,
                    "per_month": per_month,
                    "locale": locale,
                },
                due_at=request.requested_at,
                expires_at=request.expires_at,
                now=now,
            )
            done += planned is not None
    return done


def text_parts(session: Session, clinic: Clinic) -> int:
    """Return how many parts the text that asks for confirmation has at most, in any language."""
    bodies = (
        {
            "template": CONFIRM,
            "locale": locale,
            "per_month": disclosures.current(session, Channel.SMS, locale).frequency_per_month,
        }
        for locale in LOCALES
    )
    return max(sms.measure(notices.text(body, clinic=clinic)).segments for body in bodies)


def _pending(
    session: Session, parts: Parts, *, limit: int
) -> list[tuple[OptInRequest, int | None, str]]:
    """Return open requests without a message, the number of texts promised, the language."""
    message = (
        select(Message.id)
        .where(
            Message.origin_kind == Origin.CONFIRMATION.value,
            Message.origin_id == 0,
            Message.subject_id == OptInRequest.id,
            Message.channel == OptInRequest.channel,
        )
        .exists()
    )
    rows = session.execute(
        select(OptInRequest, Disclosure.frequency_per_month, Contact.locale)
        .join(Contact, Contact.id == OptInRequest.contact_id)
        .outerjoin(ConsentEntry, ConsentEntry.id == OptInRequest.entry_id)
        .outerjoin(Disclosure, Disclosure.id == ConsentEntry.disclosure_id)
        .where(
            OptInRequest.confirmed_at.is_(None),
            OptInRequest.expires_at > parts.clock.now(),
            ~message,
        )
        .order_by(OptInRequest.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]
