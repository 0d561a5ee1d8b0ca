"""Lessons: drafts that are saved as they are typed, and versions that never change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience.models import Interest
from campaigns.content import blocks, fingerprint, links
from campaigns.content.blocks import EmailSource, TextSource
from campaigns.content.models import Lesson, LessonVersion
from campaigns.core.actors import Actor
from campaigns.core.errors import Conflict, InvalidInput, NotFound

Channel = Literal["email", "sms"]
NO_INDICATIONS: frozenset[str] = frozenset()
"""Topics for which a cleared device indication is on file; none until the clinic files one."""


def get(session: Session, lesson_id: int) -> Lesson:
    """Return a lesson. Raises: NotFound."""
    lesson = session.get(Lesson, lesson_id)
    if lesson is None:
        raise NotFound("lesson_missing", "This content does not exist any more.")
    return lesson


def get_version(session: Session, version_id: int) -> LessonVersion:
    """Return a version. Raises: NotFound."""
    version = session.get(LessonVersion, version_id)
    if version is None:
        raise NotFound("version_missing", "This version of the content does not exist.")
    return version


def list_all(
    session: Session, *, channel: str | None = None, archived: bool = False
) -> list[Lesson]:
    """Return lessons, last changed first; archived ones only when asked for."""
    query = select(Lesson).order_by(Lesson.updated_at.desc(), Lesson.id.desc())
    query = query.where(
        Lesson.archived_at.is_not(None) if archived else Lesson.archived_at.is_(None)
    )
    if channel:
        query = query.where(Lesson.channel == channel)
    return list(session.scalars(query))


def versions(session: Session, lesson_id: int) -> list[LessonVersion]:
    """Return a lesson's versions, newest first; not what was made for tests alone."""
    return list(
        session.scalars(
            select(LessonVersion)
            .where(LessonVersion.lesson_id == lesson_id, LessonVersion.number.is_not(None))
            .order_by(LessonVersion.number.desc())
        )
    )


def create(
    session: Session,
    actor: Actor,
    *,
    channel: Channel,
    name: str,
    now: datetime,
    interest_id: int | None = None,
    draft: Mapping[str, Any] | None = None,
) -> Lesson:
    """Make a lesson with a first draft.

    Raises: InvalidInput for a missing name, an unknown channel or a faulty draft.
    """
    if channel not in ("email", "sms"):
        raise InvalidInput("channel", "Choose email or text.", fields={"channel": "Choose one."})
    lesson = Lesson(
        channel=channel,
        name=_name(name),
        interest_id=_interest(session, interest_id),
        draft=_read(channel, draft or {}).stored(),
        revision=1,
        updated_by=actor.name,
        updated_by_id=actor.id,
        created_at=now,
        updated_at=now,
    )
    session.add(lesson)
    session.flush()
    audit.append(
        session, actor, "lesson.created", subject_kind="lesson", subject_id=lesson.id, now=now
    )
    return lesson


def save_draft(
    session: Session,
    actor: Actor,
    lesson_id: int,
    *,
    revision: int,
    draft: Mapping[str, Any],
    now: datetime,
) -> Lesson:
    """Save what was typed, if nobody else saved since ``revision``.

    Raises: Conflict when somebody did (both states are kept: theirs here, yours where you
    typed it); InvalidInput naming the block and the field.
    """
    lesson = _open(session, lesson_id)
    _same(lesson, revision)
    stored = _read(lesson.channel, draft).stored()
    if stored == lesson.draft:
        return lesson
    lesson.draft = stored
    _touch(lesson, actor, now)
    session.flush()
    return lesson


def rename(
    session: Session,
    actor: Actor,
    lesson_id: int,
    *,
    revision: int,
    name: str,
    interest_id: int | None,
    now: datetime,
) -> Lesson:
    """Change a lesson's name (for staff only) and its topic."""
    lesson = _open(session, lesson_id)
    _same(lesson, revision)
    lesson.name = _name(name)
    lesson.interest_id = _interest(session, interest_id)
    _touch(lesson, actor, now)
    session.flush()
    return lesson


def duplicate(session: Session, actor: Actor, lesson_id: int, *, now: datetime) -> Lesson:
    """Make a copy to change. Unchanged words keep their approval."""
    original = get(session, lesson_id)
    return create(
        session,
        actor,
        channel="email" if original.channel == "email" else "sms",
        name=f"Copy of {original.name}"[:120],
        interest_id=original.interest_id,
        draft=original.draft,
        now=now,
    )


def archive(session: Session, actor: Actor, lesson_id: int, *, now: datetime) -> Lesson:
    """Put a lesson away; what is scheduled with it still goes out."""
    lesson = get(session, lesson_id)
    if lesson.archived_at is None:
        lesson.archived_at = now
        audit.append(
            session, actor, "lesson.archived", subject_kind="lesson", subject_id=lesson_id, now=now
        )
    return lesson


def bring_back(session: Session, actor: Actor, lesson_id: int, *, now: datetime) -> Lesson:
    """Take a lesson out of the archive."""
    lesson = get(session, lesson_id)
    if lesson.archived_at is not None:
        lesson.archived_at = None
        audit.append(
            session,
            actor,
            "lesson.brought_back",
            subject_kind="lesson",
            subject_id=lesson_id,
            now=now,
        )
    return lesson


def restore(
    session: Session,
    actor: Actor,
    version_id: int,
    *,
    revision: int,
    now: datetime,
) -> Lesson:
    """Make an old version the draft again; the draft until now is kept as a version."""
    version = get_version(session, version_id)
    lesson = _open(session, version.lesson_id)
    _same(lesson, revision)
    freeze(session, lesson.id, actor, now)
    return save_draft(session, actor, lesson.id, revision=revision, draft=version.source, now=now)


def freeze(
    session: Session,
    lesson_id: int,
    actor: Actor,
    now: datetime,
    *,
    cleared: frozenset[str] = NO_INDICATIONS,
    for_test: bool = False,
) -> LessonVersion:
    """Return the version that equals the draft, making it if there is none yet.

    ``for_test`` makes it without a number, outside the lesson's history; the same words
    frozen for anything else become a version of their own, because none ever changes.

    A text that leads to a lesson freezes that lesson too, so that what is reviewed and
    what is shown are one thing. ``cleared`` names the topics with a cleared indication.

    Raises: InvalidInput when a text leads to a lesson that cannot be shown.
    """
    lesson = session.get(Lesson, lesson_id, with_for_update=True)
    if lesson is None:
        raise NotFound("lesson_missing", "This content does not exist any more.")
    source = _read(lesson.channel, lesson.draft)
    booking = booking_of(session, lesson, cleared)
    linked: LessonVersion | None = None
    if isinstance(source, TextSource) and source.link == "lesson":
        linked = _freeze_linked(session, source, actor, now, cleared, for_test)
        source = source.model_copy(update={"lesson_version_id": linked.id})
    stored = source.stored()
    known = _same_words(session, lesson_id, stored, booking)
    if known is not None and (for_test or known.number is not None):
        return known
    version = LessonVersion(
        lesson_id=lesson_id,
        number=None if for_test else _next_number(session, lesson_id),
        source=stored,
        review_hash=review_hash(source, booking, linked.review_hash if linked else None),
        booking=booking,
        author_id=lesson.updated_by_id,
        author_name=lesson.updated_by,
        created_at=now,
    )
    session.add(version)
    session.flush()
    links.store(
        session,
        version.id,
        links.extract(source, consultation=booking == links.CONSULTATION),
    )
    session.flush()
    if not for_test:
        _note_frozen(session, actor, version, now)
    return version


def _same_words(
    session: Session, lesson_id: int, stored: Mapping[str, Any], booking: str
) -> LessonVersion | None:
    query = (
        select(LessonVersion)
        .where(LessonVersion.lesson_id == lesson_id, LessonVersion.booking == booking)
        .order_by(LessonVersion.number.is_(None), LessonVersion.id.desc())
    )
    return next((found for found in session.scalars(query) if found.source == stored), None)


def _next_number(session: Session, lesson_id: int) -> int:
    last = session.scalar(
        select(func.max(LessonVersion.number)).where(LessonVersion.lesson_id == lesson_id)
    )
    return (last or 0) + 1


def _note_frozen(session: Session, actor: Actor, version: LessonVersion, now: datetime) -> None:
    audit.append(
        session,
        actor,
        "lesson.frozen",
        subject_kind="lesson_version",
        subject_id=version.id,
        now=now,
    )


def booking_of(session: Session, lesson: Lesson, cleared: frozenset[str] = NO_INDICATIONS) -> str:
    """Tell where a lesson's booking links lead: a topic without indication asks first."""
    if lesson.interest_id is None:
        return links.VISIT
    interest = session.get(Interest, lesson.interest_id)
    code = interest.code if interest else ""
    return links.VISIT if code in cleared else links.CONSULTATION


def review_hash(source: EmailSource | TextSource, booking: str, linked: str | None) -> str:
    """Return what an approval of this content binds to."""
    if isinstance(source, EmailSource):
        return fingerprint.of_email(source, booking=booking)
    return fingerprint.of_text(source, booking=booking, linked=linked)


def draft_hash(session: Session, lesson: Lesson) -> str:
    """Return the review hash that the draft would have if it were frozen now."""
    source = _read(lesson.channel, lesson.draft)
    linked: str | None = None
    if isinstance(source, TextSource) and source.link == "lesson" and source.lesson_id:
        target = session.get(Lesson, source.lesson_id)
        linked = draft_hash(session, target) if target and target.channel == "email" else None
    return review_hash(source, booking_of(session, lesson), linked)


def _freeze_linked(
    session: Session,
    source: TextSource,
    actor: Actor,
    now: datetime,
    cleared: frozenset[str],
    for_test: bool,
) -> LessonVersion:
    target = session.get(Lesson, source.lesson_id) if source.lesson_id else None
    if target is None or target.channel != "email":
        raise InvalidInput(
            "text_lesson_missing",
            "This text leads to a lesson, but none is chosen. Choose the email whose page "
            "people should see.",
            fields={"lesson_id": "Choose a lesson."},
        )
    return freeze(session, target.id, actor, now, cleared=cleared, for_test=for_test)


def _open(session: Session, lesson_id: int) -> Lesson:
    lesson = get(session, lesson_id)
    if lesson.archived_at is not None:
        raise Conflict(
            "lesson_archived", "This content is archived. Bring it back before changing it."
        )
    return lesson


def _same(lesson: Lesson, revision: int) -> None:
    if lesson.revision != revision:
        raise Conflict(
            "lesson_changed",
            f"{lesson.updated_by or 'Somebody else'} saved this after you opened it. Nothing is "
            "lost: their state is saved, yours is still on your screen. Save yours as a copy, "
            "or reload to see theirs.",
        )


def _touch(lesson: Lesson, actor: Actor, now: datetime) -> None:
    lesson.revision += 1
    lesson.updated_by = actor.name
    lesson.updated_by_id = actor.id
    lesson.updated_at = now


def _read(channel: str, draft: Mapping[str, Any]) -> EmailSource | TextSource:
    return blocks.read_email(draft) if channel == "email" else blocks.read_text(draft)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 120:
        message = "Give it a name of at most 120 characters; only staff see it."
        raise InvalidInput("lesson_name", message, fields={"name": message})
    return name


def _interest(session: Session, interest_id: int | None) -> int | None:
    if interest_id is not None and session.get(Interest, interest_id) is None:
        message = "This topic does not exist. Choose one from the list."
        raise InvalidInput("lesson_topic", message, fields={"interest_id": message})
    return interest_id
