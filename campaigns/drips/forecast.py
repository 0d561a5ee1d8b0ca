"""How many people stand where in a series, and what goes out in the coming days."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from campaigns.core.db import is_sqlite
from campaigns.drips.models import Drip, DripState, DripStep, Enrolment, EnrolmentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many people of a series are in it, are through, and left early."""

    active: int = 0
    completed: int = 0
    exited: int = 0


def standings(session: Session, drip_ids: list[int]) -> dict[int, Standing]:
    """Count the people of several series."""
    counts: dict[int, dict[str, int]] = {drip_id: {} for drip_id in drip_ids}
    rows = session.execute(
        select(Enrolment.drip_id, Enrolment.state, func.count())
        .where(Enrolment.drip_id.in_(drip_ids))
        .group_by(Enrolment.drip_id, Enrolment.state)
    )
    for drip_id, state, number in rows:
        counts[drip_id][state] = number
    return {drip_id: Standing(**found) for drip_id, found in counts.items()}


def next_sends(session: Session, drip: Drip) -> dict[int, tuple[datetime, int]]:
    """Return, by position, when the step next goes out and how many people wait for it."""
    rows = session.execute(
        select(Enrolment.position, func.min(Enrolment.next_due_at), func.count())
        .where(
            Enrolment.drip_id == drip.id,
            Enrolment.state == EnrolmentState.ACTIVE,
            Enrolment.next_due_at.is_not(None),
        )
        .group_by(Enrolment.position)
    )
    return {position + 1: (at, number) for position, at, number in rows if at is not None}


def by_day(
    session: Session, *, first: date, days: int, zone: str, drip_id: int | None = None
) -> dict[tuple[int, date], int]:
    """Count the messages of live series by (drip, day), people who will enter left aside.

    The next step of each person is where it is planned; later ones follow at the pace of
    their waits, so the far days are a forecast and not a plan.
    """
    last = first + timedelta(days=days - 1)
    day = _local_day(session, Enrolment.next_due_at, zone, first)
    query = (
        select(Enrolment.drip_id, Enrolment.version_id, Enrolment.position, day, func.count())
        .join(Drip, Drip.id == Enrolment.drip_id)
        .where(
            Drip.state == DripState.LIVE,
            Enrolment.state == EnrolmentState.ACTIVE,
            Enrolment.next_due_at < datetime.combine(last + timedelta(days=2), time(), UTC),
        )
        .group_by(Enrolment.drip_id, Enrolment.version_id, Enrolment.position, day)
    )
    if drip_id is not None:
        query = query.where(Enrolment.drip_id == drip_id)
    found: Counter[tuple[int, date]] = Counter()
    paces: dict[int, list[int]] = {}
    for drip, version, position, on, number in session.execute(query):
        if version not in paces:
            paces[version] = _paces(session, version)
        due = max(date.fromisoformat(on), first)  # what is overdue goes out on the first day
        for index in range(position, len(paces[version])):
            if index > position:
                due += timedelta(days=paces[version][index])
            if due > last:
                break
            found[drip, due] += number
    return dict(found)


def due_within(session: Session, *, now: datetime, days: int = 7) -> dict[int, int]:
    """Count the messages of each live series in the coming days."""
    zone = "UTC"
    found: Counter[int] = Counter()
    for (drip_id, _), number in by_day(session, first=now.date(), days=days, zone=zone).items():
        found[drip_id] += number
    return dict(found)


def _paces(session: Session, version_id: int) -> list[int]:
    # Whole days between steps; a wait of minutes that reaches into the next day counts one.
    rows = session.execute(
        select(DripStep.wait_days, DripStep.wait_minutes)
        .where(DripStep.version_id == version_id)
        .order_by(DripStep.position)
    )
    return [days + minutes // (24 * 60) for days, minutes in rows]


def _local_day(session: Session, column: Any, zone: str, on: date) -> Any:
    if not is_sqlite(session):
        return cast(func.date(func.timezone(zone, column)), String)
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=ZoneInfo(zone))
    minutes = int((noon.utcoffset() or timedelta()).total_seconds() // 60)
    return func.date(column, f"{minutes:+d} minutes")
