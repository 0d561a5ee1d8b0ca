"""Sessions of signed-in staff, kept on the server; the cookie is only a random name for one.

A session ends by itself after a time without a request and, whatever happens, twelve
hours after log-in. It holds a fingerprint of the person's standing (password, role,
second factor, switched on or off): when any of these changes, every session that was
opened before is dead at its next request.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaigns.accounts.models import StaffSession, StaffUser

IDLE = timedelta(minutes=15)
IDLE_ON_LOOPBACK = timedelta(hours=8)
LONGEST = timedelta(hours=12)
BEFORE_LOG_IN = timedelta(minutes=20)
"""How long a log-in may take, from the password to the second factor."""
SEEN_EVERY = timedelta(seconds=60)
"""``seen_at`` is written at most this often, so that reading pages rarely writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The signed-in member of staff, as pages need them."""

    id: int
    email: str
    name: str
    role: str
    credential: str | None
    has_second_factor: bool


@dataclass(slots=True, kw_only=True)
class Found:
    """A live session: its values, and the person if someone is signed in."""

    data: dict[str, Any] = field(default_factory=dict)
    person: Person | None = None
    created_at: datetime
    seen_at: datetime


def new_id() -> str:
    """Return a fresh random name for a session (256 bits)."""
    return secrets.token_urlsafe(32)


def open_for(session: Session, user: StaffUser, *, now: datetime, **data: Any) -> str:
    """Open a session for a member of staff; return the id that goes into the cookie."""
    raw = new_id()
    session.add(
        StaffSession(
            id_hash=_hash(raw),
            user_id=user.id,
            standing=user.standing,
            data=_pack(data),
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    session.flush()
    return raw


def find(session: Session, raw: str, *, now: datetime, idle: timedelta) -> Found | None:
    """Return the live session of this id; None when there is none, or it has ended."""
    row = session.execute(
        select(StaffSession, StaffUser)
        .outerjoin(StaffUser, StaffUser.id == StaffSession.user_id)
        .where(StaffSession.id_hash == _hash(raw))
    ).one_or_none()
    if row is None:
        return None
    kept, user = row
    if now >= kept.expires_at or (user is not None and now - kept.seen_at >= idle):
        return None
    if user is not None and (not user.active or kept.standing != user.standing):
        return None
    return Found(
        data=_unpack(kept.data),
        person=None if user is None else _person(user),
        created_at=kept.created_at,
        seen_at=kept.seen_at,
    )


def save(session: Session, raw: str, data: dict[str, Any], *, now: datetime) -> None:
    """Store a session's values and that it was seen; makes a short-lived one before log-in."""
    changed = session.execute(
        update(StaffSession)
        .where(StaffSession.id_hash == _hash(raw))
        .values(data=_pack(data), seen_at=now)
        .returning(StaffSession.id_hash)
    ).first()
    if changed is None and data:
        session.add(
            StaffSession(
                id_hash=_hash(raw),
                user_id=None,
                standing="",
                data=_pack(data),
                created_at=now,
                seen_at=now,
                expires_at=now + BEFORE_LOG_IN,
            )
        )


def close(session: Session, raw: str) -> None:
    """End one session."""
    session.execute(delete(StaffSession).where(StaffSession.id_hash == _hash(raw)))


def close_all_of(session: Session, user_id: int, *, but: str | None = None) -> None:
    """End every session of a person, apart from the one whose id is given."""
    statement = delete(StaffSession).where(StaffSession.user_id == user_id)
    if but is not None:
        statement = statement.where(StaffSession.id_hash != _hash(but))
    session.execute(statement)


def keep_standing(session: Session, raw: str, user: StaffUser) -> None:
    """Let this one session outlive a change that its own person just made."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.id_hash == _hash(raw), StaffSession.user_id == user.id)
        .values(standing=user.standing)
    )


def purge(session: Session, *, now: datetime) -> int:
    """Remove sessions that have ended; return how many."""
    gone = session.execute(
        delete(StaffSession).where(StaffSession.expires_at <= now).returning(StaffSession.id_hash)
    ).all()
    return len(gone)


def _person(user: StaffUser) -> Person:
    return Person(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        credential=user.credential,
        has_second_factor=user.totp_secret is not None,
    )


def _hash(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()


def _pack(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def _unpack(data: bytes) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(data)
    return values
