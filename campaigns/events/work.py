"""The worker's share of events: what a webhook stored and could not apply, and overdue replies."""

from __future__ import annotations

from sqlalchemy import exists, select

from campaigns.core.clock import Clock
from campaigns.core.db import Database
from campaigns.events import effects, inbound
from campaigns.events.models import InboundText, ProviderEvent


def run_once(db: Database, clock: Clock) -> int:
    """Do one round; return how much was done. Looks before it takes the writer's lock."""
    with db.reading() as session:
        pending, unclear = session.execute(
            select(
                exists().where(ProviderEvent.applied_at.is_(None)),
                exists().where(InboundText.intent == "unclear", InboundText.resolved_at.is_(None)),
            )
        ).one()
    done = 0
    if pending:
        with db.transaction() as session:
            done += effects.apply_pending(session, now=clock.now())
    if unclear:
        with db.transaction() as session:
            done += inbound.settle_overdue(session, now=clock.now())
    return done
