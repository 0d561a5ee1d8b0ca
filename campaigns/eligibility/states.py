"""Hours and caps that single states set for marketing texts; data, with date and source.

Times are local, in hours; ``None`` is closed. A row that rests on rules for automated
voice calls is marked ``strict``: it counts only while the clinic keeps strict hours (the
default). States without a row keep the federal hours and have no cap of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

AS_OF = date(2026, 11, 22)
STALE_AFTER = timedelta(days=180)

Span = tuple[int, int]
"""Minutes from local midnight, end excluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """When messages may be handed over, by kind of day."""

    mf: Span | None
    sat: Span | None
    sun: Span | None
    holidays_closed: bool = False

    def on(self, weekday: int) -> Span | None:
        """Return the span of a weekday (Monday is 0)."""
        return self.mf if weekday < 5 else self.sat if weekday == 5 else self.sun


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """What one state asks."""

    week: Week
    source: str
    strict: bool = False
    """Counts only under strict hours: written for automated voice calls."""
    cap_24h: int | None = None
    """Most solicitations in any 24 hours."""
    area_code_counts: bool = False
    """The law presumes a number of the state's area codes to be in the state."""
    zone: str | None = None
    """The law names this zone, whatever the person's own is."""
    emergency_stop: bool = False
    """Soliciting is banned during declared emergencies: staff use the stop for everything."""


def _span(hours: tuple[int, int] | None) -> Span | None:
    return None if hours is None else (hours[0] * 60, hours[1] * 60)


def _week(
    mf: tuple[int, int],
    sat: tuple[int, int] | None,
    sun: tuple[int, int] | None,
    *,
    closed: bool = False,
) -> Week:
    return Week(mf=(mf[0] * 60, mf[1] * 60), sat=_span(sat), sun=_span(sun), holidays_closed=closed)


def _daily(first: int, last: int) -> Week:
    return _week((first, last), (first, last), (first, last))


FEDERAL = _daily(8, 21)
FEDERAL_SOURCE = "47 CFR 64.1200(c)(1)"

STATES: MappingProxyType[str, StateRow] = MappingProxyType(
    {
        "AL": StateRow(
            week=_week((8, 20), (8, 20), None, closed=True),
            source="Alabama PSC telemarketing rules (two compilations)",
        ),
        "CA": StateRow(week=_daily(9, 21), strict=True, source="Cal. Pub. Util. Code 2872 (voice)"),
        "CT": StateRow(week=_daily(9, 20), source="Conn. PA 23-98"),
        "FL": StateRow(
            week=_daily(8, 20),
            cap_24h=3,
            area_code_counts=True,
            source="Fla. Stat. 501.616(6), 501.059",
        ),
        "IL": StateRow(week=_daily(9, 21), strict=True, source="815 ILCS 305 (voice)"),
        "KY": StateRow(week=_daily(10, 21), source="KRS 367.46955"),
        "LA": StateRow(
            week=_week((8, 20), (8, 20), None, closed=True),
            emergency_stop=True,
            source="La. PSC General Order R-29617 V(A); La. R.S. 45:844.31",
        ),
        "ME": StateRow(
            week=_week((9, 17), None, None, closed=True),
            strict=True,
            source="Maine automated solicitation hours (voice)",
        ),
        "MD": StateRow(week=_daily(8, 20), cap_24h=3, source="Md. Com. Law 14-4502"),
        "MA": StateRow(week=_daily(8, 20), source="Mass. G.L. ch. 159C s. 3"),
        "MI": StateRow(week=_daily(9, 21), source="Michigan solicitation hours (compilation)"),
        "MN": StateRow(week=_daily(9, 21), strict=True, source="Minn. Stat. 325E.30 (voice)"),
        "MS": StateRow(
            week=_week((8, 20), (8, 20), None),
            zone="America/Chicago",
            source="Miss. Code 77-3-723",
        ),
        "NV": StateRow(week=_daily(9, 20), source="Nevada solicitation hours (compilation)"),
        "NJ": StateRow(week=_daily(8, 21), source="N.J.S.A. 56:8-128(d)"),
        "NM": StateRow(week=_daily(9, 21), source="New Mexico solicitation hours (compilation)"),
        "OH": StateRow(week=_daily(8, 21), source="Ohio R.C. 109.87 (federal rules)"),
        "OK": StateRow(
            week=_daily(8, 20),
            cap_24h=3,
            area_code_counts=True,
            source="Oklahoma Telephone Solicitation Act of 2022",
        ),
        "OR": StateRow(
            week=_daily(8, 20),
            cap_24h=3,
            area_code_counts=True,
            source="Oregon HB 3865, in force 2026-01-01",
        ),
        "PA": StateRow(
            week=_week((9, 19), (9, 19), None, closed=True),
            source="Pennsylvania SB 992 (strict reading), Sunday ban from 2026-10-18",
        ),
        "RI": StateRow(
            week=_week((9, 18), (10, 17), None, closed=True),
            source="R.I. Gen. Laws 5-61-2(9), 5-61-3.6",
        ),
        "SD": StateRow(
            week=_week((9, 21), None, None), strict=True, source="SDCL 37-30-28 (voice)"
        ),
        "TN": StateRow(week=_daily(8, 21), source="Tennessee, texts covered since 2023-07-01"),
        "TX": StateRow(week=_week((9, 21), (9, 21), (12, 21)), source="Texas SB 140 (2025-09-01)"),
        "UT": StateRow(
            week=_week((8, 21), (8, 21), None, closed=True),
            strict=True,
            source="Utah Code 13-25a-103(3), without prior express consent",
        ),
        "VA": StateRow(week=_daily(8, 21), source="Virginia SB 1339, in force 2026-01-01"),
        "WA": StateRow(week=_daily(8, 20), source="RCW 80.36.390"),
        "WY": StateRow(week=_daily(8, 20), source="Wyoming solicitation hours (compilation)"),
    }
)


def row(state: str, *, strict: bool) -> StateRow | None:
    """Return the row that counts for a state, None where federal hours alone apply."""
    found = STATES.get(state)
    return None if found is None or (found.strict and not strict) else found


def is_stale(on: date) -> bool:
    """Tell whether the table is so old that staff should be warned."""
    return on - AS_OF > STALE_AFTER
