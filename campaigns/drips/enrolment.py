"""Who is in a drip, and what each person gets next.

Everything here is set-based. A tick makes people enter who came to match the group since
the drip went live, and works out when their next step is due. ``due_steps`` hands due
steps to delivery, which writes the messages and calls ``advance`` in the same
transaction: a crash between the two is impossible, and a second tick finds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import Session, aliased

from campaigns.contacts.models import Contact
from campaigns.content.models import Lesson
from campaigns.core import rows
from campaigns.drips import bystanders, exits, timing, whereabouts
from campaigns.drips.authoring import DRAFT_NUMBER, wait_of
from campaigns.drips.bystanders import insert_new, live, members_of
from campaigns.drips.models import (
    Bystander,
    Drip,
    DripStep,
    DripVersion,
    EndReason,
    Enrolment,
    EnrolmentState,
)
from campaigns.drips.timing import Wait
from campaigns.drips.whereabouts import Residence

CHUNK = 10_000
CHEAP_MS = 50
"""A look that takes less is taken at every tick."""
REST = 20
"""How many times as long as a costly look took a drip rests before the next."""


class DueStep(NamedTuple):
    """A step that one person is to get now; delivery makes one message of it.

    The message's key is (drip_step, ``step_id``, ``enrolment_id``, ``channel``).
    """

    enrolment_id: int
    drip_id: int
    contact_id: int
    step_id: int
    position: int
    channel: str
    lesson_version_id: int
    due_at: datetime
    zone: str
    following: Wait | None
    """The wait of the step after this one; None when this is the last."""


class _Step(NamedTuple):
    """What is the same for everybody who is due at one place of a version."""

    id: int
    position: int
    channel: str
    lesson_version_id: int
    following: Wait | None


def enrol_due(session: Session, *, now: datetime, limit: int = CHUNK) -> int:
    """Let people into the live drips whose groups they came to match; return how many.

    People who were in the group before (``Bystander``) stay outside until they leave it.
    """
    entered = 0
    for drip in live(session):
        entered += _enrol(session, drip, now, limit - entered)
        if entered >= limit:
            break
    return entered


def work_out_due(session: Session, *, now: datetime, limit: int = CHUNK) -> int:
    """Give each person who waits without a time the moment of her next step."""
    del now  # the wait counts from what is stored, not from when it is worked out
    done = 0
    clinic_zone = whereabouts.clinic_zone(session)
    step = aliased(DripStep)
    for drip in live(session):
        query = (
            select(
                Enrolment.id,
                Enrolment.waits_from,
                step.wait_days,
                step.wait_minutes,
                step.at_local_time,
            )
            .outerjoin(
                step,
                (step.version_id == Enrolment.version_id)
                & (step.position == Enrolment.position + 1),
            )
            .where(
                Enrolment.drip_id == drip.id,
                Enrolment.state == EnrolmentState.ACTIVE,
                Enrolment.next_due_at.is_(None),
            )
            .limit(limit - done)
        )
        query = whereabouts.join_residence(
            query.join(Contact, Contact.id == Enrolment.contact_id), Contact.id
        )
        changes = []
        for row in session.execute(query.with_for_update(of=Enrolment, skip_locked=True)).all():
            zone = whereabouts.zone_of(Residence(*row[5:9]), clinic_zone)
            wait = Wait(days=row[2], minutes=row[3], at_local_time=row[4])
            changes.append((row[0], timing.next_due(row[1], wait, zone)))
        _set_due(session, changes)
        done += len(changes)
        if done >= limit:
            break
    return done


def due_steps(session: Session, *, now: datetime, limit: int = CHUNK) -> list[DueStep]:
    """Return steps of live drips that are due, the longest waiting first in each drip.

    On Postgres the rows are locked and rows locked by another worker are passed over, so
    that several workers share the load. Write the messages, then call ``advance`` with
    the same list in the same transaction.
    """
    found: list[DueStep] = []
    clinic_zone = whereabouts.clinic_zone(session)
    for drip in live(session):
        steps = _steps_by_place(session, drip.id)
        query = (
            select(
                Enrolment.id,
                Enrolment.version_id,
                Enrolment.position,
                Enrolment.contact_id,
                Enrolment.next_due_at,
            )
            .where(
                Enrolment.drip_id == drip.id,
                Enrolment.state == EnrolmentState.ACTIVE,
                Enrolment.next_due_at <= now,
            )
            .order_by(Enrolment.next_due_at, Enrolment.id)
            .limit(limit - len(found))
        )
        query = whereabouts.join_residence(
            query.join(Contact, Contact.id == Enrolment.contact_id), Contact.id
        )
        for row in session.execute(query.with_for_update(of=Enrolment, skip_locked=True)).all():
            step = steps[row[1], row[2] + 1]
            found.append(
                DueStep(
                    enrolment_id=row[0],
                    drip_id=drip.id,
                    contact_id=row[3],
                    step_id=step.id,
                    position=step.position,
                    channel=step.channel,
                    lesson_version_id=step.lesson_version_id,
                    due_at=row[4],
                    zone=whereabouts.zone_of(Residence(*row[5:9]), clinic_zone),
                    following=step.following,
                )
            )
        if len(found) >= limit:
            break
    return found


def advance(session: Session, steps: Sequence[DueStep], *, now: datetime) -> None:
    """Move people on after their steps were written to the outbox, in that transaction.

    Whoever had the last step has finished; the others wait for the next, at most one step
    at a time, however long the drip stood still.
    """
    moving = []
    finishing = []
    for step in steps:
        if step.following is None:
            finishing.append((step.enrolment_id, step.position))
            continue
        base = timing.waits_from(step.due_at, now)
        due = timing.next_due(base, step.following, step.zone)
        moving.append((step.enrolment_id, step.position, base, due))
    session.flush()
    if moving:
        _move(session, moving, _MOVING, {"waits_from": "base", "next_due_at": "due"}, {})
    if finishing:
        ended = {
            "next_due_at": None,
            "state": EnrolmentState.COMPLETED.value,
            "ended_at": now,
            "end_reason": EndReason.FINISHED.value,
        }
        _move(session, finishing, _FINISHING, {}, ended)
    session.expire_all()


_TABLE: Any = Enrolment.__table__
_FINISHING: dict[str, Any] = {"enrolment_id": _TABLE.c.id.type, "place": _TABLE.c.position.type}
_MOVING: dict[str, Any] = {
    **_FINISHING,
    "base": _TABLE.c.waits_from.type,
    "due": _TABLE.c.next_due_at.type,
}


def _move(
    session: Session,
    steps: Sequence[Sequence[Any]],
    columns: dict[str, Any],
    own: dict[str, str],
    shared: dict[str, Any],
) -> None:
    """Write where people stand now, unless somebody moved them meanwhile."""
    moved = rows.table(session, "moved", columns, steps)
    values = {name: moved.c[column] for name, column in own.items()}
    session.connection().execute(
        update(_TABLE)
        .where(
            _TABLE.c.id == moved.c.enrolment_id,
            _TABLE.c.state == EnrolmentState.ACTIVE.value,
            _TABLE.c.position == moved.c.place - 1,
        )
        .values(position=moved.c.place, **values, **shared)
    )


def tick(session: Session, *, now: datetime, limit: int = CHUNK) -> int:
    """Let people out and in, and work out when their next step is due; return the changes.

    Call it every few seconds, and again while it does much. A drip whose look takes long,
    because its group is large, is looked at less often; nothing wrong can leave
    meanwhile, because the gate asks ``exits.has_left`` itself.
    """
    session.flush()
    done = 0
    for drip in live(session):
        if not _is_time(drip, now):
            continue
        began = monotonic()
        done += exits.exit_booked(session, now=now, drip_id=drip.id)
        done += exits.exit_opted_out(session, now=now, drip_id=drip.id)
        bystanders.forget(session, drip, now=now)
        entered = _enrol(session, drip, now, limit - done) if done < limit else 0
        done += entered
        drip.look_ms = int((monotonic() - began) * 1000)
        if done >= limit:
            break  # the rest of the group enters with the next call
    session.flush()
    return done + work_out_due(session, now=now, limit=limit)


def _is_time(drip: Drip, now: datetime) -> bool:
    if drip.look_ms < CHEAP_MS or drip.looked_at is None or drip.looked_at > now:
        return True
    return now - drip.looked_at >= timedelta(milliseconds=REST * drip.look_ms)


def _enrol(session: Session, drip: Drip, now: datetime, limit: int) -> int:
    bystanders.note_imported(session, drip, now=now)
    members = members_of(session, drip, now=now).subquery()
    contact_id = members.c[0]
    before = select(Enrolment.id).where(
        Enrolment.drip_id == drip.id, Enrolment.contact_id == contact_id
    )
    if drip.reenter_after_days is not None:
        rested = now - timedelta(days=drip.reenter_after_days)
        before = before.where(
            (Enrolment.state == EnrolmentState.ACTIVE) | (Enrolment.ended_at > rested)
        )
    times = (
        select(func.coalesce(func.max(Enrolment.entry), 0) + 1)
        .where(Enrolment.drip_id == drip.id, Enrolment.contact_id == contact_id)
        .scalar_subquery()
    )
    found = (
        select(
            literal(drip.id),
            literal(drip.version_id),
            contact_id,
            times,
            literal(EnrolmentState.ACTIVE.value),
            literal(0),
            literal(now, Enrolment.waits_from.type),
            literal(_first_due(session, drip, now), Enrolment.next_due_at.type),
            literal(now, Enrolment.enrolled_at.type),
        )
        .where(
            ~before.exists(),
            ~select(Bystander.contact_id)
            .where(Bystander.drip_id == drip.id, Bystander.contact_id == contact_id)
            .exists(),
        )
        .limit(limit)
    )
    columns = [
        "drip_id",
        "version_id",
        "contact_id",
        "entry",
        "state",
        "position",
        "waits_from",
        "next_due_at",
        "enrolled_at",
    ]
    entered = insert_new(session, Enrolment, columns, found)
    if entered < limit:
        # Only a look that came to the end has seen everything up to now.
        drip.looked_at = now
    return entered


def _first_due(session: Session, drip: Drip, now: datetime) -> datetime | None:
    # None where the moment differs from person to person.
    first = session.scalars(
        select(DripStep).where(DripStep.version_id == drip.version_id, DripStep.position == 1)
    ).one()
    if first.wait_days or first.at_local_time:
        return None
    return now + timedelta(minutes=first.wait_minutes)


def _set_due(session: Session, changes: Sequence[Sequence[Any]]) -> None:
    if changes:
        session.flush()
        columns = {"enrolment_id": _TABLE.c.id.type, "due": _TABLE.c.next_due_at.type}
        found = rows.table(session, "found", columns, changes)
        session.connection().execute(
            update(_TABLE)
            .where(_TABLE.c.id == found.c.enrolment_id)
            .values(next_due_at=found.c.due)
        )
        session.expire_all()


def _steps_by_place(session: Session, drip_id: int) -> dict[tuple[int, int], _Step]:
    query = (
        select(DripStep, Lesson.channel)
        .join(Lesson, Lesson.id == DripStep.lesson_id)
        .where(
            DripStep.version_id.in_(
                select(DripVersion.id).where(
                    DripVersion.drip_id == drip_id, DripVersion.number > DRAFT_NUMBER
                )
            )
        )
    )
    found = {
        (step.version_id, step.position): (step, channel)
        for step, channel in session.execute(query)
    }
    places = {}
    for (version_id, position), (step, channel) in found.items():
        following = found.get((version_id, position + 1))
        assert step.lesson_version_id is not None  # published steps are frozen
        places[version_id, position] = _Step(
            id=step.id,
            position=position,
            channel=channel,
            lesson_version_id=step.lesson_version_id,
            following=wait_of(following[0]) if following else None,
        )
    return places
