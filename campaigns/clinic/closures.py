"""Days on which the clinic is closed: campaigns and series wait, by text and by email."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.clinic.models import Closure
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput, NotFound

LONGEST = timedelta(days=366)


def add(
    session: Session, actor: Actor, *, starts_on: date, ends_on: date, label: str, now: datetime
) -> Closure:
    """Add a closure, both ends included.

    Raises: InvalidInput ``closure_dates``, ``closure_label``.
    """
    if ends_on < starts_on or ends_on - starts_on > LONGEST:
        raise InvalidInput(
            "closure_dates",
            "The closure must end on or after the day it begins, and last a year at most.",
            fields={"ends_on": "Choose a day on or after the first one."},
        )
    label = label.strip()
    if not label or len(label) > 80:
        raise InvalidInput(
            "closure_label",
            "Name the closure in up to 80 characters, like Thanksgiving.",
            fields={"label": "Name it in up to 80 characters."},
        )
    closure = Closure(starts_on=starts_on, ends_on=ends_on, label=label)
    session.add(closure)
    session.flush()
    audit.append(
        session,
        actor,
        "closure.added",
        subject_kind="closure",
        subject_id=closure.id,
        now=now,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat(),
    )
    return closure


def remove(session: Session, actor: Actor, closure_id: int, *, now: datetime) -> None:
    """Remove a closure.

    Raises: NotFound ``closure``.
    """
    closure = session.get(Closure, closure_id)
    if closure is None:
        raise NotFound("closure", "This closure is not there any more.")
    session.delete(closure)
    audit.append(
        session, actor, "closure.removed", subject_kind="closure", subject_id=closure_id, now=now
    )
    session.flush()


def list_from(session: Session, on: date) -> list[Closure]:
    """Return the closures that end on or after a day, earliest first."""
    query = select(Closure).where(Closure.ends_on >= on).order_by(Closure.starts_on, Closure.id)
    return list(session.scalars(query))


def covering(session: Session, on: date) -> Closure | None:
    """Return the closure that a day falls into, if any."""
    query = select(Closure).where(Closure.starts_on <= on, Closure.ends_on >= on).limit(1)
    return session.scalar(query)


def days(session: Session, first: date, last: date) -> frozenset[date]:
    """Return every closed day between two days, both included; for the gate's hours."""
    query = select(Closure).where(Closure.starts_on <= last, Closure.ends_on >= first)
    found: set[date] = set()
    for closure in session.scalars(query):
        day = max(closure.starts_on, first)
        while day <= min(closure.ends_on, last):
            found.add(day)
            day += timedelta(days=1)
    return frozenset(found)
