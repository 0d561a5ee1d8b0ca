"""What texts that ask for confirmation may cost on a day: the fields, as staff type them.

A sign-up form that sends texts can be made to send them to numbers whose owner earns a
share of the price ("SMS pumping"). So there is a sum for each day that is never exceeded,
whoever asks and from wherever.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from campaigns.core.errors import InvalidInput

FIELDS = ("text_part_cost", "signup_text_budget")
MOST_COST = 10_000
MOST_BUDGET = 100_000
PER_CENT = 100
_PER_DOLLAR = 100


def checked(name: str, value: Any) -> int:
    """Return a field in its stored unit: cents typed as 1.1 are 110, dollars typed as 5 are 500.

    A number that is given as ``int`` is in the stored unit already.

    Raises: InvalidInput ``cost``, ``budget``.
    """
    if name == "text_part_cost":
        stored = _scaled(value, PER_CENT)
        if stored is None or not 1 <= stored <= MOST_COST:
            raise InvalidInput("cost", "Give cents from 0.01 to 100, like 1.1.")
        return stored
    stored = _scaled(value, _PER_DOLLAR)
    if stored is None or not 0 <= stored <= MOST_BUDGET:
        raise InvalidInput("budget", "Give dollars from 0 to 1000, like 5. 0 asks nobody by text.")
    return stored


def texts_for(budget: int, part_cost: int) -> int:
    """Return how many parts of a text a day's sum pays for."""
    return budget * PER_CENT // part_cost


def _scaled(value: Any, factor: int) -> int | None:
    if isinstance(value, int):
        return value
    try:
        typed = Decimal(str(value).strip().removeprefix("$"))
    except InvalidOperation:
        return None
    if not typed.is_finite():
        return None
    scaled = typed * factor
    return int(scaled) if scaled == int(scaled) else None
