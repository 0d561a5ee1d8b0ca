"""From drips to the outbox: a message for each step that is due, and the person moves on.

Both in one transaction: after a crash either the message is planned and the person has
moved, or neither. While everything is stopped, time stands still in every series: nobody
moves on, so that nobody gets two steps at once when it goes on.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.clinic.models import Clinic
from campaigns.core import faults
from campaigns.delivery import outbox
from campaigns.delivery.models import MessageState, Origin
from campaigns.delivery.parts import Parts
from campaigns.drips import enrolment
from campaigns.drips.models import Enrolment, EnrolmentState

LIFETIME = timedelta(days=7)
"""A drip's message that found no moment to leave in this time is not sent any more."""
LIMIT = 4_000


def tick(parts: Parts) -> int:
    """Do one round; return how many steps were handed to the outbox."""
    now = parts.clock.now()
    with parts.db.reading() as session:
        anybody = select(Enrolment.id).where(
            Enrolment.state == EnrolmentState.ACTIVE, Enrolment.next_due_at <= now
        )
        if _stands_still(session) or session.scalar(anybody.limit(1)) is None:
            return 0
    with parts.db.transaction() as session:
        if _stands_still(session):
            return 0
        due = enrolment.due_steps(session, now=now, limit=LIMIT)
        if not due:
            return 0
        outbox.insert_new(
            session,
            [
                {
                    "origin_kind": Origin.DRIP_STEP.value,
                    "origin_id": step.step_id,
                    "subject_id": step.enrolment_id,
                    "channel": step.channel,
                    "contact_id": step.contact_id,
                    "version_id": step.lesson_version_id,
                    "state": MessageState.PLANNED.value,
                    "due_at": step.due_at,
                    "expires_at": now + LIFETIME,
                    "tries": 0,
                    "checks": 0,
                    "created_at": now,
                }
                for step in due
            ],
        )
        enrolment.advance(session, due, now=now)
        faults.point("steps.before_commit")
    return len(due)


def _stands_still(session: Session) -> bool:
    return session.scalar(select(Clinic.id).where(Clinic.stopped_at.is_not(None))) is not None
