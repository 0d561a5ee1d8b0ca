"""The replies of a person of whom there were two records."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigns.events.models import InboundText


def move(session: Session, keep_id: int, drop_id: int, now: datetime) -> None:
    """Give a merged record's replies to the one that stays; see ``consent.merging``."""
    del now
    session.execute(
        update(InboundText).where(InboundText.contact_id == drop_id).values(contact_id=keep_id)
    )
