"""How fast texts may leave: a token bucket for each sender, shared by all workers.

A token is one part of one text. The bucket may go into debt by the parts of what is
already decided, so a text is never split; the debt is waited off.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.core.db import is_sqlite
from campaigns.delivery.models import RateBucket


class Bucket:
    """The bucket of one sender, locked for this transaction."""

    def __init__(self, session: Session, sender: str, per_second: float, at: datetime) -> None:
        self._per_second = per_second
        self._row = _locked(session, sender, at, per_second)
        passed = max(0.0, (at - self._row.updated_at).total_seconds())
        full = max(1.0, per_second)
        self._row.tokens = min(full, self._row.tokens + passed * per_second)
        self._row.updated_at = max(at, self._row.updated_at)

    @property
    def available(self) -> int:
        """How many texts of one part may leave now."""
        return max(0, int(self._row.tokens))

    def spend(self, parts: int) -> None:
        """Take tokens out, into debt if need be."""
        self._row.tokens -= parts


def _locked(session: Session, sender: str, at: datetime, per_second: float) -> RateBucket:
    table: Any = RateBucket.__table__
    insert: Any = (sqlite if is_sqlite(session) else postgresql).insert(table)
    session.execute(
        insert.values(
            sender=sender, tokens=max(1.0, per_second), updated_at=at
        ).on_conflict_do_nothing()
    )
    return session.scalars(
        select(RateBucket).where(RateBucket.sender == sender).with_for_update()
    ).one()
