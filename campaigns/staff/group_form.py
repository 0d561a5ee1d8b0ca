"""The form of a group: conditions in rows, to and from a rule tree.

Rows stand in blocks. Where all blocks must hold, any row of a block will do, and the
other way round: two levels, which is what a sentence can carry. The form works without
a script: every button sends it, and what was typed comes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from campaigns.audience import fields, rules
from campaigns.audience.fields import FieldSpec, Kind, Op
from campaigns.audience.rules import Group, Leaf, Node
from campaigns.core.errors import InvalidInput

MOST_BLOCKS = 20
MOST_ROWS = 10
_KEY = re.compile(r"b(\d{1,2})c(\d{1,2})-(field|op|value)")


@dataclass(slots=True)
class Row:
    """One condition as it stands in the form, right or not."""

    about: str = "interest"
    op: str = "has"
    values: list[str] = field(default_factory=list)
    error: str | None = None

    @property
    def spec(self) -> FieldSpec:
        """The field; the first of all where the form names none that is known."""
        return fields.find(self.about) or fields.all_fields()[0]

    @property
    def operator(self) -> Op:
        """The operator; the field's first where it does not have the one named."""
        return self.spec.op(self.op) or self.spec.ops[0]

    @property
    def text(self) -> str:
        """The values as they stand in a text box."""
        return ", ".join(self.values)

    @property
    def is_blank(self) -> bool:
        """Whether a value is still missing."""
        return self.operator.kind is not Kind.NOTHING and not any(v.strip() for v in self.values)

    def to_json(self) -> dict[str, Any]:
        """Return the condition as a rule has it."""
        kind = self.operator.kind
        body: dict[str, Any] = {"field": self.spec.code, "op": self.operator.code}
        if kind in (Kind.CHOICES, Kind.TEXTS):
            body["value"] = self.values if len(self.values) > 1 else self.text
        elif kind is not Kind.NOTHING:
            body["value"] = self.values[0] if self.values else ""
        return body


@dataclass(slots=True)
class GroupForm:
    """What stands in the form."""

    name: str = ""
    match: Literal["all", "any"] = "all"
    blocks: list[list[Row]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def inner(self) -> Literal["all", "any"]:
        """How the rows of a block are joined."""
        return "any" if self.match == "all" else "all"

    def apply(self, action: str) -> None:
        """Do what a button of the form asks for: ``add``, ``more:1``, ``remove:1:0``."""
        verb, *numbers = action.split(":")
        places = [int(n) for n in numbers if n.isdecimal()]
        if verb == "add" and len(self.blocks) < MOST_BLOCKS:
            self.blocks.append([Row()])
        elif verb == "more" and places and places[0] < len(self.blocks):
            if len(self.blocks[places[0]]) < MOST_ROWS:
                self.blocks[places[0]].append(Row())
        elif verb == "remove" and len(places) == 2 and places[0] < len(self.blocks):
            block = self.blocks[places[0]]
            if places[1] < len(block):
                del block[places[1]]
            self.blocks = [block for block in self.blocks if block]

    def rule(self) -> Node:
        """Return the rule of the rows that are complete; the others are marked, and left out."""
        parts: list[dict[str, Any]] = []
        for block in self.blocks:
            found = [leaf for row in block if (leaf := self._leaf(row)) is not None]
            if len(found) == 1:
                parts.append(found[0])
            elif found:
                parts.append({self.inner: found})
        return rules.parse({self.match: parts}) if parts else rules.EVERYBODY

    def _leaf(self, row: Row) -> dict[str, Any] | None:
        if row.is_blank:
            return None
        body = row.to_json()
        try:
            rules.parse(body)
        except InvalidInput as fault:
            row.error = fault.message.replace("The rule ", "This condition ", 1)
            return None
        return body

    def require_complete(self) -> None:
        """Refuse to keep a form with rows that are not finished.

        Raises: InvalidInput.
        """
        self.rule()
        for block in self.blocks:
            for row in block:
                if row.is_blank:
                    row.error = "Choose a value, or remove this condition."
        if any(row.error for block in self.blocks for row in block):
            raise InvalidInput(
                "rule_invalid",
                "A condition is not finished. What you chose is kept; nothing was saved yet.",
            )


def read(form: MultiDict[str, str]) -> GroupForm:
    """Read what was sent."""
    rows: dict[tuple[int, int], Row] = {}
    for key in form:
        match = _KEY.fullmatch(key)
        if match is None:
            continue
        row = rows.setdefault((int(match[1]), int(match[2])), Row("", "", []))
        if match[3] == "value":
            row.values = [value.strip() for value in form.getlist(key) if value.strip()]
        elif match[3] == "field":
            row.about = form[key]
        else:
            row.op = form[key]
    blocks: dict[int, list[Row]] = {}
    for (block, _), row in sorted(rows.items()):
        _settle(row)
        blocks.setdefault(block, []).append(row)
    return GroupForm(
        name=form.get("name", ""),
        match="any" if form.get("match") == "any" else "all",
        blocks=list(blocks.values())[:MOST_BLOCKS],
    )


def _settle(row: Row) -> None:
    """Drop an operator and values that belonged to a field chosen before."""
    row.about = row.spec.code
    row.op = row.operator.code
    if row.spec.choices and row.operator.kind in (Kind.CHOICE, Kind.CHOICES):
        known = {code for code, _ in row.spec.choices}
        row.values = [value for value in row.values if value in known]
    if row.operator.kind is Kind.DAYS and row.values and not row.values[0].isdecimal():
        row.values = []


def from_rule(name: str, raw: Mapping[str, Any]) -> GroupForm | None:
    """Return the form of a rule; None for one that is nested deeper than the form is."""
    node = rules.normalise(rules.parse(raw))
    assert isinstance(node, Group)
    blocks = []
    for part in node.children:
        leaves: Sequence[Node] = (part,) if isinstance(part, Leaf) else ()
        if isinstance(part, Group):
            leaves = part.children
        if not leaves or not all(isinstance(leaf, Leaf) for leaf in leaves):
            return None
        blocks.append([_row(leaf) for leaf in leaves if isinstance(leaf, Leaf)])
    return GroupForm(name=name, match=node.kind, blocks=blocks)


def _row(leaf: Leaf) -> Row:
    values: list[str] = []
    if isinstance(leaf.value, tuple):
        values = list(leaf.value)
    elif leaf.value is not None:
        values = [str(leaf.value)]
    return Row(leaf.field, leaf.op, values)


def areas() -> list[tuple[str, list[FieldSpec]]]:
    """Return the fields under their headings, for the list to choose from."""
    found: dict[str, list[FieldSpec]] = {}
    for spec in fields.all_fields():
        found.setdefault(spec.area, []).append(spec)
    return list(found.items())
