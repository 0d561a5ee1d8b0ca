"""When a message may be handed over: now, or the next time that everybody's clock allows.

All zones and all states in which a person may be must be inside their windows at once.
Windows are half-open and end a quarter of an hour early, so that what is handed over
also arrives in time. Everything is computed as spans of UTC at the moment it is needed;
no offset is ever stored. A local time that does not exist on a day when clocks change
moves forward, one that comes twice means the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.eligibility import days, states
from campaigns.eligibility.states import Span, Week

SAFETY = timedelta(minutes=15)
"""How long before the end of a window handing over ends."""
HORIZON = timedelta(days=7)
"""A message that finds no opening within this time is dropped."""

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A set of zones and states that many people share."""

    zones: tuple[str, ...]
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the clinic and the law allow on a channel, before any person is looked at."""

    week: Week
    """The clinic's own hours, in the person's zone."""
    statutory: bool
    """Whether federal and state hours apply: for texts, not for email."""
    strict: bool = True
    closures: tuple[tuple[date, date], ...] = ()
    """Days, both ends included, on which nothing is sent."""
    clinic_zone: str = "America/New_York"
    """The zone in which closures are days."""
    stopped_states: tuple[str, ...] = ()
    """States to which no text may go, whatever the hour."""


def open_at(profile: Profile, window: Window, now: datetime) -> bool:
    """Tell whether a message may be handed over now."""
    return any(start <= now < end for start, end in openings(profile, window, now))


def next_open(profile: Profile, window: Window, now: datetime) -> datetime | None:
    """Return the next moment that is open (``now`` if it is), None if none within 7 days.

    While the clinic is closed the seven days begin when it opens again: a holiday of two
    weeks holds messages, it does not lose them.
    """
    now = _after_closure(window, now)
    for start, end in openings(profile, window, now):
        if end > now:
            at = max(start, now)
            return at if at <= now + HORIZON else None
    return None


def _after_closure(window: Window, now: datetime) -> datetime:
    today = now.astimezone(ZoneInfo(window.clinic_zone)).date()
    for first, last in sorted(window.closures):
        if first <= today <= last:
            now = at_minute(last + timedelta(days=1), 0, window.clinic_zone)
            today = last + timedelta(days=1)
    return now


def closes_at(profile: Profile, window: Window, now: datetime) -> datetime | None:
    """Return when the window that is open now ends by law, safety margin not taken off."""
    for start, end in openings(profile, window, now):
        if start <= now < end:
            return end + SAFETY
    return None


def openings(profile: Profile, window: Window, now: datetime) -> tuple[Interval, ...]:
    """Return the open intervals from before ``now`` to beyond the horizon, in order."""
    return _openings(profile, window, now.astimezone(UTC).date())


@lru_cache(maxsize=8192)
def _openings(profile: Profile, window: Window, today: date) -> tuple[Interval, ...]:
    dates = [today + timedelta(days=n) for n in range(-1, HORIZON.days + 3)]
    found = _closed_days_removed(window, dates)
    for zone in profile.zones:
        found = _both(found, _of_week(window.week, zone, dates, None))
        if window.statutory:
            found = _both(found, _of_week(states.FEDERAL, zone, dates, None))
    if window.statutory:
        for state in profile.states:
            row = states.row(state, strict=window.strict)
            if row is None:
                continue
            for zone in [row.zone] if row.zone else profile.zones:
                found = _both(found, _of_week(row.week, zone, dates, state))
    return tuple((start, end - SAFETY) for start, end in found if end - SAFETY > start)


def _of_week(week: Week, zone: str, dates: list[date], state: str | None) -> list[Interval]:
    found: list[Interval] = []
    for on in dates:
        span = week.on(on.weekday())
        if span is None or (week.holidays_closed and days.is_holiday(on, state)):
            continue
        start, end = at_minute(on, span[0], zone), at_minute(on, span[1], zone)
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _closed_days_removed(window: Window, dates: list[date]) -> list[Interval]:
    found: list[Interval] = []
    for on in dates:
        if any(first <= on <= last for first, last in window.closures):
            continue
        start = at_minute(on, 0, window.clinic_zone)
        end = at_minute(on, 24 * 60, window.clinic_zone)
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _both(left: list[Interval], right: list[Interval]) -> list[Interval]:
    found: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return found


def at_minute(on: date, minute: int, zone: str) -> datetime:
    """Return the instant of a local minute of a day, 24:00 being the next day's 00:00."""
    extra, minute = divmod(minute, 24 * 60)
    local = datetime.combine(on + timedelta(days=extra), time(minute // 60, minute % 60))
    # fold=0: a time that comes twice is the first; one that does not exist is read with
    # the offset before the change, which moves it forward by the length of the gap.
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def is_stopped(profile: Profile, window: Window) -> bool:
    """Tell whether a state in which the person may be gets no texts at all for now."""
    return window.statutory and not set(profile.states).isdisjoint(window.stopped_states)


def month_of(profile: Profile, now: datetime) -> Interval:
    """Return the calendar month around ``now`` in the person's zone; the widest of several."""
    starts, ends = [], []
    for zone in profile.zones:
        local = now.astimezone(ZoneInfo(zone))
        first = date(local.year, local.month, 1)
        starts.append(at_minute(first, 0, zone))
        ends.append(at_minute((first + timedelta(days=32)).replace(day=1), 0, zone))
    return min(starts), max(ends)


def week_of(settings: dict[str, object]) -> Week:
    """Read a clinic's window as it is stored: ``{"mf": ["10:00", "18:00"], "sat": null, …}``."""
    return Week(
        mf=_read(settings.get("mf")),
        sat=_read(settings.get("sat")),
        sun=_read(settings.get("sun")),
        holidays_closed=settings.get("holidays") == "closed",
    )


def _read(value: object) -> Span | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    first, last = (_minutes(str(part)) for part in value)
    return (first, last) if first < last else None


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute or 0)
