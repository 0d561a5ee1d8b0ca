"""Opaque tokens in links: each names one row, for one purpose, and reveals nothing.

A token is ``kid (1 byte) | mac (16 bytes) | id xor keystream (8 bytes)`` in URL-safe
base64: 34 characters. The 128-bit MAC covers the purpose and the id, so a click token
cannot unsubscribe anybody; the id is masked with a keystream drawn from the MAC, so
tokens show neither order nor number. Nothing is stored and nothing expires: an
unsubscribe link works for as long as the key ring has the key (CAN-SPAM asks for 30
days, 15 U.S.C. 7704(a)(3); we never end it).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from campaigns.core.keys import Key, KeyRing

_TOKEN_BYTES = 25
TOKEN_LENGTH = 34


class Purpose(StrEnum):
    """What a token may be used for; the id's meaning follows from it."""

    MESSAGE = "message"  # provider's metadata and callback address: a message id
    CLICK = "click"  # /c/<token>/<n>: a message id
    LESSON = "lesson"  # /l/<token>: a message id
    UNSUBSCRIBE = "unsub"  # /u/<token>: a message id
    PREFERENCES = "prefs"  # /p/<token>: a message id
    CONFIRM = "confirm"  # /confirm/<token>: an opt-in request id
    PREVIEW = "preview"  # /l/<token> of a lesson version, for staff: a version id


class Tokens:
    """Makes and reads tokens with the ``tokens`` keys of a ring."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._started: dict[tuple[int, Purpose], _Started] = {}

    def issue(self, purpose: Purpose, row_id: int) -> str:
        """Return the token for a row; the same row always gives the same token."""
        return self._seal(self._keys.current("tokens"), purpose, row_id)

    def read(self, purpose: Purpose, token: str) -> int | None:
        """Return the row id, or None for any token that this service did not make for this."""
        if len(token) != TOKEN_LENGTH or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token + "==", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) != _TOKEN_BYTES:
            return None
        key = self._keys.find("tokens", raw[0])
        if key is None:
            return None
        mac, masked = raw[1:17], raw[17:]
        row_id = _unmasked(key, mac, masked)
        # Compare whole tokens: unused bits of the last character must match too.
        expected = self._seal(key, purpose, row_id)
        return row_id if hmac.compare_digest(expected, token) else None

    def _seal(self, key: Key, purpose: Purpose, row_id: int) -> str:
        # A message carries five tokens: the key is worked into the hashes once, not each time.
        started = self._started.get((key.kid, purpose))
        if started is None:
            started = self._started[key.kid, purpose] = _Started(
                bytes([key.kid]),
                blake2b(key=key.secret, digest_size=16, person=purpose.encode()[:16]),
                blake2b(key=key.secret, digest_size=8, person=b"mask"),
            )
        mac_of = started.mac.copy()
        mac_of.update(row_id.to_bytes(8, "big"))
        mac = mac_of.digest()
        mask_of = started.mask.copy()
        mask_of.update(mac)
        masked = row_id ^ int.from_bytes(mask_of.digest(), "big")
        raw = started.kid + mac + masked.to_bytes(8, "big")
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class _Started(NamedTuple):
    """Hashes with the key worked in, to be copied for each token."""

    kid: bytes
    mac: blake2b
    mask: blake2b


def _unmasked(key: Key, mac: bytes, masked: bytes) -> int:
    stream = blake2b(mac, key=key.secret, digest_size=8, person=b"mask").digest()
    return int.from_bytes(masked, "big") ^ int.from_bytes(stream, "big")
