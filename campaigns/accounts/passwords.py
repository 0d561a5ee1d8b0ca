"""Passwords: what is good enough, and argon2id hashes of them."""

from __future__ import annotations

import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from campaigns.accounts.common_passwords import COMMON
from campaigns.core.errors import InvalidInput

SHORTEST = 12
LONGEST = 200
_FEWEST_DIFFERENT = 5
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")
_LOOK_ALIKES = str.maketrans("0134578@$!", "oleastbasi")
_hasher = PasswordHasher()


def require_good(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Refuse a password that is too short or easily guessed.

    ``about`` holds words that belong to the person or the clinic (name, email).

    Raises: InvalidInput ``password_weak`` with the remedy at the field ``password``.
    """
    fault = _fault(password, about)
    if fault:
        raise InvalidInput("password_weak", fault, fields={"password": fault})


def hash_of(password: str) -> str:
    """Return the argon2id hash to store (about 0.1 s, on purpose)."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Tell whether a password is the stored one; as slow when there is none to compare with."""
    try:
        return _hasher.verify(stored or _nobodys(), password[:LONGEST]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    """Return a hash that belongs to nobody, so that unknown people take as long as known ones."""
    return _hasher.hash("the account that is not there")


def _fault(password: str, about: tuple[str, ...]) -> str | None:
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters; four unrelated words are easy to remember."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    plain = password.lower()
    if len(set(plain)) < _FEWEST_DIFFERENT or _is_run(plain):
        return "This repeats or counts up too regularly. Use several unrelated words."
    if _is_common(plain) or _is_common(plain.translate(_LOOK_ALIKES)):
        return "This is among the passwords that are tried first. Use several unrelated words."
    if _is_name(plain, about):
        return "This is mostly a name that others know. Add several unrelated words."
    return None


def _is_common(plain: str) -> bool:
    """Tell whether nothing is left once well-known words, figures and signs are taken out."""
    rest = re.sub(r"[^a-z]+", " ", plain)
    for word in COMMON:
        if word in rest:
            rest = rest.replace(word, " ")
    return len(rest.replace(" ", "")) <= 2


def _is_name(plain: str, about: tuple[str, ...]) -> bool:
    """Tell whether little is left once the names of person and clinic are taken out."""
    rest = plain
    for part in re.split(r"[^a-z0-9]+", " ".join(about).lower()):
        if len(part) >= 4:
            rest = rest.replace(part, " ")
    return rest != plain and len(re.sub(r"[^a-z]+", "", rest)) < _FEWEST_DIFFERENT


def _is_run(plain: str) -> bool:
    half = len(plain) // 2
    for period in range(1, half + 1):
        if plain == (plain[:period] * len(plain))[: len(plain)] and period <= 4:
            return True
    return any(plain in run * 2 or plain in (run * 2)[::-1] for run in _RUNS)
