"""The Inbox: conversations, answers, and the decision what an unclear reply meant."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry, Role
from campaigns.consent import ledger
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.clock import FixedClock
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.events import inbound
from campaigns.events.models import InboundText
from campaigns.events.twilio_forms import InboundForm
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.messages import message
from tests.webhooks.signing import ACCOUNT, new_sid


@pytest.fixture
def maria(services: Services) -> tuple[Contact, str]:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
        person = make_member(
            session, now=services.clock.now(), first_name="Maria", last_name="Sample"
        )
        return person, directory.addresses_of(session, person.id)[Channel.SMS].address


def writes(services: Services, number: str, body: str) -> int:
    form = InboundForm(
        sid=new_sid(),
        account=ACCOUNT,
        sender=number,
        to="+16195550100",
        body=body,
        opt_out_type=None,
        media=0,
    )
    with services.db.transaction() as session:
        row = inbound.receive(session, form, signature_digest=None, now=services.clock.now())
        assert row is not None
        return row.id


def answers(services: Services) -> list[str]:
    with services.db.reading() as session:
        rows = session.scalars(select(Message).where(Message.origin_kind == Origin.REPLY))
        return [str((row.body or {})["text"]) for row in rows]


def test_conversations_are_listed_with_what_waits(
    client: FlaskClient, services: Services, maria: tuple[Contact, str], clock: FixedClock
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    assert "No replies yet" in client.get("/staff/inbox/").text
    writes(services, maria[1], "What are your hours?")
    writes(services, "+16195550133", "cancel my appointment")
    text = client.get("/staff/inbox/").text
    assert "Maria Sample" in text
    assert "What are your hours?" in text
    assert "(619) 555-0133" in text
    assert "1 unread" in text
    assert "Maria" not in client.get("/staff/inbox/?show=unclear").text
    assert "Maria" in client.get("/staff/inbox/?show=unread").text


def test_looking_changes_nothing_and_reading_can_be_undone(
    client: FlaskClient, services: Services, maria: tuple[Contact, str]
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    number = writes(services, maria[1], "Hello <b>there</b>")
    for _ in range(3):
        text = client.get(f"/staff/inbox/{number}").text
    assert "Hello &lt;b&gt;there&lt;/b&gt;" in text
    assert "agreed to texts" in text
    for verb, read in (("read", True), ("unread", False), ("read", True)):
        with services.db.reading() as session:
            assert (session.get_one(InboundText, number).read_at is None) is read
        answer = client.post(f"/staff/inbox/{number}/{verb}")
        assert answer.status_code == 303
    with services.db.reading() as session:
        assert session.get_one(InboundText, number).read_at is not None


@pytest.mark.parametrize(("meaning", "status"), [("stop", "withdrawn"), ("not_stop", "granted")])
def test_the_two_buttons_of_an_unclear_reply_really_act(
    client: FlaskClient,
    services: Services,
    maria: tuple[Contact, str],
    meaning: str,
    status: str,
) -> None:
    sign_in(client, services, Role.FRONT_DESK, name="Robin Desk")
    number = writes(services, maria[1], "cancel my appointment")
    text = client.get(f"/staff/inbox/{number}").text
    assert "Is this a stop?" in text
    assert "Messages rest until" in text
    answer = client.post(f"/staff/inbox/{number}/decide", data={"meaning": meaning})
    assert answer.status_code == 303
    with services.db.reading() as session:
        assert ledger.state_of(session, maria[0].id)["sms"].status == status
        assert session.get_one(Contact, maria[0].id).hold_until is None
        actions = list(session.scalars(select(AuditEntry.action)))
        assert "reply.decided" in actions
    text = client.get(f"/staff/inbox/{number}").text
    assert "decided by Robin Desk" in text
    assert "Yes, stop" not in text
    again = client.post(f"/staff/inbox/{number}/decide", data={"meaning": "stop"})
    assert again.status_code in (303, 409)
    with services.db.reading() as session:
        assert ledger.state_of(session, maria[0].id)["sms"].status == status


def test_what_waited_for_a_decision_is_looked_at_again_at_once(
    client: FlaskClient, services: Services, maria: tuple[Contact, str]
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    number = writes(services, maria[1], "cancel my appointment")
    now = services.clock.now()
    with services.db.transaction() as session:
        held = message(session, maria[0], now=now)
        held.state, held.reason = MessageState.HELD, "on_hold"
        held.held_until = now + timedelta(days=20)
        message_id = held.id
    client.post(f"/staff/inbox/{number}/decide", data={"meaning": "not_stop"})
    with services.db.reading() as session:
        assert session.get_one(Message, message_id).held_until == now


def test_an_answer_goes_out_once_however_often_the_form_is_sent(
    client: FlaskClient, services: Services, maria: tuple[Contact, str]
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    number = writes(services, maria[1], "Do you have parking?")
    page = client.get(f"/staff/inbox/{number}").text
    found = re.search(r'name="nonce" value="(\d+)"', page)
    assert found is not None
    form = {"text": "Yes, behind the house.", "nonce": found.group(1)}
    for _ in range(3):
        assert client.post(f"/staff/inbox/{number}/reply", data=form).status_code == 303
    assert answers(services) == ["Yes, behind the house."]
    page = client.get(f"/staff/inbox/{number}").text
    assert "Yes, behind the house." in page
    assert "Waiting to go out" in page


def test_a_ready_made_answer_is_put_into_the_field(
    client: FlaskClient, services: Services, maria: tuple[Contact, str]
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    number = writes(services, maria[1], "Hello")
    page = client.get(f"/staff/inbox/{number}").text
    assert "Please call us" in page
    page = client.get(f"/staff/inbox/{number}?canned=1").text
    assert "Please call us at 212-555-0100" in page
    assert client.get(f"/staff/inbox/{number}?canned=77").status_code == 200


@pytest.mark.parametrize("text", ["", "   ", "x" * 641])
def test_an_impossible_answer_is_kept_and_explained(
    client: FlaskClient, services: Services, maria: tuple[Contact, str], text: str
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    number = writes(services, maria[1], "Hello")
    answer = client.post(f"/staff/inbox/{number}/reply", data={"text": text, "nonce": "5"})
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.text
    assert text.strip() in answer.text
    assert answers(services) == []


def test_nobody_who_said_stop_is_answered_by_text(
    client: FlaskClient, services: Services, maria: tuple[Contact, str]
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    number = writes(services, maria[1], "STOP")
    assert "Please call" in client.get(f"/staff/inbox/{number}").text
    answer = client.post(f"/staff/inbox/{number}/reply", data={"text": "Sorry", "nonce": "5"})
    assert answer.status_code == 422
    assert answers(services) == []


def test_roles_decide_who_reads_and_who_answers(
    client: FlaskClient, services: Services, maria: tuple[Contact, str]
) -> None:
    number = writes(services, maria[1], "Hello")
    assert client.get("/staff/inbox/").status_code == 302
    sign_in(client, services, Role.VIEWER)
    assert client.get(f"/staff/inbox/{number}").status_code == 403
    sign_in(client, services, Role.REVIEWER)
    assert client.get(f"/staff/inbox/{number}").status_code == 200
    form = {"text": "Hi", "nonce": "1"}
    assert client.post(f"/staff/inbox/{number}/reply", data=form).status_code == 403
    assert client.get("/staff/inbox/999").status_code == 404
    assert answers(services) == []
