"""The series of a person of whom there were two records: nobody goes through one twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from campaigns.drips.models import Bystander, EndReason, Enrolment, EnrolmentState

_BY_THE_PERSON = (EndReason.BOOKED, EndReason.OPTED_OUT, EndReason.REMOVED)


def move(session: Session, keep_id: int, drop_id: int, now: datetime) -> None:
    """Give a merged record's places in series to the one that stays; see ``consent.merging``.

    Of two times in one series the one that came further goes on; the other ends, and what
    it had waiting is dropped by the gate. Who was taken out, booked or left during one of
    them is out of both.
    """
    for drip_id in session.scalars(
        select(Enrolment.drip_id).where(Enrolment.contact_id == drop_id).distinct()
    ).all():
        _renumber(session, drip_id, keep_id, drop_id)
        _end_doubles(session, drip_id, keep_id, now)
    _move_bystanders(session, keep_id, drop_id)


def _renumber(session: Session, drip_id: int, keep_id: int, drop_id: int) -> None:
    last = session.scalar(
        select(func.coalesce(func.max(Enrolment.entry), 0)).where(
            Enrolment.drip_id == drip_id, Enrolment.contact_id == keep_id
        )
    )
    session.execute(
        update(Enrolment)
        .where(Enrolment.drip_id == drip_id, Enrolment.contact_id == drop_id)
        .values(contact_id=keep_id, entry=Enrolment.entry + last)
    )


def _end_doubles(session: Session, drip_id: int, keep_id: int, now: datetime) -> None:
    times = session.scalars(
        select(Enrolment)
        .where(Enrolment.drip_id == drip_id, Enrolment.contact_id == keep_id)
        .order_by(Enrolment.position.desc(), Enrolment.enrolled_at, Enrolment.id)
        .execution_options(populate_existing=True)
    ).all()
    for place, one in enumerate(times):
        if one.state != EnrolmentState.ACTIVE:
            continue
        further = any(other.position > one.position for other in times)
        again = any(other.state == EnrolmentState.ACTIVE for other in times[:place])
        out = any(
            other.end_reason in _BY_THE_PERSON
            and other.ended_at is not None
            and other.ended_at >= one.enrolled_at
            for other in times
        )
        if further or again or out:
            one.state = EnrolmentState.EXITED
            one.ended_at = now
            one.end_reason = EndReason.MERGED
            one.next_due_at = None
            session.flush()


def _move_bystanders(session: Session, keep_id: int, drop_id: int) -> None:
    known = select(Bystander.drip_id).where(Bystander.contact_id == keep_id)
    session.execute(
        update(Bystander)
        .where(Bystander.contact_id == drop_id, Bystander.drip_id.not_in(known.scalar_subquery()))
        .values(contact_id=keep_id)
    )
    session.execute(delete(Bystander).where(Bystander.contact_id == drop_id))
