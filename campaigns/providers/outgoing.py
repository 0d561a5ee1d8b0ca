"""What the local provider took, for the Outbox page."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from campaigns.core.errors import NotFound
from campaigns.providers.models import LocalDelivery

PAGE = 50


def page(
    session: Session,
    *,
    search: str = "",
    channel: str | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> list[LocalDelivery]:
    """Return messages, newest first; ``search`` is part of an address, a number or a subject."""
    query = select(LocalDelivery).order_by(LocalDelivery.id.desc()).limit(limit)
    if channel:
        query = query.where(LocalDelivery.channel == channel)
    if before is not None:
        query = query.where(LocalDelivery.id < before)
    wanted = search.strip().lower()
    if wanted:
        digits = "".join(c for c in wanted if c.isdigit())
        if len(digits) >= 4 and not any(c.isalpha() for c in wanted):
            query = query.where(LocalDelivery.to.contains(digits, autoescape=True))
        else:
            address = LocalDelivery.to.contains(wanted, autoescape=True)
            subject = func.lower(LocalDelivery.subject).contains(wanted, autoescape=True)
            query = query.where(or_(address, subject))
    return list(session.scalars(query))


def get(session: Session, delivery_id: int) -> LocalDelivery:
    """Return one message.

    Raises: NotFound ``delivery``.
    """
    row = session.get(LocalDelivery, delivery_id)
    if row is None:
        raise NotFound("delivery", "This message is not in the outbox any more.")
    return row
