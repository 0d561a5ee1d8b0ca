"""ZIP codes: in which zones and in which state each lies.

From the ``zipcodes`` package, with what it has wrong or too exact set right here: a ZIP
code that spans two zones, or whose people keep another clock than the map says, counts
for both. Corrections checked 2026-11-22 against the counties' zones (49 CFR part 71) and
the borders of the Navajo Nation, which keeps daylight saving time where Arizona does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from zoneinfo import available_timezones

import zipcodes

_CHICAGO = "America/Chicago"
_DENVER = "America/Denver"
_LOS_ANGELES = "America/Los_Angeles"
_NEW_YORK = "America/New_York"
_PHOENIX = "America/Phoenix"


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
    return _places().get((postal_code or "").strip()[:5])


@cache
def _places() -> dict[str, Place]:
    # Once: a look-up in the package reads through all of its codes.
    known = available_timezones()
    found: dict[str, Place] = {}
    for entry in zipcodes.list_all():  # type: ignore[no-untyped-call]
        code, zone = str(entry["zip_code"]), str(entry["timezone"])
        zones = CORRECTIONS.get(code) or frozenset({zone} if zone in known else ())
        military = entry["zip_code_type"] == "MILITARY"
        if zones or military:
            found[code] = Place(zones, None if military else str(entry["state"]))
    return found
