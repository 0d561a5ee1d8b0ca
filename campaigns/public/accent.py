"""The clinic's colour, bent until it can be read: on white, on dark, and under a label.

Contrast is computed as WCAG 2.2 defines it (1.4.3). A clinic may choose any colour; the
pages stay readable whatever it is.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

LIGHT_PAGE = (255, 255, 255)
DARK_PAGE = (28, 30, 34)
_FALLBACK = (179, 38, 30)
_READABLE = 4.6
_HEX = re.compile(r"#[0-9a-fA-F]{6}")

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Accent:
    """Colours for both schemes as a style sheet, and the hash that lets CSP allow it."""

    css: str
    csp_hash: str


def accent_of(colour: str) -> Accent:
    """Return the style sheet for a clinic's colour (``#rrggbb``; anything else: the default)."""
    base = _parse(colour) if _HEX.fullmatch(colour) else _FALLBACK
    light = _bend(base, LIGHT_PAGE, towards=(0, 0, 0))
    dark = _bend(base, DARK_PAGE, towards=(255, 255, 255))
    css = (
        f":root{{--accent:{_text(light)};--on-accent:{_text(_label(light))}}}"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{_text(dark)};"
        f"--on-accent:{_text(_label(dark))}}}}}"
    )
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return Accent(css, f"'sha256-{digest}'")


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _bend(colour: Colour, page: Colour, *, towards: Colour) -> Colour:
    for share in range(0, 101, 4):
        bent = (
            _mix(colour[0], towards[0], share),
            _mix(colour[1], towards[1], share),
            _mix(colour[2], towards[2], share),
        )
        if contrast(bent, page) >= _READABLE:
            return bent
    return towards


def _mix(one: int, other: int, share: int) -> int:
    return one + (other - one) * share // 100


def _label(ground: Colour) -> Colour:
    white, black = (255, 255, 255), (0, 0, 0)
    return white if contrast(ground, white) >= contrast(ground, black) else black


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _parse(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _text(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
