"""Replies that no webhook brought are found by asking, count once, and come before any text."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.clock import FixedClock, SystemClock
from campaigns.core.db import Database
from campaigns.delivery import listening
from campaigns.delivery.models import Listening, Message
from campaigns.events import inbound as inbound_texts
from campaigns.events import polling
from campaigns.events.models import InboundText
from campaigns.events.twilio_forms import read_inbound
from campaigns.jobs.embedded import Worker
from campaigns.providers.twilio import TwilioSender
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.clinic import make_clinic
from tests.factories.delivery import make_sending, settle
from tests.providers import standin
from tests.providers.standin import StandIn
from tests.webhooks.conftest import calling
from tests.webhooks.found import answers_to, consent, count, member
from tests.webhooks.signing import Vendors, inbound

OURS = "+16195550100"
SERVICE = "MG" + "1" * 32
REFUSED = {"provider": "twilio_list", "fault": "refuse", "times": None}


@dataclass(frozen=True)
class Away:
    """A service whose webhooks are lost, and the provider that keeps the list."""

    services: Services
    vendor: StandIn

    def text(self, number: str, body: str, *, seconds_ago: float = 0) -> None:
        told = {"from": number, "body": body, "to": OURS, "seconds_ago": seconds_ago}
        assert self.vendor.control("inbound", **told)["body"] == "lost"

    def sender(self, **values: int) -> TwilioSender:
        settings = self.services.settings
        assert settings.twilio_auth_token is not None
        return TwilioSender(
            account_sid=self.vendor.account,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            api_url=self.vendor.url,
            status_url="http://127.0.0.1:9/webhooks/twilio/status/",
            sender=OURS,
            **values,
        )


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[StandIn]:
    folder = tmp_path / "vendors"
    folder.mkdir()
    with standin.run(folder, webhook_url="http://127.0.0.1:9") as one:
        one.control("webhooks", lost=True)
        yield one


@pytest.fixture
def away(each_db: Database, clock: FixedClock, tmp_path: Path, vendor: StandIn) -> Away:
    services = make_services(
        each_db,
        clock,
        tmp_path,
        CAMPAIGNS_SMS_PROVIDER="twilio",
        CAMPAIGNS_SMS_PER_SECOND="1000",
        TWILIO_ACCOUNT_SID=vendor.account,
        TWILIO_AUTH_TOKEN=vendor.token,
        TWILIO_API_URL=vendor.url,
        TWILIO_MESSAGING_SERVICE_SID=SERVICE,
    )
    services = replace(services, sms=TwilioSender.from_settings(services.settings))
    with each_db.transaction() as session:
        make_clinic(session, now=clock.now())
    return Away(services, vendor)


def test_a_stop_that_no_webhook_brought_is_found(away: Away) -> None:
    person, number = member(away.services)
    away.text(number, "please stop", seconds_ago=60)
    assert polling.poll(away.services) == 1
    assert consent(away.services, person) == "withdrawn"
    assert len(answers_to(away.services, person)) == 1
    assert polling.poll(away.services) == 0
    assert count(away.services, InboundText) == 1


def test_a_stop_found_late_gets_no_answer_and_counts_from_when_it_was_said(away: Away) -> None:
    person, number = member(away.services)
    away.text(number, "please stop", seconds_ago=3 * 3600)
    assert polling.poll(away.services) == 1
    assert consent(away.services, person) == "withdrawn"
    assert answers_to(away.services, person) == []
    with away.services.db.reading() as session:
        row = session.scalars(select(InboundText)).one()
        said = away.services.clock.now() - row.received_at
        assert timedelta(hours=2, minutes=59) < said < timedelta(hours=3, minutes=2)


def test_a_text_counts_once_whether_a_webhook_or_the_list_brings_it(
    db: Database, clock: FixedClock, tmp_path: Path, vendor: StandIn
) -> None:
    vendors = Vendors(token=vendor.token)
    values = {**vendors.settings, "TWILIO_ACCOUNT_SID": vendor.account}
    services = make_services(
        db,
        clock,
        tmp_path,
        **values,
        CAMPAIGNS_SMS_PROVIDER="twilio",
        TWILIO_API_URL=vendor.url,
        TWILIO_FROM=OURS,
    )
    services = replace(services, sms=TwilioSender.from_settings(services.settings))
    with db.transaction() as session:
        make_clinic(session, now=clock.now())
    person, number = member(services)
    vendor.control("inbound", **{"from": number, "body": "please stop", "to": OURS})
    sender = services.sms
    assert isinstance(sender, TwilioSender)
    (listed,) = sender.received(datetime.now(UTC) - timedelta(hours=1))
    form = inbound(number, "please stop", sid=listed.sid, AccountSid=vendor.account)

    assert polling.poll(services) == 1
    client = calling(services)
    assert vendors.post_form(client, "/webhooks/twilio/inbound", form).status_code == 200
    assert polling.poll(services) == 0

    assert count(services, InboundText) == 1
    assert len(answers_to(services, person)) == 1


def test_a_start_and_a_y_that_were_lost_never_undo_a_later_stop(away: Away) -> None:
    person, number = member(away.services)
    away.text(number, "please stop", seconds_ago=1800)
    away.text(number, "START", seconds_ago=1700)
    away.text(number, "Y", seconds_ago=1600)
    away.text(number, "leave me alone", seconds_ago=1500)
    assert polling.poll(away.services) == 4
    assert consent(away.services, person) == "withdrawn"
    assert answers_to(away.services, person) == []


def test_every_page_of_the_list_is_read_from_our_own_address(away: Away) -> None:
    for number in range(23):
        away.text(f"+1619555{number:04}", f"hello {number}", seconds_ago=100 - number)
    away.vendor.control("inbound", **{"from": "+16195559999", "body": "x", "to": "+12125550142"})
    found = away.sender(page_size=5).received(datetime.now(UTC) - timedelta(hours=1))
    assert [one.body for one in found] == [f"hello {number}" for number in range(23)]
    late = away.sender(page_size=5).received(datetime.now(UTC) - timedelta(seconds=90))
    assert 5 < len(late) < 23


def test_after_a_start_no_text_leaves_before_the_list_was_read(away: Away) -> None:
    services = away.services
    make_sending(services, people=3, channels=("sms",))
    with services.db.reading() as session:
        someone = session.scalars(select(Message.contact_id)).first() or 1
        number = directory.addresses_of(session, someone)[Channel.SMS].address
    away.text(number, "stop")
    polling.begin(services)
    settle(services)
    assert away.vendor.accepted("sms") == []

    assert polling.tick(services) == 1
    settle(services)
    assert number not in {one["to"] for one in away.vendor.accepted("sms")}
    assert len(away.vendor.accepted("sms")) == 2


def test_a_list_that_twilio_will_not_show_holds_up_no_text_and_is_told(away: Away) -> None:
    away.vendor.script({**REFUSED, "status": 403, "code": 20003})
    make_sending(away.services, people=2, channels=("sms",))
    polling.begin(away.services)
    with pytest.raises(PermissionError):
        polling.tick(away.services)
    settle(away.services)
    assert len(away.vendor.accepted("sms")) == 2
    with away.services.db.reading() as session:
        row = listening.get(session, Channel.SMS)
        assert row is not None
        assert row.refused
        assert "403" in (row.error or "")


def test_a_list_that_cannot_be_read_holds_up_texts_for_a_bounded_time(away: Away) -> None:
    away.vendor.script({**REFUSED, "status": 500, "code": 20500})
    polling.begin(away.services)
    with pytest.raises(OSError, match="cannot be read"):
        polling.tick(away.services)
    assert polling.tick(away.services) == 0, "not asked again at once"
    now = SystemClock().now()
    with away.services.db.reading() as session:
        assert not listening.may_send(session, Channel.SMS, now=now)
        assert not listening.may_send(session, Channel.SMS, now=now + timedelta(minutes=14))
        assert listening.may_send(session, Channel.SMS, now=now + timedelta(minutes=16))
        assert listening.may_send(session, Channel.EMAIL, now=now)


def test_a_gap_makes_texts_wait_again(services: Services) -> None:
    now = SystemClock().now()
    with services.db.transaction() as session:
        listening.begin(session, Channel.SMS, now=now)
        assert not listening.may_send(session, Channel.SMS, now=now)
        listening.note_read(session, Channel.SMS, until=now)
        assert listening.may_send(session, Channel.SMS, now=now + timedelta(minutes=14))
        assert not listening.may_send(session, Channel.SMS, now=now + timedelta(minutes=16))
        listening.begin(session, Channel.SMS, now=now + timedelta(minutes=5))
        assert listening.may_send(session, Channel.SMS, now=now + timedelta(minutes=5))


def test_a_fault_in_one_text_holds_up_no_other(away: Away) -> None:
    away.text("+16195550111", "hello")
    away.vendor.control("inbound", **{"from": "72345", "body": "from a short code", "to": OURS})
    away.text("+16195550112", "hello too")
    assert polling.poll(away.services) == 2


def test_the_local_provider_has_no_list(services: Services) -> None:
    polling.begin(services)
    assert polling.tick(services) == 0
    assert count(services, Listening) == 0


def test_the_shipped_worker_reads_replies_first_and_settles_what_nobody_decided(
    away: Away, clock: FixedClock
) -> None:
    services = away.services
    person, number = member(services)
    other, second = member(services)
    with services.db.transaction() as session:
        row = inbound_texts.receive(
            session,
            read_inbound(
                inbound(second, "cancel my appointment", AccountSid=away.vendor.account).items()
            ),
            signature_digest=None,
            now=clock.now(),
        )
        assert row is not None
    clock.advance(timedelta(days=7))
    away.text(number, "stop")
    worker = Worker(services)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        until = time.monotonic() + 60
        wanted = {"withdrawn"}
        while {consent(services, person), consent(services, other)} != wanted:
            assert time.monotonic() < until, "the worker did not get to it"
            time.sleep(0.1)
    finally:
        worker.stop()
        thread.join(30)
    with services.db.reading() as session:
        assert listening.may_send(session, Channel.SMS, now=SystemClock().now())
