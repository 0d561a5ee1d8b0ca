"""When a refused message is tried again, and when it has been tried enough; pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

MAX_TRIES = 8
"""After this many refusals for a time a message has failed."""
_FIRST = timedelta(seconds=30)
_LONGEST = timedelta(hours=2)


def is_enough(tries: int) -> bool:
    """Tell whether a message that was refused ``tries`` times is given up."""
    return tries >= MAX_TRIES


def delay(
    tries: int, *, retry_after: timedelta | None = None, chance: Callable[[], float]
) -> timedelta:
    """Return how long to wait after the ``tries``-th refusal.

    Doubles from half a minute to two hours; ``chance`` (0 to 1) spreads it by a quarter
    either way, so that a batch does not come back as one. Never shorter than what the
    provider asked for.
    """
    wait = min(_FIRST * int(2 ** min(tries - 1, 20)), _LONGEST)
    spread = wait * (0.75 + 0.5 * chance())
    return max(spread, retry_after or timedelta())
