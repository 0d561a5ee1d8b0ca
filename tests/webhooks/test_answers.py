"""Answers to texts: in the person's language, to strangers, on health once a day, after START."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.clinic import profile
from campaigns.consent import ledger, suppression
from campaigns.consent.models import ConsentStatus, Method, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.content import sms
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.clock import FixedClock
from campaigns.delivery.models import Message, Origin
from campaigns.events import answers
from campaigns.events import inbound as inbound_texts
from campaigns.events.twilio_forms import read_inbound
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact
from tests.factories.delivery import settle
from tests.webhooks.conftest import calling
from tests.webhooks.found import answers_to, consent, member
from tests.webhooks.signing import Vendors, inbound

STRANGER = "+16195550177"


def sent_to(services: Services, number: str) -> list[str]:
    """What really left to a number, by the local provider's own account."""
    with services.db.reading() as session:
        rows = session.scalars(
            select(Message)
            .where(Message.address == number, Message.state.in_(["accepted", "delivered"]))
            .order_by(Message.id)
        )
        return [str((row.body or {})["text"]) for row in rows]


def test_a_stranger_gets_help_and_one_confirmation_of_a_stop(
    each_hooked: Services, vendors: Vendors
) -> None:
    client = calling(each_hooked)
    vendors.text(client, STRANGER, "ayuda")
    settle(each_hooked)
    (helped,) = sent_to(each_hooked, STRANGER)
    assert "Ayuda:" in helped
    for body in ("please stop", "please stop", "leave me alone"):
        vendors.text(client, STRANGER, body)
    settle(each_hooked)
    assert [text for text in sent_to(each_hooked, STRANGER) if "opted out" in text] == [
        "Deeply Vital: You are opted out and will get no more marketing texts from us."
    ]


def test_two_machines_do_not_talk_for_ever(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    for _ in range(9):
        vendors.text(caller, STRANGER, "ayuda")
    settle(hooked)
    assert len(sent_to(hooked, STRANGER)) == answers.UNKNOWN_ANSWERS


def test_a_legal_demand_gets_no_answer_whatever(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    with hooked.db.transaction() as session:
        suppression.add(
            session, channel="sms", address=STRANGER, reason="legal", now=hooked.clock.now()
        )
    vendors.text(caller, STRANGER, "ayuda")
    settle(hooked)
    assert sent_to(hooked, STRANGER) == []


def test_stops_of_a_stranger_at_the_same_moment_are_confirmed_once(
    each_hooked: Services,
) -> None:
    services = each_hooked
    forms = [read_inbound(inbound(STRANGER, "please stop").items()) for _ in range(6)]

    def tell(number: int) -> None:
        with services.db.transaction() as session:
            inbound_texts.receive(
                session, forms[number], signature_digest=None, now=services.clock.now()
            )

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(tell, range(6)))
    with services.db.reading() as session:
        rows = session.scalars(select(Message).where(Message.origin_kind == Origin.REPLY))
        assert len(list(rows)) == 1


@pytest.mark.parametrize(
    ("body", "locale", "words"),
    [
        ("no quiero más mensajes", "en", "usted ya no recibe"),
        ("please stop", "es", "usted ya no recibe"),
        ("please stop", "en", "You are opted out"),
        ("ayuda", "en", "Responda STOP para salir"),
    ],
)
def test_answers_speak_the_language_of_the_person_or_of_the_reply(
    caller: FlaskClient, hooked: Services, vendors: Vendors, body: str, locale: str, words: str
) -> None:
    person, number = member(hooked, locale=locale)
    vendors.text(caller, number, body)
    assert words in answers_to(hooked, person)[-1]


def test_spanish_answers_take_one_part(services: Services) -> None:
    with services.db.transaction() as session:
        clinic = make_clinic(session, now=services.clock.now())
        texts = [
            answers.stop(clinic, locale="es"),
            answers.help_(clinic, frequency=8, locale="es"),
            answers.welcome(clinic, frequency=8, locale="es"),
            answers.health(clinic, locale="es"),
        ]
    assert [sms.measure(text).segments for text in texts] == [1, 1, 1, 1]


def test_a_question_of_health_is_answered_once_a_day_and_stays_for_staff(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    person, number = member(hooked)
    for body in ("my knee hurts a lot", "is that swelling normal?", "thanks"):
        vendors.text(caller, number, body)
    assert [text[:60] for text in answers_to(hooked, person)] == [
        "Deeply Vital: This number is not monitored for medical quest"
    ]
    with hooked.db.reading() as session:
        assert all(
            row.read_at is None for row in session.scalars(select(inbound_texts.InboundText))
        )
    clock.advance(timedelta(hours=25))
    vendors.text(caller, number, "me duele la rodilla")
    assert "preguntas de salud" in answers_to(hooked, person)[-1]


def test_the_answer_on_health_can_be_switched_off(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    with hooked.db.transaction() as session:
        profile.update(session, SYSTEM, now=hooked.clock.now(), answers_health=False)
    person, number = member(hooked)
    vendors.text(caller, number, "my knee hurts a lot")
    assert answers_to(hooked, person) == []


def test_start_lifts_what_the_carrier_reported_and_asks_who_never_agreed(
    each_hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    hooked, client = each_hooked, calling(each_hooked)
    with hooked.db.transaction() as session:
        person = make_contact(session, now=clock.now())
        number = directory.addresses_of(session, person.id)[Channel.SMS].address
        ledger.withdraw(
            session,
            contact_id=person.id,
            channel="sms",
            method=Method.PROVIDER,
            actor=Actor(kind=ActorKind.PROVIDER, name="Twilio"),
            now=clock.now(),
        )
        found = suppression.is_suppressed(session, "sms", number, clock.now())
        assert found is not None
        assert found.reason == SuppressionReason.PROVIDER_OPT_OUT
    clock.advance(timedelta(minutes=5))
    vendors.text(client, number, "START", OptOutType="START")
    with hooked.db.reading() as session:
        assert suppression.is_suppressed(session, "sms", number, clock.now()) is None
    assert consent(hooked, person) == ConsentStatus.PENDING
    settle(hooked)
    (asked,) = sent_to(hooked, number)
    assert "not a condition of any purchase" in asked
    assert asked.endswith("Reply Y to confirm.")
    clock.advance(timedelta(minutes=5))
    vendors.text(client, number, "Y")
    assert consent(hooked, person) == ConsentStatus.GRANTED
    with hooked.db.reading() as session:
        newest = ledger.history(session, person.id)[0]
        assert ledger.wording_of(session, newest) == asked


def test_a_yes_without_anything_to_sign_is_kept_and_changes_nothing(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    with hooked.db.transaction() as session:
        person = make_contact(session, now=hooked.clock.now())
        number = directory.addresses_of(session, person.id)[Channel.SMS].address
    assert vendors.text(caller, number, "Y").status_code == 200
    with hooked.db.reading() as session:
        assert session.scalars(select(inbound_texts.InboundText)).one().read_at is None
        assert ledger.state_of(session, person.id) == {}
