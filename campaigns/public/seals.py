"""Signed hidden fields: when a form was shown, what may be undone, who proved an address.

Public pages keep no cookie and no session, so what one page must tell the next travels in
the form, signed and with a time: ``kid.seconds.number[.number].mac``.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from campaigns.core.keys import Key, KeyRing

_MAC_BYTES = 16
_MAX_LENGTH = 120


class Seal(StrEnum):
    """What a signed field may be used for."""

    SIGN_UP = "form.signup"  # when the form was shown
    UNDO = "form.undo"  # message id, ledger entry id
    FRAMED = "form.framed"  # form id, hash of the website's origin that frames it
    PROVED = "form.proved"  # message id, contact id


def seal(keys: KeyRing, use: Seal, now: datetime, *numbers: int) -> str:
    """Return the signed field for these numbers as of now."""
    key = keys.current("tokens")
    body = ".".join(str(part) for part in (key.kid, int(now.timestamp()), *numbers))
    return f"{body}.{_mac(key, use, body)}"


def age(keys: KeyRing, use: Seal, text: str, now: datetime) -> timedelta | None:
    """Return how long ago the field was signed, or None if this service did not sign it."""
    read = _read(keys, use, text)
    return None if read is None else now - read[0]


def unseal(
    keys: KeyRing, use: Seal, text: str, now: datetime, *, within: timedelta
) -> tuple[int, ...] | None:
    """Return the numbers, or None if the field is forged, for another use, or too old."""
    read = _read(keys, use, text)
    if read is None or not timedelta(0) <= now - read[0] <= within:
        return None
    return read[1]


def _read(keys: KeyRing, use: Seal, text: str) -> tuple[datetime, tuple[int, ...]] | None:
    if len(text) > _MAX_LENGTH or not text.isascii():
        return None
    body, _, mac = text.rpartition(".")
    parts = body.split(".")
    if len(parts) < 2 or not all(part.isdigit() for part in parts):
        return None
    key = keys.find("tokens", int(parts[0]))
    if key is None or not hmac.compare_digest(_mac(key, use, body), mac):
        return None
    return datetime.fromtimestamp(int(parts[1]), UTC), tuple(int(part) for part in parts[2:])


def _mac(key: Key, use: Seal, body: str) -> str:
    made = blake2b(body.encode(), key=key.secret, digest_size=_MAC_BYTES, person=use.encode()[:16])
    return made.hexdigest()
