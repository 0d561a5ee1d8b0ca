"""The key ring: secret keys that live outside the database, in a file of mode 0600.

Each purpose has its own list of keys, newest first; every stored use names the ``kid``
that made it, so that keys can be rotated while old hashes and links stay valid. The ring
is made at first run and belongs in every backup: losing the ``suppression`` key would
lose every opt-out, which is why it never derives from ``CAMPAIGNS_SECRET_KEY``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.core.errors import NotConfigured

PURPOSES = ("suppression", "tokens", "secrets", "session")
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """One secret key; ``kid`` is a small number, unique within its purpose."""

    kid: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys by purpose, newest first."""

    keys: dict[str, tuple[Key, ...]]

    def current(self, purpose: str) -> Key:
        """Return the key that new uses are made with."""
        return self.keys[purpose][0]

    def all(self, purpose: str) -> tuple[Key, ...]:
        """Return every key of a purpose, newest first, to check old uses."""
        return self.keys[purpose]

    def find(self, purpose: str, kid: int) -> Key | None:
        """Return the key with this number, or None if the ring never had it."""
        return next((key for key in self.keys[purpose] if key.kid == kid), None)

    def address_hash(self, channel: str, address: str) -> str:
        """Return the keyed hash under which an address is suppressed, as ``kid:hex``.

        HMAC-SHA-256 over ``channel:address`` with the current suppression key; the
        address must be normalised already (lower-case email, E.164 phone).
        """
        return _address_hash(self.current("suppression"), channel, address)

    def address_hashes(self, channel: str, address: str) -> list[str]:
        """Return the hashes under every key of the ring: what a look-up must compare with."""
        return [_address_hash(key, channel, address) for key in self.all("suppression")]


def with_session_secret(ring: KeyRing, secret: str) -> KeyRing:
    """Return the ring with forms of staff sessions sealed by an operator's own secret.

    Nothing else follows from it: changing the secret costs open forms, never an opt-out.
    """
    key = Key(0, hashlib.sha256(b"session:" + secret.encode()).digest())
    return KeyRing({**ring.keys, "session": (key, *ring.all("session"))})


def _address_hash(key: Key, channel: str, address: str) -> str:
    digest = hmac.digest(key.secret, f"{channel}:{address}".encode(), "sha256")
    return f"{key.kid}:{digest.hex()}"


def new_key_ring() -> KeyRing:
    """Make a ring with one fresh random key for each purpose."""
    return KeyRing({p: (Key(1, secrets.token_bytes(_KEY_BYTES)),) for p in PURPOSES})


def load_or_create(path: Path) -> KeyRing:
    """Read the key ring, or make it with mode 0600 if there is none.

    Safe when two processes start at once: the file is created exclusively.

    Raises: NotConfigured when the file cannot be read or is not a key ring.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        ring = new_key_ring()
        body = {
            p: [{"kid": k.kid, "secret": k.secret.hex()} for k in ring.all(p)] for p in PURPOSES
        }
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(body, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # fails if another process was first: theirs counts
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return _read(path)


def _read(path: Path) -> KeyRing:
    try:
        body = json.loads(path.read_text())
        keys = {
            purpose: tuple(Key(int(k["kid"]), bytes.fromhex(k["secret"])) for k in body[purpose])
            for purpose in PURPOSES
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotConfigured(
            "key_ring_unreadable",
            f"The key ring {path} cannot be read ({error}). Restore it from a backup: without "
            "it, opt-outs and links in messages already sent cannot be recognised.",
        ) from error
    if not all(keys.values()):
        raise NotConfigured("key_ring_empty", f"The key ring {path} has a purpose without a key.")
    return KeyRing(keys)
