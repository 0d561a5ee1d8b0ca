"""Whether content is on a topic of health, or shows parts of itself by what people picked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.content import links
from campaigns.content.models import Lesson, LessonVersion


def is_on_topic(session: Session, version_id: int) -> bool:
    """Tell whether a version has a topic of its own, or leads to a lesson that has one."""
    shown = {version_id, links.page_version_of(session, version_id)}
    return _any_topic(
        session,
        select(LessonVersion.lesson_id).where(LessonVersion.id.in_(shown)),
    )


def of_version(session: Session, version_id: int) -> tuple[int, ...]:
    """Return the topics (interest ids) of a version and of the lesson it leads to."""
    shown = {version_id, links.page_version_of(session, version_id)}
    return tuple(
        session.scalars(
            select(Lesson.interest_id)
            .join(LessonVersion, LessonVersion.lesson_id == Lesson.id)
            .where(LessonVersion.id.in_(shown), Lesson.interest_id.is_not(None))
            .distinct()
        )
    )


def is_draft_on_topic(session: Session, lesson: Lesson) -> bool:
    """Tell the same of a draft."""
    target = lesson.draft.get("lesson_id") if lesson.draft.get("link") == "lesson" else None
    return _any_topic(session, [lesson.id, *([target] if target else [])])


def chooses_by_topic(source: Mapping[str, Any]) -> bool:
    """Tell whether a block of an email depends on anybody's interests."""
    return any(
        (block.get("condition") or {}).get("kind") == "interest"
        for block in source.get("blocks", ())
    )


def _any_topic(session: Session, lesson_ids: Any) -> bool:
    found = session.scalar(
        select(Lesson.id).where(Lesson.id.in_(lesson_ids), Lesson.interest_id.is_not(None)).limit(1)
    )
    return found is not None
