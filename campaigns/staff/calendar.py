"""The calendar: what went out, what is scheduled, what series will bring, closures."""

from __future__ import annotations

from calendar import Calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.broadcasts import drafts
from campaigns.broadcasts.models import BroadcastState
from campaigns.clinic import closures
from campaigns.drips import authoring, forecast
from campaigns.staff.blueprint import bp
from campaigns.staff.broadcasts import STATES
from campaigns.web import context, templating


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing on a day."""

    text: str
    kind: str
    """``scheduled``, ``sent``, ``draft``, ``drip``, ``closed``."""
    note: str = ""
    url: str | None = None


@bp.get("/calendar/")
@requires(Permission.READ_CAMPAIGNS)
def calendar() -> str:
    """Show one month."""
    zone = templating.zone()
    today = context.now().astimezone(zone).date()
    first = _month(request.args.get("month", ""), today)
    weeks = Calendar(firstweekday=6).monthdatescalendar(first.year, first.month)
    start, end = weeks[0][0], weeks[-1][-1]
    with context.reading() as session:
        entries = _entries(session, start, end, today)
    return render_template(
        "staff/calendar/month.html",
        first=first,
        weeks=weeks,
        entries=entries,
        today=today,
        earlier=(first - timedelta(days=1)).strftime("%Y-%m"),
        later=(first + timedelta(days=31)).strftime("%Y-%m"),
    )


def _month(text: str, today: date) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def _entries(session: Session, start: date, end: date, today: date) -> dict[date, list[Entry]]:
    zone = templating.zone()
    found: dict[date, list[Entry]] = defaultdict(list)
    for closure in closures.list_from(session, start):
        day = max(closure.starts_on, start)
        while day <= min(closure.ends_on, end):
            found[day].append(
                Entry(text=closure.label, kind="closed", note="Closed", url=url_for("staff.hours"))
            )
            day += timedelta(days=1)
    since = datetime.combine(start, time(), zone).astimezone(UTC)
    until = datetime.combine(end + timedelta(days=1), time(), zone).astimezone(UTC)
    for one in drafts.list_between(session, since, until):
        at = (one.started_at or one.scheduled_at or one.created_at).astimezone(zone)
        found[at.date()].append(
            Entry(
                text=f"{at:%H:%M} {one.name}",
                kind=_kind(one.state),
                note=STATES[BroadcastState(one.state)][0],
                url=url_for("staff.campaign", broadcast_id=one.id),
            )
        )
    names = {drip.id: drip.name for drip in authoring.list_all(session)}
    begin = max(start, today)
    if begin <= end:
        counts = forecast.by_day(session, first=begin, days=(end - begin).days + 1, zone=zone.key)
        for (drip_id, day), number in sorted(counts.items()):
            found[day].append(
                Entry(
                    text=names.get(drip_id, "Series"),
                    kind="drip",
                    note=f"about {number:,} {'message' if number == 1 else 'messages'}",
                    url=url_for("staff.drip", drip_id=drip_id),
                )
            )
    for day, of_day in found.items():
        closed = any(entry.kind == "closed" for entry in of_day)
        planned = sum(entry.kind == "scheduled" for entry in of_day)
        if planned > 1 or (closed and planned):
            words = "Falls on a closed day" if closed else "Several campaigns on one day"
            found[day] = [*of_day, Entry(text=words, kind="collision")]
    return found


def _kind(state: str) -> str:
    if state in (BroadcastState.SCHEDULED, BroadcastState.PAUSED):
        return "scheduled"
    return "draft" if state == BroadcastState.DRAFT else "sent"
