"""ZIP codes: in which zones and in which state each lies.

``zip_codes.txt`` is drawn from the ``zipcodes`` package (``tests.eligibility.zip_table``),
which would take longer to start than all the rest of an answer. What the package has wrong
or too exact is set right here: a ZIP code that spans two zones, or whose people keep another
clock than the map says, counts for both. Corrections checked 2026-11-22 against the
counties' zones (49 CFR part 71) and the borders of the Navajo Nation, which keeps daylight
saving time where Arizona does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

TABLE = Path(__file__).with_name("zip_codes.txt")
"""States and zones, each with its ZIP codes: steps from one to the next, ``xN`` for N more."""

_CHICAGO = "America/Chicago"
_DENVER = "America/Denver"
_LOS_ANGELES = "America/Los_Angeles"
_NEW_YORK = "America/New_York"
_PHOENIX = "America/Phoenix"
_ANYWHERE = "-"


@dataclass(frozen=True, slots=True)
class Place:
    """What a ZIP code says."""

    zones: frozenset[str]
    """Empty where people with this code may be anywhere (military post offices)."""
    state: str | None


def _same(codes: str, *zones: str) -> dict[str, frozenset[str]]:
    return {code: frozenset(zones) for code in codes.split()}


CORRECTIONS: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        **_same("37405", _NEW_YORK),  # Chattanooga north of the river; listed as Central
        **_same("86003", _PHOENIX),  # Flagstaff; listed with the Navajo Nation
        **_same("83522", _LOS_ANGELES),  # Cottonwood, Idaho, north of the Salmon River
        **_same("89883", _DENVER),  # West Wendover, Nevada: Mountain time since 1999
        **_same("99634", "America/Anchorage"),  # Napakiak; listed under no zone at all
        # Beside or across a border of zones.
        **_same("89825", _LOS_ANGELES, _DENVER),  # Jackpot, Nevada, keeps Idaho's clock
        **_same("37338 42603 42757 32456", _NEW_YORK, _CHICAGO),
        **_same("57532 67857 79847", _CHICAGO, _DENVER),
        # Partly in the Navajo Nation, or an enclave in it.
        **_same("86034 86036 86040 86045 86047 86502 86512", _PHOENIX, _DENVER),
    }
)


def find(postal_code: str | None) -> Place | None:
    """Return what a five-digit ZIP code (or ZIP+4) says, None for one that does not exist."""
    code = (postal_code or "").strip()[:5]
    return _places().get(code) if code else None


@cache
def _places() -> dict[str, Place]:
    found: dict[str, Place] = {}
    place = Place(frozenset(), None)
    code = 0
    for line in TABLE.read_text(encoding="ascii").splitlines():
        words = line.split()
        if not line.startswith(" "):
            state, zone = words
            place = Place(
                frozenset() if zone == _ANYWHERE else frozenset({zone}),
                None if state == _ANYWHERE else state,
            )
            code = 0
            continue
        for word in words:
            steps = [1] * int(word[1:]) if word[0] == "x" else [int(word)]
            for step in steps:
                code += step
                found[f"{code:05}"] = place
    for corrected, zones in CORRECTIONS.items():
        found[corrected] = Place(zones, found[corrected].state)
    # Codes that are listed under no zone and were not set right say nothing.
    return {code: place for code, place in found.items() if place.zones or place.state is None}
