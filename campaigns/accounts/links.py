"""One-time links: to set up the first account, to accept an invitation, to reset a password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaigns.accounts.models import LinkPurpose, OneTimeLink
from campaigns.core.errors import InvalidInput

VALID = {
    LinkPurpose.SET_UP: timedelta(hours=24),
    LinkPurpose.INVITE: timedelta(days=7),
    LinkPurpose.RESET: timedelta(hours=1),
}
_GONE = {
    LinkPurpose.SET_UP: "This set-up link has been used or is too old. Start the service again: "
    "it prints a new one as long as nobody has an account.",
    LinkPurpose.INVITE: "This invitation has been used or is too old. Ask an owner for a new one.",
    LinkPurpose.RESET: "This link has been used or is too old. Ask an owner for a new one.",
}


def issue(
    session: Session, purpose: LinkPurpose, *, now: datetime, user_id: int | None = None
) -> str:
    """Make a link and return its token; earlier unused ones of the same person stop working."""
    if user_id is not None:
        session.execute(
            delete(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None))
        )
    session.execute(
        delete(OneTimeLink).where(OneTimeLink.used_at.is_(None), OneTimeLink.expires_at <= now)
    )
    token = secrets.token_urlsafe(32)
    session.add(
        OneTimeLink(
            token_hash=_hash(token),
            purpose=purpose,
            user_id=user_id,
            created_at=now,
            expires_at=now + VALID[purpose],
        )
    )
    session.flush()
    return token


def find(session: Session, token: str, *purposes: LinkPurpose, now: datetime) -> OneTimeLink:
    """Return the link of a token while it works.

    Raises: InvalidInput ``link_gone``.
    """
    link = session.scalar(select(OneTimeLink).where(OneTimeLink.token_hash == _hash(token)))
    if (
        link is None
        or link.purpose not in purposes
        or link.used_at is not None
        or link.expires_at <= now
    ):
        raise InvalidInput("link_gone", _GONE[purposes[0]])
    return link


def use(session: Session, link: OneTimeLink, *, now: datetime) -> None:
    """Use a link up; of two that come at once, one gets through.

    Raises: InvalidInput ``link_gone``.
    """
    used = session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None))
        .values(used_at=now)
        .returning(OneTimeLink.id)
    ).first()
    if used is None:
        raise InvalidInput("link_gone", _GONE[LinkPurpose(link.purpose)])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
