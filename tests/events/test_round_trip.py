"""From a broadcast through the stand-ins (a process of their own) and back by signed webhooks."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from campaigns.app import create_app
from campaigns.audience import interests
from campaigns.consent import ledger, suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.delivery.models import Message
from campaigns.events.models import InboundText, ProviderEvent
from campaigns.providers.sendgrid import SendGridSender
from campaigns.providers.transport import Transport
from campaigns.providers.twilio import TwilioSender
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree_to_topics, make_member
from tests.factories.delivery import make_scheduled, make_sending, settle, states
from tests.factories.service import free_port
from tests.providers import standin
from tests.providers.standin import StandIn


@dataclass(frozen=True)
class World:
    """A service that really listens, and the vendors that it sends through."""

    services: Services
    vendor: StandIn

    def flush(self) -> dict[str, int]:
        answer = self.vendor.control("flush", seconds=60)
        assert answer["done"]
        counts: dict[str, int] = answer["counts"]
        return counts

    def send(self) -> None:
        settle(self.services)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def vendor_process(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("vendors")
    with standin.run(folder, webhook_url=f"http://127.0.0.1:{port}") as one:
        yield one


@pytest.fixture
def world(
    db: Database, clock: FixedClock, tmp_path: Path, vendor_process: StandIn, port: int
) -> Iterator[World]:
    vendor = vendor_process
    services = make_services(
        db,
        clock,
        tmp_path,
        **vendor.settings(f"http://127.0.0.1:{port}"),
    )
    services = replace(
        services,
        email=SendGridSender(
            api_key=vendor.api_key, api_url=vendor.url, transport=Transport(read_seconds=2)
        ),
        sms=TwilioSender.from_settings(services.settings),
    )
    server = make_server("127.0.0.1", port, create_app(services), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    vendor.reset()
    vendor.control("defaults", delay=0.0)
    vendor.log.write_bytes(b"")
    vendor.requests.write_bytes(b"")
    yield World(services, vendor)
    vendor.reset()
    vendor.control("flush", seconds=10)
    server.shutdown()
    thread.join(10)
    server.server_close()


def address(services: Services, contact_id: int, channel: Channel) -> str:
    with services.db.reading() as session:
        return directory.addresses_of(session, contact_id)[channel].address


def contact_ids(services: Services) -> list[int]:
    with services.db.reading() as session:
        return list(
            session.scalars(select(Message.contact_id).distinct().order_by(Message.contact_id))
        )


def test_everything_arrives_and_comes_back_three_times_shuffled(world: World) -> None:
    world.vendor.control("webhooks", paused=True, repeat=3, shuffle=True, fresh_ids=True)
    make_sending(world.services, people=40, channels=("email", "sms"))
    world.send()
    assert states(world.services) == {"accepted": 80}

    world.vendor.control("webhooks", paused=False)
    counts = world.flush()

    assert set(counts) <= {"answered_200", "events", "forms"}
    assert states(world.services) == {"delivered": 80}
    with world.services.db.reading() as session:
        kinds = dict(
            session.execute(
                select(ProviderEvent.kind, func.count()).group_by(ProviderEvent.kind)
            ).all()
        )
    assert kinds == {"processed": 40, "delivered": 80, "sent": 40}
    mids = Counter(entry["mid"] for entry in world.vendor.accepted())
    assert len(mids) == 80
    assert set(mids.values()) == {1}


def test_bounces_complaints_and_stops_end_what_they_must(world: World) -> None:
    services = world.services
    make_sending(services, people=6, channels=("email", "sms"))
    with services.db.reading() as session:
        ids = [row.id for row in directory.search(session, "")]
    emails = [address(services, one, Channel.EMAIL) for one in ids]
    phones = [address(services, one, Channel.SMS) for one in ids]
    world.vendor.script(
        {"to": emails[0], "outcome": "bounce"},
        {"to": emails[1], "outcome": "spamreport"},
        {"to": emails[2], "outcome": "unsubscribe"},
        {"to": emails[3], "outcome": "dropped", "reason": "Invalid"},
        {"to": phones[0], "outcome": "undelivered", "code": 30005},
        {"to": phones[1], "reply": {"body": "STOP"}},
        {"to": phones[2], "reply": {"body": "please stop texting"}},
        {"to": phones[3], "reply": {"body": "What are your hours?"}},
    )
    world.send()
    world.flush()
    world.send()  # the one confirmation of the stop that the provider did not recognise
    world.flush()

    def reasons(channel: str, one: str) -> set[str]:
        with services.db.reading() as session:
            rows = suppression.active_for(session, channel, one, services.clock.now())
            return {str(row.reason) for row in rows}

    assert reasons("email", emails[0]) == {"hard_bounce"}
    assert reasons("email", emails[1]) == {"complaint"}
    assert "opt_out" in reasons("email", emails[2])
    assert reasons("email", emails[3]) == {"invalid"}
    assert reasons("email", emails[4]) == set()
    assert reasons("sms", phones[0]) == {"invalid"}
    assert reasons("sms", phones[1]) == reasons("sms", phones[2]) == {"opt_out"}
    assert reasons("sms", phones[3]) == set()
    with services.db.reading() as session:
        assert session.scalar(select(func.count(InboundText.id))) == 3
        assert ledger.verify(session) is None
    to_stopped = [
        entry["body"] for entry in world.vendor.accepted("sms") if entry["to"] == phones[2]
    ]
    assert len(to_stopped) == 2
    assert "You are opted out" in to_stopped[1]
    answered = [e for e in world.vendor.accepted("auto_reply") if e["to"] == phones[1]]
    assert len(answered) == 1  # the provider's own answer; ours stayed away
    assert len([e for e in world.vendor.accepted("sms") if e["to"] == phones[1]]) == 1


@pytest.mark.parametrize("fault", ["error_after", "reset_after", "truncated"])
def test_a_batch_whose_answer_was_lost_is_settled_by_its_events(world: World, fault: str) -> None:
    world.vendor.control("webhooks", paused=True)
    world.vendor.script({"provider": "sendgrid", "fault": fault})
    make_sending(world.services, people=10)
    world.send()
    assert states(world.services) == {"uncertain": 10}

    world.vendor.control("webhooks", paused=False)
    world.flush()

    assert states(world.services) == {"delivered": 10}
    world.send()
    mids = Counter(entry["mid"] for entry in world.vendor.accepted("email"))
    assert set(mids.values()) == {1}
    assert len(mids) == 10


def test_a_rate_limit_delays_and_loses_nobody(world: World, clock: FixedClock) -> None:
    world.vendor.script(
        {"provider": "sendgrid", "fault": "refuse", "status": 429, "retry_after": 30}
    )
    make_sending(world.services, people=10)
    world.send()
    assert world.vendor.accepted("email") == []
    for _ in range(10):
        clock.advance(timedelta(minutes=5))
        world.send()
    world.flush()
    assert states(world.services) == {"delivered": 10}
    assert len(world.vendor.accepted("email")) == 10


def test_no_topic_and_no_name_of_a_campaign_is_handed_over_as_metadata(world: World) -> None:
    services = world.services
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        interests.create_defaults(session)
        for number in range(5):
            person = make_member(session, now=now, first_name=f"Canary{number}")
            agree_to_topics(session, person, now=now)
            interests.set_for_contact(
                session, person.id, ["joint_pain"], actor=SYSTEM, source="test", now=now
            )
        make_scheduled(
            session, now=now, channels=("email", "sms"), name="Joint pain campaign secret-name"
        )
    world.send()
    captured = world.vendor.requests.read_text()
    assert len(world.vendor.accepted()) == 10
    for word in ("joint_pain", "joint pain", "spasm", "cramp", "arthritis", "secret-name"):
        assert word not in captured.lower(), word
    for line in captured.splitlines():
        request = json.loads(line)
        if request["provider"] == "sendgrid":
            body = json.loads(request["body"])
            assert "categories" not in body
            for person_part in body["personalizations"]:
                assert set(person_part["custom_args"]) == {"mid"}
                assert "name" not in person_part["to"][0]


def test_each_person_of_a_large_batch_gets_only_her_own(world: World) -> None:
    services = world.services
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        people: dict[str, str] = {}
        for number in range(300):
            name = f"Zq{number:04d}x"
            person = make_member(session, now=now, channels=("email",), first_name=name)
            people[directory.addresses_of(session, person.id)[Channel.EMAIL].address] = name
        make_scheduled(session, now=now)
    world.send()
    entries = world.vendor.accepted("email")
    assert {entry["to"] for entry in entries} == set(people)
    names = set(people.values())
    unsubscribes: list[Any] = []
    for entry in entries:
        everything = json.dumps(entry)
        others = {name for name in names if name in everything} - {people[entry["to"]]}
        assert others == set()
        unsubscribes.append(entry["headers"]["List-Unsubscribe"])
        assert "\u27e6" not in everything
    assert len(set(unsubscribes)) == len(entries)
    world.flush()
    assert states(services) == {"delivered": 300}
