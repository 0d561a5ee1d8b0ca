"""Builds broadcasts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.audience import segments
from campaigns.audience.models import Segment
from campaigns.broadcasts import drafts, lifecycle
from campaigns.broadcasts.checks import Ways
from campaigns.broadcasts.models import Broadcast, Timing
from campaigns.core.actors import SYSTEM, Actor
from tests.factories.approved import approved_lesson

LOCAL = Ways()


def everybody(session: Session, *, now: datetime, name: str = "Everybody") -> Segment:
    """Keep a group that everybody is in."""
    return segments.create(session, SYSTEM, name=name, rule={"all": []}, now=now)


def make_draft(
    session: Session,
    *,
    now: datetime,
    segment: Segment | None = None,
    channels: tuple[str, ...] = ("email",),
    actor: Actor = SYSTEM,
    name: str = "November news",
    **changes: Any,
) -> Broadcast:
    """Make a draft that nothing stands in the way of, provided that there are people."""
    broadcast = drafts.create(session, actor, now=now, name=name)
    segment = segment or everybody(session, now=now, name=f"Group of {name} {broadcast.id}")
    values: dict[str, Any] = {
        "segment_id": segment.id,
        "timing": Timing.NOW,
        "third_party_paid": False,
    }
    for channel in channels:
        values[f"{channel}_lesson_id"] = approved_lesson(session, channel=channel, now=now).id
    return drafts.edit(session, actor, broadcast.id, now=now, **{**values, **changes})


def make_scheduled(
    session: Session,
    *,
    now: datetime,
    at: datetime | None = None,
    actor: Actor = SYSTEM,
    **values: Any,
) -> Broadcast:
    """Make a broadcast that is scheduled, by default for this moment."""
    broadcast = make_draft(session, now=now, actor=actor, **values)
    return lifecycle.schedule(session, actor, broadcast.id, now=now, ways=LOCAL, at=at)
