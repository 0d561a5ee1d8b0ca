"""What every database needs before anything else works; safe to repeat at each start."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.audience import interests
from campaigns.clinic import profile
from campaigns.consent import disclosures, forms
from campaigns.core import schema
from campaigns.wiring import Services


def prepare(services: Services) -> None:
    """Bring the schema up to date, and make the clinic with safe defaults if there is none."""
    schema.upgrade(services.db)
    with services.db.transaction() as session:
        furnish(session, now=services.clock.now())


def furnish(session: Session, *, now: datetime) -> None:
    """Make the clinic, its consent wording and its interests where they are missing."""
    profile.create_default(session, now=now)
    disclosures.create_defaults(session, now=now)
    forms.create_defaults(session, now=now)
    interests.create_defaults(session)
