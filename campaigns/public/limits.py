"""How often the sign-up form may be used: per address, per connection, and in all.

Counted in the database, so that all processes share the counts. An address is folded
first (plus-tags; dots at Gmail), so that one mailbox has one limit. Neither addresses nor
IPs are stored: only keyed hashes, for as long as a limit looks back.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from campaigns.consent.models import OptInRequest, SignupAttempt
from campaigns.contacts.models import Channel
from campaigns.core.db import is_sqlite, keys_of

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
PER_IP = 5
PER_NETWORK = 20
PER_PHONE_BLOCK = 10
CONFIRMATIONS_PER_HOUR = 200
"""In all; more than that is an attack, not a good day."""
PER_ADDRESS = 3
"""Confirmation requests that an address may get without ever confirming one."""
_KEPT = timedelta(days=400)
_LOCK = 7_130_455_001
_DOTLESS = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a sign-up comes from, as keyed hashes of its address and its network."""

    ip_hash: str
    network_hash: str


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
        by_ip < PER_IP and by_network < PER_NETWORK and sum(confirmations) < CONFIRMATIONS_PER_HOUR
    )


def may_confirm(session: Session, channel: str, address: str, now: datetime) -> bool:
    """Tell whether an address may be sent one more confirmation request."""
    column = SignupAttempt.email_hash if channel == Channel.EMAIL else SignupAttempt.phone_hash
    hashed = _hash(session, fold(channel, address))
    if _count(session, column == hashed, SignupAttempt.at > now - DAY):
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
    now: datetime,
) -> None:
    """Record one use of the form, with the addresses that a confirmation is asked for."""
    session.execute(delete(SignupAttempt).where(SignupAttempt.at < now - _KEPT))
    session.add(
        SignupAttempt(
            at=now,
            ip_hash=connection.ip_hash,
            network_hash=connection.network_hash,
            email_hash=_hash(session, fold(Channel.EMAIL, email)) if email else None,
            phone_hash=_hash(session, fold(Channel.SMS, phone)) if phone else None,
            phone_block_hash=_hash(session, _block(phone)) if phone else None,
        )
    )
    session.flush()


def fold(channel: str, address: str) -> str:
    """Return the mailbox behind an address: what one person reads."""
    if channel != Channel.EMAIL:
        return address
    name, _, domain = address.rpartition("@")
    name = name.partition("+")[0]
    if domain in _DOTLESS:
        name, domain = name.replace(".", ""), _DOTLESS[0]
    return f"{name}@{domain}"


def _block(phone: str) -> str:
    return phone[:-3]


def _count(session: Session, *conditions: object) -> int:
    query = select(func.count()).select_from(SignupAttempt).where(*conditions)  # type: ignore[arg-type]
    return session.scalar(query) or 0


def _hash(session: Session, value: str) -> str:
    key = keys_of(session).current("tokens")
    made = blake2b(value.encode(), key=key.secret, digest_size=15, person=b"sign-up")
    return f"{key.kid}:{made.hexdigest()}"[:32]
