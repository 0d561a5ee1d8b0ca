"""Slow down whoever guesses: per account and per caller, shared by all processes.

After five failures within a quarter of an hour, further tries wait: one minute, then
two, then four, up to a quarter of an hour. Nobody is locked out for good, and what is
counted are hashes, never addresses.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from campaigns.accounts.models import Throttle

FREE_TRIES = 5
FREE_TRIES_OF_A_CALLER = 30
WINDOW = timedelta(minutes=15)
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(minutes=15)


def key_of(kind: str, value: str) -> str:
    """Return the key under which tries are counted."""
    return f"{kind}:{hashlib.sha256(value.strip().lower().encode()).hexdigest()[:40]}"


def wait_for(session: Session, *keys: str, now: datetime) -> timedelta | None:
    """Return how long the next try must wait; None when it may come now."""
    longest: timedelta | None = None
    for key in keys:
        row = session.get(Throttle, key)
        if row is not None and row.blocked_until is not None and row.blocked_until > now:
            left = row.blocked_until - now
            longest = left if longest is None else max(longest, left)
    return longest


def note_failure(session: Session, key: str, *, now: datetime, free: int = FREE_TRIES) -> None:
    """Count a try that failed."""
    row = session.get(Throttle, key)
    if row is None:
        row = Throttle(key=key, failures=0, first_at=now)
        session.add(row)
    quiet_since = row.blocked_until or row.first_at
    if now - quiet_since >= WINDOW:
        row.failures, row.first_at, row.blocked_until = 0, now, None
    row.failures += 1
    over = row.failures - free
    if over >= 0:
        row.blocked_until = now + min(_FIRST_WAIT * 2 ** min(over, 10), _LONGEST_WAIT)
    session.flush()


def forget(session: Session, *keys: str) -> None:
    """Forget the failures of these keys, after a success."""
    session.execute(delete(Throttle).where(Throttle.key.in_(keys)))


def purge(session: Session, *, now: datetime) -> None:
    """Remove counters that no longer matter."""
    session.execute(delete(Throttle).where(Throttle.first_at < now - timedelta(days=1)))
