"""Groups of people: kept by name and rule, counted and explained on the spot.

Membership is never stored: a group is its rule, and the rule is asked when it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience import compiler, fields, interests, rules
from campaigns.audience.models import Segment
from campaigns.audience.rules import Node, Place
from campaigns.contacts.models import Contact, ContactStatus
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput, NotFound

MAX_NAME = 120

Rule = Node | Mapping[str, Any]
"""A parsed rule, or its JSON form."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a person meets one condition, in words that are true of them."""

    place: Place
    condition: str
    """The condition as the group says it ("agreed to texts")."""
    fact: str
    """What holds for the person ("has not agreed to texts"); follows the name."""
    met: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a person is in or out of a group."""

    member: bool
    findings: tuple[Finding, ...]
    inactive: str | None = None
    """In words, when the person is out whatever the rule says."""


@dataclass(frozen=True, slots=True)
class Emptier:
    """A condition that alone, or together with the rest, leaves a group empty."""

    place: Place
    condition: str
    alone: int
    """How many people meet this condition by itself."""
    without: int
    """How many would be in the group without it."""


def create(session: Session, actor: Actor, *, name: str, rule: Rule, now: datetime) -> Segment:
    """Keep a new group."""
    segment = Segment(
        name=_name(session, name, None),
        rule=rules.to_json(checked(session, rule)),
        created_at=now,
        updated_at=now,
    )
    session.add(segment)
    session.flush()
    _record(session, actor, "segment.created", segment, now)
    return segment


def update(
    session: Session,
    actor: Actor,
    segment_id: int,
    *,
    name: str | None = None,
    rule: Rule | None = None,
    now: datetime,
) -> Segment:
    """Change a group's name or rule; what is already scheduled keeps the rule it had."""
    segment = get(session, segment_id)
    if name is not None:
        segment.name = _name(session, name, segment_id)
    if rule is not None:
        segment.rule = rules.to_json(checked(session, rule))
    segment.updated_at = now
    _record(session, actor, "segment.changed", segment, now)
    session.flush()
    return segment


def archive(session: Session, actor: Actor, segment_id: int, *, now: datetime) -> Segment:
    """Put a group away; what uses it goes on working."""
    segment = get(session, segment_id)
    if segment.archived_at is None:
        segment.archived_at = now
        _record(session, actor, "segment.archived", segment, now)
    return segment


def restore(session: Session, actor: Actor, segment_id: int, *, now: datetime) -> Segment:
    """Bring a group back."""
    segment = get(session, segment_id)
    if segment.archived_at is not None:
        segment.name = _free_name(session, segment.name, segment_id)
        segment.archived_at = None
        _record(session, actor, "segment.restored", segment, now)
    return segment


def get(session: Session, segment_id: int) -> Segment:
    """Return a group.

    Raises: NotFound.
    """
    segment = session.get(Segment, segment_id)
    if segment is None:
        raise NotFound("segment_unknown", "There is no such group.")
    return segment


def list_all(session: Session, *, archived: bool = False) -> list[Segment]:
    """Return the groups in use, or with ``archived`` those put away, by name."""
    kept = Segment.archived_at.is_not(None) if archived else Segment.archived_at.is_(None)
    return list(session.scalars(select(Segment).where(kept).order_by(Segment.name, Segment.id)))


def checked(session: Session, rule: Rule) -> Node:
    """Parse a rule and check its choices against the database.

    Raises: InvalidInput naming the faulty place.
    """
    node = parsed(rule)
    known = choice_names(session)
    for place, leaf in rules.leaves(node):
        spec, op = rules.spec_of(leaf)
        listed = spec.code in known and op.kind is fields.Kind.CHOICE
        if listed and str(leaf.value) not in known[spec.code]:
            message = (
                f"{rules.place_name(place)} ({spec.label}) has the value “{leaf.value}”, "
                "which is not known. Choose one from the list."
            )
            raise InvalidInput(
                "rule_invalid", message, fields={".".join(map(str, place)) or "rule": message}
            )
    return node


def parsed(rule: Rule) -> Node:
    """Return a rule as a tree, whichever form it comes in."""
    return rule if isinstance(rule, rules.Leaf | rules.Group | rules.Not) else rules.parse(rule)


def choice_names(session: Session) -> dict[str, dict[str, str]]:
    """Return the names of the choices that live in the database, by field and value."""
    loaded = {
        spec.code: {str(code): label for code, label in spec.load_choices(session)}
        for spec in fields.all_fields()
        if spec.load_choices is not None
    }
    return {"interest": interests.names(session), **loaded}


def sentence(session: Session, rule: Rule) -> str:
    """Say a rule as a sentence, with the names that the clinic uses."""
    return rules.describe(parsed(rule), choice_names(session))


def count(session: Session, rule: Rule, now: datetime) -> int:
    """Count the people in a group."""
    statement = compiler.members(parsed(rule), now=now).subquery()
    return session.scalar(select(func.count()).select_from(statement)) or 0


def sample(session: Session, rule: Rule, now: datetime, limit: int = 10) -> list[Contact]:
    """Return some people of a group, the latest first."""
    return list(
        session.scalars(
            select(Contact)
            .where(
                Contact.status == ContactStatus.ACTIVE,
                compiler.condition(parsed(rule), now=now),
            )
            .order_by(Contact.id.desc())
            .limit(limit)
        )
    )


def is_member(session: Session, rule: Rule, contact_id: int, now: datetime) -> bool:
    """Tell whether a person is in a group."""
    statement = compiler.members(parsed(rule), now=now).where(Contact.id == contact_id)
    return session.scalar(statement) is not None


def explain(session: Session, rule: Rule, contact_id: int, now: datetime) -> list[Finding]:
    """Return each condition with whether the person meets it, in words."""
    return list(why(session, rule, contact_id, now).findings)


def why(session: Session, rule: Rule, contact_id: int, now: datetime) -> Explanation:
    """Say whether a person is in a group, and each condition with what holds for them."""
    node = rules.normalise(parsed(rule))
    names = choice_names(session)
    found = list(rules.leaves(node))
    columns = [
        compiler.condition(leaf, now=now).label(f"c{n}") for n, (_, leaf) in enumerate(found)
    ]
    whole = and_(Contact.status == ContactStatus.ACTIVE, compiler.condition(node, now=now)).label(
        "whole"
    )
    row = session.execute(
        select(Contact.status, whole, *columns).where(Contact.id == contact_id)
    ).one_or_none()
    if row is None:
        raise NotFound("contact_unknown", "There is no such person.")
    findings = tuple(
        Finding(
            place=place,
            condition=rules.say(leaf, names),
            fact=rules.say(leaf if met else rules.opposite(leaf), names, one=True),
            met=bool(met),
        )
        for (place, leaf), met in zip(found, row[2:], strict=True)
    )
    inactive = None if row[0] == ContactStatus.ACTIVE else f"is marked as {row[0]}"
    return Explanation(member=bool(row[1]), findings=findings, inactive=inactive)


def emptiers(session: Session, rule: Rule, now: datetime) -> list[Emptier]:
    """For a group that matches nobody: its top conditions, the one that empties it first.

    A condition that nobody meets comes before one that only clashes with the others.
    """
    node = rules.normalise(parsed(rule))
    assert isinstance(node, rules.Group)
    names = choice_names(session)
    found = []
    parts = node.children if node.kind == "all" else (node,)
    for number, part in enumerate(parts, start=1):
        rest = rules.Group("all", tuple(p for p in parts if p is not part))
        said = rules.describe(part, names).removeprefix("People who ")
        alone = count(session, part, now)
        without = count(session, rest, now)
        if alone == 0 or without > 0:
            found.append(Emptier((number,), said, alone, without))
    return sorted(found, key=lambda e: (e.alone != 0, -e.without))


def _name(session: Session, name: str, segment_id: int | None) -> str:
    name = " ".join(name.split())
    if not name:
        raise InvalidInput(
            "name_missing", "The group needs a name.", fields={"name": "Give the group a name."}
        )
    if len(name) > MAX_NAME or "\x00" in name:
        raise InvalidInput(
            "name_too_long",
            f"The name is longer than {MAX_NAME} characters.",
            fields={"name": f"Use at most {MAX_NAME} characters."},
        )
    if _taken(session, name, segment_id):
        raise InvalidInput(
            "name_taken",
            f"There is a group “{name}” already.",
            fields={"name": "Another group has this name. Choose a different one."},
        )
    return name


def _taken(session: Session, name: str, segment_id: int | None) -> bool:
    statement = select(Segment.id).where(
        func.lower(Segment.name) == name.lower(), Segment.archived_at.is_(None)
    )
    if segment_id is not None:
        statement = statement.where(Segment.id != segment_id)
    return session.scalar(statement.limit(1)) is not None


def _free_name(session: Session, name: str, segment_id: int) -> str:
    number, candidate = 2, name
    while _taken(session, candidate, segment_id):
        candidate = f"{name[: MAX_NAME - 5]} ({number})"
        number += 1
    return candidate


def _record(session: Session, actor: Actor, action: str, segment: Segment, now: datetime) -> None:
    audit.append(session, actor, action, subject_kind="segment", subject_id=segment.id, now=now)
