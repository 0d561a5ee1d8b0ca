"""Whether a group is chosen by topic: by an interest, or by what stands for one.

Whoever received a message on joint pain, or is in a series for people with joint pain, is
chosen by that topic as surely as by the interest itself. A field says so of itself
(``FieldSpec.sensitive``) or looks behind its value (``FieldSpec.behind``); what it finds
there may be a rule again, which is followed to its end.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience import fields, rules
from campaigns.audience.models import Interest
from campaigns.audience.rules import Leaf
from campaigns.core.errors import InvalidInput


def interests_in(session: Session, rule: Any) -> tuple[int, ...]:
    """Return the interests (ids) that a rule names; none for a rule that cannot be read."""
    if not rule:
        return ()
    try:
        found = rules.leaves(rules.parse(rule))
    except InvalidInput:
        return ()
    codes = {str(leaf.value) for _place, leaf in found if leaf.field == "interest"}
    if not codes:
        return ()
    return tuple(session.scalars(select(Interest.id).where(Interest.code.in_(sorted(codes)))))


def reveals_topic(session: Session, rule: Any) -> bool:
    """Tell whether a group's rule looks at a topic, directly or behind what it names.

    No rule at all chooses nobody by topic. A rule that cannot be read is treated with the
    greater care.
    """
    waiting, seen = ([rule] if rule else []), set[Leaf]()
    while waiting:
        try:
            node = rules.parse(waiting.pop())
        except InvalidInput:
            return True
        for _place, leaf in rules.leaves(node):
            spec = fields.find(leaf.field)
            if spec is None or spec.sensitive:
                return True
            if spec.behind is None or leaf in seen:
                continue
            seen.add(leaf)
            found = spec.behind(session, leaf.value)
            if found.topical:
                return True
            waiting.extend(found.rules)
    return False
