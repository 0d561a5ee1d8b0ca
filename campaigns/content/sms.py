"""How a text message is counted: encoding, units, parts, and what makes it longer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Two units each: an escape and the character."""

MAX_PARTS = 3
PRACTICAL_PARTS = 10
"""Above this the network itself refuses."""

_GSM_SINGLE, _GSM_PART = 160, 153
_UCS2_SINGLE, _UCS2_PART = 70, 67
_BASIC = dict.fromkeys(map(ord, GSM_BASIC))

REPLACEMENTS: dict[str, str] = {
    "‘": "'",
    "’": "'",
    "‚": "'",
    "‛": "'",
    "′": "'",
    "`": "'",
    "´": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "″": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "―": "-",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "…": "...",
    "\u00a0": " ",
    "\u2002": " ",
    "\u2003": " ",
    "\u2007": " ",
    "\u2009": " ",
    "\u200a": " ",
    "\u202f": " ",
    "\t": " ",
    "•": "-",
    "·": "-",
    "™": "(TM)",
    "®": "(R)",
    "©": "(C)",
    "\u200b": "",
    "\u200c": "",
    "\u200d": "",
    "\u2060": "",
    "\ufeff": "",
    "\u00ad": "",
}
"""Characters that look the same in the small alphabet."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text costs: its encoding, its units and its parts."""

    encoding: str
    """``GSM-7`` or ``UCS-2``."""
    units: int
    parts: int

    @property
    def segments(self) -> int:
        """The parts, under the providers' name."""
        return self.parts

    @property
    def left(self) -> int:
        """How many units are free before another part begins."""
        single, part = (
            (_GSM_SINGLE, _GSM_PART) if self.encoding == "GSM-7" else (_UCS2_SINGLE, _UCS2_PART)
        )
        return (single if self.parts <= 1 else part * self.parts) - self.units


@dataclass(frozen=True, slots=True)
class Offender:
    """A character that forces the large alphabet, and what could stand in its place."""

    position: int
    character: str
    name: str
    replacement: str | None


def measure(text: str) -> Measure:
    """Count a text as the network does; an empty text is one part."""
    if _is_gsm(text):
        sizes = [2 if character in GSM_EXTENDED else 1 for character in text]
        return _pack("GSM-7", sizes, _GSM_SINGLE, _GSM_PART)
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _pack("UCS-2", sizes, _UCS2_SINGLE, _UCS2_PART)


def transliterate(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Put plain characters in place of look-alikes; return the text and what was replaced."""
    replaced: dict[str, str] = {}
    out: list[str] = []
    for character in text:
        if character in REPLACEMENTS:
            replaced[character] = REPLACEMENTS[character]
        out.append(REPLACEMENTS.get(character, character))
    return "".join(out), list(replaced.items())


def offenders(text: str) -> list[Offender]:
    """List each character that is not in the small alphabet, with what can replace it."""
    found: list[Offender] = []
    for position, character in enumerate(text):
        if character in GSM_BASIC or character in GSM_EXTENDED:
            continue
        plain = REPLACEMENTS.get(character)
        if plain is None:
            stripped = drop_accents(character)
            plain = stripped if stripped != character and _is_gsm(stripped) else None
        name = unicodedata.name(character, f"character {ord(character):X}").lower()
        found.append(Offender(position, character, name, plain))
    return found


def drop_accents(text: str) -> str:
    """Write letters outside the small alphabet without their accents, where that works."""
    if _is_gsm(text):
        return text
    out: list[str] = []
    for character in text:
        if character in GSM_BASIC or character in GSM_EXTENDED:
            out.append(character)
            continue
        base = "".join(
            c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
        )
        out.append(base if base and _is_gsm(base) else character)
    return "".join(out)


def cost(parts: int, people: int, cents_per_part: float) -> float:
    """Estimate in dollars what a text to this many people costs."""
    return round(parts * people * cents_per_part / 100, 2)


def is_gsm(text: str) -> bool:
    """Tell whether every character is in the small alphabet."""
    return _is_gsm(text)


def _is_gsm(text: str) -> bool:
    rest = text.translate(_BASIC)
    return not rest or all(character in GSM_EXTENDED for character in rest)


def _pack(encoding: str, sizes: list[int], single: int, part: int) -> Measure:
    """Fill parts; a character of two units never straddles two of them."""
    units = sum(sizes)
    if units <= single:
        return Measure(encoding, units, 1)
    parts, used = 1, 0
    for size in sizes:
        if used + size > part:
            parts, used = parts + 1, 0
        used += size
    return Measure(encoding, units, parts)
