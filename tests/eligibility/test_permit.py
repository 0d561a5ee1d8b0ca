"""May this number be texted now, and when next: against a second reading of the rules.

The oracle below is written from the rules as the law's table prints them, minute by
minute and zone by zone; it shares no code with ``hours``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.contacts import areas
from campaigns.core.errors import InvalidInput
from campaigns.eligibility import permit, states

NEW_YORK = ZoneInfo("America/New_York")
WIDE = permit.with_hours(permit.default_window(), "08:00-20:00")

Hours = tuple[int, int] | None
ALL_WEEK: dict[str, tuple[int, int]] = {
    "CT": (9, 20), "FL": (8, 20), "KY": (10, 21), "MD": (8, 20), "MA": (8, 20), "MI": (9, 21),
    "NV": (9, 20), "NM": (9, 21), "OK": (8, 20), "OR": (8, 20), "WA": (8, 20), "WY": (8, 20),
    "CA": (9, 21), "IL": (9, 21), "MN": (9, 21),
}  # fmt: skip
BY_DAY: dict[str, tuple[Hours, Hours, Hours, bool]] = {
    "AL": ((8, 20), (8, 20), None, True),
    "LA": ((8, 20), (8, 20), None, True),
    "ME": ((9, 17), None, None, True),
    "MS": ((8, 20), (8, 20), None, False),
    "PA": ((9, 19), (9, 19), None, True),
    "RI": ((9, 18), (10, 17), None, True),
    "SD": ((9, 21), None, None, False),
    "TX": ((9, 21), (9, 21), (12, 21), False),
    "UT": ((8, 21), (8, 21), None, True),
}
FEDERAL_DAYS = frozenset(holidays.country_holidays("US", years=range(2025, 2030)))


def _closed_by_holiday(state: str, on: date) -> bool:
    state_days = holidays.country_holidays("US", subdiv=state, years=on.year)
    return on in FEDERAL_DAYS or on in state_days


def _lawful(zone_names: tuple[str, ...], codes: tuple[str, ...], at: datetime, own: Any) -> bool:
    for name in zone_names:
        local = at.astimezone(ZoneInfo(name))
        checks = [(local, (8, 21)), (local, own(local))]
        for code in codes:
            there = at.astimezone(ZoneInfo("America/Chicago")) if code == "MS" else local
            if code in ALL_WEEK:
                checks.append((there, ALL_WEEK[code]))
            elif code in BY_DAY:
                mf, sat, sun, rests = BY_DAY[code]
                day = mf if there.weekday() < 5 else sat if there.weekday() == 5 else sun
                shut = rests and _closed_by_holiday(code, there.date())
                checks.append((there, None if shut else day))
        for wall, span in checks:
            if span is None:
                return False
            minute = wall.hour * 60 + wall.minute
            if not span[0] * 60 <= minute < span[1] * 60 - 15:
                return False
    return True


def _wide(_local: datetime) -> Hours:
    return 8, 20


def _default(local: datetime) -> Hours:
    if local.date() in FEDERAL_DAYS:
        return None
    return (10, 18) if local.weekday() < 5 else (10, 17) if local.weekday() == 5 else None


ZIPS = st.sampled_from(
    [None, "32501", "32301", "86515", "85004", "39201", "19103", "70112", "36104", "78701", "79901",
     "46320", "37402", "83814", "97914", "99501", "99546", "96813", "89883", "59718", "57701",
     "57104", "04101", "00901", "96910", "09012", "00000", "42101", "49801", "10001"]
)  # fmt: skip
PHONES = st.sampled_from(sorted(areas.AREA_CODES)).map(lambda code: f"+1{code}5550123")
SECONDS = st.integers(0, 3 * 366 * 86_400)
START = datetime(2026, 1, 1, tzinfo=UTC)


@given(phone=PHONES, postal_code=ZIPS, second=SECONDS, wide=st.booleans())
@settings(max_examples=300, deadline=None)
def test_allowed_means_lawful_on_every_clock_and_in_every_state(
    phone: str, postal_code: str | None, second: int, wide: bool
) -> None:
    at = START + timedelta(seconds=second)
    found = permit.explain(phone, postal_code, at, window=WIDE if wide else None)
    own = _wide if wide else _default
    assert found.allowed is _lawful(found.zones, found.states, at, own)
    assert (found.reason is None) is found.allowed
    assert bool(found.because) is not found.allowed


@given(phone=PHONES, postal_code=ZIPS, second=SECONDS, wide=st.booleans())
@settings(max_examples=60, deadline=None)
def test_next_is_the_first_lawful_minute_within_seven_days(
    phone: str, postal_code: str | None, second: int, wide: bool
) -> None:
    at = START + timedelta(seconds=second)
    found = permit.explain(phone, postal_code, at, window=WIDE if wide else None)
    own = _wide if wide else _default
    if found.allowed:
        assert found.next == at
        return
    minute = at.replace(second=0) + timedelta(minutes=1)
    first = minute + timedelta(minutes=-minute.minute % 15)  # all windows begin on a quarter
    end = at + timedelta(days=7)
    expected = next(
        (
            first + timedelta(minutes=15 * step)
            for step in range(7 * 24 * 4 + 1)
            if first + timedelta(minutes=15 * step) <= end
            and _lawful(found.zones, found.states, first + timedelta(minutes=15 * step), own)
        ),
        None,
    )
    assert found.next == expected
    assert found.reason == ("no_window" if expected is None else "outside_hours")


def test_every_row_of_the_oracle_is_a_row_of_the_table() -> None:
    same_as_federal = {"NJ", "OH", "TN", "VA"}
    assert set(ALL_WEEK) | set(BY_DAY) | same_as_federal == set(states.STATES)
    strict = {code for code, row in states.STATES.items() if row.strict}
    assert strict == {"CA", "IL", "ME", "MN", "SD", "UT"}
    assert {code for code, row in states.STATES.items() if row.cap_24h} == {"FL", "MD", "OK", "OR"}


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        ("2026-11-18T19:44:59", True),
        ("2026-11-18T19:45:00", False),
        ("2026-11-18T20:00:00", False),
        ("2026-11-18T07:59:59", False),
        ("2026-11-18T08:00:00", True),
    ],
)
def test_florida_to_the_second(moment: str, allowed: bool) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=NEW_YORK)
    assert permit.explain("(305) 555-0123", "33101", at, window=WIDE).allowed is allowed


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("787-555-0123", "phone_territory"),
        ("671-555-0123", "phone_territory"),
        ("416-555-0123", "phone_foreign"),
        ("876-555-0123", "phone_foreign"),
        ("800-555-0123", "phone_toll_free"),
        ("500-555-0123", "phone_service"),
        ("911-555-0123", "phone_service"),
        ("299-555-0123", "phone_area_code"),
        ("+442071838750", "phone_foreign"),
        ("", "phone_missing"),
    ],
)
def test_a_number_that_gets_no_texts_is_refused_with_its_own_code(phone: str, code: str) -> None:
    found = permit.explain(phone, "10001", datetime(2026, 11, 18, 17, tzinfo=UTC))
    assert (found.allowed, found.reason, found.zones, found.next) == (False, code, (), None)


def test_a_code_newer_than_the_library_of_numbers_is_accepted() -> None:
    found = permit.explain("+14365550123", None, datetime(2026, 11, 18, 17, tzinfo=UTC))
    assert found.allowed
    assert (found.zones, found.states) == (("America/New_York",), ("OH",))


def test_a_code_that_may_be_anywhere_keeps_the_law_of_every_state() -> None:
    saturday = datetime(2026, 11, 21, 21, tzinfo=UTC)  # 11:00 in Hawaii to 16:00 in New York
    found = permit.explain("+14295550123", "10001", saturday, window=WIDE)
    assert not found.allowed  # Maine and South Dakota rest on Saturdays
    assert {"America/New_York", "Pacific/Honolulu"} <= set(found.zones)


def test_hours_of_ones_own_replace_sundays_and_the_clinics_holidays_but_no_law() -> None:
    sunday = datetime(2026, 11, 22, 13, tzinfo=NEW_YORK)
    christmas = datetime(2026, 12, 25, 13, tzinfo=NEW_YORK)
    assert not permit.explain("212-555-0123", "10001", sunday).allowed
    assert permit.explain("212-555-0123", "10001", sunday, window=WIDE).allowed
    assert not permit.explain("212-555-0123", "10001", christmas).allowed
    assert permit.explain("212-555-0123", "10001", christmas, window=WIDE).allowed
    assert not permit.explain("215-555-0123", "19103", sunday, window=WIDE).allowed
    assert not permit.explain("215-555-0123", "19103", christmas, window=WIDE).allowed


def test_a_holiday_that_a_states_own_calendar_leaves_out_is_closed_all_the_same() -> None:
    columbus_day = datetime(2026, 10, 12, 13, tzinfo=ZoneInfo("America/Chicago"))
    found = permit.explain("504-555-0123", "70112", columbus_day, window=WIDE)
    assert not found.allowed
    assert any(line.startswith("LA (") and "holiday" in line for line in found.because)


@pytest.mark.parametrize("text", ["", "8-20", "20:00-08:00", "08:00", "08:60-20:00", "25:00-26:00"])
def test_a_window_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInput, match="no window"):
        permit.with_hours(permit.default_window(), text)


def test_a_local_day_may_last_until_midnight() -> None:
    window = permit.with_hours(permit.default_window(), "00:00-24:00")
    assert window.week.mf == (time(0).hour, 24 * 60)


def test_a_state_that_staff_stopped_gets_nothing_at_any_hour() -> None:
    at = datetime(2026, 11, 18, 18, tzinfo=UTC)
    stopped = replace(permit.default_window(), stopped_states=("LA",))
    found = permit.explain("504-555-0123", "10001", at, window=stopped)
    assert (found.allowed, found.reason, found.next) == (False, "state_stopped", None)
    assert permit.explain("212-555-0123", "10001", at, window=stopped).allowed
