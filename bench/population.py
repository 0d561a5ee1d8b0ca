"""Fills a database with people who agreed, as many as asked for, in a few seconds.

Rows are written directly, in the shape that the service itself leaves behind; the hashes
of ledger entries are placeholders, so ``doctor`` would complain about such a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from campaigns.audience import interests
from campaigns.audience.models import ContactInterest, Interest
from campaigns.consent.models import ConsentEntry, ConsentState, Suppression
from campaigns.contacts.models import Address, Contact
from campaigns.core.db import Database, keys_of

ZIPS = (("10001", "NY"), ("60601", "IL"), ("78701", "TX"), ("80202", "CO"), ("94103", "CA"))
AREAS = ("212", "312", "512", "303", "415")
PAGE = 20_000
SUPPRESSED_EVERY = 50
"""Every so many people are on the list of those who are not contacted."""


def fill(db: Database, count: int, *, now: datetime) -> None:
    """Add people with an email address and a phone, consent to both, and two interests."""
    with db.transaction() as session:
        interests.create_defaults(session)
        known = list(session.scalars(select(Interest.id).order_by(Interest.id)))
    for first in range(1, count + 1, PAGE):
        with db.transaction() as session:
            _page(session, range(first, min(first + PAGE, count + 1)), known, now)
    with db.transaction() as session:
        if not db.is_sqlite:
            for table in ("contacts", "addresses", "consent_entries", "suppressions"):
                session.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                        f"(SELECT max(id) FROM {table}))"
                    )
                )
        session.execute(text("ANALYZE"))


def email_of(number: int) -> str:
    """Return the email address of person ``number``."""
    return f"person{number}@example.com"


def phone_of(number: int) -> str:
    """Return the phone number of person ``number``; different for each up to 39 million."""
    rest = number // len(AREAS)
    return f"+1{AREAS[number % len(AREAS)]}{200 + rest // 10_000}{rest % 10_000:04d}"


def _page(session: Session, numbers: range, known: list[int], now: datetime) -> None:
    ring = keys_of(session)
    since = now - timedelta(days=90)
    _add(session, Contact, (_contact(n, since) for n in numbers))
    _add(
        session,
        Address,
        (
            {
                "id": 2 * n - (channel == "email"),
                "contact_id": n,
                "channel": channel,
                "address": address,
                "address_hash": ring.address_hash(channel, address),
                "created_at": since,
            }
            for n in numbers
            for channel, address in (("email", email_of(n)), ("sms", phone_of(n)))
        ),
    )
    _add(session, ConsentEntry, (_entry(n, c, since) for n in numbers for c in (0, 1, 2)))
    _add(
        session,
        ConsentState,
        (
            {
                "contact_id": n,
                "channel": channel,
                "status": "granted",
                "since": since,
                "entry_id": 3 * n - 2 + place,
                "frequency_per_month": 4 if channel == "sms" else None,
                "source_label": "our sign-up form",
            }
            for n in numbers
            for place, channel in enumerate(("email", "sms", "topic"))
        ),
    )
    _add(
        session,
        ContactInterest,
        (
            {"contact_id": n, "interest_id": interest, "since": since, "source": "form"}
            for n in numbers
            for interest in {known[n % len(known)], known[(n // 7) % len(known)]}
        ),
    )
    _add(
        session,
        Suppression,
        (
            {
                "channel": "email",
                "address_hash": ring.address_hash("email", email_of(n)),
                "mailbox_hash": ring.address_hash("email", email_of(n)),
                "reason": "opt_out",
                "note": "",
                "contact_id": n,
                "expressed_at": since,
                "created_at": since,
            }
            for n in numbers
            if n % SUPPRESSED_EVERY == 0
        ),
    )


def _contact(number: int, since: datetime) -> dict[str, Any]:
    postal_code, state = ZIPS[number % len(ZIPS)]
    return {
        "id": number,
        "first_name": f"Name{number % 900}",
        "last_name": f"Family{number % 5000}",
        "status": "active",
        "adult_confirmed": True,
        "postal_code": postal_code,
        "state": state,
        "locale": "en",
        "source": "import:1",
        "created_at": since + timedelta(seconds=number % 80_000),
        "updated_at": since,
    }


def _entry(number: int, place: int, since: datetime) -> dict[str, Any]:
    return {
        "id": 3 * number - 2 + place,
        "contact_id": number,
        "channel": ("email", "sms", "topic")[place],
        "program": "marketing",
        "action": "opt_in_confirmed",
        "method": "web_form",
        "expressed_at": since,
        "recorded_at": since,
        "evidence_sha256": "0" * 64,
        "actor_kind": "person",
        "prev_hash": "0" * 64,
        "row_hash": "0" * 64,
        "mac": "0" * 48,
    }


def _add(session: Session, model: Any, rows: Iterator[dict[str, Any]]) -> None:
    values = list(rows)
    if values:
        session.connection().execute(insert(model.__table__), values)
