"""Whether a group is chosen by topic: by an interest, or by what stands for one.

Whoever received a message on joint pain, or is in a series for people with joint pain, is
chosen by that topic as surely as by the interest itself. A field says so of itself
(``FieldSpec.sensitive``) or looks behind its value (``FieldSpec.behind``); what it finds
there may be a rule again, which is followed to its end.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from campaigns.audience import fields, rules
from campaigns.audience.rules import Leaf
from campaigns.core.errors import InvalidInput


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
