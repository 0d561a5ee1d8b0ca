"""The trail of who did what; append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.accounts.models import AuditEntry
from campaigns.core.actors import Actor


def append(
    session: Session,
    actor: Actor,
    action: str,
    *,
    subject_kind: str,
    subject_id: int | None,
    now: datetime,
    **detail: Any,
) -> None:
    """Record one action, in the same transaction as what it describes.

    ``action`` is ``noun.participle`` (``broadcast.scheduled``). ``detail`` must hold no
    address and no interest: ids and figures only.
    """
    session.add(
        AuditEntry(
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            detail=detail,
        )
    )
