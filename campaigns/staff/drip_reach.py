"""Who waits for a step of a series and who of them would get it, and what became of the rest."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience.models import Segment
from campaigns.content.models import Lesson
from campaigns.core.errors import NotFound
from campaigns.delivery import reach, step_reach
from campaigns.delivery.models import Origin
from campaigns.drips import authoring
from campaigns.drips.models import Drip, DripStep, DripVersion, Enrolment, EnrolmentState
from campaigns.eligibility.gate import SENTENCES
from campaigns.staff import broadcast_reach, broadcast_side
from campaigns.staff.blueprint import bp
from campaigns.web import context


@bp.get("/drips/<int:drip_id>/messages/<int:position>")
@requires(Permission.READ_CAMPAIGNS)
def drip_step_reach(drip_id: int, position: int) -> str:
    """Count who waits for the step, by what the gate says now, and what became of the others."""
    with context.reading() as session:
        drip = authoring.get(session, drip_id)
        steps = _steps(session, drip, position)
        newest = steps[-1]
        lesson = session.get_one(Lesson, newest.lesson_id)
        waiting = step_reach.waiting(
            session, _waiting(drip, position), **_message(session, drip, newest, lesson)
        )
        done = reach.counts(
            session,
            origin_kind=Origin.DRIP_STEP,
            origin_id=newest.id,
            more=[step.id for step in steps[:-1]],
        )
    return render_template(
        "staff/drips/reach.html",
        drip=drip,
        position=position,
        lesson=lesson,
        waiting=waiting,
        done=[reason for reasons in done.values() for reason in reasons],
    )


@bp.get("/drips/<int:drip_id>/messages/<int:position>/<code>")
@requires(Permission.READ_PEOPLE)
def drip_step_people(drip_id: int, position: int, code: str) -> str:
    """List the people who wait for the step and to whom a reason applies."""
    if code != step_reach.REACHED and code not in SENTENCES:
        raise NotFound("reason_unknown", "There is no such list.")
    after = request.args.get("after", 0, type=int)
    with context.reading() as session:
        drip = authoring.get(session, drip_id)
        newest = _steps(session, drip, position)[-1]
        lesson = session.get_one(Lesson, newest.lesson_id)
        found = step_reach.people(
            session,
            _waiting(drip, position),
            **_message(session, drip, newest, lesson),
            code=code,
            after=after,
            limit=broadcast_reach.PAGE,
        )
    next_url = None
    if len(found) == broadcast_reach.PAGE:
        next_url = url_for(
            "staff.drip_step_people",
            drip_id=drip_id,
            position=position,
            code=code,
            after=found[-1].id,
        )
    return render_template(
        "staff/drips/reach_people.html",
        drip=drip,
        position=position,
        people=found,
        words=broadcast_reach.sentence_of(code),
        next_url=next_url,
    )


def _steps(session: Session, drip: Drip, position: int) -> list[DripStep]:
    """Return the step at a place in every version of a series, oldest first."""
    steps = session.scalars(
        select(DripStep)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .where(DripVersion.drip_id == drip.id, DripStep.position == position)
        .order_by(DripStep.version_id)
    ).all()
    if not steps:
        raise NotFound("step_unknown", "This series has no such message.")
    return list(steps)


def _waiting(drip: Drip, position: int) -> Select[Any]:
    return select(Enrolment.contact_id).where(
        Enrolment.drip_id == drip.id,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.position == position - 1,
    )


def _message(session: Session, drip: Drip, step: DripStep, lesson: Lesson) -> dict[str, Any]:
    segment = session.get(Segment, drip.segment_id) if drip.segment_id else None
    return {
        "version_id": step.lesson_version_id,
        "rule": segment.rule if segment else None,
        "channel": lesson.channel,
        "providers": broadcast_reach.providers(broadcast_side.ways()),
        "now": context.now(),
    }
