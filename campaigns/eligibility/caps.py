"""How many marketing messages a person may get: the law's caps, the clinic's, the promised.

Counts are over all campaigns, by person and by address. Days and weeks are rolling; the
promised number counts in calendar months of the person's zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from campaigns.eligibility import states

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
STALE = timedelta(days=548)
"""18 months: consent on which nothing was sent for so long has to be given anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The clinic's own caps on a channel."""

    per_day: int
    per_week: int


def of_states(codes: Iterable[str], *, strict: bool) -> int | None:
    """Return the lowest number of texts in 24 hours that any of the states allows."""
    found = [
        row.cap_24h
        for row in (states.row(code, strict=strict) for code in codes)
        if row is not None and row.cap_24h is not None
    ]
    return min(found, default=None)
