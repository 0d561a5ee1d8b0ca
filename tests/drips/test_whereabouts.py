"""In which zone a step's morning is: the person's, or the clinic's where nothing is known."""

from __future__ import annotations

import pytest

from campaigns.drips.whereabouts import Residence, zone_of

CLINIC = "America/Denver"


def residence(**known: str) -> Residence:
    found = {"timezone": None, "postal_code": None, "state": None, "phone": None, **known}
    return Residence(**found)


@pytest.mark.parametrize(
    ("known", "zone"),
    [
        ({}, CLINIC),
        ({"phone": "+12125550123"}, "America/New_York"),
        ({"postal_code": "00000", "phone": "+12125550123"}, "America/New_York"),
        ({"state": "TX", "phone": "+12125550123"}, "America/Denver"),
        ({"postal_code": "78701", "phone": "+12125550123"}, "America/Chicago"),
        ({"timezone": "America/Boise", "postal_code": "78701"}, "America/Boise"),
        ({"postal_code": "09012"}, CLINIC),
    ],
)
def test_the_best_that_is_known_counts_and_else_the_clinics_own(
    known: dict[str, str], zone: str
) -> None:
    assert zone_of(residence(**known), CLINIC) == zone
