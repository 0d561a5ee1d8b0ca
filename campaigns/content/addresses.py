"""Which web addresses may stand in a message."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from campaigns.core.errors import InvalidInput

MAX_LENGTH = 2000
SHORTENERS = (
    "bit.ly",
    "tinyurl.com",
    "goo.gl",
    "t.co",
    "ow.ly",
    "short.io",
    "is.gd",
    "buff.ly",
    "rebrand.ly",
    "twil.io",
)
"""Public link shorteners: carriers filter texts that carry them."""

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_UNWANTED = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\\<>\"'`{}|^]")


def check_url(url: str) -> str:
    """Return the address if it is a plain https one.

    Raises: InvalidInput with the reason and the remedy.
    """
    address = url.strip()
    lower = address.lower()
    if lower.startswith("mailto:"):
        raise InvalidInput(
            "link_mailto",
            "A link that opens an email is not possible: replies cannot be tracked from it. "
            "Use a button that leads to a page, or ask people to reply.",
        )
    if lower.startswith("tel:"):
        raise InvalidInput(
            "link_tel", "To let people call, add a Call now block: it uses the clinic's number."
        )
    if not lower.startswith("https://"):
        raise InvalidInput(
            "link_scheme",
            f'"{_shorten(address)}" does not start with https://. '
            "Paste the full address of the page, with https:// in front.",
        )
    if len(address) > MAX_LENGTH:
        raise InvalidInput("link_long", "This address is too long. Use a shorter page address.")
    if _UNWANTED.search(address):
        raise InvalidInput(
            "link_characters",
            f'"{_shorten(address)}" has characters that do not belong in an address. '
            "Copy it again from the browser's address bar.",
        )
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        _ = parts.port
    except (ValueError, UnicodeError):
        host = ""
        parts = None
    if parts is None or parts.username or not _HOST.fullmatch(host):
        raise InvalidInput(
            "link_host",
            f'"{_shorten(address)}" is not the address of a web page. '
            "Copy it from the browser's address bar.",
        )
    return address


def shortener_of(url: str) -> str | None:
    """Return the public shortener that an address uses, or None."""
    host = (urlsplit(url).hostname or "").lower()
    return next((s for s in SHORTENERS if host == s or host.endswith("." + s)), None)


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"
