"""Rules: what is refused and where, how they read, that normalising keeps their meaning."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.audience import rules
from campaigns.audience.fields import FieldSpec, Kind, Op, pair, register
from campaigns.audience.rules import Group, Leaf
from campaigns.core.errors import InvalidInput

JOINT = {"field": "interest", "op": "has", "value": "joint_pain"}
TEXTS = {"field": "sms_consent", "op": "is", "value": "agreed"}
NAMES = {"interest": {"joint_pain": "Joint pain"}}


@pytest.mark.parametrize(
    ("raw", "place", "words"),
    [
        (7, "rule", "The rule is not a condition"),
        ({}, "rule", "names no field"),
        ({"all": [JOINT, {"field": "intrest", "op": "has"}]}, "2", "Did you mean “interest”?"),
        ({"all": [{"field": "state", "op": "near", "value": "TX"}]}, "1", "“in” or “not_in”"),
        ({"all": [{"any": [JOINT, {"field": "state", "op": "in", "value": ["ZZ"]}]}]}, "1.2", "ZZ"),
        ({"all": [{"field": "booked", "op": "within", "value": 0}]}, "1", "from 1 to 3650"),
        ({"all": [{"field": "booked", "op": "within", "value": True}]}, "1", "number of days"),
        ({"all": [{"field": "booked", "op": "never", "value": 3}]}, "1", "takes no value"),
        ({"all": [{"field": "postal_code", "op": "in", "value": "7870x"}]}, "1", "does not fit"),
        ({"all": [{"field": "city", "op": "is", "value": "  "}]}, "1", "has no value yet"),
        ({"all": [{"field": "city", "op": "is", "value": "a\x00b"}]}, "1", "cannot be stored"),
        ({"any": []}, "rule", "any of no conditions"),
        ({"all": [{"all": []}]}, "1", "group without a condition"),
        ({"not": {"all": []}}, "rule", "leaves out everybody"),
        ({"all": [], "any": []}, "rule", "something else beside it"),
        ({"all": [{**JOINT, "extra": 1}]}, "1", "a part that is not known"),
        ({"all": JOINT}, "rule", "without a list"),
    ],
)
def test_a_faulty_rule_is_refused_with_its_place(raw: Any, place: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.parse(raw)
    assert caught.value.code == "rule_invalid"
    assert list(caught.value.fields) == [place]
    assert words in caught.value.message


def test_depth_and_size_are_bounded() -> None:
    deep: dict[str, Any] = JOINT
    for _ in range(8):
        deep = {"all": [deep]}
    with pytest.raises(InvalidInput, match="nested more than"):
        rules.parse(deep)
    with pytest.raises(InvalidInput, match="more than 100 conditions"):
        rules.parse({"all": [JOINT] * 101})


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"all": []}, "Everybody on file"),
        (JOINT, "People who are interested in joint pain"),
        (
            {"all": [JOINT, TEXTS, {"field": "booked", "op": "not_within", "value": 60}]},
            (
                "People who are interested in joint pain, agreed to texts and have not booked in "
                "the last 60 days"
            ),
        ),
        (
            {"all": [TEXTS, {"any": [JOINT, {"field": "state", "op": "in", "value": "TX,UT"}]}]},
            (
                "People who agreed to texts and (are interested in joint pain or live in Texas "
                "or Utah)"
            ),
        ),
        (
            {"not": {"any": [JOINT, TEXTS]}},
            "People who are not interested in joint pain and have not agreed to texts",
        ),
        (
            {"field": "clicked", "op": "within", "value": 1},
            "People who clicked a link in the last 1 day",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(raw: Any, sentence: str) -> None:
    assert rules.describe(rules.parse(raw), NAMES) == sentence


def test_every_condition_of_every_field_reads_as_words() -> None:
    for spec in (s for s in map(rules.fields.find, ALL_CODES) if s is not None):
        for op in spec.ops:
            values: tuple[Any, ...] = tuple(code for code, _ in spec.choices) or ("787",)
            for value in values:
                given: Any = (value,) if op.kind in (Kind.CHOICES, Kind.TEXTS) else value
                if op.kind is Kind.DAYS:
                    given = 30
                leaf = Leaf(spec.code, op.code, None if op.kind is Kind.NOTHING else given)
                for one in (False, True):
                    said = rules.say(leaf, one=one)
                    assert said.strip()
                    assert "{" not in said


ALL_CODES = [spec.code for spec in rules.fields.all_fields()]


def test_json_goes_out_as_it_came_in() -> None:
    raw = {"all": [JOINT, {"not": {"any": [TEXTS, JOINT]}}]}
    assert rules.to_json(rules.parse(raw)) == raw


def test_normalising_removes_not_nesting_and_repetition() -> None:
    raw = {"all": [JOINT, {"all": [JOINT, {"not": {"not": TEXTS}}]}]}
    assert rules.normalise(rules.parse(raw)) == Group(
        "all",
        (Leaf("interest", "has", "joint_pain"), Leaf("sms_consent", "is", "agreed")),
    )


def test_a_field_without_opposites_or_without_sql_is_refused() -> None:
    lonely = Op(code="a", label="a", kind=Kind.NOTHING, many="a", one="a", opposite="b")
    with pytest.raises(ValueError, match="no opposite"):
        FieldSpec(code="lonely", label="Lonely", area="X", ops=(lonely,))
    ops = pair(("yes", "is", "a", "a"), ("no", "is not", "b", "b"), Kind.NOTHING)
    with pytest.raises(ValueError, match="brings no SQL"):
        register(FieldSpec(code="bare", label="Bare", area="X", ops=ops))
