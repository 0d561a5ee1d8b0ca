"""What became of our texts: in any order, told once or often."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from campaigns.consent import suppression
from campaigns.consent.models import ConsentStatus
from campaigns.contacts.models import Contact
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Breaker, Message
from campaigns.events.models import ProviderEvent
from campaigns.wiring import Services
from tests.factories.consent import make_member
from tests.factories.sent import sent_message
from tests.webhooks.conftest import calling
from tests.webhooks.found import consent, count
from tests.webhooks.signing import Vendors, new_sid, status


def texted(services: Services, **values: Any) -> tuple[Contact, Message, str, str]:
    now = services.clock.now()
    with services.db.transaction() as session:
        person = make_member(session, now=now)
        message = sent_message(session, person, "sms", now=now, **values)
        token = services.tokens.issue(Purpose.MESSAGE, message.id)
        return person, message, f"/webhooks/twilio/status/{token}", message.address or ""


def message_state(services: Services, message: Message) -> tuple[str, str | None]:
    with services.db.reading() as session:
        row = session.get_one(Message, message.id)
        return row.state, row.reason


def reasons(services: Services, number: str) -> set[str]:
    with services.db.reading() as session:
        rows = suppression.active_for(session, "sms", number, services.clock.now())
        return {str(row.reason) for row in rows}


@pytest.mark.parametrize(
    ("told", "code", "state", "suppressed"),
    [
        ("sent", None, "accepted", set()),
        ("delivered", None, "delivered", set()),
        ("undelivered", 30003, "failed", set()),
        ("undelivered", 30004, "failed", {"soft_block"}),
        ("undelivered", 30005, "bounced", {"invalid"}),
        ("undelivered", 30006, "bounced", {"not_mobile"}),
        ("undelivered", 30007, "failed", set()),
        ("failed", 21610, "failed", {"provider_optout"}),
        ("failed", 30640, "bounced", {"legal"}),
        ("failed", 39999, "failed", set()),
        ("failed", None, "failed", set()),
        ("canceled", None, "failed", set()),
    ],
)
def test_each_status_has_its_effect(
    caller: FlaskClient,
    hooked: Services,
    vendors: Vendors,
    told: str,
    code: int | None,
    state: str,
    suppressed: set[str],
) -> None:
    person, message, path, number = texted(hooked)
    extra = {"ErrorCode": str(code)} if code else {}
    assert (
        vendors.post_form(caller, path, status(new_sid(), told, number, **extra)).status_code == 200
    )
    assert message_state(hooked, message)[0] == state
    assert reasons(hooked, number) == suppressed
    if code == 21610:
        assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_statuses_in_every_order_and_three_times_end_the_same(
    each_hooked: Services, vendors: Vendors
) -> None:
    client = calling(each_hooked)
    for order in itertools.permutations(("queued", "sent", "delivered")):
        _person, message, path, number = texted(each_hooked)
        sid = new_sid()
        forms = [status(sid, told, number) for told in order] * 3
        random.Random(3).shuffle(forms)
        for form in forms:
            assert vendors.post_form(client, path, form).status_code == 200
        assert message_state(each_hooked, message)[0] == "delivered"
    assert count(each_hooked, ProviderEvent) == 18


def test_a_callback_that_comes_before_our_record_settles_the_message(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, message, path, number = texted(hooked, state="uncertain", accepted_at=None)
    sid = new_sid()
    vendors.post_form(caller, path, status(sid, "sent", number))
    with hooked.db.reading() as session:
        row = session.get_one(Message, message.id)
        assert (row.state, row.provider_id) == ("accepted", sid)


def test_a_phone_that_fails_three_times_over_two_weeks_rests(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    with hooked.db.transaction() as session:
        person = make_member(session, now=clock.now())
    number = ""
    for days, rests in ((0, False), (8, False), (8, True)):
        clock.advance(timedelta(days=days))
        with hooked.db.transaction() as session:
            message = sent_message(session, person, "sms", now=clock.now())
        number = message.address or ""
        token = hooked.tokens.issue(Purpose.MESSAGE, message.id)
        form = status(new_sid(), "undelivered", number, ErrorCode="30003")
        vendors.post_form(caller, f"/webhooks/twilio/status/{token}", form)
        assert (reasons(hooked, number) == {"soft_block"}) is rests
    clock.advance(timedelta(days=91))
    assert reasons(hooked, number) == set()


def test_a_second_block_by_the_carrier_is_for_good(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    with hooked.db.transaction() as session:
        person = make_member(session, now=clock.now())
    for _ in range(2):
        with hooked.db.transaction() as session:
            message = sent_message(session, person, "sms", now=clock.now())
        token = hooked.tokens.issue(Purpose.MESSAGE, message.id)
        number = message.address or ""
        form = status(new_sid(), "undelivered", number, ErrorCode="30004")
        vendors.post_form(caller, f"/webhooks/twilio/status/{token}", form)
    clock.advance(timedelta(days=400))
    assert reasons(hooked, number) == {"blocked"}


def test_an_unregistered_sender_stops_texts(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, _message, path, number = texted(hooked)
    vendors.post_form(caller, path, status(new_sid(), "failed", number, ErrorCode="30034"))
    with hooked.db.reading() as session:
        assert session.get_one(Breaker, "sms").open_until is not None
