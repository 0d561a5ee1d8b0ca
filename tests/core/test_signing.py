"""Tokens name one row for one purpose and give nothing away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.keys import new_key_ring
from campaigns.core.signing import TOKEN_LENGTH, Purpose, Tokens

TOKENS = Tokens(new_key_ring())
OTHERS = Tokens(new_key_ring())
ids = st.integers(min_value=0, max_value=2**63 - 1)


@given(ids, st.sampled_from(list(Purpose)))
def test_a_token_leads_back_to_its_row(row_id: int, purpose: Purpose) -> None:
    token = TOKENS.issue(purpose, row_id)
    assert len(token) == TOKEN_LENGTH
    assert TOKENS.read(purpose, token) == row_id


@given(ids, st.sampled_from(list(Purpose)), st.sampled_from(list(Purpose)))
def test_a_token_of_one_purpose_is_worthless_for_another(
    row_id: int, made_for: Purpose, used_for: Purpose
) -> None:
    read = TOKENS.read(used_for, TOKENS.issue(made_for, row_id))
    assert read == (row_id if made_for == used_for else None)


def test_every_changed_character_makes_a_token_worthless() -> None:
    token = TOKENS.issue(Purpose.UNSUBSCRIBE, 42)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place, original in enumerate(token):
        for other in alphabet:
            if other != original:
                changed = token[:place] + other + token[place + 1 :]
                assert TOKENS.read(Purpose.UNSUBSCRIBE, changed) is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert TOKENS.read(Purpose.CLICK, text) is None


def test_neighbouring_rows_have_tokens_that_share_nothing() -> None:
    first, second = (TOKENS.issue(Purpose.CLICK, n) for n in (1000, 1001))
    same = sum(a == b for a, b in zip(first[2:], second[2:], strict=True))
    assert same < 10


@pytest.mark.parametrize("purpose", list(Purpose))
def test_another_ring_reads_nothing(purpose: Purpose) -> None:
    assert Tokens(new_key_ring()).read(purpose, TOKENS.issue(purpose, 7)) is None


@given(st.lists(ids, max_size=5), st.lists(st.sampled_from(list(Purpose)), min_size=1, max_size=4))
def test_many_at_once_are_the_same_as_one_by_one(
    row_ids: list[int], purposes: list[Purpose]
) -> None:
    together = TOKENS.issue_many(purposes, row_ids)
    assert together == [tuple(TOKENS.issue(p, one) for p in purposes) for one in row_ids]


@given(
    st.lists(
        st.tuples(st.sampled_from(["ours", "other purpose", "other ring", "changed", "text"]), ids),
        max_size=12,
    ),
    st.text(max_size=60),
)
def test_many_are_read_at_once_as_one_by_one(made: list[tuple[str, int]], text: str) -> None:
    tokens, expected = [], []
    for kind, row_id in made:
        token = TOKENS.issue(Purpose.MESSAGE, row_id)
        if kind == "other purpose":
            token = TOKENS.issue(Purpose.CLICK, row_id)
        elif kind == "other ring":
            token = OTHERS.issue(Purpose.MESSAGE, row_id)
        elif kind == "changed":
            token = token[:-1] + ("A" if token[-1] != "A" else "B")
        elif kind == "text":
            token = text
        tokens.append(token)
        expected.append(row_id if kind == "ours" else None)
    assert TOKENS.read_many(Purpose.MESSAGE, tokens) == expected
    assert [TOKENS.read(Purpose.MESSAGE, token) for token in tokens] == expected
