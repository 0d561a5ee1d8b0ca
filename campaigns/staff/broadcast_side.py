"""What stands beside a campaign while it is composed: reach, cost, check-list, the sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session

from campaigns.audience.models import Segment
from campaigns.broadcasts import checks
from campaigns.broadcasts.checks import Obstacle, Target, Ways
from campaigns.broadcasts.lifecycle import LIFETIME
from campaigns.broadcasts.models import Broadcast, Timing
from campaigns.clinic import profile
from campaigns.content import blocks
from campaigns.content.models import Lesson
from campaigns.content.texts import CompiledText
from campaigns.core.errors import InvalidInput
from campaigns.staff import broadcast_reach
from campaigns.staff.blueprint import actor
from campaigns.staff.broadcast_reach import ChannelReach
from campaigns.web import context, templating

CENTS_PER_PART = 1.2
"""Usual price of one text part in the United States with carrier fees; for estimates only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the texts of a campaign come to."""

    parts_each: int
    parts: int
    dollars: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One line of the check-list; ``url`` leads to where it is mended."""

    text: str
    done: bool
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Everything that the right column shows."""

    group: str | None
    members: int
    channels: tuple[ChannelReach, ...]
    cost: Cost | None
    lines: tuple[CheckLine, ...]
    sentence: str
    ready: bool
    pending: bool


def ways() -> Ways:
    """Return the ways out that are set up."""
    return Ways.of(context.services().settings)


def build(session: Session, broadcast: Broadcast, *, wait: bool = False) -> Side:
    """Work out the right column for a draft; ``wait`` counts large groups too."""
    now = context.now()
    found = checks.obstacles(session, broadcast, ways=ways(), now=now, sender_id=actor().id)
    segment = session.get(Segment, broadcast.segment_id) if broadcast.segment_id else None
    reach = broadcast_reach.preview(
        session, broadcast, ways=ways(), at=leaving_at(broadcast, now), wait=wait
    )
    return Side(
        group=segment.name if segment else None,
        members=reach.members,
        channels=reach.channels,
        cost=_cost(session, broadcast, reach.channels),
        lines=_lines(broadcast, found),
        sentence=sentence(broadcast, segment, reach.channels, now, pending=reach.pending),
        ready=not found,
        pending=reach.pending,
    )


def leaving_at(broadcast: Broadcast, now: datetime) -> datetime:
    """Return the moment for which reach is worked out."""
    if broadcast.timing == Timing.AT and broadcast.scheduled_at and broadcast.scheduled_at > now:
        return broadcast.scheduled_at
    return now


def sentence(
    broadcast: Broadcast,
    segment: Segment | None,
    channels: tuple[ChannelReach, ...],
    now: datetime,
    *,
    pending: bool = False,
) -> str:
    """Say exactly what will happen when the button is pressed."""
    if segment is not None and pending:
        return "Counting who is reached; this then says exactly what will happen."
    if segment is None or not channels:
        return "Choose a group and what to send; then this says exactly what will happen."
    counts = " and ".join(
        f"{one.in_time:,} {'person' if one.in_time == 1 else 'people'} by {one.noun}"
        for one in channels
    )
    if broadcast.timing == Timing.AT and broadcast.scheduled_at is not None:
        start = f"Goes out {templating.clinic_time(broadcast.scheduled_at)}"
    else:
        start = "Goes out as soon as you press the button"
    last = templating.clinic_time(leaving_at(broadcast, now) + LIFETIME)
    return (
        f"{start}, to {counts} in the group “{segment.name}”. Whoever may not be written to at "
        f"that hour gets it as soon as that is lawful where they are, until {last} at the latest."
    )


def target_url(target: Target, broadcast_id: int) -> str | None:
    """Return the page on which an obstacle is mended."""
    if target.kind == "lesson" and target.id is not None:
        return f"/staff/library/{target.id}"
    if target.kind == "clinic":
        return url_for("staff.clinic_settings")
    if target.kind == "privacy":
        return url_for("staff.channels")
    steps = {"group": "who", "content": "what", "when": "when", "answers": "check"}
    step = steps.get(target.kind)
    if step is None:
        return None
    return url_for("staff.campaign_step", broadcast_id=broadcast_id, step=step)


def _lines(broadcast: Broadcast, found: list[Obstacle]) -> tuple[CheckLine, ...]:
    kinds = {obstacle.target.kind for obstacle in found}
    done = [
        CheckLine(text=text, done=True)
        for kind, text, chosen in (
            ("group", "A group is chosen", broadcast.segment_id is not None),
            (
                "lesson",
                "The content is reviewed",
                bool(broadcast.email_lesson_id or broadcast.sms_lesson_id),
            ),
            ("when", "The time is chosen", broadcast.timing != Timing.UNDECIDED),
            ("answers", "Nobody outside pays for it", broadcast.third_party_paid is False),
            ("clinic", "The clinic's address and sender are complete", True),
        )
        if chosen and kind not in kinds
    ]
    open_lines = [
        CheckLine(text=obstacle.message, done=False, url=target_url(obstacle.target, broadcast.id))
        for obstacle in found
    ]
    return (*open_lines, *done)


def _cost(
    session: Session, broadcast: Broadcast, channels: tuple[ChannelReach, ...]
) -> Cost | None:
    text = next((one for one in channels if one.channel == "sms"), None)
    if text is None or broadcast.sms_lesson_id is None:
        return None
    lesson = session.get_one(Lesson, broadcast.sms_lesson_id)
    try:
        source = blocks.read_text(lesson.draft)
    except InvalidInput:
        return None  # the check-list says what is wrong with it
    measured = CompiledText(source, consultation=True).measure(
        profile.get(session), context.services().public_url, first=False
    )
    parts = measured.segments * text.in_time
    return Cost(
        parts_each=measured.segments, parts=parts, dollars=f"{parts * CENTS_PER_PART / 100:,.2f}"
    )
