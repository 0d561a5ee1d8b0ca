"""Places in a compiled message that are filled later: with the clinic's or a person's values.

While a message is compiled, each place is a random word that survives MJML unharmed;
afterwards the text is split at these words into static parts and slots.
"""

from __future__ import annotations

import html
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from campaigns.content.merge import Tag

HTML, TEXT, SUBJECT, SMS = "html", "text", "subject", "sms"

_MARK = "qz" + secrets.token_hex(8)
_FIND = re.compile(rf"{_MARK}x(\d+)z")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_LINKISH = re.compile(
    r"://|www\.|@|\.(?:com|net|org|info|io|ru|xyz|top|shop|site|online|link|click|cn|biz|co|me|us)\b",
    re.IGNORECASE,
)
MAX_VALUE = 80


@dataclass(frozen=True, slots=True)
class Slot:
    """One place: what goes in (a tag; internal names begin with ``_``) and how it is escaped."""

    tag: Tag
    context: str


Parts = tuple[str | Slot, ...]


class Slots:
    """Hands out marks while a message is compiled."""

    def __init__(self) -> None:
        self._slots: list[Slot] = []

    def put(self, tag: Tag, context: str) -> str:
        """Return the mark of a place; the same place gets the same mark."""
        slot = Slot(tag, context)
        if slot not in self._slots:
            self._slots.append(slot)
        return f"{_MARK}x{self._slots.index(slot)}z"

    def named(self, name: str, context: str) -> str:
        """Return the mark of a plain name."""
        return self.put(Tag(name), context)

    def split(self, text: str) -> Parts:
        """Split a compiled text at the marks."""
        parts: list[str | Slot] = []
        end = 0
        for match in _FIND.finditer(text):
            if match.start() > end:
                parts.append(text[end : match.start()])
            parts.append(self._slots[int(match.group(1))])
            end = match.end()
        if end < len(text):
            parts.append(text[end:])
        return tuple(parts)


def fill(parts: Sequence[str | Slot], put: Callable[[Slot], str]) -> str:
    """Join parts, each slot through ``put``."""
    return "".join(part if isinstance(part, str) else put(part) for part in parts)


def is_mark_start(text: str) -> bool:
    """Tell whether an address begins with a place (for the check of compiled HTML)."""
    return _FIND.match(text) is not None


def one_line(value: str) -> str:
    """Take control characters, line breaks and direction marks out of a value."""
    if value.isprintable():
        return value
    return " ".join(_CONTROLS.sub(" ", value).split())


def clean_name(value: str) -> str:
    """Return a name as it may be printed; empty for one that smuggles a link."""
    value = one_line(unicodedata.normalize("NFC", value)).strip()
    if _LINKISH.search(value):
        return ""
    return value if len(value) <= MAX_VALUE else value[:MAX_VALUE].rstrip()


ESCAPES: dict[str, Callable[[str], str]] = {
    HTML: html.escape,
    TEXT: one_line,
    SUBJECT: one_line,
    SMS: one_line,
}
"""How a value is made harmless in each context."""
