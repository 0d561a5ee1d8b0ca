"""The SQL of a rule agrees with a plain reading of it, for rules and people of all kinds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.orm import Session

from campaigns.audience import compiler, interests, rules, segments
from campaigns.audience.models import ContactInterest
from campaigns.consent.models import ConsentState
from campaigns.contacts.models import Address, Contact
from campaigns.core.db import Database
from tests.conftest import NOON

TOPICS = ["joint_pain", "skin"]
STATES = ["TX", "NY", None]
ZIPS = ["78701", "78704-1234", "10001", None]
CITIES = ["Austin", "austin", "New York", None]
SOURCES = ["form:main", "import:3", "import", "important"]
STATUSES = ["none", "unconfirmed", "waiting", "pending", "granted", "withdrawn", None]
DAYS = [None, 1, 10, 100]


def people() -> list[dict[str, Any]]:
    """A few hundred people in whom every value meets every other somewhere."""
    cycles: list[Iterator[Any]] = [
        itertools.cycle(values)
        for values in (STATES, ZIPS, CITIES, SOURCES, STATUSES, [*STATUSES[::-1], "granted"])
    ]
    found = []
    for number in range(240):
        state, postal_code, city, source, email, sms = (next(c) for c in cycles)
        found.append(
            {
                "id": number + 1,
                "status": "active" if number % 11 else "minor",
                "state": state,
                "postal_code": postal_code,
                "city": city,
                "source": source,
                "email_consent": email,
                "sms_consent": sms,
                "locale": "es" if number % 5 == 0 else "en",
                "topics": {t for n, t in enumerate(TOPICS) if number >> n & 1},
                "email": number % 3 != 0,
                "phone": number % 4 != 0,
                "clicked": DAYS[number % 4],
                "booked": DAYS[number // 4 % 4],
                "heard": DAYS[number // 16 % 4],
                "added": [1, 10, 100][number % 3],
            }
        )
    return found


PEOPLE = people()


def store(session: Session, now: datetime) -> None:
    def ago(days: int | None) -> datetime | None:
        return None if days is None else now - timedelta(days=days)

    interests.create_defaults(session)
    ids = {interest.code: interest.id for interest in interests.list_all(session)}
    for p in PEOPLE:
        session.execute(
            insert(Contact).values(
                id=p["id"],
                first_name="A",
                last_name="B",
                status=p["status"],
                state=p["state"],
                postal_code=p["postal_code"],
                city=p["city"],
                source=p["source"],
                locale=p["locale"],
                created_at=ago(p["added"]),
                updated_at=now,
                last_clicked_at=ago(p["clicked"]),
                last_booked_at=ago(p["booked"]),
                last_heard_at=ago(p["heard"]),
            )
        )
        for channel, key in (("email", "email_consent"), ("sms", "sms_consent")):
            if p[key] is not None:
                session.add(
                    ConsentState(contact_id=p["id"], channel=channel, status=p[key], since=now)
                )
        for channel, key in (("email", "email"), ("sms", "phone")):
            if p[key]:
                session.add(
                    Address(
                        contact_id=p["id"],
                        channel=channel,
                        address=f"{channel}{p['id']}",
                        address_hash=f"1:{channel}{p['id']}",
                        created_at=now,
                    )
                )
        for topic in p["topics"]:
            session.add(ContactInterest(contact_id=p["id"], interest_id=ids[topic], since=now))


def holds(node: Any, p: dict[str, Any]) -> bool:
    """Read a rule plainly, from its JSON, without any of the code under test."""
    if "all" in node:
        return all(holds(child, p) for child in node["all"])
    if "any" in node:
        return any(holds(child, p) for child in node["any"])
    if "not" in node:
        return not holds(node["not"], p)
    field, op, value = node["field"], node["op"], node.get("value")
    if op in ("has_not", "is_not", "not_in", "not_starts_with", "not_within"):
        positive = {
            "has_not": "has",
            "is_not": "is",
            "not_in": "in",
            "not_starts_with": "starts_with",
            "not_within": "within",
        }[op]
        return not holds({**node, "op": positive}, p)
    if field == "interest":
        return value in p["topics"]
    if field in ("email_consent", "sms_consent"):
        status = p[field]
        return {
            "agreed": status == "granted",
            "not_agreed": status != "granted",
            "pending": status == "pending",
            "unproven": status in ("unconfirmed", "waiting"),
            "left": status == "withdrawn",
        }[value]
    if field == "state":
        return p["state"] in value
    if field == "postal_code":
        code = p["postal_code"] or ""
        return any(code.startswith(v) if op == "starts_with" else code[:5] == v for v in value)
    if field == "city":
        return (p["city"] or "").lower() == value.lower()
    if field == "source":
        return p["source"] == value or p["source"].startswith(f"{value}:")
    if field == "locale":
        return p["locale"] == value
    if field == "address":
        return p[value]
    if op == "ever":
        return p[field] is not None
    if op == "never":
        return p[field] is None
    return p[field] is not None and p[field] <= value


def leaf(field: str, ops: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda op, value: {"field": field, "op": op, "value": value}, st.sampled_from(ops), values
    )


def _activity(field: str) -> st.SearchStrategy[Any]:
    return st.one_of(
        leaf(field, ["within", "not_within"], st.sampled_from([1, 5, 10, 50, 100])),
        st.sampled_from([{"field": field, "op": "ever"}, {"field": field, "op": "never"}]),
    )


_consent = st.sampled_from(["agreed", "not_agreed", "pending", "unproven", "left"])
LEAVES = st.one_of(
    leaf("interest", ["has", "has_not"], st.sampled_from(TOPICS)),
    leaf("email_consent", ["is", "is_not"], _consent),
    leaf("sms_consent", ["is", "is_not"], _consent),
    leaf("state", ["in", "not_in"], st.lists(st.sampled_from(["TX", "NY"]), min_size=1)),
    leaf(
        "postal_code",
        ["in", "not_in"],
        st.lists(st.sampled_from(["78701", "78704"]), min_size=1),
    ),
    leaf(
        "postal_code",
        ["starts_with", "not_starts_with"],
        st.lists(st.sampled_from(["7", "787", "10001"]), min_size=1),
    ),
    leaf("city", ["is", "is_not"], st.sampled_from(["AUSTIN", "new york", "Nowhere"])),
    leaf("source", ["is", "is_not"], st.sampled_from(["import", "form", "import:3", "im_ort"])),
    leaf("locale", ["is", "is_not"], st.sampled_from(["en", "es"])),
    leaf("address", ["has", "has_not"], st.sampled_from(["email", "phone"])),
    leaf("added", ["within", "not_within"], st.sampled_from([1, 5, 10, 50])),
    _activity("clicked"),
    _activity("booked"),
    _activity("heard"),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda c: {"all": c}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda c: {"any": c}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda c: {"not": c}, inner),
    ),
    max_leaves=6,
).filter(lambda tree: depth(tree) <= rules.MAX_DEPTH)


def depth(node: Any) -> int:
    if "not" in node:
        return 1 + depth(node["not"])
    children = node.get("all") or node.get("any") or []
    return 1 + max((depth(child) for child in children), default=0)


@pytest.fixture
def peopled(each_db: Database) -> Database:
    with each_db.transaction() as session:
        store(session, NOON)
    return each_db


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tree=TREES)
def test_sql_agrees_with_a_plain_reading(peopled: Database, tree: Any) -> None:
    node = rules.parse(tree)
    expected = {p["id"] for p in PEOPLE if p["status"] == "active" and holds(tree, p)}
    with peopled.reading() as session:
        found = list(session.scalars(compiler.members(node, now=NOON)))
        assert len(found) == len(set(found))
        assert set(found) == expected
        someone = PEOPLE[len(expected) * 7 % len(PEOPLE)]
        why = segments.why(session, node, someone["id"], NOON)
        assert why.member == (someone["id"] in expected)
        for finding in why.findings:
            assert finding.condition
            assert finding.fact
    assert rules.parse(rules.to_json(rules.normalise(node)))


def test_pages_of_members_follow_each_other_by_id(peopled: Database) -> None:
    node = rules.parse({"all": [{"field": "state", "op": "in", "value": ["TX"]}]})
    with peopled.reading() as session:
        whole = sorted(session.scalars(compiler.members(node, now=NOON)))
        paged: list[int] = []
        while page := list(
            session.scalars(
                compiler.members(node, now=NOON, after=paged[-1] if paged else 0, limit=7)
            )
        ):
            paged += page
    assert paged == whole


def test_values_are_bound_and_never_part_of_the_statement(peopled: Database) -> None:
    nasty = "x' OR '1'='1"
    node = rules.parse({"all": [{"field": "city", "op": "is", "value": nasty}]})
    statement = compiler.members(node, now=NOON)
    assert nasty not in str(statement.compile(peopled.engine))
    with peopled.reading() as session:
        assert list(session.scalars(statement)) == []
