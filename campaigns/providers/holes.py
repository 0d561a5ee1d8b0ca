"""Fill the holes of a shared body with one person's values, in a single pass.

A value is never searched for further holes: what one person typed into a name field
cannot pull another value into the text, whatever the order of the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache


class Skeleton:
    """A body cut once at its holes, to be joined again for each person."""

    __slots__ = ("_parts",)

    def __init__(self, body: str, keys: Iterable[str]) -> None:
        self._parts = cut(body, keys)

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the body with every hole replaced by its value."""
        parts = self._parts
        if len(parts) == 1:
            return parts[0]
        filled = parts.copy()
        for index in range(1, len(parts), 2):
            filled[index] = values[parts[index]]
        return "".join(filled)


def fill(body: str, values: Mapping[str, str]) -> str:
    """Fill one body for one person; the cut of the last bodies is kept."""
    return _cut(body, frozenset(values)).fill(values)


@lru_cache(maxsize=16)
def _cut(body: str, keys: frozenset[str]) -> Skeleton:
    return Skeleton(body, keys)


def cut(body: str, keys: Iterable[str]) -> list[str]:
    """Cut a body at its holes: fixed texts at even places, keys at odd ones."""
    pattern = _pattern(frozenset(keys))
    return pattern.split(body) if pattern else [body]


@lru_cache(maxsize=64)
def _pattern(keys: frozenset[str]) -> re.Pattern[str] | None:
    names = [key for key in keys if key]
    if not names:
        return None
    # The longest key first, so that one key may begin with another.
    names.sort(key=lambda key: (-len(key), key))
    return re.compile("(" + "|".join(re.escape(name) for name in names) + ")")
