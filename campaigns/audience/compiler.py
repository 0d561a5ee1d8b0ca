"""A rule as one SELECT of contact ids, the same on both databases.

Nobody but active people is ever a member, whatever the rule says.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, true

from campaigns.audience import conditions
from campaigns.audience.rules import Group, Leaf, Node, normalise, spec_of
from campaigns.contacts.models import Contact, ContactStatus


def condition(node: Node, *, now: datetime) -> ColumnElement[bool]:
    """Return the rule as a boolean over ``contacts``."""
    root = normalise(node)
    assert isinstance(root, Group), "a normalised rule is a group"
    if interests := _only_interests(root):
        return conditions.leading_interests(interests)
    parts = root.children if root.kind == "all" else ()
    leading = next((part for part in parts if _only_interests(part)), None)
    if leading is None:
        return _condition(root, now)
    rest = Group("all", tuple(part for part in parts if part is not leading))
    return and_(conditions.leading_interests(_only_interests(leading)), _condition(rest, now))


def _only_interests(node: Node) -> list[str]:
    """Return the codes if the node asks for any of some interests and nothing else."""
    if isinstance(node, Leaf):
        return [str(node.value)] if (node.field, node.op) == ("interest", "has") else []
    if not isinstance(node, Group) or (node.kind == "all" and len(node.children) != 1):
        return []
    codes = [_only_interests(child) for child in node.children if isinstance(child, Leaf)]
    whole = len(codes) == len(node.children) and all(codes)
    return [code for found in codes for code in found] if whole else []


def _condition(node: Node, now: datetime) -> ColumnElement[bool]:
    if isinstance(node, Leaf):
        return _leaf(node, now)
    assert isinstance(node, Group), "a normalised rule has no 'not'"
    parts = [_condition(child, now) for child in node.children]
    if not parts:
        return true()
    return and_(*parts) if node.kind == "all" else or_(*parts)


def _leaf(leaf: Leaf, now: datetime) -> ColumnElement[bool]:
    spec, op = spec_of(leaf)
    build: Any = spec.condition or conditions.BUILT_IN[spec.code]
    if op.negative:
        negative: ColumnElement[bool] = not_(build(op.opposite, leaf.value, now))
        return negative
    positive: ColumnElement[bool] = build(op.code, leaf.value, now)
    return positive


def members(
    node: Node, *, now: datetime, after: int | None = None, limit: int | None = None
) -> Select[int]:
    """Return the statement that selects the ids of the people in a group.

    ``after`` and ``limit`` give a keyset page in the order of ids.
    """
    statement = select(Contact.id).where(
        Contact.status == ContactStatus.ACTIVE, condition(node, now=now)
    )
    if after is not None:
        statement = statement.where(Contact.id > after)
    if limit is not None:
        statement = statement.order_by(Contact.id).limit(limit)
    return statement
