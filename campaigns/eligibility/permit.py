"""May this number be texted at this moment: the gate's answer about hours, and why.

Pure: a number, a ZIP code, an instant and a window in; zones, states and the next opening
out. The gate works from the same zones, states and windows (``delivery.profiles``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from campaigns.clinic import defaults
from campaigns.contacts import addresses
from campaigns.core.errors import InvalidInput
from campaigns.eligibility import days, hours, states, zones
from campaigns.eligibility.hours import Profile, Window
from campaigns.eligibility.states import Span, Week

_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether a text may be handed over at an instant, and what decides it."""

    allowed: bool
    zones: tuple[str, ...]
    """Every zone in which the person may be, sorted; empty for a number that gets no texts."""
    states: tuple[str, ...]
    """Every state whose law counts, sorted."""
    reason: str | None
    """None if allowed; ``outside_hours``; ``no_window`` (nothing within seven days);
    ``state_stopped`` (staff stopped texts to a state); or the code of what is wrong with the
    number, like ``phone_toll_free``."""
    next: datetime | None
    """The first instant from ``at`` on (itself, if allowed) at which it may leave, in UTC; None
    if there is none within seven days."""
    because: tuple[str, ...] = ()
    """Sentences for staff, one for each rule that is closed or fault that was found."""


def explain(
    phone: str,
    postal_code: str | None,
    at: datetime,
    *,
    window: Window | None = None,
    state: str | None = None,
    timezone: str | None = None,
) -> Answer:
    """Tell whether a marketing text may be handed over to a number at ``at`` (aware).

    ``phone`` may be written in any usual way. ``window`` is the clinic's own
    (``profiles.window_of``), by default the one that every clinic starts with; see
    ``with_hours`` for another. A ZIP code that does not exist counts as not known.
    """
    try:
        number = addresses.normalise_phone(phone)
    except InvalidInput as fault:
        return Answer(
            allowed=False,
            zones=(),
            states=(),
            reason=fault.code,
            next=None,
            because=(fault.message,),
        )
    found = zones.candidates(
        timezone=timezone, postal_code=postal_code, state=state, area_code=number[2:5]
    )
    profile = Profile(zones=tuple(sorted(found.zones)), states=tuple(sorted(found.states)))
    window = window or default_window()
    at = at.astimezone(UTC)
    if hours.is_stopped(profile, window):
        return Answer(
            allowed=False,
            zones=profile.zones,
            states=profile.states,
            reason="state_stopped",
            next=None,
            because=("Texts to a state in which this person may be are stopped for now.",),
        )
    following = hours.next_open(profile, window, at)
    allowed = following == at
    reason = None if allowed else "no_window" if following is None else "outside_hours"
    return Answer(
        allowed=allowed,
        zones=profile.zones,
        states=profile.states,
        reason=reason,
        next=following,
        because=() if allowed else tuple(_closed(profile, window, at)),
    )


@cache
def default_window() -> Window:
    """Return the hours for texts that a clinic starts with."""
    return Window(week=hours.week_of(defaults.sms_window()), statutory=True)


def with_hours(window: Window, text: str) -> Window:
    """Return a window whose own hours are ``HH:MM-HH:MM`` on every day of the week.

    Sundays and the clinic's own rest on holidays are replaced with them, for both are part of
    the clinic's own hours; the law's are not, and neither are the days on which the
    clinic has said that it is closed.

    Raises: InvalidInput ``window``.
    """
    span = _span(text)
    return replace(window, week=Week(mf=span, sat=span, sun=span))


def _span(text: str) -> Span:
    first, dash, last = text.strip().partition("-")
    span = _minutes(first), _minutes(last)
    if not dash or None in span or not span[0] < span[1]:  # type: ignore[operator]
        raise InvalidInput(
            "window",
            f"“{text[:40]}” is no window. Give its beginning and its end, like 08:00-20:00.",
        )
    return span  # type: ignore[return-value]


def _minutes(text: str) -> int | None:
    hour, colon, minute = text.strip().partition(":")
    parts = (hour, minute)
    if not colon or not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
        return None
    found = int(hour) * 60 + int(minute)
    return found if int(minute) < 60 and found <= _DAY else None


def _closed(profile: Profile, window: Window, at: datetime) -> list[str]:
    """Return a sentence for each rule that is closed at an instant, in any zone."""
    found: list[str] = []
    today = at.astimezone(ZoneInfo(window.clinic_zone)).date()
    if any(first <= today <= last for first, last in window.closures):
        found.append("The clinic is closed on this day.")
    for zone in profile.zones:
        found += _shut("The clinic's own hours", window.week, zone, at, None)
        if window.statutory:
            found += _shut("Federal hours", states.FEDERAL, zone, at, None)
    for state in profile.states if window.statutory else ():
        row = states.row(state, strict=window.strict)
        if row is not None:
            for zone in (row.zone,) if row.zone else profile.zones:
                found += _shut(f"{state} ({row.source})", row.week, zone, at, state)
    return found


def _shut(what: str, week: Week, zone: str, at: datetime, state: str | None) -> list[str]:
    local = at.astimezone(ZoneInfo(zone))
    span = week.on(local.weekday())
    there = f"{what}: {local:%A %H:%M} in {zone}"
    if week.holidays_closed and days.is_holiday(local.date(), state):
        return [f"{there} is a holiday, and closed."]
    if span is None:
        return [f"{there} is a day that is closed."]
    start, end = (
        hours.at_minute(local.date(), span[0], zone),
        hours.at_minute(local.date(), span[1], zone),
    )
    if start <= at < end - hours.SAFETY:
        return []
    return [
        (
            f"{there} is outside {_clock(span[0])} to {_clock(span[1])}, less "
            f"{hours.SAFETY.seconds // 60} minutes at the end."
        )
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
