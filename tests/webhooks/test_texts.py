"""Texts from people: each counts once, has its effect, and gets at most one answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.consent import ledger, optin, suppression
from campaigns.consent.models import Action, ConsentEntry, ConsentStatus, Method
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.clock import FixedClock
from campaigns.core.errors import Conflict
from campaigns.delivery.models import Message
from campaigns.events import inbound as inbound_texts
from campaigns.events.models import InboundText
from campaigns.wiring import Services
from tests.factories.consent import make_member
from tests.factories.contacts import make_contact
from tests.factories.sent import sent_message
from tests.webhooks.conftest import calling
from tests.webhooks.found import answers_to, consent, count, member, texts_of
from tests.webhooks.signing import Vendors, inbound

INBOUND = "/webhooks/twilio/inbound"


STOP = "Deeply Vital: You are opted out and will get no more marketing texts from us."


@pytest.mark.parametrize(
    ("body", "opt_out_type", "status_after", "email_after", "answers"),
    [
        ("STOP", "STOP", "withdrawn", "granted", 0),
        ("stop", None, "withdrawn", "granted", 0),  # Twilio's own keyword: it answers
        ("Unsubscribe", "STOP", "withdrawn", "granted", 0),
        ("OPT OUT", None, "withdrawn", "granted", 1),
        ("Stop please", None, "withdrawn", "granted", 1),
        ("st0p texting me", None, "withdrawn", "granted", 1),
        ("No más", None, "withdrawn", "granted", 1),
        ("stop contacting me", None, "withdrawn", "withdrawn", 1),
        ("remove", None, "withdrawn", "granted", 1),
        ("don't stop", None, "granted", "granted", 0),
        ("can I stop by at 3?", None, "granted", "granted", 0),
        ("have a nice weekend", None, "granted", "granted", 0),
        ("HELP", None, "granted", "granted", 0),
        ("ayuda", None, "granted", "granted", 1),
        ("HELP", "HELP", "granted", "granted", 0),
    ],
)
def test_each_reply_has_its_effect_and_at_most_one_answer(
    caller: FlaskClient,
    hooked: Services,
    vendors: Vendors,
    body: str,
    opt_out_type: str | None,
    status_after: str,
    email_after: str,
    answers: int,
) -> None:
    person, number = member(hooked)
    extra = {"OptOutType": opt_out_type} if opt_out_type else {}

    answer = vendors.text(caller, number, body, **extra)

    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert b"<Response/>" in answer.data
    assert b"Message" not in answer.data
    assert consent(hooked, person) == status_after
    assert consent(hooked, person, "email") == email_after
    assert len(answers_to(hooked, person)) == answers


def test_stop_in_many_words_is_confirmed_exactly_once(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    for body in ("please stop", "please stop", "leave me alone", "STOP"):
        vendors.text(caller, number, body)
    assert answers_to(hooked, person) == [STOP]
    with hooked.db.reading() as session:
        message = session.scalars(select(Message)).one()
        assert (message.body or {})["passes_stop"] is True
        assert message.expires_at == hooked.clock.now() + timedelta(minutes=5)


def test_a_stop_counts_for_everybody_who_has_the_number(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    first, number = member(hooked)
    second, _same = member(hooked, phone=number, first_name="Ana")
    vendors.text(caller, number, "please stop")
    assert consent(hooked, first) == consent(hooked, second) == ConsentStatus.WITHDRAWN
    assert len(answers_to(hooked, first) + answers_to(hooked, second)) == 1


def test_a_stop_from_an_unknown_number_blocks_the_number(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    vendors.text(caller, "+16195550177", "stop")
    with hooked.db.reading() as session:
        found = suppression.is_suppressed(session, "sms", "+16195550177", hooked.clock.now())
        assert found is not None
        assert found.reason == "opt_out"


def test_a_wrong_number_is_taken_off_the_person(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    vendors.text(caller, number, "you have the wrong number")
    with hooked.db.reading() as session:
        assert Channel.SMS not in directory.addresses_of(session, person.id)
        assert suppression.is_suppressed(session, "sms", number, hooked.clock.now())
    assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_what_people_write_is_kept_sealed(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, number = member(hooked)
    vendors.text(caller, number, "my knee hurts a lot")
    (row,) = texts_of(hooked)
    assert b"knee" not in row.body
    with hooked.db.reading() as session:
        assert inbound_texts.body_of(session, row) == "my knee hurts a lot"


def test_start_brings_back_only_an_old_written_consent(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    person, number = member(hooked)
    with hooked.db.transaction() as session:
        stranger = make_contact(session, now=clock.now())
        unknown = directory.addresses_of(session, stranger.id)[Channel.SMS].address
    for one in (number, unknown):
        vendors.text(caller, one, "please stop")
    clock.advance(timedelta(minutes=10))
    for one in (number, unknown):
        vendors.text(caller, one, "START")

    assert consent(hooked, person) == ConsentStatus.GRANTED
    assert "You're signed up for wellness tips" in answers_to(hooked, person)[-1]
    assert consent(hooked, stranger) != ConsentStatus.GRANTED
    assert "Reply Y to confirm" in answers_to(hooked, stranger)[-1]

    clock.advance(timedelta(minutes=10))
    vendors.text(caller, unknown, "Y")
    with hooked.db.reading() as session:
        entries = ledger.history(session, stranger.id)
        assert entries[0].action == "opt_in_confirmed"
        assert "not a condition of any purchase" in (ledger.wording_of(session, entries[0]) or "")


@pytest.mark.parametrize("in_use", [True, False])
def test_start_brings_back_an_agreement_of_years_ago_only_while_texts_went_out_on_it(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock, in_use: bool
) -> None:
    now = clock.now()
    with hooked.db.transaction() as session:
        person = make_member(session, now=now - timedelta(days=1100))
        number = directory.addresses_of(session, person.id)[Channel.SMS].address
        if in_use:
            sent_message(session, person, "sms", now=now - timedelta(days=60))
    vendors.text(caller, number, "please stop")
    clock.advance(timedelta(minutes=10))
    vendors.text(caller, number, "START")
    assert (consent(hooked, person) == ConsentStatus.GRANTED) is in_use
    assert ("Reply Y to confirm" in answers_to(hooked, person)[-1]) is not in_use


def test_a_y_confirms_the_open_request(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    now = clock.now()
    with hooked.db.transaction() as session:
        person = make_contact(session, now=now)
        number = directory.addresses_of(session, person.id)[Channel.SMS].address
        asked = ledger.record(
            session,
            contact_id=person.id,
            channel="sms",
            action=Action.OPT_IN_REQUESTED,
            method=Method.WEB_FORM,
            actor=Actor(kind=ActorKind.PERSON, id=person.id),
            now=now,
            wording="I agree to texts.",
        )
        optin.request(
            session,
            contact_id=person.id,
            channel="sms",
            address=number,
            entry_id=asked.id,
            origin="form",
            now=now,
        )
    clock.advance(timedelta(minutes=3))
    for _ in range(2):
        vendors.text(caller, number, "Yes!", OptOutType="START")
    assert consent(hooked, person) == ConsentStatus.GRANTED
    with hooked.db.reading() as session:
        confirmed = [e for e in ledger.history(session, person.id) if "confirmed" in e.action]
        assert len(confirmed) == 1


def test_an_unclear_reply_holds_messages_until_staff_decide(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    staff = Actor(kind=ActorKind.STAFF, id=1, name="Robin")
    for is_stop in (True, False):
        person, number = member(hooked)
        vendors.text(caller, number, "cancel my appointment")
        row = texts_of(hooked)[-1]
        with hooked.db.transaction() as session:
            assert session.get_one(Contact, person.id).hold_reason == "unclear_reply"
            inbound_texts.settle(session, staff, row.id, is_stop=is_stop, now=hooked.clock.now())
            assert session.get_one(Contact, person.id).hold_until is None
        assert consent(hooked, person) == ("withdrawn" if is_stop else "granted")
        with pytest.raises(Conflict), hooked.db.transaction() as session:
            inbound_texts.settle(session, staff, row.id, is_stop=True, now=hooked.clock.now())


def test_an_unclear_reply_that_nobody_decides_is_a_stop_after_three_business_days(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    clock.set(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))  # Tuesday before Thanksgiving
    person, number = member(hooked)
    vendors.text(caller, number, "cancel my appointment")
    # Wednesday, Friday (Thursday is a holiday) and Monday may pass.
    for day, settled in ((27, 0), (30, 0)):
        clock.set(datetime(2026, 11, day, 23, 0, tzinfo=UTC))
        with hooked.db.transaction() as session:
            assert inbound_texts.settle_overdue(session, now=clock.now()) == settled
    clock.set(datetime(2026, 12, 1, 15, 0, tzinfo=UTC))
    with hooked.db.transaction() as session:
        assert inbound_texts.settle_overdue(session, now=clock.now()) == 1
    assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_a_replayed_start_never_undoes_a_later_stop(
    each_hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    client = calling(each_hooked)
    person, number = member(each_hooked)
    start = inbound(number, "START")
    stop = inbound(number, "please stop")
    vendors.post_form(client, INBOUND, start)
    clock.advance(timedelta(minutes=1))
    vendors.post_form(client, INBOUND, stop)
    for hours in (0, 1, 30):
        clock.advance(timedelta(hours=hours))
        for form in (start, stop, start):
            assert vendors.post_form(client, INBOUND, form).status_code == 200
    assert consent(each_hooked, person) == ConsentStatus.WITHDRAWN
    assert count(each_hooked, InboundText) == 2
    assert answers_to(each_hooked, person) == [STOP]
    with each_hooked.db.reading() as session:
        outs = session.scalars(select(ConsentEntry).where(ConsentEntry.action == "opt_out"))
        assert len(list(outs)) == 1
