"""A text and the email it links to: how a change there takes the text's signature away.

What a text says is mostly behind its link, so a signature on the text holds only for the
linked words as they were. Whoever looks at the text alone sees nothing changed: these
functions say what did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.content.models import Lesson, LessonVersion, Review, ReviewDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """A linked email that was changed after the text was signed."""

    lesson_id: int
    name: str
    changed_at: datetime


def target_of(session: Session, lesson: Lesson) -> Lesson | None:
    """Return the email that a text's draft links to; None for anything else."""
    if lesson.channel != "sms" or lesson.draft.get("link") != "lesson":
        return None
    number = lesson.draft.get("lesson_id")
    target = session.get(Lesson, number) if number else None
    return target if target is not None and target.channel == "email" else None


def lapse_of(session: Session, lesson: Lesson, digest: str) -> Lapse | None:
    """Tell which email took a text's signature away by its change; None if none did.

    ``digest`` is the review hash of the text's draft. The text itself must be as it was
    when it was signed: else its own words are the reason, and they need no explanation.
    """
    target = target_of(session, lesson)
    if target is None:
        return None
    signed = session.execute(
        select(LessonVersion.source, LessonVersion.review_hash)
        .join(Review, Review.version_id == LessonVersion.id)
        .where(
            LessonVersion.lesson_id == lesson.id,
            Review.decision == ReviewDecision.APPROVED,
        )
        .order_by(Review.id.desc())
        .limit(1)
    ).first()
    if signed is None or signed.review_hash == digest:
        return None
    same = all(
        signed.source.get(name) == lesson.draft.get(name) for name in ("body", "link", "lesson_id")
    )
    if not same:
        return None
    return Lapse(lesson_id=target.id, name=target.name, changed_at=target.updated_at)
