"""Builds content that a reviewer has signed."""

from __future__ import annotations

import itertools
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import users
from campaigns.accounts.models import Role, StaffUser
from campaigns.content import lessons, review
from campaigns.content.models import Lesson
from campaigns.core.actors import SYSTEM, Actor, ActorKind

_numbers = itertools.count(1)
REVIEWER_EMAIL = "reviewer-of-factories@example.com"


def reviewer(session: Session, *, now: datetime) -> Actor:
    """Return a reviewer with a credential; always the same one."""
    user = session.scalar(select(StaffUser).where(StaffUser.email == REVIEWER_EMAIL))
    if user is None:
        user = users.create(
            session,
            SYSTEM,
            email=REVIEWER_EMAIL,
            name="Sam Reviewer",
            role=Role.REVIEWER,
            credential="RN",
            now=now,
        )
    return Actor(kind=ActorKind.STAFF, id=user.id, name=user.name)


def new_lesson(
    session: Session, *, now: datetime, channel: str = "email", name: str | None = None
) -> Lesson:
    """Make a piece of content without faults that nobody has signed."""
    number = next(_numbers)
    if channel == "email":
        draft = {
            "subject": f"News from the clinic, part {number}",
            "preheader": "What is new this month",
            "blocks": [
                {
                    "id": "t1",
                    "type": "text",
                    "html": f"<p>Stretching is a habit, part {number}.</p>",
                },
                {"id": "b1", "type": "book", "label": "Ask us"},
                {"id": "d1", "type": "disclaimer"},
                {"id": "f1", "type": "footer"},
            ],
        }
        return lessons.create(
            session, SYSTEM, channel="email", name=name or f"Email {number}", now=now, draft=draft
        )
    return lessons.create(
        session,
        SYSTEM,
        channel="sms",
        name=name or f"Text {number}",
        now=now,
        draft={"body": f"Your monthly note is here, part {number}.", "link": "book"},
    )


def approved_lesson(
    session: Session, *, now: datetime, channel: str = "email", name: str | None = None
) -> Lesson:
    """Make a piece of content and have it signed."""
    lesson = new_lesson(session, now=now, channel=channel, name=name)
    version = lessons.freeze(session, lesson.id, SYSTEM, now)
    review.approve(session, reviewer(session, now=now), version.id, now=now)
    return lesson
