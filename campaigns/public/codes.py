"""Six-digit codes that prove an address before a page shows what a person is interested in."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.consent.models import PreferenceCode
from campaigns.contacts import directory
from campaigns.core.db import keys_of
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.delivery import outbox
from campaigns.delivery.models import Origin
from campaigns.delivery.recipients import Recipient
from campaigns.public import frame
from campaigns.public.frame import Words

WORKS_FOR = timedelta(minutes=10)
TRIES = 5
PER_HOUR = 3
PER_DAY = 6


def send(session: Session, recipient: Recipient, *, words: Words, now: datetime) -> None:
    """Send a code to the address that the recipient's message went to.

    It goes out as an answer, with an origin of its own: one body, one person, one POST.

    Raises: Conflict ``code_limit`` after too many; InvalidInput ``code_no_way`` when the
    address is not the person's any more.
    """
    contact_id = recipient.contact_id
    if contact_id is None or recipient.is_test:
        raise InvalidInput("code_no_way", "This address cannot be sent a code.")
    directory.lock(session, [contact_id])
    held = {str(c): row for c, row in directory.addresses_of(session, contact_id).items()}
    current = held.get(recipient.channel)
    if current is None or current.address != recipient.address:
        raise InvalidInput("code_no_way", "This address is not the person's any more.")
    if _asked(session, contact_id, now - timedelta(hours=1)) >= PER_HOUR or (
        _asked(session, contact_id, now - timedelta(days=1)) >= PER_DAY
    ):
        raise Conflict("code_limit", "Too many codes were asked for.")
    code, salt = f"{secrets.randbelow(1_000_000):06d}", secrets.token_hex(16)
    row = PreferenceCode(
        contact_id=contact_id,
        channel=recipient.channel,
        message_id=recipient.message_id,
        salt=salt,
        code_hash=_hash(session, salt, code),
        created_at=now,
        expires_at=now + WORKS_FOR,
        tries=0,
    )
    session.add(row)
    session.flush()
    clinic = frame.clinic_of(session)
    brand = clinic.brand if clinic else words("this_clinic")
    outbox.enqueue(
        session,
        origin_kind=Origin.REPLY,
        origin_id=row.id,
        subject_id=row.id,
        channel=recipient.channel,
        contact_id=contact_id,
        body={
            "subject": words("code_subject", brand=brand),
            "text": words(f"code_message_{recipient.channel}", brand=brand, code=code),
            "passes_stop": True,
        },
        due_at=now,
        now=now,
        expires_at=row.expires_at,
    )


def check(session: Session, recipient: Recipient, code: str, *, now: datetime) -> bool:
    """Tell whether this is the newest code; each wrong try counts.

    Raises: Conflict ``code_spent`` when there is none that works any more.
    """
    if recipient.contact_id is not None:
        directory.lock(session, [recipient.contact_id])
    row = session.scalar(
        select(PreferenceCode)
        .where(
            PreferenceCode.contact_id == recipient.contact_id,
            PreferenceCode.message_id == recipient.message_id,
        )
        .order_by(PreferenceCode.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if row is None or row.used_at is not None or row.expires_at <= now or row.tries >= TRIES:
        raise Conflict("code_spent", "This code no longer works.")
    digits = "".join(c for c in code if c.isascii() and c.isdigit())[:6]
    row.tries += 1
    right = hmac.compare_digest(_hash(session, row.salt, digits), row.code_hash)
    if right:
        row.used_at = now
    session.flush()
    return right


def _asked(session: Session, contact_id: int, since: datetime) -> int:
    query = select(func.count(PreferenceCode.id)).where(
        PreferenceCode.contact_id == contact_id, PreferenceCode.created_at > since
    )
    return session.scalar(query) or 0


def _hash(session: Session, salt: str, code: str) -> str:
    key = keys_of(session).current("tokens")
    made = blake2b(
        f"{salt}:{code}".encode(), key=key.secret, digest_size=32, person=b"preference-code"
    )
    return made.hexdigest()
