"""Builds lessons, versions and approvals."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.audience import interests
from campaigns.audience.models import Interest
from campaigns.clinic import profile
from campaigns.clinic.models import Clinic
from campaigns.content import lessons
from campaigns.content.models import Lesson, LessonVersion
from campaigns.core.actors import SYSTEM, Actor

_numbers = itertools.count(1)

CLINIC = {
    "name": "Deeply Vital Medical",
    "brand": "Deeply Vital",
    "street": "1 Main Street",
    "city": "Columbus",
    "state": "OH",
    "postal_code": "43004",
    "phone": "+16145550123",
    "website": "https://clinic.example.com",
    "booking_url": "https://clinic.example.com/book",
    "consultation_url": "https://clinic.example.com/ask",
    "accent": "#b3261e",
    "sms_per_week": 2,
}


def loose_clinic(**values: Any) -> Clinic:
    """Make a clinic that no database knows; for pure code."""
    return Clinic(id=1, **{**CLINIC, **values})


def stored_clinic(session: Session, *, now: datetime, **values: Any) -> Clinic:
    """Make the clinic's row, with an address and booking pages, and the topics."""
    clinic = profile.create_default(session, now=now)
    for name, value in {**CLINIC, **values}.items():
        setattr(clinic, name, value)
    if not session.scalar(select(func.count()).select_from(Interest)):
        interests.create_defaults(session)
    session.flush()
    return clinic


def draft(*blocks: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Write an email's draft; without blocks, a short one that has no findings."""
    given: Sequence[dict[str, Any]] = blocks or (
        {"id": "t1", "type": "text", "html": "<p>Good sleep is a habit.</p>"},
        {"id": "b1", "type": "book"},
    )
    return {
        "subject": "Your new guide",
        "preheader": "A short read",
        "blocks": list(given),
        **values,
    }


def email(
    session: Session,
    *,
    now: datetime,
    actor: Actor = SYSTEM,
    body: dict[str, Any] | None = None,
    **values: Any,
) -> Lesson:
    """Make an email."""
    values.setdefault("name", f"Email {next(_numbers)}")
    return lessons.create(session, actor, channel="email", draft=body or draft(), now=now, **values)


def text(
    session: Session,
    *,
    now: datetime,
    actor: Actor = SYSTEM,
    body: str = "your new wellness guide is ready:",
    link: str = "book",
    lesson_id: int | None = None,
    **values: Any,
) -> Lesson:
    """Make a text."""
    values.setdefault("name", f"Text {next(_numbers)}")
    given = {"body": body, "link": link, "lesson_id": lesson_id}
    return lessons.create(session, actor, channel="sms", draft=given, now=now, **values)


def version(session: Session, lesson: Lesson, *, now: datetime) -> LessonVersion:
    """Freeze a lesson's draft."""
    return lessons.freeze(session, lesson.id, SYSTEM, now)


def topic_id(session: Session, code: str) -> int:
    """Return a topic's id."""
    found = session.scalar(select(Interest.id).where(Interest.code == code))
    assert found is not None
    return found
