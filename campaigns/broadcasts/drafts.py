"""Drafts of broadcasts: make, edit with a revision check, duplicate, archive."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session
from typing_extensions import Unpack

from campaigns.accounts import audit
from campaigns.audience.models import Segment
from campaigns.broadcasts.models import Broadcast, BroadcastState, Timing
from campaigns.contacts.models import Channel
from campaigns.content.models import Lesson
from campaigns.core.actors import Actor
from campaigns.core.db import change
from campaigns.core.errors import Conflict, InvalidInput, NotFound

MAX_NAME = 120
LONGEST_WAIT = 30
"""Days after which what has not left is given up, at most."""
AT_REST = (BroadcastState.DRAFT, BroadcastState.SENT, BroadcastState.CANCELLED)
"""States in which a broadcast may be archived."""


class Changes(TypedDict, total=False):
    """The fields of a draft that staff may change."""

    name: str
    segment_id: int | None
    email_lesson_id: int | None
    sms_lesson_id: int | None
    timing: str
    scheduled_at: datetime | None
    third_party_paid: bool | None
    note: str
    important: bool
    give_up_days: int


def get(session: Session, broadcast_id: int) -> Broadcast:
    """Return a broadcast.

    Raises: NotFound.
    """
    broadcast = session.get(Broadcast, broadcast_id)
    if broadcast is None:
        raise NotFound("broadcast_unknown", "There is no such campaign.")
    return broadcast


def create(session: Session, actor: Actor, *, now: datetime, name: str) -> Broadcast:
    """Make an empty draft."""
    broadcast = Broadcast(
        name=_name(name),
        state=BroadcastState.DRAFT,
        created_by=actor.name,
        created_by_id=actor.id,
        created_at=now,
        updated_at=now,
    )
    session.add(broadcast)
    session.flush()
    _audit(session, actor, "broadcast.created", broadcast.id, now)
    return broadcast


def edit(
    session: Session,
    actor: Actor,
    broadcast_id: int,
    *,
    now: datetime,
    revision: int | None = None,
    **changes: Unpack[Changes],
) -> Broadcast:
    """Change some fields of a draft; ``revision`` is the one the editor has seen.

    A time in the past is kept as typed: ``checks`` names it, so that nothing is lost.
    Raises: Conflict when somebody else saved meanwhile or it is no longer a draft.
    """
    broadcast = get(session, broadcast_id)
    values = _checked(session, changes)
    # The draft is loaded and locked by id and revision: two editors cannot both win.
    statement = (
        update(Broadcast)
        .where(Broadcast.id == broadcast_id, Broadcast.state == BroadcastState.DRAFT)
        .values(**values, updated_at=now, revision=Broadcast.revision + 1)
    )
    if revision is not None:
        statement = statement.where(Broadcast.revision == revision)
    if change(session, statement) != 1:
        session.refresh(broadcast)
        if broadcast.state != BroadcastState.DRAFT:
            raise Conflict(
                "broadcast_not_draft",
                "This campaign is no longer a draft, so it cannot be edited. "
                "Take it back to draft first; nothing was changed.",
            )
        raise Conflict(
            "revision_outdated",
            "Somebody else changed this campaign while you had it open. Your last change was "
            "not saved. Reload the page to see theirs, then make yours again.",
        )
    session.refresh(broadcast)
    return broadcast


def duplicate(session: Session, actor: Actor, broadcast_id: int, *, now: datetime) -> Broadcast:
    """Make a new draft with the same group and content; time and answers start anew."""
    original = get(session, broadcast_id)
    copy = create(session, actor, now=now, name=_copy_name(original.name))
    copy.segment_id = original.segment_id
    copy.email_lesson_id = original.email_lesson_id
    copy.sms_lesson_id = original.sms_lesson_id
    copy.note = original.note
    copy.important = original.important
    copy.give_up_days = original.give_up_days
    session.flush()
    return copy


def archive(session: Session, actor: Actor, broadcast_id: int, *, now: datetime) -> None:
    """Take a broadcast out of the list; its figures and messages stay."""
    broadcast = get(session, broadcast_id)
    if broadcast.state not in AT_REST:
        raise Conflict(
            "broadcast_under_way",
            "This campaign is still under way. Cancel it first, then archive it.",
        )
    if broadcast.archived_at is None:
        broadcast.archived_at = now
        session.flush()
        _audit(session, actor, "broadcast.archived", broadcast_id, now)


def restore(session: Session, actor: Actor, broadcast_id: int, *, now: datetime) -> None:
    """Put an archived broadcast back into the list."""
    broadcast = get(session, broadcast_id)
    if broadcast.archived_at is not None:
        broadcast.archived_at = None
        session.flush()
        _audit(session, actor, "broadcast.restored", broadcast_id, now)


def list_all(
    session: Session,
    *,
    state: str | None = None,
    archived: bool = False,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Broadcast]:
    """Return broadcasts, newest first, one page at a time by id."""
    query = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    query = query.where(
        Broadcast.archived_at.is_not(None) if archived else Broadcast.archived_at.is_(None)
    )
    if state:
        query = query.where(Broadcast.state == state)
    if before_id is not None:
        query = query.where(Broadcast.id < before_id)
    return list(session.scalars(query))


def list_between(session: Session, since: datetime, until: datetime) -> list[Broadcast]:
    """Return what begins in [since, until): begun, scheduled, or a draft with a chosen time."""
    at = func.coalesce(Broadcast.started_at, Broadcast.scheduled_at)
    return list(
        session.scalars(
            select(Broadcast)
            .where(
                at >= since,
                at < until,
                Broadcast.archived_at.is_(None),
                or_(Broadcast.state != BroadcastState.DRAFT, Broadcast.timing == Timing.AT),
                or_(
                    Broadcast.state != BroadcastState.CANCELLED,
                    Broadcast.started_at.is_not(None),
                ),
            )
            .order_by(at, Broadcast.id)
        )
    )


def _checked(session: Session, changes: Changes) -> Changes:
    values: Changes = changes.copy()
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
    _check_lesson(session, values.get("email_lesson_id"), Channel.EMAIL, "email_lesson_id")
    _check_lesson(session, values.get("sms_lesson_id"), Channel.SMS, "sms_lesson_id")
    if "give_up_days" in values and not 1 <= values["give_up_days"] <= LONGEST_WAIT:
        raise InvalidInput(
            "give_up_days",
            f"A campaign may wait for one to {LONGEST_WAIT} days.",
            fields={"give_up_days": f"Choose one to {LONGEST_WAIT} days."},
        )
    if "timing" in values and values["timing"] not in set(Timing):
        raise InvalidInput(
            "timing_unknown", "Choose now, or a date and time.", fields={"timing": "Choose one."}
        )
    return values


def _check_lesson(session: Session, lesson_id: int | None, channel: Channel, field: str) -> None:
    if lesson_id is None:
        return
    lesson = session.get(Lesson, lesson_id)
    if lesson is None or lesson.channel != channel or lesson.archived_at is not None:
        kind = "an email" if channel is Channel.EMAIL else "a text"
        raise InvalidInput(
            "lesson_unknown",
            f"This is not {kind} of the library any more.",
            fields={field: f"Choose {kind} from the library."},
        )


def _name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > MAX_NAME:
        raise InvalidInput(
            "name_invalid",
            "A campaign needs a name.",
            fields={"name": f"Give a name of 1 to {MAX_NAME} characters."},
        )
    return cleaned


def _copy_name(name: str) -> str:
    suffix = " (copy)"
    return name[: MAX_NAME - len(suffix)] + suffix


def _audit(session: Session, actor: Actor, action: str, broadcast_id: int, now: datetime) -> None:
    audit.append(session, actor, action, subject_kind="broadcast", subject_id=broadcast_id, now=now)
