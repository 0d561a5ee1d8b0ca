"""14 and 19: what the vendors are handed tells no topic, and what they answer is heeded."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select

from campaigns.audience import interests, segments
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.consent import optin, suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import SYSTEM
from campaigns.delivery.models import Message
from tests.acceptance.conftest import World
from tests.factories.broadcasts import make_scheduled
from tests.factories.consent import agree_to_topics, make_member
from tests.factories.contacts import make_contact
from tests.factories.delivery import make_people, states
from tests.factories.drips import make_live_drip

TOPICS = ("muscle_spasms", "skin", "joint_pain", "menstrual_cramps")
STRINGS = (
    "spasm", "joint", "cramp", "menstru", "arthritis", "skin series", "skin poster", "wellgroup",
    "secretname",
)  # fmt: skip
"""Not "skin" alone: the disclaimer that every email carries names skin disease."""


def phones(world: World) -> list[str]:
    with world.services.db.reading() as session:
        people = [row.id for row in directory.search(session, "")]
        return [directory.addresses_of(session, one)[Channel.SMS].address for one in people]


def test_14_no_topic_reaches_a_vendor(world: World) -> None:
    """Groups, names and people full of topics; campaigns, a series and a request to confirm."""
    with world.services.db.transaction() as session:
        interests.create_defaults(session)
        codes = list(interests.names(session))
        assert set(codes) & set(TOPICS)
        for _ in range(4):
            person = make_member(session, now=world.now)
            agree_to_topics(session, person, now=world.now)
            interests.set_for_contact(
                session, person.id, codes[:4], actor=SYSTEM, source="joint pain form", now=world.now
            )
        rule = {"field": "interest", "op": "has", "value": codes[0]}
        group = segments.create(
            session, SYSTEM, name="Wellgroup of joint pain", rule=rule, now=world.now
        )
        make_scheduled(
            session, now=world.now, segment=group, channels=("email", "sms"),
            name="Secretname: menstrual cramps",
        )  # fmt: skip
        newcomer = make_contact(
            session, now=world.now, email="new@example.com", source="skin poster"
        )
        optin.request(
            session, contact_id=newcomer.id, channel="email", address="new@example.com",
            entry_id=None, origin="form", now=world.now,
        )  # fmt: skip
    world.send()
    world.services.clock.advance(timedelta(days=8))  # type: ignore[attr-defined]
    with world.services.db.transaction() as session:
        make_live_drip(
            session, now=world.now, segment=group, channels=("email", "sms"), name="Skin series",
        )  # fmt: skip
    world.send()
    world.flush()
    requests = [json.loads(line) for line in world.captured().splitlines()]
    assert {request["provider"] for request in requests} == {"sendgrid", "twilio"}
    assert len(world.vendor.accepted()) >= 9
    everything = world.captured().lower()
    for word in STRINGS:
        assert word not in everything, word


def test_19_what_twilio_refuses_has_its_effect_and_unknown_codes_none(world: World) -> None:
    with world.services.db.transaction() as session:
        make_people(session, 20, now=world.now)
        broadcast = make_scheduled(session, now=world.now, channels=("sms",))
    numbers = phones(world)
    world.vendor.script(
        {"to": numbers[0], "fault": "refuse", "status": 400, "code": 21610},
        {"to": numbers[1], "fault": "refuse", "status": 400, "code": 29998},
        {"to": numbers[2], "outcome": "undelivered", "code": 39998},
        *({"to": number, "outcome": "undelivered", "code": 30007} for number in numbers[3:8]),
    )
    world.send()
    answered = world.flush()
    world.send()
    assert set(answered) <= {"answered_200", "answered_204", "events", "forms"}
    with world.services.db.reading() as session:
        reasons = {
            number: [
                str(row.reason) for row in suppression.active_for(session, "sms", number, world.now)
            ]
            for number in numbers
        }
        state, why = session.execute(
            select(Broadcast.state, Broadcast.pause_reason).where(Broadcast.id == broadcast.id)
        ).one()
        settled = session.scalars(select(Message.state)).all()
    assert reasons.pop(numbers[0]) == ["provider_optout"]
    assert not any(reasons.values())  # filtered and unknown codes suppress nobody
    assert (state, "filtered" in str(why)) == (BroadcastState.PAUSED, True)
    assert "uncertain" not in settled
    assert sum(states(world.services).values()) == 20
