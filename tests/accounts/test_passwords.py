"""Which passwords are good enough, and how they are kept."""

from __future__ import annotations

import pytest

from campaigns.accounts import passwords
from campaigns.core.errors import InvalidInput

GOOD = "copper lantern river 81"


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "aaaaaaaaaaaaaa",
        "ababababababab",
        "123456789012",
        "abcdefghijklmn",
        "qwertyuiopas",
        "password1234",
        "Password!!2026",
        "P@ssw0rdP@ssw0rd",
        "welcomewelcome",
        "DeeplyVital2026",
        "x" * 201,
    ],
)
def test_a_password_that_is_tried_first_is_refused_at_its_field(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        passwords.require_good(password, about=("Deeply Vital Medical",))
    assert "password" in refusal.value.fields


@pytest.mark.parametrize(
    "password",
    [GOOD, "violet-harbour-stone", "zK4!mq9$Lw2#", "Grüße aus dem Wald 7", "🦊 jumps over x"],
)
def test_several_unrelated_words_or_random_signs_are_taken(password: str) -> None:
    passwords.require_good(password)


def test_a_name_that_others_know_does_not_carry_a_password() -> None:
    with pytest.raises(InvalidInput, match="name"):
        passwords.require_good("lindqvist2026", about=("Maya Lindqvist",))


def test_a_hash_is_argon2id_and_opens_with_its_password_only() -> None:
    stored = passwords.hash_of(GOOD)
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, GOOD)
    assert not passwords.matches(stored, GOOD + " ")


def test_nobodys_password_matches_nothing() -> None:
    assert not passwords.matches(None, "the account that is not there")
    assert not passwords.matches("not a hash", GOOD)
