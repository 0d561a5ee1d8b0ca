"""What delivery does to the campaign a message comes from: pausing it, with a reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.broadcasts import lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.core.actors import SYSTEM
from campaigns.drips import lifecycle as drip_lifecycle
from campaigns.drips.models import Drip, DripState, DripStep, DripVersion
from campaigns.eligibility.gate import Kind


def pause(session: Session, *, kind: Kind, origin_id: int, reason: str, now: datetime) -> bool:
    """Pause the broadcast or the drip of an origin; False if it was not running."""
    if kind is Kind.BROADCAST:
        state = session.scalar(select(Broadcast.state).where(Broadcast.id == origin_id))
        if state != BroadcastState.SENDING:
            return False
        lifecycle.pause(session, SYSTEM, origin_id, now=now, reason=reason)
        return True
    if kind is Kind.DRIP_STEP:
        drip = session.scalar(
            select(Drip)
            .join(DripVersion, DripVersion.drip_id == Drip.id)
            .join(DripStep, DripStep.version_id == DripVersion.id)
            .where(DripStep.id == origin_id)
        )
        if drip is None or drip.state != DripState.LIVE:
            return False
        drip_lifecycle.pause(session, SYSTEM, drip.id, now=now)
        audit.append(
            session,
            SYSTEM,
            "drip.stopped_itself",
            subject_kind="drip",
            subject_id=drip.id,
            now=now,
            reason=reason,
        )
        return True
    return False
