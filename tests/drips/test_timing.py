"""When a step is due: calendar days, local times, changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.errors import InvalidInput
from campaigns.drips import timing
from campaigns.drips.timing import Wait

NEW_YORK = "America/New_York"
ZONES = sorted(z for z in available_timezones() if "/" in z and not z.startswith("Etc"))

moments = st.datetimes(
    min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)
)
waits = st.builds(
    Wait,
    days=st.integers(0, 60),
    minutes=st.integers(0, 3000),
    at_local_time=st.none() | st.times().map(lambda t: t.strftime("%H:%M")),
)


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[arg-type, misc]


def due(base: datetime, wait: Wait, zone: str = NEW_YORK) -> datetime:
    return timing.next_due(base, wait, zone)


def test_a_step_without_a_wait_is_due_at_once() -> None:
    base = local(NEW_YORK, 2026, 11, 17, 13, 0)
    assert due(base, Wait()) == base


def test_one_day_at_nine_means_the_next_calendar_day_at_nine() -> None:
    late = local(NEW_YORK, 2026, 11, 17, 23, 50)
    early = local(NEW_YORK, 2026, 11, 17, 0, 10)
    for base in (late, early):
        assert due(base, Wait(days=1, at_local_time="09:00")) == local(NEW_YORK, 2026, 11, 18, 9)


def test_one_day_without_a_time_keeps_the_time_of_day() -> None:
    base = local(NEW_YORK, 2026, 11, 17, 13, 20)
    assert due(base, Wait(days=1)) == local(NEW_YORK, 2026, 11, 18, 13, 20)


def test_a_time_that_has_passed_today_means_tomorrow() -> None:
    base = local(NEW_YORK, 2026, 11, 17, 13, 0)
    assert due(base, Wait(at_local_time="09:00")) == local(NEW_YORK, 2026, 11, 18, 9)
    assert due(base, Wait(at_local_time="18:30")) == local(NEW_YORK, 2026, 11, 17, 18, 30)


def test_the_person_s_zone_decides_and_not_the_clinic_s() -> None:
    base = local(NEW_YORK, 2026, 11, 17, 13, 0)
    assert due(base, Wait(days=1, at_local_time="09:00"), "Pacific/Honolulu") == local(
        "Pacific/Honolulu", 2026, 11, 18, 9
    )


def test_a_time_that_the_spring_change_skips_moves_forward() -> None:
    base = local(NEW_YORK, 2027, 3, 13, 12, 0)
    assert due(base, Wait(days=1, at_local_time="02:30")) == local(NEW_YORK, 2027, 3, 14, 3, 30)


def test_a_time_that_the_autumn_change_repeats_means_the_first() -> None:
    base = local(NEW_YORK, 2027, 11, 6, 12, 0)
    assert due(base, Wait(days=1, at_local_time="01:30")) == datetime(
        2027, 11, 7, 5, 30, tzinfo=UTC
    )


def test_days_across_a_change_keep_the_wall_clock() -> None:
    base = local(NEW_YORK, 2027, 3, 12, 10, 0)
    assert due(base, Wait(days=3)) == local(NEW_YORK, 2027, 3, 15, 10, 0)


def test_the_end_of_february_in_a_leap_year_is_a_day_like_others() -> None:
    base = local(NEW_YORK, 2028, 2, 28, 10, 0)
    assert due(base, Wait(days=1, at_local_time="09:00")) == local(NEW_YORK, 2028, 2, 29, 9)


@settings(max_examples=300, deadline=None)
@given(base=moments, wait=waits, zone=st.sampled_from(ZONES))
def test_no_step_is_due_before_its_wait_began(base: datetime, wait: Wait, zone: str) -> None:
    if wait.at_local_time is None and wait.days:
        # Whole days on the wall clock may be an hour shorter than 24 hours each.
        assert due(base, wait, zone) >= base + timedelta(days=wait.days - 1)
    else:
        assert due(base, wait, zone) >= base + timedelta(minutes=wait.minutes)


@settings(max_examples=300, deadline=None)
@given(base=moments, days=st.integers(0, 400), at=st.times(), zone=st.sampled_from(ZONES))
def test_a_step_with_a_time_is_due_at_that_time_on_the_wall_or_after_a_gap(
    base: datetime, days: int, at: time, zone: str
) -> None:
    wanted = at.replace(second=0, microsecond=0)
    found = due(base, Wait(days=days, at_local_time=wanted.strftime("%H:%M")), zone)
    wall = found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if wall.time() == wanted:
        assert found.astimezone(ZoneInfo(zone)).fold == 0
        return
    naive = datetime.combine(wall.date(), wanted)
    assert skipped(naive, zone) or skipped(naive - timedelta(days=1), zone)
    assert wall > naive - timedelta(days=1)


def skipped(naive: datetime, zone: str) -> bool:
    moment = naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != naive


def test_a_worker_that_is_minutes_late_does_not_push_the_series_over_midnight() -> None:
    planned = local(NEW_YORK, 2026, 11, 17, 23, 59).astimezone(UTC)
    now = planned + timedelta(minutes=5)
    base = timing.waits_from(planned, now)
    assert due(base, Wait(days=1, at_local_time="09:00")) == local(NEW_YORK, 2026, 11, 18, 9)


def test_a_step_handed_over_days_late_lets_the_next_wait_begin_now() -> None:
    planned = datetime(2026, 11, 1, 14, tzinfo=UTC)
    now = datetime(2026, 11, 17, 18, tzinfo=UTC)
    assert timing.waits_from(planned, now) == now


@pytest.mark.parametrize("text", ["9:00", "09:00", " 9:00 "])
def test_a_time_of_day_is_brought_to_one_form(text: str) -> None:
    assert timing.checked(Wait(at_local_time=text)).at_local_time == "09:00"


def test_a_wait_that_cannot_be_names_every_faulty_field() -> None:
    with pytest.raises(InvalidInput) as caught:
        timing.checked(Wait(days=-1, minutes=10**9, at_local_time="25:00"))
    assert set(caught.value.fields) == {"wait_days", "wait_minutes", "at_local_time"}


@pytest.mark.parametrize(
    ("wait", "first", "words"),
    [
        (Wait(), True, "Right on entering"),
        (Wait(), False, "Together with the step before"),
        (Wait(days=3), False, "3 days after the step before"),
        (Wait(minutes=90), True, "1 hour and 30 minutes after entering"),
        (
            Wait(days=1, at_local_time="09:00"),
            False,
            "The day after the step before, at 09:00 in the person's own time",
        ),
        (
            Wait(days=4, at_local_time="09:00"),
            True,
            "4 days after entering, at 09:00 in the person's own time",
        ),
        (Wait(at_local_time="17:00"), False, "The next time it is 17:00 where the person is"),
    ],
)
def test_a_wait_is_said_in_words(wait: Wait, first: bool, words: str) -> None:
    assert timing.describe(wait, first=first) == words


def test_a_day_that_a_zone_skipped_altogether_moves_to_the_next() -> None:
    apia = ZoneInfo("Pacific/Apia")
    found = timing.at_wall(date(2011, 12, 30), time(9), apia)
    assert found == datetime(2011, 12, 31, 9, tzinfo=apia)
