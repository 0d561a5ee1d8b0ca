"""Where a person may be: the set of time zones and states that their data allows.

What is not known is not guessed: every zone that could be theirs is kept, and a message
leaves only when all of them are inside the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import available_timezones

from campaigns.contacts import areas
from campaigns.eligibility import postal
from campaigns.eligibility.states import STATES

_NEW_YORK = "America/New_York"
_CHICAGO = "America/Chicago"
_DENVER = "America/Denver"
_PHOENIX = "America/Phoenix"
_LOS_ANGELES = "America/Los_Angeles"
_BOISE = "America/Boise"
_DETROIT = "America/Detroit"
_MENOMINEE = "America/Menominee"
_ANCHORAGE = "America/Anchorage"
_ADAK = "America/Adak"
_INDIANA = "America/Indiana/Indianapolis"
_HONOLULU = "Pacific/Honolulu"

UNKNOWN = frozenset({_NEW_YORK, _CHICAGO, _DENVER, _PHOENIX, _LOS_ANGELES, _ANCHORAGE, _HONOLULU})
"""For a person of whom nothing is known: every zone of the fifty states."""


def _by_zone(**states: str) -> dict[str, frozenset[str]]:
    zones = {
        "eastern": _NEW_YORK,
        "central": _CHICAGO,
        "mountain": _DENVER,
        "pacific": _LOS_ANGELES,
        "hawaii": _HONOLULU,
    }
    return {
        code: frozenset({zones[zone]}) for zone, codes in states.items() for code in codes.split()
    }


STATE_ZONES: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        **_by_zone(
            eastern="CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
            central="AL AR IA IL LA MN MO MS OK WI",
            mountain="CO MT NM UT WY",
            pacific="CA WA",
            hawaii="HI",
        ),
        "AK": frozenset({_ANCHORAGE, _ADAK}),
        "AZ": frozenset({_PHOENIX, _DENVER}),  # the Navajo Nation keeps daylight saving time
        "FL": frozenset({_NEW_YORK, _CHICAGO}),
        "ID": frozenset({_BOISE, _LOS_ANGELES}),
        "IN": frozenset({_INDIANA, _CHICAGO}),
        "KS": frozenset({_CHICAGO, _DENVER}),
        "KY": frozenset({_NEW_YORK, _CHICAGO}),
        "MI": frozenset({_DETROIT, _MENOMINEE}),
        "ND": frozenset({_CHICAGO, _DENVER}),
        "NE": frozenset({_CHICAGO, _DENVER}),
        "NV": frozenset({_LOS_ANGELES, _DENVER}),
        "OR": frozenset({_LOS_ANGELES, _BOISE}),
        "SD": frozenset({_CHICAGO, _DENVER}),
        "TN": frozenset({_NEW_YORK, _CHICAGO}),
        "TX": frozenset({_CHICAGO, _DENVER}),
        # An address may be there; a number of theirs gets no texts.
        "AS": frozenset({"Pacific/Pago_Pago"}),
        "GU": frozenset({"Pacific/Guam"}),
        "MP": frozenset({"Pacific/Saipan"}),
        "PR": frozenset({"America/Puerto_Rico"}),
        "VI": frozenset({"America/St_Thomas"}),
    }
)


def _codes(**groups: tuple[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {code: zones for codes, zones in groups.values() for code in codes.split()}


AREA_CODE_ZONES: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    _codes(
        # Codes that span zones: the whole code's union, because a prefix's zone in the
        # numbering libraries is wrong for several overlays (364, 448, 458, 930).
        idaho=("208 986", frozenset({_BOISE, _LOS_ANGELES})),
        indiana=("219 574 812 930", frozenset({_NEW_YORK, _CHICAGO})),
        kentucky=("270 364 606", frozenset({_NEW_YORK, _CHICAGO})),
        nebraska=("308", frozenset({_CHICAGO, _DENVER})),
        tennessee=("423 729", frozenset({_NEW_YORK, _CHICAGO})),
        oregon=("541 458", frozenset({_LOS_ANGELES, _BOISE})),
        south_dakota=("605", frozenset({_CHICAGO, _DENVER})),
        kansas=("620 785", frozenset({_CHICAGO, _DENVER})),
        north_dakota=("701", frozenset({_CHICAGO, _DENVER})),
        nevada=("775", frozenset({_LOS_ANGELES, _BOISE})),
        florida=("850 448", frozenset({_NEW_YORK, _CHICAGO})),
        michigan=("906", frozenset({_DETROIT, _MENOMINEE})),
        alaska=("907", frozenset({_ANCHORAGE, _ADAK})),
        arizona=("928", frozenset({_PHOENIX, _DENVER})),
        # Codes that lie in one zone of a state that has two.
        phoenix=("480 520 602 623", frozenset({_PHOENIX})),
        florida_east=(
            "239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941 954",
            frozenset({_NEW_YORK}),
        ),
        indianapolis=("260 317 463 765", frozenset({_INDIANA})),
        kansas_east=("316 913", frozenset({_CHICAGO})),
        nebraska_east=("402 531", frozenset({_CHICAGO})),
        kentucky_east=("502 859", frozenset({_NEW_YORK})),
        tennessee_west=("615 629 731 901 931", frozenset({_CHICAGO})),
        tennessee_east=("865", frozenset({_NEW_YORK})),
        detroit=(
            "231 248 269 313 517 586 616 679 734 810 947 989",
            frozenset({_DETROIT}),
        ),
        nevada_south=("702 725", frozenset({_LOS_ANGELES})),
        oregon_west=("503 971", frozenset({_LOS_ANGELES})),
        el_paso=("915", frozenset({_DENVER})),
        texas_east=(
            (
                "210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 "
                "832 903 936 940 945 956 972 979"
            ),
            frozenset({_CHICAGO}),
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Every zone and every state in which a person may be."""

    zones: frozenset[str]
    states: frozenset[str]


@lru_cache(maxsize=65_536)
def candidates(
    *,
    timezone: str | None = None,
    postal_code: str | None = None,
    state: str | None = None,
    area_code: str | None = None,
) -> Whereabouts:
    """Return where a person may be.

    A zone that the person confirmed stands alone; else the ZIP code's, else the
    state's. The area code's zones are added to those of the ZIP code or state, since
    either may be out of date. States come from the address and from the area code. An
    area code that is live, but whose state is not known, may be anywhere: every zone
    and the law of every state that has one of its own count.
    """
    states: set[str] = set()
    zones: frozenset[str] = frozenset()
    place = postal.find(postal_code)
    if state:
        states.add(state.upper())
    if place is not None:
        zones = place.zones or UNKNOWN
        if place.state:
            states.add(place.state)
    elif state:
        zones = STATE_ZONES.get(state.upper(), frozenset())
    if area_code:
        zones |= zones_of_area_code(area_code)
        code_state = areas.AREA_CODES.get(area_code)
        if code_state is not None:
            states.update([code_state] if code_state else STATES)
    if timezone and timezone in available_timezones():
        zones = frozenset({timezone})
    return Whereabouts(zones=zones or UNKNOWN, states=frozenset(states))


def zones_of_area_code(area_code: str) -> frozenset[str]:
    """Return every zone in which numbers of an area code lie; empty for one not in use."""
    found = AREA_CODE_ZONES.get(area_code)
    if found is not None:
        return found
    state = areas.AREA_CODES.get(area_code)
    return frozenset() if state is None else STATE_ZONES.get(state, UNKNOWN)
