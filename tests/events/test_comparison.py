"""The nightly look at SendGrid's own lists: what is missing here is added, once, and told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from campaigns.consent import ledger, suppression
from campaigns.consent.models import ConsentStatus, Method
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.events import comparison
from campaigns.events.models import Comparison, ProviderEvent
from campaigns.providers import sendgrid_lists
from campaigns.providers.sendgrid import SendGridSender
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.sent import sent_message
from tests.providers import standin
from tests.providers.standin import StandIn
from tests.webhooks.told import reasons

EVENING = datetime(2026, 11, 17, 6, 30, tzinfo=UTC)
"""01:30 by the clinic's clock in New York: nothing is due but what is asked for."""
LONG_AGO = datetime(2026, 11, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Beside:
    """A service and SendGrid's lists."""

    services: Services
    vendor: StandIn

    def put(self, **lists: Any) -> None:
        self.vendor.control("lists", **lists)

    def compare(self) -> dict[str, int]:
        """Have a comparison made that staff ask for, and return its sums."""
        with self.services.db.transaction() as session:
            assert comparison.ask(session, SYSTEM, "sendgrid", now=self.services.clock.now())
        assert comparison.tick(self.services) == 1
        with self.services.db.reading() as session:
            row = comparison.last(session, "sendgrid")
            assert row is not None
            assert row.error is None
            found = comparison.differences(row)
            assert found is not None
            return found

    def member(self) -> tuple[Contact, str]:
        now = self.services.clock.now()
        with self.services.db.transaction() as session:
            person = make_member(session, now=now - timedelta(days=30))
            return person, directory.addresses_of(session, person.id)[Channel.EMAIL].address

    def wait_for_night(self, time: timedelta = timedelta(hours=2)) -> None:
        clock = self.services.clock
        assert isinstance(clock, FixedClock)
        clock.advance(time)

    def events(self) -> int:
        with self.services.db.reading() as session:
            return session.scalar(select(func.count(ProviderEvent.id))) or 0


def entry(email: str, at: datetime = LONG_AGO, **values: str) -> dict[str, Any]:
    return {"email": email, "created": int(at.timestamp()), **values}


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[StandIn]:
    folder = tmp_path / "vendors"
    folder.mkdir()
    with standin.run(folder, webhook_url="http://127.0.0.1:9") as one:
        yield one


@pytest.fixture
def beside(each_db: Database, tmp_path: Path, vendor: StandIn) -> Beside:
    clock = FixedClock(EVENING)
    services = make_services(each_db, clock, tmp_path)
    sender = SendGridSender(api_key=vendor.api_key, api_url=vendor.url)
    with each_db.transaction() as session:
        make_clinic(session, now=clock.now())
    return Beside(replace(services, email=sender), vendor)


def test_what_is_missing_here_is_added_with_its_reason(beside: Beside) -> None:
    people = [beside.member() for _ in range(5)]
    (bounced, complained, invalid, left, grouped) = [address for _person, address in people]
    beside.put(
        bounces=[entry(bounced.upper(), reason="550 5.1.1 no such user", status="5.1.1")],
        spam_reports=[entry(complained), entry("stranger@example.com")],
        invalid_emails=[entry(invalid, reason="Mail domain mentioned in email address is unknown")],
        unsubscribes=[entry(left)],
        groups={"7": [grouped]},
    )
    found = beside.compare()
    assert found == {"theirs": 6, "added": 6, "only_theirs": 0, "only_ours": 0}
    assert reasons(beside.services, bounced) == {"hard_bounce"}
    assert reasons(beside.services, complained) == {"complaint"}
    assert reasons(beside.services, "stranger@example.com") == {"complaint"}
    assert reasons(beside.services, invalid) == {"invalid"}
    assert "opt_out" in reasons(beside.services, left)
    assert "opt_out" in reasons(beside.services, grouped)
    with beside.services.db.reading() as session:
        for person, _address in people[3:]:
            state = ledger.state_of(session, person.id)[Channel.EMAIL]
            assert state.status == ConsentStatus.WITHDRAWN
    stored = beside.events()
    assert beside.compare()["added"] == 0
    assert beside.events() == stored


def test_nothing_is_taken_off_their_lists_and_ours_alone_is_only_counted(beside: Beside) -> None:
    _person, mine = beside.member()
    with beside.services.db.transaction() as session:
        suppression.add(session, channel="email", address=mine, reason="hard_bounce", now=LONG_AGO)
    beside.put(bounces=[entry("theirs@example.com")])
    before = beside.vendor.requests.read_text()
    assert beside.compare()["only_ours"] == 1
    assert beside.vendor.requests.read_text() == before, "nothing but reading"
    assert reasons(beside.services, mine) == {"hard_bounce"}


def test_who_agreed_again_since_stays_and_is_told(beside: Beside) -> None:
    person, address = beside.member()
    now = beside.services.clock.now()
    with beside.services.db.transaction() as session:
        ledger.grant(
            session,
            contact_id=person.id,
            channel="email",
            method=Method.WEB_FORM,
            actor=Actor(kind=ActorKind.PERSON, id=person.id),
            now=now,
            wording="Email me.",
        )
    beside.put(unsubscribes=[entry(address)])
    beside.compare()
    with beside.services.db.reading() as session:
        state = ledger.state_of(session, person.id)[Channel.EMAIL]
        assert state.status == ConsentStatus.GRANTED
    assert reasons(beside.services, address) == set()
    assert beside.compare()["only_theirs"] == 1


def test_what_staff_took_off_ours_is_not_put_back_every_night(beside: Beside) -> None:
    _person, address = beside.member()
    now = beside.services.clock.now()
    with beside.services.db.transaction() as session:
        row = suppression.add(
            session, channel="email", address=address, reason="hard_bounce", now=now
        )
        row.lifted_at = now
    beside.put(bounces=[entry(address)])
    beside.compare()
    assert reasons(beside.services, address) == set()


def test_a_block_counts_as_the_event_that_it_was(beside: Beside) -> None:
    person, address = beside.member()
    _other, unknown = beside.member()
    now = beside.services.clock.now()
    with beside.services.db.transaction() as session:
        messages = [
            sent_message(session, person, now=now - timedelta(days=days), origin_id=days)
            for days in (9, 6, 3)
        ]
    for message, days in zip(messages, (9, 6, 3), strict=True):
        at = now - timedelta(days=days) + timedelta(minutes=5)
        blocks = [entry(address, at, reason="421 try again later", status="4.7.0")]
        beside.put(blocks=[*blocks, entry(unknown, at, reason="550 5.1.1 user unknown")])
        beside.compare()
        with beside.services.db.reading() as session:
            events = select(ProviderEvent.message_id).where(ProviderEvent.kind == "blocked")
            assert message.id in set(session.scalars(events))
    assert reasons(beside.services, address) == {"soft_block"}, "three in 30 days, two campaigns"
    assert reasons(beside.services, unknown) == {"hard_bounce"}


def test_every_page_is_read(beside: Beside) -> None:
    beside.put(bounces=[entry(f"person{number}@example.com") for number in range(1203)])
    assert beside.compare()["added"] == 1203


@pytest.mark.parametrize("status", [401, 403, 500])
def test_lists_that_cannot_be_read_change_nothing_and_say_so(beside: Beside, status: int) -> None:
    rule = {"provider": "sendgrid_list", "fault": "refuse", "status": status, "times": None}
    beside.vendor.script(rule)
    beside.wait_for_night()
    with pytest.raises(OSError, match="SendGrid"):
        comparison.tick(beside.services)
    with beside.services.db.reading() as session:
        row = comparison.last(session, "sendgrid")
        assert row is not None
        assert str(status) in (row.error or "")
    assert comparison.tick(beside.services) == 0, "not again before the next night"


@pytest.mark.parametrize("body", [b"[", b"{}", b'{"errors": []}'])
def test_an_odd_answer_is_no_empty_list(body: bytes) -> None:
    from campaigns.providers.transport import Reply

    with pytest.raises(OSError, match="bounces"):
        list(sendgrid_lists.pages(lambda _path: Reply(200, {}, body), "bounces"))


def test_one_a_night_however_many_workers_tick(beside: Beside) -> None:
    beside.put(bounces=[entry("a@example.com")])
    assert comparison.tick(beside.services) == 0, "it is not three yet"
    beside.wait_for_night()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _turn: comparison.tick(beside.services), range(8))) == 1
    beside.wait_for_night(timedelta(hours=3))
    assert comparison.tick(beside.services) == 0
    beside.wait_for_night(timedelta(days=1))
    assert comparison.tick(beside.services) == 1
    with beside.services.db.reading() as session:
        assert session.scalar(select(func.count(Comparison.id))) == 2


def test_a_comparison_whose_process_died_is_made_again(beside: Beside) -> None:
    services = beside.services
    with services.db.transaction() as session:
        comparison.ask(session, SYSTEM, "sendgrid", now=services.clock.now())
        row = comparison.last(session, "sendgrid")
        assert row is not None
        row.started_at = services.clock.now() - timedelta(hours=3)
        row.night = services.clock.now().date()
        assert comparison.ask(session, SYSTEM, "sendgrid", now=services.clock.now())
    assert comparison.tick(services) == 1


def test_the_local_way_out_has_no_lists(services: Services) -> None:
    assert comparison.tick(services) == 0
