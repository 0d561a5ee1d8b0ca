"""Public holidays on which texts rest: the United States', and single states'."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays


def is_holiday(on: date, state: str | None = None) -> bool:
    """Tell whether a day is a federal holiday, or also one of a state; observed days count."""
    return on in _of_year(on.year, state)


@lru_cache(maxsize=512)
def _of_year(year: int, state: str | None) -> frozenset[date]:
    # Observed days may fall into the year before (1 January on a Saturday).
    years = (year - 1, year, year + 1)
    federal = frozenset(holidays.country_holidays("US", years=years))
    # A state's own calendar may leave out a federal day; both count. A state that the
    # calendar does not know has the federal days only.
    if state not in holidays.country_holidays("US").subdivisions:
        return federal
    return federal | frozenset(holidays.country_holidays("US", subdiv=state, years=years))
