"""Writing a drip: its settings and the steps of its draft, and publishing them.

The draft is version 0 and is edited freely. Publishing copies it into a new, immutable
version with frozen content; people stay on the version with which they entered, so an
edit reaches new entrants only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from typing_extensions import Unpack

from campaigns.accounts import audit
from campaigns.audience.models import Segment
from campaigns.content import lessons
from campaigns.content.models import Lesson
from campaigns.core.actors import Actor
from campaigns.core.db import change
from campaigns.core.errors import Conflict, InvalidInput, NotFound
from campaigns.drips import timing
from campaigns.drips.models import Drip, DripState, DripStep, DripVersion
from campaigns.drips.timing import Wait

MAX_NAME = 120
MAX_STEPS = 50
DRAFT_NUMBER = 0


class Changes(TypedDict, total=False):
    """The settings of a drip that staff may change."""

    name: str
    segment_id: int | None
    enrol_existing: bool
    ends_on_booking: bool
    reenter_after_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """What a step says; enough to put a removed one back."""

    lesson_id: int
    wait: Wait
    position: int


def get(session: Session, drip_id: int) -> Drip:
    """Return a drip.

    Raises: NotFound.
    """
    drip = session.get(Drip, drip_id)
    if drip is None:
        raise NotFound("drip_unknown", "There is no such series.")
    return drip


def list_all(session: Session, *, archived: bool = False, limit: int = 200) -> list[Drip]:
    """Return drips, newest first."""
    query = select(Drip).order_by(Drip.id.desc()).limit(limit)
    if archived:
        return list(session.scalars(query.where(Drip.state == DripState.ARCHIVED)))
    return list(session.scalars(query.where(Drip.state != DripState.ARCHIVED)))


def create(session: Session, actor: Actor, *, now: datetime, name: str) -> Drip:
    """Make a drip in draft, without steps."""
    drip = Drip(
        name=_name(name),
        state=DripState.DRAFT,
        created_by=actor.name,
        created_at=now,
        updated_at=now,
    )
    session.add(drip)
    session.flush()
    session.add(DripVersion(drip_id=drip.id, number=DRAFT_NUMBER))
    session.flush()
    audit.append(session, actor, "drip.created", subject_kind="drip", subject_id=drip.id, now=now)
    return drip


def edit(
    session: Session,
    actor: Actor,
    drip_id: int,
    *,
    now: datetime,
    revision: int | None = None,
    **changes: Unpack[Changes],
) -> Drip:
    """Change settings; ``revision`` is the one that the editor has seen.

    The group of a live drip may change: people already in the series stay in it.
    Raises: Conflict when somebody else saved meanwhile or it is archived.
    """
    drip = _editable(session, drip_id)
    values = changes.copy()
    if "name" in values:
        values["name"] = _name(values["name"])
    segment_id = values.get("segment_id")
    if segment_id is not None:
        segment = session.get(Segment, segment_id)
        if segment is None or segment.archived_at is not None:
            raise InvalidInput(
                "segment_unknown",
                "This group no longer exists.",
                fields={"segment_id": "Choose another group."},
            )
    days = values.get("reenter_after_days")
    if days is not None and not 1 <= days <= timing.MAX_DAYS:
        raise InvalidInput(
            "reenter_invalid",
            "This number of days cannot be used.",
            fields={"reenter_after_days": f"Give 1 to {timing.MAX_DAYS} days."},
        )
    statement = update(Drip).where(Drip.id == drip_id)
    if revision is not None:
        statement = statement.where(Drip.revision == revision)
    changed = change(
        session,
        statement.values(**values, updated_at=now, revision=Drip.revision + 1),
    )
    session.refresh(drip)
    if not changed:
        raise Conflict(
            "revision_outdated",
            "Somebody else changed this series while you had it open. Your last change was not "
            "saved. Reload the page to see theirs, then make yours again.",
        )
    if values.get("segment_id") is not None and drip.live_since is not None:
        audit.append(
            session,
            actor,
            "drip.group_changed",
            subject_kind="drip",
            subject_id=drip_id,
            now=now,
            segment_id=segment_id,
        )
    return drip


def draft_of(session: Session, drip_id: int) -> DripVersion:
    """Return the version that is being edited."""
    return session.scalars(
        select(DripVersion).where(
            DripVersion.drip_id == drip_id, DripVersion.number == DRAFT_NUMBER
        )
    ).one()


def steps_of(session: Session, version_id: int) -> list[DripStep]:
    """Return a version's steps in order."""
    return list(
        session.scalars(
            select(DripStep).where(DripStep.version_id == version_id).order_by(DripStep.position)
        )
    )


def draft_steps(session: Session, drip_id: int) -> list[DripStep]:
    """Return the steps of the version that is being edited."""
    return steps_of(session, draft_of(session, drip_id).id)


def wait_of(step: DripStep) -> Wait:
    """Return a step's timing."""
    return Wait(days=step.wait_days, minutes=step.wait_minutes, at_local_time=step.at_local_time)


def add_step(
    session: Session,
    drip_id: int,
    *,
    lesson_id: int,
    wait: Wait,
    now: datetime,
    position: int | None = None,
) -> DripStep:
    """Put a message into the draft, at a position or at the end."""
    drip = _editable(session, drip_id)
    steps = draft_steps(session, drip_id)
    if len(steps) >= MAX_STEPS:
        raise InvalidInput(
            "too_many_steps", f"A series has at most {MAX_STEPS} messages; nothing was added."
        )
    _check_lesson(session, lesson_id)
    wait = timing.checked(wait)
    step = DripStep(
        version_id=draft_of(session, drip_id).id,
        position=len(steps) + 1,
        lesson_id=lesson_id,
        wait_days=wait.days,
        wait_minutes=wait.minutes,
        at_local_time=wait.at_local_time,
    )
    session.add(step)
    session.flush()
    if position is not None and position != step.position:
        steps.insert(max(position, 1) - 1, step)
        _renumber(session, steps)
    _touch(drip, now)
    return step


def edit_step(
    session: Session, drip_id: int, step_id: int, *, lesson_id: int, wait: Wait, now: datetime
) -> DripStep:
    """Change a message of the draft or its timing."""
    drip = _editable(session, drip_id)
    step = _step(session, drip_id, step_id)
    if lesson_id != step.lesson_id:
        _check_lesson(session, lesson_id)
    wait = timing.checked(wait)
    step.lesson_id = lesson_id
    step.wait_days = wait.days
    step.wait_minutes = wait.minutes
    step.at_local_time = wait.at_local_time
    _touch(drip, now)
    session.flush()
    return step


def move_step(
    session: Session, drip_id: int, step_id: int, *, position: int, now: datetime
) -> None:
    """Move a message of the draft to another position; the others make room."""
    drip = _editable(session, drip_id)
    step = _step(session, drip_id, step_id)
    steps = draft_steps(session, drip_id)
    steps.remove(step)
    steps.insert(min(max(position, 1), len(steps) + 1) - 1, step)
    _renumber(session, steps)
    _touch(drip, now)


def remove_step(session: Session, drip_id: int, step_id: int, *, now: datetime) -> StepSpec:
    """Take a message out of the draft; the answer is what ``add_step`` needs to put it back."""
    drip = _editable(session, drip_id)
    step = _step(session, drip_id, step_id)
    spec = StepSpec(lesson_id=step.lesson_id, wait=wait_of(step), position=step.position)
    steps = draft_steps(session, drip_id)
    steps.remove(step)
    session.delete(step)
    session.flush()
    _renumber(session, steps)
    _touch(drip, now)
    return spec


def publish(session: Session, actor: Actor, drip_id: int, *, now: datetime) -> DripVersion:
    """Copy the draft into a new, immutable version with frozen content.

    Whether it may go out is for ``lifecycle`` to ask before.
    """
    drip = _editable(session, drip_id)
    highest = session.scalar(
        select(func.max(DripVersion.number)).where(DripVersion.drip_id == drip_id)
    )
    version = DripVersion(
        drip_id=drip_id,
        number=(highest or 0) + 1,
        published_at=now,
        published_by=actor.name,
    )
    session.add(version)
    session.flush()
    for step in draft_steps(session, drip_id):
        frozen = lessons.freeze(session, step.lesson_id, actor, now)
        session.add(
            DripStep(
                version_id=version.id,
                position=step.position,
                lesson_id=step.lesson_id,
                lesson_version_id=frozen.id,
                wait_days=step.wait_days,
                wait_minutes=step.wait_minutes,
                at_local_time=step.at_local_time,
            )
        )
    drip.version_id = version.id
    _touch(drip, now)
    session.flush()
    audit.append(
        session,
        actor,
        "drip.published",
        subject_kind="drip",
        subject_id=drip_id,
        now=now,
        number=version.number,
    )
    return version


def has_unpublished_changes(session: Session, drip: Drip) -> bool:
    """Tell whether new entrants get something else than the draft shows."""
    if drip.version_id is None:
        return True
    published = steps_of(session, drip.version_id)
    draft = draft_steps(session, drip.id)
    if [(s.lesson_id, wait_of(s)) for s in published] != [(s.lesson_id, wait_of(s)) for s in draft]:
        return True
    version = session.get_one(DripVersion, drip.version_id)
    edited = session.scalar(
        select(func.max(Lesson.updated_at)).where(Lesson.id.in_({s.lesson_id for s in draft}))
    )
    return bool(edited and version.published_at and edited > version.published_at)


def duplicate(session: Session, actor: Actor, drip_id: int, *, now: datetime) -> Drip:
    """Make a new draft with the same settings and steps."""
    original = get(session, drip_id)
    suffix = " (copy)"
    copy = create(session, actor, now=now, name=original.name[: MAX_NAME - len(suffix)] + suffix)
    copy.segment_id = original.segment_id
    copy.ends_on_booking = original.ends_on_booking
    copy.reenter_after_days = original.reenter_after_days
    for step in draft_steps(session, drip_id):
        add_step(session, copy.id, lesson_id=step.lesson_id, wait=wait_of(step), now=now)
    session.flush()
    return copy


def _editable(session: Session, drip_id: int) -> Drip:
    drip = get(session, drip_id)
    if drip.state == DripState.ARCHIVED:
        raise Conflict(
            "drip_archived",
            "This series is archived, so it cannot be changed. Make a copy of it instead.",
        )
    return drip


def _step(session: Session, drip_id: int, step_id: int) -> DripStep:
    step = session.get(DripStep, step_id)
    if step is None or step.version_id != draft_of(session, drip_id).id:
        raise NotFound(
            "step_unknown", "This message is no longer in the series; somebody removed it."
        )
    return step


def _check_lesson(session: Session, lesson_id: int) -> None:
    lesson = session.get(Lesson, lesson_id)
    if lesson is None or lesson.archived_at is not None:
        raise InvalidInput(
            "lesson_unknown",
            "This is not in the library any more.",
            fields={"lesson_id": "Choose an email or a text from the library."},
        )


def _renumber(session: Session, steps: list[DripStep]) -> None:
    # Positions are unique: step aside first, below zero, then take the new places.
    for number, step in enumerate(steps, start=1):
        step.position = -number
    session.flush()
    for number, step in enumerate(steps, start=1):
        step.position = number
    session.flush()


def _touch(drip: Drip, now: datetime) -> None:
    drip.updated_at = now


def _name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > MAX_NAME:
        raise InvalidInput(
            "name_invalid",
            "A series needs a name.",
            fields={"name": f"Give a name of 1 to {MAX_NAME} characters."},
        )
    return cleaned
