"""How often people may ask for messages: per address, per connection, in all, and in money.

Counted in the database, so that all processes share the counts. An address is folded
first (plus-tags; dots at Gmail), so that one mailbox has one limit. Neither addresses nor
IPs are stored: only keyed hashes, for as long as a limit looks back.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from campaigns.clinic import profile, spending
from campaigns.consent import optin
from campaigns.consent.models import OptInRequest, SignupAttempt
from campaigns.contacts import addresses
from campaigns.contacts.models import Channel
from campaigns.core.db import is_sqlite, keys_of

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
PER_IP = 5
PER_NETWORK = 20
PER_TABLET = 40
"""Of one tablet at the front desk, where people queue: the clinic's own address is not counted."""
PER_PHONE_BLOCK = 10
CONFIRMATIONS_PER_HOUR = 200
"""In all; more than that is an attack, not a good day."""
PER_DAY = optin.PER_DAY
PER_ADDRESS = 3
"""Confirmation requests that an address may get without ever confirming one."""
_KEPT = timedelta(days=400)
_LOCK = 7_130_455_001


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a sign-up comes from, as keyed hashes of its address and its network."""

    ip_hash: str
    network_hash: str
    most: int = PER_IP
    most_around: int = PER_NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a day's texts that ask for confirmation may cost, and what they cost so far.

    In hundredths of a cent; the day is the clinic's.
    """

    sum: int
    spent: int
    part_cost: int

    def allows(self, parts: int) -> bool:
        """Tell whether a text of so many parts still fits in."""
        return self.spent + parts * self.part_cost <= self.sum


def connection_of(session: Session, ip: str) -> Connection:
    """Return the hashes for an IP: itself and its /24 (IPv6: its /64 and /48)."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return Connection(ip_hash=_hash(session, ip), network_hash=_hash(session, ip))
    own, around = (32, 24) if address.version == 4 else (64, 48)
    return Connection(
        ip_hash=_hash(session, str(ipaddress.ip_network(f"{ip}/{own}", strict=False))),
        network_hash=_hash(session, str(ipaddress.ip_network(f"{ip}/{around}", strict=False))),
    )


def tablet_connection(session: Session, tablet_id: int) -> Connection:
    """Return a tablet's own hashes, so that everybody at the front desk is not one person."""
    mark = _hash(session, f"tablet:{tablet_id}")
    return Connection(ip_hash=mark, network_hash=mark, most=PER_TABLET, most_around=PER_TABLET)


def phone_connection(session: Session, number: str) -> Connection:
    """Return the hashes for somebody who asks by text; limits on the number itself count."""
    mark = _hash(session, f"text:{number}")
    return Connection(ip_hash=mark, network_hash=mark)


def hold_lock(session: Session) -> None:
    """Let one sign-up at a time look at the counts (SQLite has one writer anyway)."""
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def may_submit(session: Session, connection: Connection, now: datetime) -> bool:
    """Tell whether this connection may use the form, and whether the hour has room left."""
    recent = SignupAttempt.at > now - HOUR
    by_ip = _count(session, SignupAttempt.ip_hash == connection.ip_hash, recent)
    by_network = _count(session, SignupAttempt.network_hash == connection.network_hash, recent)
    confirmations = session.execute(
        select(func.count(SignupAttempt.email_hash), func.count(SignupAttempt.phone_hash)).where(
            recent
        )
    ).one()
    return (
        by_ip < connection.most
        and by_network < connection.most_around
        and sum(confirmations) < CONFIRMATIONS_PER_HOUR
    )


def is_flooded(session: Session, now: datetime) -> bool:
    """Tell whether the last hour brought as many confirmation requests as are ever sent."""
    recent = select(
        func.count(SignupAttempt.email_hash), func.count(SignupAttempt.phone_hash)
    ).where(SignupAttempt.at > now - HOUR)
    return sum(session.execute(recent).one()) >= CONFIRMATIONS_PER_HOUR


def budget(session: Session, now: datetime) -> Budget:
    """Return the money for texts that ask for confirmation, as it stands on the clinic's day."""
    clinic = profile.get(session)
    zone = ZoneInfo(clinic.timezone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    parts = session.scalar(
        select(func.coalesce(func.sum(SignupAttempt.text_parts), 0)).where(
            SignupAttempt.at >= midnight
        )
    )
    return Budget(
        sum=clinic.signup_text_budget * spending.PER_CENT,
        spent=int(parts or 0) * clinic.text_part_cost,
        part_cost=clinic.text_part_cost,
    )


def may_confirm(session: Session, channel: str, address: str, now: datetime) -> bool:
    """Tell whether an address may be sent one more confirmation request.

    One a day; at once for somebody who left since the last one (``optin.may_ask``).
    """
    column = SignupAttempt.email_hash if channel == Channel.EMAIL else SignupAttempt.phone_hash
    hashed = _hash(session, addresses.untagged(channel, address))
    recent = select(SignupAttempt.at).where(column == hashed, SignupAttempt.at > now - DAY)
    if not optin.may_ask(session, channel, address, session.scalars(recent).all(), now=now):
        return False
    confirmed = session.scalar(
        select(func.max(OptInRequest.confirmed_at)).where(
            OptInRequest.channel == channel, OptInRequest.address == address
        )
    )
    asked = [column == hashed]
    if confirmed is not None:
        asked.append(SignupAttempt.at > confirmed)
    if _count(session, *asked) >= PER_ADDRESS:
        return False
    if channel == Channel.SMS:
        block = SignupAttempt.phone_block_hash == _hash(session, _block(address))
        return _count(session, block, SignupAttempt.at > now - HOUR) < PER_PHONE_BLOCK
    return True


def note(
    session: Session,
    connection: Connection,
    *,
    email: str | None,
    phone: str | None,
    text_parts: int = 0,
    now: datetime,
) -> None:
    """Record one sign-up, with the addresses that a confirmation is asked for.

    ``text_parts`` is the length of the text to ``phone``: it counts against the budget.
    """
    session.execute(delete(SignupAttempt).where(SignupAttempt.at < now - _KEPT))
    session.add(
        SignupAttempt(
            at=now,
            ip_hash=connection.ip_hash,
            network_hash=connection.network_hash,
            email_hash=_hash(session, addresses.untagged(Channel.EMAIL, email)) if email else None,
            phone_hash=_hash(session, addresses.untagged(Channel.SMS, phone)) if phone else None,
            phone_block_hash=_hash(session, _block(phone)) if phone else None,
            text_parts=text_parts if phone else 0,
        )
    )
    session.flush()


def _block(phone: str) -> str:
    return phone[:-3]


def _count(session: Session, *conditions: object) -> int:
    query = select(func.count()).select_from(SignupAttempt).where(*conditions)  # type: ignore[arg-type]
    return session.scalar(query) or 0


def _hash(session: Session, value: str) -> str:
    key = keys_of(session).current("tokens")
    made = blake2b(value.encode(), key=key.secret, digest_size=15, person=b"sign-up")
    return f"{key.kid}:{made.hexdigest()}"[:32]
