"""Reach counts everybody once, by the gate's own rules."""

from __future__ import annotations

from datetime import timedelta

from campaigns.clinic import profile
from campaigns.contacts import directory
from campaigns.core.actors import SYSTEM
from campaigns.delivery import person_reach, profiles, reach
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree, leave, make_member
from tests.factories.contacts import make_contact
from tests.factories.delivery import make_sending, settle

WAYS = {"email": "local", "sms": "local"}
EVERYBODY = {"all": []}


def test_each_member_is_reachable_or_left_out_for_one_reason(each_services: Services) -> None:
    now = each_services.clock.now()
    with each_services.db.transaction() as session:
        make_clinic(session, now=now)
        make_member(session, now=now)
        gone = make_member(session, now=now)
        leave(session, gone, "email", now=now)
        make_contact(session, now=now)  # said neither yes nor no
        make_contact(session, now=now, email=None)
        held = make_member(session, now=now)
        directory.hold(session, held.id, until=now + timedelta(days=3), reason="asked", now=now)
        for _ in range(2):
            twin = make_contact(session, now=now, phone="+12125550199")
            agree(session, twin, "sms", now=now)
    profiles.tick(each_services)
    with each_services.db.reading() as session:
        email, sms = reach.preview(
            session,
            rule=EVERYBODY,
            versions={"email": None, "sms": None},
            providers=WAYS,
            now=now,
        )
    assert email.members == sms.members == 7
    assert email.reachable == 1
    assert {r.code: r.count for r in email.left_out} == {
        "opted_out": 1,
        "no_consent": 3,
        "no_address": 1,
    }
    assert {r.code: r.count for r in email.later} == {"on_hold": 1}
    assert {r.code: r.count for r in sms.left_out} == {"no_consent": 2, "shared_address": 1}
    assert sms.reachable == 3


def test_the_people_behind_a_reason_can_be_listed(services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        make_member(session, now=now)
        gone = make_member(session, now=now)
        leave(session, gone, "email", now=now)
    with services.db.reading() as session:
        found = reach.people(
            session,
            rule=EVERYBODY,
            channel="email",
            version_id=None,
            providers=WAYS,
            code="opted_out",
            now=now,
        )
    assert [contact.id for contact in found] == [gone.id]


def test_a_person_is_told_what_stands_in_the_way(services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_member(session, now=now, channels=("email",))
    with services.db.reading() as session:
        email, sms = person_reach.explain_person(session, contact.id, providers=WAYS, now=now)
    assert email.allowed
    assert [o.code for o in email.on_topics] == ["no_topic_consent"]
    assert not sms.allowed
    assert sms.sentence == "No consent on file for this channel."


def test_everything_that_stands_in_a_persons_way_is_named_in_the_gates_order(
    each_services: Services,
) -> None:
    now = each_services.clock.now()
    with each_services.db.transaction() as session:
        make_clinic(session, now=now, sms_window={"mf": ["15:00", "16:00"]})
        contact = make_member(session, now=now)
        leave(session, contact, "sms", now=now)
        directory.hold(session, contact.id, until=now + timedelta(days=3), reason="asked", now=now)
        profile.stop_everything(session, SYSTEM, reason="a storm", now=now)
    with each_services.db.reading() as session:
        email, sms = person_reach.explain_person(session, contact.id, providers=WAYS, now=now)
    assert [o.code for o in email.obstacles] == ["org_stopped", "on_hold"]
    assert email.obstacles[1].until == now + timedelta(days=3)
    assert [o.code for o in sms.obstacles] == [
        "org_stopped", "opted_out", "withdrawn", "on_hold", "outside_hours",
    ]  # fmt: skip
    assert sms.obstacles[-1].until == now + timedelta(hours=2)


def test_a_move_counts_for_a_persons_hours_at_once(services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now, sms_window={"mf": ["12:00", "18:00"]})
        contact = make_member(session, now=now)
    profiles.tick(services)
    with services.db.transaction() as session:
        directory.edit(session, contact.id, now=now, state="HI", postal_code="96813")
    with services.db.reading() as session:
        _, sms = person_reach.explain_person(session, contact.id, providers=WAYS, now=now)
    assert [o.code for o in sms.obstacles] == ["outside_hours"]


def test_a_stop_for_everything_is_named_and_hides_no_count(services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        make_member(session, now=now)
        profile.stop_everything(session, SYSTEM, reason="a storm", now=now)
    with services.db.reading() as session:
        (email,) = reach.preview(
            session, rule=EVERYBODY, versions={"email": None}, providers=WAYS, now=now
        )
    assert email.reachable == 1
    assert email.in_the_way[0].startswith("Everything is stopped")


def test_after_sending_the_counts_are_the_rows(services: Services) -> None:
    broadcast = make_sending(services, people=3)
    with services.db.transaction() as session:
        make_contact(session, now=services.clock.now())
    settle(services)
    with services.db.reading() as session:
        counts = reach.counts(session, origin_kind="broadcast", origin_id=broadcast.id)
    found = {r.code: r.count for r in counts["email"]}
    assert found.pop("no_consent") == 1
    assert sum(found.values()) == 3
