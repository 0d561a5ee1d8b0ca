"""Who is in a drip, and what each person gets next.

Everything here is set-based. A tick makes people enter who came to match the group since
the drip went live, and works out when their next step is due. ``due_steps`` hands due
steps to delivery, which writes the messages and calls ``advance`` in the same
transaction: a crash between the two is impossible, and a second tick finds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import bindparam, func, literal, select, update
from sqlalchemy.orm import Session, aliased

from campaigns.contacts.models import Contact
from campaigns.content.models import Lesson
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStep:
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
        rows = session.execute(query.with_for_update(of=Enrolment, skip_locked=True)).all()
        changes = []
        for row in rows:
            zone = whereabouts.zone_of(Residence(*row[5:9]), clinic_zone)
            wait = Wait(days=row[2], minutes=row[3], at_local_time=row[4])
            changes.append({"b_id": row[0], "b_due": timing.next_due(row[1], wait, zone)})
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
        for row in session.execute(query.with_for_update(of=Enrolment, skip_locked=True)):
            step, channel = steps[row[1], row[2] + 1]
            following = steps.get((row[1], row[2] + 2))
            assert step.lesson_version_id is not None  # published steps are frozen
            found.append(
                DueStep(
                    enrolment_id=row[0],
                    drip_id=drip.id,
                    contact_id=row[3],
                    step_id=step.id,
                    position=step.position,
                    channel=channel,
                    lesson_version_id=step.lesson_version_id,
                    due_at=row[4],
                    zone=whereabouts.zone_of(Residence(*row[5:9]), clinic_zone),
                    following=wait_of(following[0]) if following else None,
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
        key = {"b_id": step.enrolment_id, "b_position": step.position}
        if step.following is None:
            finishing.append(key)
            continue
        base = timing.waits_from(step.due_at, now)
        due = timing.next_due(base, step.following, step.zone)
        moving.append({**key, "b_from": base, "b_due": due})
    guard = (
        (Enrolment.id == bindparam("b_id"))
        & (Enrolment.state == EnrolmentState.ACTIVE)
        & (Enrolment.position == bindparam("b_position") - 1)
    )
    session.flush()
    table: Any = Enrolment.__table__
    connection = session.connection()
    if moving:
        connection.execute(
            update(table)
            .where(guard)
            .values(
                position=bindparam("b_position"),
                waits_from=bindparam("b_from"),
                next_due_at=bindparam("b_due"),
            ),
            moving,
        )
    if finishing:
        connection.execute(
            update(table)
            .where(guard)
            .values(
                position=bindparam("b_position"),
                next_due_at=None,
                state=EnrolmentState.COMPLETED,
                ended_at=now,
                end_reason=EndReason.FINISHED,
            ),
            finishing,
        )
    session.expire_all()


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
    rows = (
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
    entered = insert_new(session, Enrolment, columns, rows)
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


def _set_due(session: Session, changes: list[dict[str, Any]]) -> None:
    if changes:
        session.flush()
        table: Any = Enrolment.__table__
        session.connection().execute(
            update(table)
            .where(table.c.id == bindparam("b_id"))
            .values(next_due_at=bindparam("b_due")),
            changes,
        )
        session.expire_all()


def _steps_by_place(session: Session, drip_id: int) -> dict[tuple[int, int], tuple[DripStep, str]]:
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
    return {
        (step.version_id, step.position): (step, channel)
        for step, channel in session.execute(query)
    }
