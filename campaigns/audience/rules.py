"""A group's rule: a tree of conditions, read from JSON, put in order, said as a sentence.

Pure. ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": node}`` and the condition
``{"field": "interest", "op": "has", "value": "joint_pain"}``. An empty ``all`` is
everybody. Errors name the place: "Condition 2.1" is the first condition in the second.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from campaigns.audience import fields
from campaigns.audience.fields import FieldSpec, Kind, Op, Value
from campaigns.core.errors import InvalidInput

MAX_DEPTH = 6
MAX_CONDITIONS = 100
MAX_VALUES = 200
MAX_DAYS = 3650
MAX_TEXT = 120

Place = tuple[int, ...]
Names = Mapping[str, Mapping[str, str]]
"""Field -> value -> its name in words, for choices that live in the database."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition."""

    field: str
    op: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that must all hold, or any of which must."""

    kind: Literal["all", "any"]
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    child: Node


Node = Leaf | Group | Not
EVERYBODY = Group("all", ())


def parse(raw: object) -> Node:
    """Read a rule from JSON.

    Raises: InvalidInput naming the faulty place and what would be right.
    """
    node = _parse(raw, (), 1)
    if sum(1 for _ in leaves(node)) > MAX_CONDITIONS:
        _refuse((), f"has more than {MAX_CONDITIONS} conditions: make it simpler")
    return node


def _parse(raw: object, place: Place, depth: int) -> Node:
    if not isinstance(raw, Mapping):
        _refuse(place, "is not a condition: it needs a field, or a list under “all” or “any”")
    if depth > MAX_DEPTH:
        _refuse(place, f"is nested more than {MAX_DEPTH} deep: make it simpler")
    keys = set(raw)
    for kind in ("all", "any"):
        if kind in keys:
            if keys != {kind}:
                _refuse(place, f"has “{kind}” and something else beside it")
            return _parse_group(kind, raw[kind], place, depth)
    if "not" in keys:
        if keys != {"not"}:
            _refuse(place, "has “not” and something else beside it")
        if isinstance(raw["not"], Mapping) and raw["not"].get("all") == []:
            _refuse(place, "leaves out everybody: add a condition")
        return Not(_parse(raw["not"], place, depth + 1))
    if "field" not in keys:
        _refuse(place, "names no field")
    unknown = keys - {"field", "op", "value"}
    if unknown:
        _refuse(place, f"has a part that is not known: “{min(map(str, unknown))}”")
    return _parse_leaf(raw["field"], raw.get("op"), raw.get("value"), place)


def _parse_group(kind: Literal["all", "any"], raw: object, place: Place, depth: int) -> Group:
    if not isinstance(raw, list | tuple):
        _refuse(place, f"has “{kind}” without a list of conditions")
    if kind == "any" and not raw:
        _refuse(place, "asks for any of no conditions: add one")
    if not raw and place:
        _refuse(place, "is a group without a condition: add one, or take the group away")
    return Group(
        kind, tuple(_parse(item, (*place, n), depth + 1) for n, item in enumerate(raw, start=1))
    )


def _parse_leaf(code: object, op_code: object, value: object, place: Place) -> Leaf:
    spec = fields.find(code) if isinstance(code, str) else None
    if spec is None:
        known = [s.code for s in fields.all_fields()]
        _refuse(place, f"asks about “{code}”, which is not known{_hint(code, known)}")
    op = spec.op(op_code) if isinstance(op_code, str) else None
    if op is None:
        known = [o.code for o in spec.ops]
        _refuse(
            place,
            f"compares {spec.label} by “{op_code}”, which is not known: use {_or(known)}",
        )
    return Leaf(spec.code, op.code, _parse_value(spec, op, value, place))


def _parse_value(spec: FieldSpec, op: Op, value: object, place: Place) -> Value:
    if op.kind is Kind.NOTHING:
        if value not in (None, "", [], ()):
            _refuse(place, f"({spec.label}, {op.label}) takes no value")
        return None
    if op.kind is Kind.DAYS:
        days = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MAX_DAYS:
            _refuse(place, f"({spec.label}) needs a number of days from 1 to {MAX_DAYS}")
        return days
    if op.kind in (Kind.CHOICES, Kind.TEXTS):
        items: Sequence[object] = (
            re.split(r"[,;\s]+" if op.kind is Kind.CHOICES or spec.pattern else r"[,;]+", value)
            if isinstance(value, str)
            else value
            if isinstance(value, list | tuple)
            else ()
        )
        words = tuple(dict.fromkeys(_text(spec, item, place) for item in items if item != ""))
        if not words:
            _refuse(place, f"({spec.label}) has no value yet{_example(spec)}")
        if len(words) > MAX_VALUES:
            _refuse(place, f"({spec.label}) has more than {MAX_VALUES} values")
        return words
    return _text(spec, value, place)


def _text(spec: FieldSpec, value: object, place: Place) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        _refuse(place, f"({spec.label}) has no value yet{_example(spec)}")
    text = value.strip()
    if spec.choices:
        codes = {code.lower(): code for code, _ in spec.choices}
        codes |= {label.lower(): code for code, label in spec.choices}
        if text.lower() not in codes:
            _refuse(
                place,
                f"({spec.label}) has the value “{text[:40]}”, which is not known"
                f"{_hint(text, [code for code, _ in spec.choices])}",
            )
        return codes[text.lower()]
    if len(text) > MAX_TEXT or "\x00" in text:
        _refuse(place, f"({spec.label}) has a value that is too long or cannot be stored")
    if spec.pattern is not None and re.fullmatch(spec.pattern, text) is None:
        _refuse(
            place,
            f"({spec.label}) has the value “{text[:40]}”, which does not fit{_example(spec)}",
        )
    return text


def to_json(node: Node) -> dict[str, Any]:
    """Return the JSON form that ``parse`` reads."""
    if isinstance(node, Leaf):
        body: dict[str, Any] = {"field": node.field, "op": node.op}
        if node.value is not None:
            body["value"] = list(node.value) if isinstance(node.value, tuple) else node.value
        return body
    if isinstance(node, Not):
        return {"not": to_json(node.child)}
    return {node.kind: [to_json(child) for child in node.children]}


def normalise(node: Node) -> Node:
    """Return an equal rule without "not", without needless nesting and repetition."""
    plain = _normalise(node, negate=False)
    return plain if isinstance(plain, Group) else Group("all", (plain,))


def _normalise(node: Node, *, negate: bool) -> Node:
    if isinstance(node, Not):
        return _normalise(node.child, negate=not negate)
    if isinstance(node, Leaf):
        return opposite(node) if negate else node
    kind = node.kind
    if negate:
        kind = "any" if kind == "all" else "all"
    children: list[Node] = []
    for child in node.children:
        plain = _normalise(child, negate=negate)
        same = isinstance(plain, Group) and plain.kind == kind
        children.extend(plain.children if same and isinstance(plain, Group) else (plain,))
    unique = tuple(dict.fromkeys(children))
    return unique[0] if len(unique) == 1 else Group(kind, unique)


def opposite(leaf: Leaf) -> Leaf:
    """Return the condition that holds exactly where this one does not."""
    _, op = spec_of(leaf)
    return Leaf(leaf.field, op.opposite, leaf.value)


def spec_of(leaf: Leaf) -> tuple[FieldSpec, Op]:
    """Return a condition's field and operator.

    Raises: InvalidInput when the field is not registered (any more).
    """
    spec = fields.find(leaf.field)
    op = spec.op(leaf.op) if spec is not None else None
    if spec is None or op is None:
        raise InvalidInput("rule_invalid", f"The rule asks about “{leaf.field}”, not known here.")
    return spec, op


def leaves(node: Node, place: Place = ()) -> Iterator[tuple[Place, Leaf]]:
    """Yield every condition with its place, in reading order."""
    if isinstance(node, Leaf):
        yield place, node
    elif isinstance(node, Not):
        yield from leaves(node.child, place)
    else:
        for number, child in enumerate(node.children, start=1):
            yield from leaves(child, (*place, number))


def describe(node: Node, names: Names | None = None) -> str:
    """Say a rule as one English sentence without a full stop."""
    plain = normalise(node)
    assert isinstance(plain, Group)
    if not plain.children:
        return "Everybody on file"
    return f"People who {_clause(plain, names or {}, outer=True)}"


def say(leaf: Leaf, names: Names | None = None, *, one: bool = False) -> str:
    """Say one condition: after "People who", or after a name with ``one``."""
    spec, op = spec_of(leaf)
    if isinstance(leaf.value, str):
        wording = spec.wording.get((op.code, leaf.value))
        if wording is not None:
            return wording[1 if one else 0]
    phrase = op.one if one else op.many
    text = phrase.replace("{value}", _value_in_words(spec, leaf.value, names or {}))
    return text.replace(" 1 days", " 1 day")


def place_name(place: Place) -> str:
    """Return a place in words: "Condition 2.1", or "The rule"."""
    return "Condition " + ".".join(map(str, place)) if place else "The rule"


def _clause(node: Node, names: Names, *, outer: bool = False) -> str:
    if isinstance(node, Leaf):
        return say(node, names)
    assert isinstance(node, Group)
    parts = [_clause(child, names) for child in node.children]
    words = _join(parts, "and" if node.kind == "all" else "or")
    return words if outer else f"({words})"


def _value_in_words(spec: FieldSpec, value: Value, names: Names) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return _join([_value_in_words(spec, item, names) for item in value], "or")
    known = {**dict(spec.choices), **names.get(spec.code, {})}
    text = known.get(str(value))
    if text is None:
        looks_like_code = bool(spec.pattern) and isinstance(value, str) and "_" in value
        return str(value).replace("_", " ") if looks_like_code else str(value)
    return text[0].lower() + text[1:] if spec.code == "interest" else text


def _join(parts: Sequence[str], word: str) -> str:
    if len(parts) < 3:
        return f" {word} ".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _or(codes: Sequence[str]) -> str:
    return _join([f"“{code}”" for code in codes], "or")


def _hint(given: object, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(given).lower(), [k.lower() for k in known], n=1)
    if close:
        right = next(k for k in known if k.lower() == close[0])
        return f". Did you mean “{right}”?"
    return f": use {_or(known)}" if len(known) <= 20 else ""


def _example(spec: FieldSpec) -> str:
    return f", for example {spec.example}" if spec.example else ""


def _refuse(place: Place, what: str) -> NoReturn:
    message = f"{place_name(place)} {what}"
    message = message if message.endswith(("?", ".")) else message + "."
    raise InvalidInput(
        "rule_invalid", message, fields={".".join(map(str, place)) or "rule": message}
    )
