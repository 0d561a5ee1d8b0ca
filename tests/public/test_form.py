"""The sign-up form: what it takes, what it keeps, what it never gives away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaigns.app import create_app
from campaigns.audience import interests
from campaigns.consent import ledger, limits
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentStatus,
    OptInRequest,
    SignupAttempt,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree
from tests.factories.contacts import make_contact

GOOD = {
    "first_name": "Ana",
    "last_name": "Núñez",
    "email": "Ana@Example.com",
    "phone": "(212) 555-0142",
    "postal_code": "10001",
    "email_ok": "1",
    "sms_ok": "1",
    "adult": "1",
}


class Form:
    """A browser without scripts at the sign-up form."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.client = create_app(services).test_client()
        with services.db.transaction() as session:
            make_clinic(session, now=services.clock.now())
            interests.create_defaults(session)

    def shown_at(self, ip: str = "203.0.113.7") -> str:
        page = self.client.get("/f/main", environ_base={"REMOTE_ADDR": ip}).get_data(as_text=True)
        return page.split('name="shown_at" value="')[1].split('"')[0]

    def send(self, ip: str = "203.0.113.7", *, wait: float = 10, **fields: Any) -> TestResponse:
        shown_at = fields.pop("shown_at", None) or self.shown_at()
        self.services.clock.advance(timedelta(seconds=wait))  # type: ignore[attr-defined]
        data = {**GOOD, "shown_at": shown_at, **fields}
        return self.client.post(
            "/f/main",
            data={name: value for name, value in data.items() if value is not None},
            environ_base={"REMOTE_ADDR": ip},
        )


@pytest.fixture
def form(services: Services) -> Form:
    return Form(services)


@pytest.fixture
def each_form(each_services: Services) -> Form:
    return Form(each_services)


def only_person(session: Session) -> Contact:
    return session.scalars(select(Contact)).one()


def count(services: Services, model: Any, *conditions: Any) -> int:
    with services.db.reading() as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_the_boxes_are_unticked_and_the_wording_stands_beside_them(form: Form) -> None:
    page = form.client.get("/f/main").get_data(as_text=True)
    assert "checked" not in page
    assert "recurring automated marketing texts" in page
    assert "Consent is not a condition of any purchase" in page
    assert "from Deeply Vital" in page
    assert "{BRAND}" not in page
    assert "{N}" not in page
    assert "<script" not in page


def test_a_sign_up_makes_a_person_who_waits_for_confirmation(each_form: Form) -> None:
    reply = each_form.send()
    assert reply.status_code == 200
    assert "Check your inbox" in reply.get_data(as_text=True)
    assert "Set-Cookie" not in reply.headers
    with each_form.services.db.reading() as session:
        contact = only_person(session)
        assert (contact.first_name, contact.last_name) == ("Ana", "Núñez")
        assert contact.adult_confirmed
        states = ledger.state_of(session, contact.id)
        assert {c: s.status for c, s in states.items()} == {
            "email": ConsentStatus.PENDING,
            "sms": ConsentStatus.PENDING,
        }
        asked = session.scalars(select(OptInRequest).order_by(OptInRequest.id)).all()
        assert [(a.channel, a.address) for a in asked] == [
            ("email", "ana@example.com"),
            ("sms", "+12125550142"),
        ]
        assert interests.codes_of(session, contact.id) == set()


def test_the_ledger_keeps_the_words_as_they_were_shown_and_who_ticked(form: Form) -> None:
    form.send(sms_ok="1")
    with form.services.db.reading() as session:
        entry = next(
            e for e in ledger.history(session, only_person(session).id) if e.channel == "sms"
        )
        words = ledger.wording_of(session, entry)
        assert words is not None
        assert "from Deeply Vital at the mobile number above" in words
        assert "http://127.0.0.1:8000/privacy" in words
        proof = ledger.evidence_of(session, [entry.id])[entry.id]
        assert proof["person_name"] == "Ana Núñez"
        assert proof["ip"] == "203.0.113.7"
        assert proof["adult"] == "I am 18 or older."


def test_a_channel_that_was_not_ticked_is_not_asked_and_its_address_not_kept(form: Form) -> None:
    form.send(sms_ok=None)
    with form.services.db.reading() as session:
        contact = only_person(session)
        assert set(directory.addresses_of(session, contact.id)) == {Channel.EMAIL}
        assert set(ledger.state_of(session, contact.id)) == {"email"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"first_name": " "}, "Please enter your first name."),
        ({"first_name": "A" * 81}, "longer than we can store"),
        ({"last_name": "A\x00B"}, "characters that we cannot store"),
        ({"email_ok": None, "sms_ok": None}, "Tick email, text messages or both"),
        ({"email": ""}, "please enter your email address"),
        ({"email": "ana@"}, "does not look like an email address"),
        ({"phone": ""}, "please enter your mobile number"),
        ({"phone": "+44 20 7946 0000"}, "does not look like a US mobile number"),
        ({"postal_code": "1234"}, "five digits"),
        ({"adult": None}, "confirm that you are 18"),
        ({"topic": "skin"}, "tick the box under them"),
    ],
)
def test_a_fault_is_named_and_everything_typed_is_kept(
    form: Form, fields: dict[str, Any], message: str
) -> None:
    reply = form.send(**fields)
    page = reply.get_data(as_text=True)
    assert reply.status_code == 422
    assert message in page
    kept = {**GOOD, **fields}
    for name in ("first_name", "last_name", "email", "phone", "postal_code"):
        assert f'value="{(kept[name] or "").strip()}"' in page
    ticked = [name for name in ("email_ok", "sms_ok", "adult") if kept[name] == "1"]
    assert page.count("checked") == len(ticked) + ("topic" in fields)
    assert count(form.services, Contact) == 0


def test_what_is_typed_is_escaped(form: Form) -> None:
    page = form.send(first_name='"><b>x', email="").get_data(as_text=True)
    assert "<b>" not in page


def test_topics_are_kept_only_with_their_own_box(form: Form) -> None:
    form.send(topic=["skin", "joint_pain", "made_up"], topics_ok="1")
    with form.services.db.reading() as session:
        contact = only_person(session)
        assert interests.codes_of(session, contact.id) == {"skin", "joint_pain"}
        actions = [e.action for e in ledger.history(session, contact.id)]
        assert Action.HEALTH_TOPIC_CONSENT in actions


def test_the_answer_is_the_same_for_known_and_unknown_people(form: Form) -> None:
    with form.services.db.transaction() as session:
        contact = make_contact(session, now=form.services.clock.now(), email="known@example.com")
        agree(session, contact, now=form.services.clock.now())
    unknown = form.send(email="unknown@example.com", sms_ok=None)
    known = form.send(email="known@example.com", sms_ok=None)
    assert known.status_code == unknown.status_code == 200
    assert known.data == unknown.data


def test_a_known_person_keeps_her_data_and_her_consent(form: Form) -> None:
    with form.services.db.transaction() as session:
        contact = make_contact(
            session, now=form.services.clock.now(), email="ana@example.com", phone=None
        )
        agree(session, contact, now=form.services.clock.now())
    form.send(first_name="Mallory", topic=["skin"], topics_ok="1")
    with form.services.db.reading() as session:
        found = only_person(session)
        assert found.first_name == "Maria"
        assert set(directory.addresses_of(session, found.id)) == {Channel.EMAIL}
        assert ledger.state_of(session, found.id)["email"].status == ConsentStatus.GRANTED
        assert interests.codes_of(session, found.id) == set()


def test_what_a_known_person_claimed_counts_once_her_email_confirms_it(form: Form) -> None:
    with form.services.db.transaction() as session:
        make_contact(session, now=form.services.clock.now(), email="ana@example.com", phone=None)
    form.send(topic=["skin"], topics_ok="1")
    with form.services.db.reading() as session:
        request_id = session.scalars(select(OptInRequest.id)).one()
    token = form.services.tokens.issue(Purpose.CONFIRM, request_id)
    page = form.client.post(f"/confirm/{token}", data={"confirm": "1"}).get_data(as_text=True)
    assert "We have also sent you a text" in page
    form.client.post(f"/confirm/{token}", data={"confirm": "1"})
    with form.services.db.reading() as session:
        found = only_person(session)
        assert interests.codes_of(session, found.id) == {"skin"}
        held = directory.addresses_of(session, found.id)
        assert held[Channel.SMS].address == "+12125550142"
        states = ledger.state_of(session, found.id)
        assert states["email"].status == ConsentStatus.GRANTED
        assert states["sms"].status == ConsentStatus.PENDING
        assert session.scalar(select(func.count(OptInRequest.id))) == 2


def test_two_people_known_by_one_address_each_are_not_joined(form: Form) -> None:
    with form.services.db.transaction() as session:
        now = form.services.clock.now()
        make_contact(session, now=now, email="ana@example.com", phone=None)
        make_contact(session, now=now, email=None, phone="+12125550142")
    form.send()
    with form.services.db.reading() as session:
        assert session.scalar(select(func.count(Contact.id))) == 2
        rows = session.execute(select(OptInRequest.contact_id, OptInRequest.channel)).all()
        assert {(row[0], row[1]) for row in rows} == {(1, "email"), (2, "sms")}


def test_somebody_who_left_may_ask_again_and_is_told_about_start(form: Form) -> None:
    page = form.send().get_data(as_text=True)
    assert "START" in page


def test_a_program_that_fills_the_hidden_field_gets_the_answer_and_nothing_more(form: Form) -> None:
    reply = form.send(website="https://spam.example")
    assert reply.status_code == 200
    assert "Check your inbox" in reply.get_data(as_text=True)
    assert count(form.services, Contact) == 0


@pytest.mark.parametrize(
    ("wait", "shown_at"), [(1, None), (86_401, None), (10, "1.2.3"), (10, "9" * 200)]
)
def test_a_form_too_quick_too_old_or_not_ours_is_shown_again(
    form: Form, wait: float, shown_at: str | None
) -> None:
    reply = form.send(wait=wait, shown_at=shown_at)
    assert reply.status_code == 422
    assert "press the button once more" in reply.get_data(as_text=True)
    assert count(form.services, Contact) == 0


def test_one_address_gets_one_confirmation_a_day_and_three_in_all(
    form: Form, clock: FixedClock
) -> None:
    spellings = ["vic.tim@gmail.com", "victim+a@gmail.com", "v.i.c.t.i.m@googlemail.com"]
    for number in range(8):
        for spelling in spellings:
            reply = form.send(f"198.51.{number}.{len(spelling)}", email=spelling, sms_ok=None)
            assert reply.status_code == 200
        clock.advance(timedelta(hours=25))
    assert count(form.services, OptInRequest) == limits.PER_ADDRESS


def test_one_connection_may_sign_up_five_people_an_hour(each_form: Form) -> None:
    codes = [
        each_form.send(email=f"p{number}@example.com", sms_ok=None).status_code
        for number in range(7)
    ]
    assert codes == [200] * 5 + [429] * 2
    each_form.services.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    assert each_form.send(email="late@example.com", sms_ok=None).status_code == 200


def test_one_network_may_sign_up_twenty_people_an_hour(form: Form) -> None:
    codes = [
        form.send(f"198.51.100.{number}", email=f"p{number}@example.com", sms_ok=None).status_code
        for number in range(22)
    ]
    assert codes == [200] * 20 + [429] * 2


def test_no_more_than_two_hundred_confirmations_leave_in_an_hour(form: Form) -> None:
    now = form.services.clock.now()
    with form.services.db.transaction() as session:
        session.add_all(
            SignupAttempt(at=now, ip_hash=str(n), network_hash=str(n), email_hash=str(n))
            for n in range(limits.CONFIRMATIONS_PER_HOUR)
        )
    assert form.send().status_code == 429
    assert count(form.services, Contact) == 0


def test_adjacent_numbers_get_ten_texts_an_hour(form: Form) -> None:
    for number in range(13):
        form.send(
            f"198.51.{number}.1", phone=f"+1212555{100 + number:04d}", email_ok=None, email=""
        )
    assert count(form.services, OptInRequest) == limits.PER_PHONE_BLOCK


def test_the_limits_keep_no_address_and_no_ip(form: Form) -> None:
    form.send()
    with form.services.db.reading() as session:
        row = session.scalars(select(SignupAttempt)).one()
        kept = " ".join(str(value) for value in vars(row).values())
    assert "203.0.113" not in kept
    assert "ana" not in kept
    assert "2125550142" not in kept


def test_an_unknown_form_does_not_exist(form: Form) -> None:
    assert form.client.get("/f/other").status_code == 404
    assert form.client.post("/f/other", data=GOOD).status_code == 404
    assert count(form.services, ConsentEntry) == 0


def test_the_page_speaks_spanish_to_a_spanish_browser(form: Form) -> None:
    headers = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}
    reply = form.client.get("/f/main", headers=headers)
    page = reply.get_data(as_text=True)
    assert '<html lang="es">' in page
    assert "Suscribirme" in page
    assert "Acepto recibir de Deeply Vital" in page
    assert "Dolor de articulaciones" in page
    assert reply.headers["Content-Language"] == "es"


def test_a_sign_up_in_spanish_keeps_the_spanish_words(form: Form) -> None:
    form.send(lang="es")
    with form.services.db.reading() as session:
        contact = only_person(session)
        assert contact.locale == "es"
        entry = next(e for e in ledger.history(session, contact.id) if e.channel == "sms")
        assert "Acepto recibir" in (ledger.wording_of(session, entry) or "")


def test_a_form_larger_than_any_of_ours_is_refused(form: Form, client: FlaskClient) -> None:
    reply = client.post("/f/main", data={"first_name": "x" * 70_000})
    assert reply.status_code == 413
