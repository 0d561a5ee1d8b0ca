"""When the next step of a drip is due: calendar days in the person's own zone. Pure.

"1 day later at 9:00" means the next calendar day at 9:00 where the person is, however
late the step before went out. A wait in days without a time keeps the time of day, also
across a change of the clocks. A wall-clock time that a spring change skips moves forward
by what was skipped; one that an autumn change repeats means the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.core.errors import InvalidInput

MAX_DAYS = 730
MAX_MINUTES = 60 * 24 * 14
GRACE = timedelta(hours=6)
"""A hand-over that is at most this late counts from its due time, a later one from now."""

_LOCAL_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long a step waits after the one before, or after entry."""

    days: int = 0
    minutes: int = 0
    at_local_time: str | None = None
    """"HH:MM"; None means as soon as days and minutes are over."""


def checked(wait: Wait) -> Wait:
    """Return the wait with its time as two-digit hours and minutes.

    Raises: InvalidInput naming each field that cannot be used.
    """
    fields: dict[str, str] = {}
    if not 0 <= wait.days <= MAX_DAYS:
        fields["wait_days"] = f"Give 0 to {MAX_DAYS} days."
    if not 0 <= wait.minutes <= MAX_MINUTES:
        fields["wait_minutes"] = f"Give 0 to {MAX_MINUTES} minutes, and days for longer waits."
    at = (wait.at_local_time or "").strip()
    found = _LOCAL_TIME.fullmatch(at)
    if at and not found:
        fields["at_local_time"] = "Give a time of day such as 09:00, or leave it empty."
    if fields:
        raise InvalidInput("wait_invalid", "This timing cannot be used.", fields=fields)
    return Wait(
        days=wait.days,
        minutes=wait.minutes,
        at_local_time=f"{int(found[1]):02d}:{found[2]}" if found else None,
    )


def next_due(base: datetime, wait: Wait, zone: str) -> datetime:
    """Return the moment, in UTC, at which a step is due that waits from ``base``."""
    return _next_due(base.astimezone(UTC), wait, zone)


@lru_cache(maxsize=8192)
def _next_due(base: datetime, wait: Wait, zone: str) -> datetime:
    # Kept because people of one zone wait from the same morning; in UTC no two moments are equal.
    if wait.at_local_time is None and not wait.days:
        return base + timedelta(minutes=wait.minutes)
    local_zone = _zone(zone)
    if wait.at_local_time is None:
        local = base.astimezone(local_zone)
        moved = at_wall(local.date() + timedelta(days=wait.days), local.time(), local_zone)
        return moved + timedelta(minutes=wait.minutes)
    earliest = base + timedelta(minutes=wait.minutes)
    day = earliest.astimezone(local_zone).date() + timedelta(days=wait.days)
    hour, minute = wait.at_local_time.split(":")
    at = time(int(hour), int(minute))
    due = at_wall(day, at, local_zone)
    if due < earliest:
        due = at_wall(day + timedelta(days=1), at, local_zone)
    return due


def at_wall(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC moment at which a wall clock in ``zone`` shows this day and time.

    A skipped time moves forward by the length of the gap; a repeated one means the first.
    """
    # fold=0 is the first of two; in a gap it is the offset before the change, which
    # lands after the gap once it is read back as a wall-clock time.
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)


def waits_from(due: datetime, now: datetime) -> datetime:
    """Return the moment from which the wait after a step counts that was due at ``due``.

    A worker that is minutes late must not push the series over midnight; one that was
    stopped for days must not send what piled up in one burst.
    """
    return due if now - due <= GRACE else now


def describe(wait: Wait, *, first: bool) -> str:
    """Return the wait in words, as a card of the series shows it."""
    parts = []
    if wait.days:
        parts.append(_count(wait.days, "day"))
    hours, minutes = divmod(wait.minutes, 60)
    if hours:
        parts.append(_count(hours, "hour"))
    if minutes:
        parts.append(_count(minutes, "minute"))
    after = "entering" if first else "the step before"
    if wait.at_local_time is None:
        if not parts:
            return "Right on entering" if first else "Together with the step before"
        return f"{' and '.join(parts)} after {after}"
    at = f"at {wait.at_local_time} in the person's own time"
    if not parts:
        return f"The next time it is {wait.at_local_time} where the person is"
    if parts and wait.days == 1 and not wait.minutes:
        return f"The day after {after}, {at}"
    return f"{' and '.join(parts)} after {after}, {at}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("America/New_York")
