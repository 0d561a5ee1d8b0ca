"""Hours: the law's windows, zones and holidays, at the edges where mistakes are made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.eligibility import hours, states, zones
from campaigns.eligibility.hours import Profile, Window
from campaigns.eligibility.states import Week

WIDE = Window(
    week=Week(mf=(8 * 60, 20 * 60), sat=(8 * 60, 20 * 60), sun=(8 * 60, 20 * 60)), statutory=True
)
ALL_DAY = Window(week=Week(mf=(0, 1440), sat=(0, 1440), sun=(0, 1440)), statutory=True)
DEFAULT = Window(
    week=Week(mf=(600, 1080), sat=(600, 1020), sun=None, holidays_closed=True), statutory=True
)
NEW_YORK = Profile(zones=("America/New_York",), states=())


def at(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def profile(**data: str) -> Profile:
    found = zones.candidates(**data)
    return Profile(zones=tuple(sorted(found.zones)), states=tuple(sorted(found.states)))


MIAMI = profile(postal_code="33101", area_code="305")


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"),
    [(20, 0, False), (19, 44, True), (19, 45, False), (7, 59, False), (8, 0, True)],
)
def test_florida_closes_at_eight_less_the_safety_margin(
    hour: int, minute: int, is_open: bool
) -> None:
    now = at("America/New_York", 2026, 11, 18, hour, minute)
    assert hours.open_at(MIAMI, WIDE, now) is is_open


def test_texas_is_closed_on_sunday_morning() -> None:
    austin = profile(postal_code="78701", area_code="512")
    assert not hours.open_at(austin, WIDE, at("America/Chicago", 2026, 11, 22, 11, 59))
    assert hours.open_at(austin, WIDE, at("America/Chicago", 2026, 11, 22, 12, 0))


def test_a_number_of_a_code_that_spans_zones_waits_for_the_later_zone() -> None:
    pensacola = profile(area_code="850")
    assert not hours.open_at(pensacola, WIDE, at("America/New_York", 2026, 11, 18, 8, 30))
    assert hours.open_at(pensacola, WIDE, at("America/New_York", 2026, 11, 18, 9, 0))


def test_arizona_in_summer_waits_for_both_of_its_clocks() -> None:
    navajo = profile(area_code="928")
    assert not hours.open_at(navajo, WIDE, at("America/Denver", 2026, 7, 15, 8, 30))
    assert hours.open_at(navajo, WIDE, at("America/Denver", 2026, 7, 15, 9, 0))
    phoenix = profile(area_code="602")
    assert hours.open_at(phoenix, WIDE, at("America/Phoenix", 2026, 7, 15, 8, 0))


def test_mississippi_keeps_central_hours_wherever_the_person_is() -> None:
    moved = Profile(zones=("America/New_York",), states=("MS",))
    assert not hours.open_at(moved, WIDE, at("America/New_York", 2026, 11, 18, 8, 30))
    assert hours.open_at(moved, WIDE, at("America/New_York", 2026, 11, 18, 9, 0))


def test_a_person_of_whom_nothing_is_known_has_the_hours_of_the_whole_country() -> None:
    nobody = profile()
    assert hours.open_at(nobody, DEFAULT, at("America/New_York", 2026, 11, 18, 15, 0))
    assert not hours.open_at(nobody, DEFAULT, at("America/New_York", 2026, 11, 18, 14, 59))


@pytest.mark.parametrize("day", [(2027, 3, 14), (2026, 11, 1), (2027, 11, 7)])
@pytest.mark.parametrize("zone", ["America/New_York", "America/Phoenix", "America/Denver"])
def test_windows_open_at_local_eight_on_days_when_clocks_change(
    zone: str, day: tuple[int, int, int]
) -> None:
    person = Profile(zones=(zone,), states=())
    assert hours.open_at(person, WIDE, at(zone, *day, 8, 0))
    assert not hours.open_at(person, WIDE, at(zone, *day, 7, 59))
    assert hours.open_at(person, WIDE, at(zone, *day, 19, 44))
    assert not hours.open_at(person, WIDE, at(zone, *day, 19, 45))


def test_a_local_time_that_does_not_exist_moves_forward() -> None:
    moment = hours.at_minute(date(2027, 3, 14), 150, "America/New_York")
    assert moment.astimezone(ZoneInfo("America/New_York")).hour == 3


def test_a_local_time_that_comes_twice_means_the_first() -> None:
    moment = hours.at_minute(date(2026, 11, 1), 90, "America/New_York")
    assert moment == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_federal_holiday_is_closed_under_the_default_window() -> None:
    thanksgiving = at("America/New_York", 2026, 11, 26, 13, 0)
    assert not hours.open_at(NEW_YORK, DEFAULT, thanksgiving)
    assert hours.next_open(NEW_YORK, DEFAULT, thanksgiving) == at(
        "America/New_York", 2026, 11, 27, 10, 0
    )


def test_a_state_that_rests_on_holidays_is_closed_though_the_clinic_is_not() -> None:
    philadelphia = profile(postal_code="19103", area_code="215")
    christmas = at("America/New_York", 2026, 12, 25, 13, 0)
    assert not hours.open_at(philadelphia, WIDE, christmas)
    assert hours.open_at(MIAMI, WIDE, christmas)


def test_closures_hold_and_a_long_one_loses_nothing() -> None:
    closed = Window(
        week=WIDE.week,
        statutory=True,
        closures=((date(2026, 12, 1), date(2026, 12, 14)),),
        clinic_zone="America/New_York",
    )
    now = at("America/New_York", 2026, 12, 1, 12, 0)
    assert not hours.open_at(NEW_YORK, closed, now)
    assert hours.next_open(NEW_YORK, closed, now) == at("America/New_York", 2026, 12, 15, 8, 0)


def test_nothing_in_seven_days_is_no_opening() -> None:
    never = Window(week=Week(mf=None, sat=None, sun=None), statutory=False)
    assert hours.next_open(NEW_YORK, never, at("America/New_York", 2026, 11, 18, 12)) is None


def test_strict_rows_count_only_under_strict_hours() -> None:
    maine = Profile(zones=("America/New_York",), states=("ME",))
    saturday = at("America/New_York", 2026, 11, 21, 12, 0)
    assert not hours.open_at(maine, WIDE, saturday)
    lenient = Window(week=WIDE.week, statutory=True, strict=False)
    assert hours.open_at(maine, lenient, saturday)


def test_email_keeps_the_clinics_hours_only() -> None:
    courtesy = Window(week=Week(mf=(420, 1200), sat=(420, 1200), sun=(420, 1200)), statutory=False)
    philadelphia = profile(postal_code="19103")
    assert hours.open_at(philadelphia, courtesy, at("America/New_York", 2026, 11, 22, 7, 0))


ZONES = sorted({zone for found in zones.STATE_ZONES.values() for zone in found})


@given(
    places=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    codes=st.lists(st.sampled_from(sorted(states.STATES)), max_size=2, unique=True),
    minutes=st.integers(0, 400 * 24 * 60),
    window=st.sampled_from([WIDE, DEFAULT, ALL_DAY]),
)
@settings(max_examples=150, deadline=None)
def test_open_now_is_what_every_clock_on_the_wall_says(
    places: list[str], codes: list[str], minutes: int, window: Window
) -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    person = Profile(zones=tuple(places), states=tuple(codes))
    assert hours.open_at(person, window, now) is _by_the_wall(person, window, now)
    coming = hours.next_open(person, window, now)
    if coming is not None:
        assert hours.open_at(person, window, coming)


def _by_the_wall(person: Profile, window: Window, now: datetime) -> bool:
    from campaigns.eligibility.days import is_holiday

    checks = [(zone, window.week, None) for zone in person.zones]
    checks += [(zone, states.FEDERAL, None) for zone in person.zones]
    for code in person.states:
        row = states.row(code, strict=window.strict)
        if row is not None:
            checks += [
                (zone, row.week, code) for zone in ([row.zone] if row.zone else person.zones)
            ]
    starts, ends = [], []
    for zone, week, state in checks:
        local = now.astimezone(ZoneInfo(zone))
        span = week.on(local.weekday())
        if span is None or (week.holidays_closed and is_holiday(local.date(), state)):
            return False
        starts.append(hours.at_minute(local.date(), span[0], zone))
        ends.append(hours.at_minute(local.date(), span[1], zone))
    return max(starts) <= now < min(ends) - hours.SAFETY
