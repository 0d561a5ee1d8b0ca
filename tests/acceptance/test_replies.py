"""5 to 8, and 20: what comes in is read rightly, once, in any order, and only if signed."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from campaigns.consent import ledger, suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message, MessageState
from campaigns.events.models import InboundText, ProviderEvent
from tests.acceptance.conftest import House
from tests.factories.messages import message
from tests.factories.sent import sent_message
from tests.webhooks.found import answers_to, consent, member
from tests.webhooks.signing import event, inbound, new_sid, status

REVOKING = ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe")


def reasons(house: House, channel: str, address: str) -> set[str]:
    with house.services.db.reading() as session:
        found = suppression.active_for(session, channel, address, house.now)
        return {str(row.reason) for row in found}


@pytest.mark.parametrize(
    ("words", "after"),
    [
        *(((word,), "withdrawn") for word in REVOKING),
        (("OPT OUT",), "withdrawn"),
        (("Stop please",), "withdrawn"),
        (("STOP", "STOP"), "withdrawn"),
        (("please stop texting me", "STOP", "Stop!!"), "withdrawn"),
        (("don't stop",), "granted"),
    ],
)
def test_05_each_refusal_has_its_effect_and_one_confirmation_at_most(
    house: House, words: tuple[str, ...], after: str
) -> None:
    person, number = member(house.services)
    for word in words:
        answer = house.vendors.text(house.http, number, word)
        assert answer.status_code == 200
    assert consent(house.services, person) == after
    assert consent(house.services, person, "email") == "granted"
    assert len(answers_to(house.services, person)) <= 1
    with house.services.db.reading() as session:
        held = session.get_one(Contact, person.id).hold_until
        unclear = session.scalar(select(InboundText.intent).order_by(InboundText.id.desc()))
    assert (held is not None, unclear == "unclear") == ((after == "granted"),) * 2
    house.send()
    texts = [m.text for m in house.outbox("sms") if m.to == number]
    assert len(texts) == len(answers_to(house.services, person))


def test_06_a_stop_that_twilio_answered_gets_an_empty_answer(house: House) -> None:
    person, number = member(house.services)
    answer = house.vendors.text(house.http, number, "STOP", OptOutType="STOP")
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert b"<Response/>" in answer.data
    assert b"Message" not in answer.data
    assert consent(house.services, person) == "withdrawn"
    assert answers_to(house.services, person) == []
    house.send()
    assert house.outbox("sms") == []


def test_07_repeated_and_shuffled_webhooks_end_in_the_same_state(house: House) -> None:
    kinds = ("processed", "deferred", "delivered", "bounce", "spamreport")
    statuses = ("sent", "delivered", "undelivered")
    chance = random.Random(7)
    ends: set[Any] = set()
    for _ in range(8):
        with house.services.db.transaction() as session:
            person = ledger_member(house)
            mail = sent_message(session, person, now=house.now)
            text = sent_message(session, person, "sms", now=house.now)
            held = directory.addresses_of(session, person.id)
            email, phone = held[Channel.EMAIL].address, held[Channel.SMS].address
        token = house.services.tokens.issue(Purpose.MESSAGE, mail.id)
        told = [event(kind, token, email, type="bounce", status="5.1.1") for kind in kinds] * 3
        chance.shuffle(told)
        cut = chance.randrange(1, len(told))
        for batch in (told[:cut], told[cut:]):
            assert house.vendors.post_events(house.http, batch).status_code == 200
        path = f"/webhooks/twilio/status/{house.services.tokens.issue(Purpose.MESSAGE, text.id)}"
        sid = new_sid()
        forms = [
            status(sid, one, phone, **({"ErrorCode": "30005"} if one == "undelivered" else {}))
            for one in statuses
        ] * 3
        chance.shuffle(forms)
        for form in forms:
            assert house.vendors.post_form(house.http, path, form).status_code < 300
        house.send()
        with house.services.db.reading() as session:
            states = tuple(session.get_one(Message, one.id).state for one in (mail, text))
        found = tuple(sorted(reasons(house, "email", email) | reasons(house, "sms", phone)))
        ends.add((*states, *found))
    assert len(ends) == 1
    (end,) = ends
    assert end[0] == MessageState.BOUNCED
    assert {"hard_bounce", "complaint"} <= set(end)


def ledger_member(house: House) -> Contact:
    """Make somebody of her own for one order of events."""
    person, _ = member(house.services)
    return person


def test_08_delivered_after_a_bounce_clears_nothing(house: House) -> None:
    person, _ = member(house.services)
    with house.services.db.transaction() as session:
        mail = sent_message(session, person, now=house.now)
        address = directory.addresses_of(session, person.id)[Channel.EMAIL].address
    token = house.services.tokens.issue(Purpose.MESSAGE, mail.id)
    for kind in ("bounce", "delivered", "delivered"):
        told = event(kind, token, address, type="bounce", status="5.1.1")
        assert house.vendors.post_events(house.http, [told]).status_code == 200
        house.send()
    assert reasons(house, "email", address) == {"hard_bounce"}
    with house.services.db.reading() as session:
        assert session.get_one(Message, mail.id).state == MessageState.BOUNCED


def test_20_bad_signatures_are_403_and_store_nothing(house: House) -> None:
    person, number = member(house.services)
    form = inbound(number, "STOP")
    good = house.vendors.form_headers("http://127.0.0.1:8000/webhooks/twilio/inbound", form)
    other = {**form, "Body": "STOP!"}
    with house.services.db.transaction() as session:
        mail = message(session, person, now=house.now)
    told = b'[{"event":"unsubscribe","email":"a@example.com","sg_event_id":"1","timestamp":1}]'
    signed = house.vendors.event_headers(told)
    name = "X-Twilio-Email-Event-Webhook-Signature"
    path = f"/webhooks/twilio/status/{house.services.tokens.issue(Purpose.MESSAGE, mail.id)}"
    tries: list[tuple[str, Any, dict[str, str], str]] = [
        *(("/webhooks/twilio/inbound", urlencode(form), {"X-Twilio-Signature": bad}, "form")
          for bad in ("", "x", "A" * 28, "=" * 600)),
        ("/webhooks/twilio/inbound", urlencode(form), {}, "form"),
        ("/webhooks/twilio/inbound", urlencode(other), good, "form"),
        (path, urlencode(status(new_sid(), "delivered", number)), good, "form"),
        ("/webhooks/sendgrid/events", told, {}, "json"),
        ("/webhooks/sendgrid/events", told, {**signed, name: "x"}, "json"),
        ("/webhooks/sendgrid/events", told.replace(b"1}", b"2}"), signed, "json"),
        ("/webhooks/bookings/desk", b"{}", {"X-Campaigns-Signature": "t=1,v1=00"}, "json"),
    ]  # fmt: skip
    types = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
    for url, data, headers, kind in tries:
        answer = house.http.post(url, data=data, headers=headers, content_type=types[kind])
        assert answer.status_code == 403, (url, headers)
    assert consent(house.services, person) == "granted"
    with house.services.db.reading() as session:
        for model in (InboundText, ProviderEvent):
            assert session.scalar(select(func.count()).select_from(model)) == 0
        assert ledger.verify(session) is None
