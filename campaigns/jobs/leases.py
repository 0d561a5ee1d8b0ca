"""Named leases in the database: whose clock runs the ticks.

Safety never depends on a lease (every tick is idempotent by its own keys); it only keeps
two processes from doing the same work twice over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.core.db import is_sqlite
from campaigns.jobs.models import Lease


def take(session: Session, name: str, holder: str, *, now: datetime, lasts: timedelta) -> bool:
    """Take or renew a lease; return whether ``holder`` has it now."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    session.execute(
        insert(Lease)
        .values(name=name, holder=holder, until=now + lasts)
        .on_conflict_do_nothing(index_elements=[Lease.name])
    )
    taken = session.execute(
        update(Lease)
        .where(Lease.name == name, or_(Lease.holder == holder, Lease.until <= now))
        .values(holder=holder, until=now + lasts)
        .returning(Lease.name)
    )
    return taken.first() is not None


def release(session: Session, name: str, holder: str, *, now: datetime) -> None:
    """Give a lease back early; does nothing if somebody else has it."""
    session.execute(
        update(Lease).where(Lease.name == name, Lease.holder == holder).values(until=now)
    )
