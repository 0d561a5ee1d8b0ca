"""Zones and states of a person: sets, never guesses."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest
import zipcodes

from campaigns.contacts.areas import AREA_CODES, NEWER
from campaigns.eligibility import caps, postal, states, zones
from tests.eligibility import zip_table

EASTERN, CENTRAL, DENVER = "America/New_York", "America/Chicago", "America/Denver"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("850", {EASTERN, CENTRAL}),
        ("448", {EASTERN, CENTRAL}),
        ("364", {EASTERN, CENTRAL}),
        ("930", {EASTERN, CENTRAL}),
        ("458", {"America/Los_Angeles", "America/Boise"}),
        ("928", {"America/Phoenix", DENVER}),
        ("906", {"America/Detroit", "America/Menominee"}),
        ("305", {EASTERN}),
        ("436", {EASTERN}),
        ("907", {"America/Anchorage", "America/Adak"}),
    ],
)
def test_an_area_code_has_all_zones_in_which_its_numbers_lie(code: str, expected: set[str]) -> None:
    assert zones.zones_of_area_code(code) == expected


def test_every_area_code_with_a_state_has_a_zone() -> None:
    missing = [c for c, state in AREA_CODES.items() if state and not zones.zones_of_area_code(c)]
    assert missing == []


def test_a_zone_that_the_person_confirmed_stands_alone() -> None:
    found = zones.candidates(timezone=DENVER, postal_code="10001", area_code="850")
    assert found.zones == {DENVER}
    assert found.states == {"NY", "FL"}


def test_zip_code_and_area_code_are_joined_when_they_disagree() -> None:
    found = zones.candidates(postal_code="80202", area_code="212")
    assert found.zones == {DENVER, EASTERN}
    assert found.states == {"CO", "NY"}


def test_the_zip_code_comes_before_the_state() -> None:
    assert zones.candidates(postal_code="33101", state="FL").zones == {EASTERN}
    assert zones.candidates(state="FL").zones == {EASTERN, CENTRAL}


@pytest.mark.parametrize("postal_code", ["", "abcde", "00000", "1000", "١٢٣٤٥"])
def test_a_zip_code_that_is_none_is_passed_over(postal_code: str) -> None:
    assert zones.candidates(postal_code=postal_code).zones == zones.UNKNOWN


def test_a_code_whose_state_is_not_known_means_the_whole_country() -> None:
    assert zones.candidates(area_code="429").zones == zones.UNKNOWN


def test_an_invented_zone_name_is_passed_over() -> None:
    assert zones.candidates(timezone="Mars/Olympus", state="NY").zones == {EASTERN}


def test_states_with_a_cap_are_the_four_of_the_table() -> None:
    capped = {code for code in states.STATES if caps.of_states([code], strict=True)}
    assert capped == {"FL", "MD", "OK", "OR"}
    assert caps.of_states(["NY", "OK"], strict=True) == 3
    assert caps.of_states(["NY"], strict=True) is None


def test_every_row_of_the_table_names_its_source() -> None:
    assert all(row.source for row in states.STATES.values())


def test_the_table_is_reported_as_stale_after_half_a_year() -> None:
    assert not states.is_stale(states.AS_OF)
    assert states.is_stale(states.AS_OF + states.STALE_AFTER * 2)


@pytest.mark.parametrize(
    ("postal_code", "expected", "state"),
    [
        ("99634", {"America/Anchorage"}, "AK"),
        ("37405", {EASTERN}, "TN"),
        ("86045", {"America/Phoenix", DENVER}, "AZ"),
        ("89883", {DENVER}, "NV"),
        ("32456", {EASTERN, CENTRAL}, "FL"),
        ("00901", {"America/Puerto_Rico"}, "PR"),
        ("96910", {"Pacific/Guam"}, "GU"),
        ("10001-1234", {EASTERN}, "NY"),
    ],
)
def test_a_zip_code_in_doubt_has_every_zone_it_may_lie_in(
    postal_code: str, expected: set[str], state: str
) -> None:
    found = zones.candidates(postal_code=postal_code)
    assert found.zones == expected
    assert found.states == {state}


def test_the_table_of_zip_codes_is_the_packages_own() -> None:
    assert postal.TABLE.read_text(encoding="ascii") == zip_table.drawn()
    for entry in zipcodes.list_all():
        code, place = entry["zip_code"], postal.find(entry["zip_code"])
        if code in postal.CORRECTIONS or entry["zip_code_type"] == "MILITARY":
            continue
        assert place == postal.Place(frozenset({entry["timezone"]}), entry["state"]), code


def test_every_zip_code_has_zones_that_exist() -> None:
    known = available_timezones()
    bad = [code for code, place in postal._places().items() if not place.zones <= known]
    assert bad == []


def test_a_military_post_office_may_be_anywhere() -> None:
    found = zones.candidates(postal_code="09012", area_code="212")
    assert found.zones == zones.UNKNOWN
    assert found.states == {"NY"}


def test_an_overlay_has_the_state_and_the_zones_of_what_it_overlays() -> None:
    for code, below in NEWER.items():
        if below:
            assert AREA_CODES[code] == AREA_CODES[below]
            assert zones.zones_of_area_code(code) == zones.zones_of_area_code(below)
        else:
            assert AREA_CODES[code] == ""


def test_the_widest_of_all_profiles_fits_into_its_column() -> None:
    found = zones.candidates(area_code="429", postal_code="47567")
    key = ",".join(sorted(found.zones)) + "|" + ",".join(sorted(found.states))
    assert len(key) <= 255
