"""Leaving a drip: a booking, a stop, staff, the end of the series itself.

An exit ends the enrolment; messages of the series that have not left are dropped by the
gate, which asks ``has_left`` in the transaction that would send them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from campaigns.accounts import audit
from campaigns.bookings.models import Booking
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.content.models import Lesson
from campaigns.core.actors import Actor
from campaigns.core.db import change
from campaigns.core.errors import NotFound
from campaigns.drips.models import (
    Drip,
    DripState,
    DripStep,
    EndReason,
    Enrolment,
    EnrolmentState,
)

BOOKED = "booked"


def exit_booked(session: Session, *, now: datetime, drip_id: int | None = None) -> int:
    """End the series (one, or all) for everybody who booked since entering; return how many."""
    booked = (
        select(Booking.id)
        .where(
            Booking.contact_id == Enrolment.contact_id,
            Booking.state == BOOKED,
            Booking.booked_at >= Enrolment.enrolled_at,
        )
        .correlate(Enrolment)
        .exists()
    )
    ending = select(Drip.id).where(Drip.ends_on_booking)
    # The plain IN lets the planner start from the few who booked, not from all enrolled.
    anybody = select(Booking.contact_id).where(
        Booking.state == BOOKED, Booking.contact_id.is_not(None)
    )
    return _end(
        session,
        (Enrolment.contact_id.in_(anybody), Enrolment.drip_id.in_(ending), booked, *_only(drip_id)),
        EndReason.BOOKED,
        now,
    )


def exit_opted_out(session: Session, *, now: datetime, drip_id: int | None = None) -> int:
    """End the series for people who left every channel that it uses; return how many."""
    withdrawn = select(ConsentState.contact_id).where(
        ConsentState.status == ConsentStatus.WITHDRAWN
    )
    state = aliased(ConsentState)
    reachable = (
        select(DripStep.id)
        .join(Lesson, Lesson.id == DripStep.lesson_id)
        .outerjoin(
            state,
            and_(
                state.contact_id == Enrolment.contact_id,
                state.channel == Lesson.channel,
            ),
        )
        .where(
            DripStep.version_id == Enrolment.version_id,
            or_(state.status.is_(None), state.status != ConsentStatus.WITHDRAWN),
        )
        .correlate(Enrolment)
        .exists()
    )
    return _end(
        session,
        (Enrolment.contact_id.in_(withdrawn), ~reachable, *_only(drip_id)),
        EndReason.OPTED_OUT,
        now,
    )


def exit_person(session: Session, contact_id: int, reason: EndReason, *, now: datetime) -> int:
    """End every series that a person is in; return how many."""
    return _end(session, (Enrolment.contact_id == contact_id,), reason, now)


def exit_all(session: Session, drip_id: int, reason: EndReason, *, now: datetime) -> int:
    """End a series for everybody in it; return how many."""
    return _end(session, (Enrolment.drip_id == drip_id,), reason, now)


def remove(session: Session, actor: Actor, enrolment_id: int, *, now: datetime) -> Enrolment:
    """Take one person out of a series because staff said so."""
    enrolment = session.get(Enrolment, enrolment_id)
    if enrolment is None:
        raise NotFound("enrolment_unknown", "This person is not in the series.")
    ended = _end(session, (Enrolment.id == enrolment_id,), EndReason.REMOVED, now)
    session.refresh(enrolment)
    if ended:
        audit.append(
            session,
            actor,
            "drip.person_removed",
            subject_kind="drip",
            subject_id=enrolment.drip_id,
            now=now,
            contact_id=enrolment.contact_id,
        )
    return enrolment


def put_back(session: Session, actor: Actor, enrolment_id: int, *, now: datetime) -> Enrolment:
    """Undo a removal by staff: the person goes on with the step that was next."""
    enrolment = session.get(Enrolment, enrolment_id)
    if enrolment is None or enrolment.end_reason != EndReason.REMOVED:
        raise NotFound("enrolment_unknown", "This person was not removed from the series.")
    enrolment.state = EnrolmentState.ACTIVE
    enrolment.ended_at = None
    enrolment.end_reason = None
    if enrolment.next_due_at is not None and enrolment.next_due_at < now:
        enrolment.waits_from, enrolment.next_due_at = now, None
    session.flush()
    audit.append(
        session,
        actor,
        "drip.person_put_back",
        subject_kind="drip",
        subject_id=enrolment.drip_id,
        now=now,
        contact_id=enrolment.contact_id,
    )
    return enrolment


def has_left(enrolment_id: Any) -> ColumnElement[bool]:
    """Return the SQL that tells whether an enrolment's person must get no more of it.

    True after an exit, in an archived series, and from the booking itself on, also when
    no tick has ended the enrolment yet or it is complete and its last message waits.
    """
    enrolment = aliased(Enrolment)
    drip = aliased(Drip)
    booking = aliased(Booking)
    booked = exists().where(
        booking.contact_id == enrolment.contact_id,
        booking.state == BOOKED,
        booking.booked_at >= enrolment.enrolled_at,
    )
    return (
        select(enrolment.id)
        .join(drip, drip.id == enrolment.drip_id)
        .where(
            enrolment.id == enrolment_id,
            or_(
                enrolment.state == EnrolmentState.EXITED,
                drip.state == DripState.ARCHIVED,
                and_(drip.ends_on_booking, booked),
            ),
        )
        .exists()
    )


def is_paused(enrolment_id: Any) -> ColumnElement[bool]:
    """Return the SQL that tells whether an enrolment's series is paused: its messages wait."""
    enrolment = aliased(Enrolment)
    drip = aliased(Drip)
    return (
        select(enrolment.id)
        .join(drip, drip.id == enrolment.drip_id)
        .where(enrolment.id == enrolment_id, drip.state == DripState.PAUSED)
        .exists()
    )


def _only(drip_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return () if drip_id is None else (Enrolment.drip_id == drip_id,)


def _end(
    session: Session,
    conditions: tuple[ColumnElement[bool], ...],
    reason: EndReason,
    now: datetime,
) -> int:
    ended = change(
        session,
        update(Enrolment)
        .where(Enrolment.state == EnrolmentState.ACTIVE, *conditions)
        .values(state=EnrolmentState.EXITED, ended_at=now, end_reason=reason),
    )
    if ended:
        session.expire_all()
    return ended
