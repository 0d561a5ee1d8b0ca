"""How many messages a month the words of a consent promise. Pure.

A person who agreed to other words than the clinic's own, on paper or in an earlier system,
was promised what those words say; the smallest number counts.
"""

from __future__ import annotations

import re
from functools import lru_cache

WEEKS = 4
"""Full weeks in every month: a promise for a week is kept as so many times for a month."""

_NUMBERS = {
    word: number
    for words in (
        "one two three four five six seven eight nine ten",
        "un dos tres cuatro cinco seis siete ocho nueve diez",
    )
    for number, word in enumerate(words.split(), start=1)
} | {"una": 1}
_THINGS = r"(?:msgs?|messages?|texts?|sms|e-?mails?|newsletters?|mensajes?|textos?|correos?)"
_PROMISE = re.compile(
    rf"\b(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)})\s+(?:[a-záéíóúñ-]+\s+){{0,3}}?{_THINGS}\b"
    r"(?:\s+(?:de|messages?|mensajes?|texto|electrónicos?|marketing)){0,3}"
    r"(?:\s*/\s*|\s+(?:per|an?|each|every|al|por|cada|a la)\s+)"
    r"(?:calendar\s+)?(?P<period>month|mo|mes|week|wk|semana)\b"
)


@lru_cache(maxsize=256)
def promised(wording: str | None) -> int | None:
    """Return the number a month that the words promise, None where they promise none."""
    found = []
    for match in _PROMISE.finditer(" ".join((wording or "").casefold().split())):
        written = match["number"]
        number = int(written) if written.isdigit() else _NUMBERS[written]
        found.append(number * (WEEKS if match["period"] in ("week", "wk", "semana") else 1))
    return min(found, default=None)
