"""Builds series and the people in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience import segments
from campaigns.audience.models import Segment
from campaigns.broadcasts.checks import Ways
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM
from campaigns.drips import authoring, lifecycle
from campaigns.drips.models import Drip, Enrolment
from campaigns.drips.timing import Wait
from tests.factories.approved import approved_lesson

LOCAL = Ways()
TWO_STEPS = (Wait(), Wait(days=2, at_local_time="09:00"))


def make_group(
    session: Session, *, now: datetime, name: str = "In New York", state: str = "NY"
) -> Segment:
    """Keep a group of the people of a state."""
    rule = {"field": "state", "op": "in", "value": [state]}
    return segments.create(session, SYSTEM, name=name, rule=rule, now=now)


def make_drip(
    session: Session,
    *,
    now: datetime,
    segment: Segment | None = None,
    waits: tuple[Wait, ...] = TWO_STEPS,
    channels: tuple[str, ...] = ("email",),
    name: str = "Welcome",
    **changes: Any,
) -> Drip:
    """Make a draft with one approved message for each wait, channels in turn."""
    drip = authoring.create(session, SYSTEM, now=now, name=name)
    segment = segment or make_group(session, now=now, name=f"Group of {name} {drip.id}")
    for number, wait in enumerate(waits):
        lesson = approved_lesson(session, channel=channels[number % len(channels)], now=now)
        authoring.add_step(session, drip.id, lesson_id=lesson.id, wait=wait, now=now)
    return authoring.edit(session, SYSTEM, drip.id, now=now, segment_id=segment.id, **changes)


def make_live_drip(session: Session, *, now: datetime, **values: Any) -> Drip:
    """Make a series and let it go live."""
    drip = make_drip(session, now=now, **values)
    return lifecycle.go_live(session, SYSTEM, drip.id, now=now, ways=LOCAL)


def enrolment_of(session: Session, drip: Drip, contact: Contact) -> Enrolment | None:
    """Return a person's latest time in a series."""
    return session.scalar(
        select(Enrolment)
        .where(Enrolment.drip_id == drip.id, Enrolment.contact_id == contact.id)
        .order_by(Enrolment.entry.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


DAY = timedelta(days=1)
