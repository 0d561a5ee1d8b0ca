"""The life of a drip: draft, live, paused, archived.

Pausing holds people where they are: nobody passes a step unseen, nobody drops out.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.accounts.models import AuditEntry
from campaigns.broadcasts.checks import Obstacle, Ways, version_obstacles
from campaigns.core.actors import Actor
from campaigns.core.db import change
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.drips import authoring, bystanders, checks, exits
from campaigns.drips.models import Drip, DripState, EndReason, Enrolment, EnrolmentState

_WORDS = {
    DripState.DRAFT: "a draft",
    DripState.LIVE: "live",
    DripState.PAUSED: "paused",
    DripState.ARCHIVED: "archived",
}


class Overdue(StrEnum):
    """What happens on resuming to steps whose time passed during the pause."""

    SEND = "send"  # each person gets the one next step now, then waits as usual
    WAIT = "wait"  # the wait for the next step begins anew


def go_live(
    session: Session,
    actor: Actor,
    drip_id: int,
    *,
    now: datetime,
    ways: Ways,
    enrol_existing: bool | None = None,
) -> Drip:
    """Publish the draft and let people in from now on.

    Unless ``enrol_existing``, people who are in the group already stay outside.
    Raises: InvalidInput when something stands in the way, by code in ``fields``.
    """
    drip = authoring.get(session, drip_id)
    if drip.state != DripState.DRAFT:
        raise _conflict(drip, "go live")
    _refuse(checks.obstacles(session, drip, ways=ways, now=now, sender_id=actor.id))
    if enrol_existing is not None:
        drip.enrol_existing = enrol_existing
    _publish(session, actor, drip_id, now)
    _swap(
        session,
        drip,
        (DripState.DRAFT,),
        DripState.LIVE,
        now,
        "go live",
        live_since=now,
        looked_at=now,
    )
    noted = 0
    if not drip.enrol_existing:
        noted = bystanders.remember(session, drip, now=now)
    _audit(session, actor, "drip.live", drip_id, now, not_entered=noted)
    return drip


def publish_changes(
    session: Session, actor: Actor, drip_id: int, *, now: datetime, ways: Ways
) -> Drip:
    """Give people who enter from now on what the draft says; others keep what they have."""
    drip = authoring.get(session, drip_id)
    if drip.state not in (DripState.LIVE, DripState.PAUSED):
        raise _conflict(drip, "take changes over; it has to go live first")
    _refuse(checks.obstacles(session, drip, ways=ways, now=now, sender_id=actor.id))
    _publish(session, actor, drip_id, now)
    return drip


def pause(session: Session, actor: Actor, drip_id: int, *, now: datetime) -> Drip:
    """Hold everybody in the series where they are; nobody enters."""
    drip = authoring.get(session, drip_id)
    if drip.state == DripState.PAUSED:
        return drip
    _swap(session, drip, (DripState.LIVE,), DripState.PAUSED, now, "be paused", paused_at=now)
    _audit(session, actor, "drip.paused", drip_id, now)
    return drip


def resume(
    session: Session,
    actor: Actor,
    drip_id: int,
    *,
    now: datetime,
    overdue: Overdue = Overdue.SEND,
) -> Drip:
    """Go on after a pause. Nobody gets more than one step at once, whichever way."""
    drip = authoring.get(session, drip_id)
    _swap(session, drip, (DripState.PAUSED,), DripState.LIVE, now, "be resumed", paused_at=None)
    if overdue is Overdue.WAIT:
        change(
            session,
            update(Enrolment)
            .where(
                Enrolment.drip_id == drip_id,
                Enrolment.state == EnrolmentState.ACTIVE,
                Enrolment.next_due_at <= now,
            )
            .values(waits_from=now, next_due_at=None),
        )
    _audit(session, actor, "drip.resumed", drip_id, now, overdue=overdue)
    return drip


def archive(session: Session, actor: Actor, drip_id: int, *, now: datetime) -> Drip:
    """End the series for everybody in it and take it out of the list; figures stay."""
    drip = authoring.get(session, drip_id)
    if drip.state == DripState.ARCHIVED:
        return drip
    _swap(
        session,
        drip,
        (DripState.DRAFT, DripState.LIVE, DripState.PAUSED),
        DripState.ARCHIVED,
        now,
        "be archived",
        archived_at=now,
    )
    ended = exits.exit_all(session, drip_id, EndReason.ARCHIVED, now=now)
    _audit(session, actor, "drip.archived", drip_id, now, ended=ended)
    return drip


def _publish(session: Session, actor: Actor, drip_id: int, now: datetime) -> None:
    version = authoring.publish(session, actor, drip_id, now=now)
    for step in authoring.steps_of(session, version.id):
        if step.lesson_version_id is not None:
            _refuse(version_obstacles(session, step.lesson_version_id, now=now, sender_id=actor.id))


def _refuse(obstacles: list[Obstacle]) -> None:
    if obstacles:
        raise InvalidInput(
            "drip_not_ready",
            "This series cannot go out yet: " + " ".join(o.message for o in obstacles),
            fields={o.code: o.message for o in obstacles},
        )


def _swap(
    session: Session,
    drip: Drip,
    old: tuple[DripState, ...],
    new: DripState,
    now: datetime,
    verb: str,
    **values: Any,
) -> None:
    session.flush()
    changed = change(
        session,
        update(Drip)
        .where(Drip.id == drip.id, Drip.state.in_(old))
        .values(state=new, updated_at=now, revision=Drip.revision + 1, **values),
    )
    session.refresh(drip)
    if not changed:
        raise _conflict(drip, verb)


def _conflict(drip: Drip, verb: str) -> Conflict:
    return Conflict(
        "drip_state",
        f"This series is {_WORDS[DripState(drip.state)]} now, so it cannot {verb}. "
        "Nothing was changed.",
    )


def _audit(
    session: Session, actor: Actor, action: str, drip_id: int, now: datetime, **detail: Any
) -> None:
    audit.append(session, actor, action, subject_kind="drip", subject_id=drip_id, now=now, **detail)


def stopped_because(session: Session, drip: Drip) -> str | None:
    """Return why a paused drip stopped itself; None if a person paused it."""
    if drip.state != DripState.PAUSED or drip.paused_at is None:
        return None
    detail = session.scalar(
        select(AuditEntry.detail)
        .where(
            AuditEntry.subject_kind == "drip",
            AuditEntry.subject_id == drip.id,
            AuditEntry.action == "drip.stopped_itself",
            AuditEntry.at >= drip.paused_at,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    return str(detail.get("reason") or "") or None if detail else None
