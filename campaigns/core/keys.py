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
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.core.errors import NotConfigured

PURPOSES = ("suppression", "tokens", "secrets", "session")
_KEY_BYTES = 32
_KEPT = 16_384
_LAST_KID = 255
"""Tokens and sealed values have one byte for the number of their key."""


@dataclass(frozen=True, slots=True)
class Key:
    """One secret key; ``kid`` is a small number, unique within its purpose."""

    kid: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys by purpose, newest first."""

    keys: dict[str, tuple[Key, ...]]
    _kept: dict[tuple[str, str], tuple[str, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Hashes of addresses lately asked for: a file asks for each of its own several times."""

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

        HMAC-SHA-256 over ``channel:address`` with the oldest suppression key, and over
        that with each newer one: so a stored hash can be carried to a new key
        (``rehashed``) where the address itself is long gone. The address must be
        normalised already (lower-case email, E.164 phone).
        """
        return self._hashes(channel, address)[-1]

    def address_hashes(self, channel: str, address: str) -> list[str]:
        """Return the hashes as of every key of the ring, newest first: for look-ups."""
        return list(self._hashes(channel, address)[::-1])

    def _hashes(self, channel: str, address: str) -> tuple[str, ...]:
        """Return the hashes as of every key, oldest first."""
        found = self._kept.get((channel, address))
        if found is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            found = tuple(self._carried(None, f"{channel}:{address}".encode()))
            self._kept[channel, address] = found
        return found

    def rehashed(self, address_hash: str) -> str:
        """Return a stored hash as the current key has it; unknown kids stay as they are."""
        kid, _, digest = address_hash.partition(":")
        if not kid.isdigit() or self.find("suppression", int(kid)) is None:
            return address_hash
        return (self._carried(int(kid), bytes.fromhex(digest)) or [address_hash])[-1]

    def mark(self, text: str) -> str:
        """Return a short keyed mark of a text, as ``kid:hex``: shows that we wrote it."""
        return _mark(self.current("suppression"), text)

    def is_marked(self, text: str, mark: str) -> bool:
        """Tell whether a mark was made for this very text with a key of this ring."""
        kid = mark.partition(":")[0]
        key = self.find("suppression", int(kid)) if kid.isdecimal() else None
        return key is not None and hmac.compare_digest(_mark(key, text), mark)

    def _carried(self, since: int | None, value: bytes) -> list[str]:
        """Hash a value with every key that is newer than ``since``, oldest first."""
        found: list[str] = []
        passed = since is None
        for key in reversed(self.keys["suppression"]):
            if passed:
                value = hmac.digest(key.secret, value, "sha256")
                found.append(f"{key.kid}:{value.hex()}")
            passed = passed or key.kid == since
        return found


def with_session_secret(ring: KeyRing, secret: str) -> KeyRing:
    """Return the ring with forms of staff sessions sealed by an operator's own secret.

    Nothing else follows from it: changing the secret costs open forms, never an opt-out.
    """
    key = Key(0, hashlib.sha256(b"session:" + secret.encode()).digest())
    return KeyRing({**ring.keys, "session": (key, *ring.all("session"))})


def _mark(key: Key, text: str) -> str:
    digest = hmac.digest(key.secret, b"mark\n" + text.encode(), "sha256")
    return f"{key.kid}:{digest[:16].hex()}"


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
        temporary = _write_beside(path, new_key_ring())
        try:
            os.link(temporary, path)  # fails if another process was first: theirs counts
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return _read(path)


def rotate(path: Path, purposes: Iterable[str] = PURPOSES) -> KeyRing:
    """Put a fresh key before the others of these purposes, in the file; return the new ring.

    Old keys stay, for what was made with them. Every process that holds the old ring must
    be stopped before, and hashes of addresses be carried over after (``consent.rehashing``).

    Raises: NotConfigured when the file cannot be read or a purpose is out of numbers.
    """
    ring = _read(path)
    keys = dict(ring.keys)
    for purpose in purposes:
        kid = max(key.kid for key in keys[purpose]) + 1
        if kid > _LAST_KID:
            raise NotConfigured(
                "key_ring_full", f"The key ring {path} has {_LAST_KID} keys for {purpose}."
            )
        keys[purpose] = (Key(kid, secrets.token_bytes(_KEY_BYTES)), *keys[purpose])
    _write_beside(path, KeyRing(keys)).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return _read(path)


def _write_beside(path: Path, ring: KeyRing) -> Path:
    """Write a ring to a file beside its place, mode 0600, and wait until it is on the disk."""
    body = {p: [{"kid": k.kid, "secret": k.secret.hex()} for k in ring.all(p)] for p in PURPOSES}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(body, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return temporary


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
