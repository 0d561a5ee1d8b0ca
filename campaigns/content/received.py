"""An email as it arrived in a mailbox: whether its one-click unsubscribe will be offered.

Pure. Mailboxes offer the button only when the pair of headers stands in the message once
and a DKIM signature covers both (RFC 8058 section 4); some providers leave them out of the
signature, and only a message that arrived shows it. The signature itself is not verified:
the mailbox has done that, and its verdict stands in ``Authentication-Results``.
"""

from __future__ import annotations

import email.parser
import email.policy
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

LIST, POST = "List-Unsubscribe", "List-Unsubscribe-Post"
ONE_CLICK = "List-Unsubscribe=One-Click"
_SPACE = re.compile(r"\s+")
_ADDRESS = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a received email shows."""

    faults: tuple[str, ...]
    """Sentences; empty when the button will be offered."""
    signers: tuple[str, ...]
    """Domains whose signature covers both headers."""


def read(source: bytes) -> Arrived:
    """Judge the source of a received email, headers first, as a mailbox shows it."""
    message = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(source)
    faults = []
    for name in (LIST, POST):
        found = len(message.get_all(name, []))
        if found != 1:
            times = "is missing" if found == 0 else f"stands there {found} times"
            faults.append(f"{name} {times}; it must stand there once.")
    if POST in message and _SPACE.sub("", str(message[POST])) != ONE_CLICK:
        faults.append(f"{POST} must say {ONE_CLICK}.")
    if LIST in message:
        addresses = _ADDRESS.findall(_SPACE.sub("", str(message[LIST])))
        if sum(urlsplit(address).scheme.lower() == "https" for address in addresses) != 1:
            faults.append(f"{LIST} must name one https address.")
    signatures = [_tags(str(value)) for value in message.get_all("DKIM-Signature", [])]
    signers = tuple(tags.get("d", "") for tags in signatures if _covers(tags))
    if not signatures:
        faults.append("There is no DKIM signature: no mailbox will offer the button.")
    elif not signers:
        faults.append(
            f"No DKIM signature covers {LIST} and {POST} (its part h= leaves one out): ask the "
            "provider to sign both."
        )
    return Arrived(faults=tuple(faults), signers=signers)


def _tags(value: str) -> dict[str, str]:
    parts = (part.partition("=") for part in value.split(";"))
    return {name.strip(): _SPACE.sub("", rest) for name, _, rest in parts}


def _covers(tags: dict[str, str]) -> bool:
    signed = {name.lower() for name in tags.get("h", "").split(":")}
    return {LIST.lower(), POST.lower()} <= signed
