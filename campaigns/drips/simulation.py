"""What one person would get from a series, and when, without enrolling anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts.models import Channel
from campaigns.content.models import Lesson
from campaigns.core.errors import NotFound
from campaigns.drips import authoring, timing, whereabouts
from campaigns.drips.models import Drip


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedStep:
    """One step as it would reach the person."""

    position: int
    lesson_name: str
    channel: str
    at: datetime
    zone: str
    left_out: str | None
    """Why the person would not get it as things are now; None if nothing is in the way."""

    @property
    def local(self) -> datetime:
        """The moment on the person's own clock."""
        return self.at.astimezone(ZoneInfo(self.zone))


def simulate(session: Session, drip: Drip, contact_id: int, start: datetime) -> list[SimulatedStep]:
    """Return the dates of each step of the draft for a person who enters at ``start``.

    Lawful hours and caps may move a message later; consent is as it stands now.
    """
    found = whereabouts.residence_of(session, contact_id)
    if found is None:
        raise NotFound("contact_unknown", "There is no such person.")
    zone = whereabouts.zone_of(found, whereabouts.clinic_zone(session))
    rows = session.execute(
        select(ConsentState.channel, ConsentState.status).where(
            ConsentState.contact_id == contact_id
        )
    )
    consent = {channel: status for channel, status in rows}  # noqa: C416 - rows are no pairs
    steps = []
    at = start
    for step in authoring.draft_steps(session, drip.id):
        at = timing.next_due(at, authoring.wait_of(step), zone)
        lesson = session.get_one(Lesson, step.lesson_id)
        steps.append(
            SimulatedStep(
                position=step.position,
                lesson_name=lesson.name,
                channel=lesson.channel,
                at=at,
                zone=zone,
                left_out=_left_out(lesson.channel, consent.get(lesson.channel)),
            )
        )
    return steps


def _left_out(channel: str, status: str | None) -> str | None:
    if status == ConsentStatus.GRANTED:
        return None
    noun = "emails" if channel == Channel.EMAIL else "texts"
    if status == ConsentStatus.WITHDRAWN:
        return f"Would not get it: said stop to {noun}."
    if status in (ConsentStatus.PENDING, ConsentStatus.UNCONFIRMED, ConsentStatus.WAITING):
        return f"Would not get it: has not confirmed {noun} yet."
    return f"Would not get it: has not agreed to {noun}."
