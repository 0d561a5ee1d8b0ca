"""Opaque tokens in links: each names one row, for one purpose, and reveals nothing.

A token is ``kid (1 byte) | mac (16 bytes) | id xor keystream (8 bytes)`` in URL-safe
base64: 34 characters. The 128-bit MAC covers the purpose and the id, so a click token
cannot unsubscribe anybody; the id is masked with a keystream drawn from the MAC, so
tokens show neither order nor number. The MAC is AES-256 of the one block that purpose and
id fill, which a thousand messages' tokens pass in a single call. Nothing is stored and
nothing expires: an unsubscribe link works for as long as the key ring has the key
(CAN-SPAM asks for 30 days, 15 U.S.C. 7704(a)(3); we never end it).
"""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

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
    TABLET = "tablet"  # /f/<slug>/tablet/<token>: a sign-up form opened on a tablet
    PREVIEW = "preview"  # /l/<token> of a lesson version, for staff: a version id


class Tokens:
    """Makes and reads tokens with the ``tokens`` keys of a ring."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._ciphers: dict[int, _Ciphers] = {}

    def issue(self, purpose: Purpose, row_id: int) -> str:
        """Return the token for a row; the same row always gives the same token."""
        return self._seal(self._keys.current("tokens"), (purpose,), (row_id,))[0]

    def issue_many(
        self, purposes: Sequence[Purpose], row_ids: Sequence[int]
    ) -> list[tuple[str, ...]]:
        """Return each row's tokens, one for each of at least one purpose; cheap by the thousand."""
        made = self._seal(self._keys.current("tokens"), purposes, row_ids)
        step = len(purposes)
        return [tuple(made[at : at + step]) for at in range(0, len(made), step)]

    def read(self, purpose: Purpose, token: str) -> int | None:
        """Return the row id, or None for any token that this service did not make for this."""
        return self.read_many(purpose, (token,))[0]

    def read_many(self, purpose: Purpose, tokens: Sequence[str]) -> list[int | None]:
        """Return for each text what ``read`` does; cheap by the thousand."""
        found: list[int | None] = [None] * len(tokens)
        places = [place for place, token in enumerate(tokens) if _SHAPE.fullmatch(token)]
        # With two letters more each is 27 bytes: so all are decoded at once.
        text = "".join([tokens[place] + "AA" for place in places])
        raw = binascii.a2b_base64(text.encode().translate(_FROM_URL_SAFE))
        step = _TOKEN_BYTES + len(_PADDING)
        by_kid: dict[int, list[tuple[int, int]]] = {}
        for number, place in enumerate(places):
            by_kid.setdefault(raw[number * step], []).append((place, number * step))
        for kid, group in by_kid.items():
            key = self._keys.find("tokens", kid)
            if key is None:
                continue
            macs = b"".join([raw[at + 1 : at + 17] for _place, at in group])
            streams = _encrypt(self._ciphers_of(key).mask, macs)
            row_ids = [
                int.from_bytes(raw[at + 17 : at + 25], "big")
                ^ int.from_bytes(streams[16 * number : 16 * number + 8], "big")
                for number, (_place, at) in enumerate(group)
            ]
            # Compare whole tokens: unused bits of the last character must match too.
            expected = self._seal(key, (purpose,), row_ids)
            for (place, _at), row_id, token in zip(group, row_ids, expected, strict=True):
                if hmac.compare_digest(token, tokens[place]):
                    found[place] = row_id
        return found

    def _seal(self, key: Key, purposes: Sequence[Purpose], row_ids: Sequence[int]) -> list[str]:
        """Return the tokens in order of rows, then of purposes."""
        ciphers = self._ciphers_of(key)
        tags = [_TAGS[purpose] for purpose in purposes]
        ids = [row_id.to_bytes(8, "big") for row_id in row_ids]
        macs = _encrypt(ciphers.mac, b"".join([tag + one for one in ids for tag in tags]))
        streams = _encrypt(ciphers.mask, macs)
        plain = b"".join([one + _HALF for one in ids for _tag in tags])
        masked = (int.from_bytes(plain, "big") ^ int.from_bytes(streams, "big")).to_bytes(
            len(plain), "big"
        )
        # Padded to 27 bytes a token is 36 characters of base64, the last two of them padding:
        # so all are encoded at once.
        raw = b"".join(
            [
                ciphers.kid + macs[at : at + 16] + masked[at : at + 8] + _PADDING
                for at in range(0, len(macs), 16)
            ]
        )
        text = binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()
        return [text[at : at + TOKEN_LENGTH] for at in range(0, len(text), 36)]

    def _ciphers_of(self, key: Key) -> _Ciphers:
        found = self._ciphers.get(key.kid)
        if found is None:
            found = self._ciphers[key.kid] = _Ciphers(
                bytes([key.kid]), _cipher(key, b"token mac"), _cipher(key, b"token mask")
            )
        return found


_HALF = bytes(8)
_PADDING = bytes(2)
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SHAPE = re.compile(f"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")
_TAGS = {
    purpose: blake2b(purpose.encode(), digest_size=8, person=b"token purpose").digest()
    for purpose in Purpose
}


class _Ciphers(NamedTuple):
    """AES under two keys that follow from one key of the ring."""

    kid: bytes
    mac: Cipher[modes.ECB]
    mask: Cipher[modes.ECB]


def _cipher(key: Key, person: bytes) -> Cipher[modes.ECB]:
    derived = blake2b(key=key.secret, digest_size=32, person=person).digest()
    # Not encryption of a text: each block is by itself, a pseudorandom function of 16 bytes.
    return Cipher(algorithms.AES(derived), modes.ECB())  # noqa: S305


def _encrypt(cipher: Cipher[modes.ECB], blocks: bytes) -> bytes:
    return cipher.encryptor().update(blocks)
