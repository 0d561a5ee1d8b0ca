"""Encrypt small secrets for the database with the key ring's ``secrets`` keys.

A sealed value is ``kid (1 byte) | nonce (12) | AES-256-GCM ciphertext``. The purpose is
authenticated too, so that a value copied from one column to another does not open.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from campaigns.core.errors import NotConfigured
from campaigns.core.keys import KeyRing

_NONCE_BYTES = 12


def seal(keys: KeyRing, purpose: str, plain: bytes) -> bytes:
    """Encrypt a value with the current key."""
    key = keys.current("secrets")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return bytes([key.kid]) + nonce + AESGCM(key.secret).encrypt(nonce, plain, purpose.encode())


def unseal(keys: KeyRing, purpose: str, sealed: bytes) -> bytes:
    """Decrypt a value that ``seal`` made for the same purpose.

    Raises: NotConfigured when the key ring has no key that opens it.
    """
    key = keys.find("secrets", sealed[0]) if sealed else None
    if key is not None:
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return AESGCM(key.secret).decrypt(nonce, body, purpose.encode())
        except InvalidTag:
            pass
    raise NotConfigured(
        "sealed_unreadable",
        "A protected value cannot be opened with this key ring. Restore the key ring that "
        "belongs to this database from its backup.",
    )
