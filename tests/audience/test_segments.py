"""Groups: kept, counted, sampled, explained."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.audience import interests, segments
from campaigns.contacts import directory
from campaigns.contacts.models import ContactStatus
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotFound, NotPermitted
from tests.factories.audience import agree_to_topics, give_interests, make_segment
from tests.factories.contacts import make_contact

JOINT = {"field": "interest", "op": "has", "value": "joint_pain"}
TEXAS = {"field": "state", "op": "in", "value": ["TX"]}


def test_interests_need_consent_and_come_off_without(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        interests.create_defaults(session)
        interests.create_defaults(session)
        assert [i.code for i in interests.all_active(session)] == [
            "muscle_spasms",
            "skin",
            "joint_pain",
            "menstrual_cramps",
        ]
        person = make_contact(session, now=now)

        def put(*codes: str) -> set[str]:
            return interests.set_for_contact(
                session, person.id, codes, actor=SYSTEM, source="test", now=now
            )

        with pytest.raises(NotPermitted, match="has not agreed"):
            put("skin")
        agree_to_topics(session, person.id, now=now)
        put("skin", "joint_pain")
        put("joint_pain")
        assert interests.codes_of(session, person.id) == {"joint_pain"}
        with pytest.raises(InvalidInput, match="hair_growth"):
            put("joint_pain", "hair_growth")
        assert put() == set()


def test_a_group_is_counted_sampled_and_explained(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        interests.create_defaults(session)
        maria = make_contact(session, now=now, first_name="Maria", state="TX")
        other = make_contact(session, now=now, first_name="Otis", state="NY")
        give_interests(session, maria.id, {"joint_pain"}, now=now)
        give_interests(session, other.id, {"joint_pain"}, now=now)
        kept = make_segment(session, {"all": [JOINT, TEXAS]}, now=now)
        assert segments.count(session, kept.rule, now) == 1
        assert [p.id for p in segments.sample(session, kept.rule, now)] == [maria.id]
        why = segments.why(session, kept.rule, other.id, now)
        assert not why.member
        assert [(f.met, f.fact) for f in why.findings] == [
            (True, "is interested in joint pain"),
            (False, "does not live in Texas"),
        ]
        assert all(f.met for f in segments.explain(session, kept.rule, maria.id, now))
        assert segments.is_member(session, kept.rule, maria.id, now)


def test_nobody_but_active_people_is_ever_a_member(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        person = make_contact(session, now=now)
        directory.set_status(session, person.id, ContactStatus.DECEASED, now=now)
        assert segments.count(session, {"all": []}, now) == 0
        why = segments.why(session, {"all": []}, person.id, now)
        assert (why.member, why.inactive) == (False, "is marked as deceased")


def test_an_empty_group_names_what_empties_it(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        interests.create_defaults(session)
        maria = make_contact(session, now=now, state="TX")
        give_interests(session, maria.id, {"joint_pain"}, now=now)
        rule = {"all": [JOINT, TEXAS, {"field": "city", "op": "is", "value": "Nowhere"}]}
        first, *_ = segments.emptiers(session, rule, now)
        assert (first.condition, first.alone, first.without) == ("live in Nowhere", 0, 1)
        clash = {"all": [JOINT, {"field": "state", "op": "in", "value": ["NY"]}]}
        make_contact(session, now=now, state="NY")
        found = segments.emptiers(session, clash, now)
        assert [(e.alone, e.without) for e in found] == [(1, 1), (1, 1)]


def test_names_are_needed_and_not_given_twice(db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with db.transaction() as session:
        kept = make_segment(session, now=now, name="Knees")
        for name in ("", "  ", "knees", "x" * 121):
            with pytest.raises(InvalidInput) as caught:
                make_segment(session, now=now, name=name) if name.strip() else segments.create(
                    session, SYSTEM, name=name, rule={"all": []}, now=now
                )
            assert "name" in caught.value.fields
        segments.archive(session, SYSTEM, kept.id, now=now)
        again = make_segment(session, now=now, name="Knees")
        segments.restore(session, SYSTEM, kept.id, now=now)
        assert {s.name for s in segments.list_all(session)} == {"Knees", "Knees (2)"}
        assert segments.get(session, again.id).name == "Knees"
        with pytest.raises(NotFound):
            segments.get(session, 999)


def test_an_unknown_interest_is_refused_when_the_group_is_kept(
    db: Database, clock: FixedClock
) -> None:
    with db.transaction() as session:
        interests.create_defaults(session)
        with pytest.raises(InvalidInput, match="not known"):
            make_segment(
                session,
                {"all": [{"field": "interest", "op": "has", "value": "tennis_elbow"}]},
                now=clock.now(),
            )


def test_days_count_back_from_now(db: Database, clock: FixedClock) -> None:
    rule = {"all": [{"field": "clicked", "op": "within", "value": 30}]}
    with db.transaction() as session:
        person = make_contact(session, now=clock.now())
        directory.note_clicked(session, person.id, now=clock.now())
        later = clock.now() + timedelta(days=30)
        assert segments.count(session, rule, later) == 1
        assert segments.count(session, rule, later + timedelta(seconds=1)) == 0
