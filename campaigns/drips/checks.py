"""What stands in the way of a drip going live, each as a plain sentence."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.audience.models import Segment
from campaigns.broadcasts import checks
from campaigns.broadcasts.checks import Obstacle, Target, Ways
from campaigns.content.models import Lesson
from campaigns.drips import authoring
from campaigns.drips.models import Drip


def obstacles(
    session: Session,
    drip: Drip,
    *,
    ways: Ways,
    now: datetime,
    sender_id: int | None = None,
) -> list[Obstacle]:
    """Return everything that has to be mended before the draft may go out."""
    found: list[Obstacle] = []
    segment = session.get(Segment, drip.segment_id) if drip.segment_id else None
    if segment is None:
        found.append(
            Obstacle("no_group", "No group is chosen: nobody would enter.", Target("group"))
        )
    steps = authoring.draft_steps(session, drip.id)
    if not steps:
        found.append(Obstacle("no_steps", "The series has no messages yet.", Target("steps")))
    channels: set[str] = set()
    for lesson_id in dict.fromkeys(step.lesson_id for step in steps):
        lesson = session.get_one(Lesson, lesson_id)
        channels.add(lesson.channel)
        found += checks.content_obstacles(session, lesson, now=now, sender_id=sender_id)
        found += checks.topic_obstacles(session, lesson, segment, ways)
    found += checks.clinic_obstacles(session, channels, ways=ways)
    return found
