"""A keyword by text: an unknown person, one request to confirm, and a Y that counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.clinic import profile
from campaigns.consent import forms, ledger
from campaigns.consent.models import Action, ConsentEntry, ConsentStatus, Method, OptInRequest
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.errors import InvalidInput
from campaigns.delivery import confirmations
from campaigns.delivery.models import Message, Origin
from campaigns.events.models import InboundText
from campaigns.wiring import Services
from tests.webhooks.conftest import calling
from tests.webhooks.found import answers_to, consent, count, member
from tests.webhooks.signing import Vendors

NUMBER = "+12125550177"


def only_person(services: Services) -> Contact:
    with services.db.reading() as session:
        return session.scalars(select(Contact)).one()


def asked(services: Services) -> list[str]:
    """Let the worker turn requests into messages; return the rows' channels."""
    confirmations.tick(services)  # type: ignore[arg-type]
    with services.db.reading() as session:
        rows = session.scalars(select(Message).where(Message.origin_kind == Origin.CONFIRMATION))
        return [row.channel for row in rows]


@pytest.mark.parametrize("body", ["JOIN", "join", " Join! ", "“JOIN”", "j0in"])
def test_a_keyword_makes_a_person_who_is_asked_to_confirm(
    each_hooked: Services, vendors: Vendors, body: str
) -> None:
    caller = calling(each_hooked)
    with each_hooked.db.transaction() as session:
        profile.update(session, SYSTEM, now=each_hooked.clock.now(), text_number="(312) 555-0142")
    vendors.text(caller, NUMBER, body)
    person = only_person(each_hooked)
    assert person.source == "form:main"
    assert person.adult_confirmed
    assert consent(each_hooked, person) == ConsentStatus.PENDING
    assert asked(each_hooked) == ["sms"]
    with each_hooked.db.reading() as session:
        (entry,) = ledger.history(session, person.id)
        words = ledger.wording_of(session, entry) or ""
        proof = ledger.evidence_of(session, [entry.id])[entry.id]
        row = session.scalars(select(InboundText)).one()
    assert (entry.method, entry.action) == (Method.KEYWORD, Action.OPT_IN_REQUESTED)
    for part in (
        "Text JOIN to (312) 555-0142",
        "recurring automated marketing texts",
        "from Deeply Vital",
        "not a condition of any purchase",
        "Msg & data rates may apply",
        "STOP",
        "HELP",
        "/privacy",
        "/terms",
        "18 or older",
        "Reply Y to confirm up to",
    ):
        assert part in words, part
    assert proof["words"] == body
    assert proof["form"] == "main"
    assert row.contact_id == person.id
    assert row.read_at is not None


def test_a_y_confirms_and_the_words_stay_with_the_consent(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    vendors.text(caller, NUMBER, "JOIN")
    clock.advance(timedelta(minutes=2))
    vendors.text(caller, NUMBER, "Y")
    person = only_person(hooked)
    assert consent(hooked, person) == ConsentStatus.GRANTED
    assert len(answers_to(hooked, person)) == 1
    with hooked.db.reading() as session:
        granted = ledger.history(session, person.id)[0]
        assert "Text JOIN" in (ledger.wording_of(session, granted) or "")
        state = ledger.state_of(session, person.id)["sms"]
        assert state.frequency_per_month == 6
        assert state.source_label == "a text to our number"
        assert forms.tallies(session)[1] == forms.Tally(asked=1, confirmed=1)


def test_the_keyword_sent_again_neither_confirms_nor_asks_again(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    for _ in range(5):
        vendors.text(caller, NUMBER, "JOIN")
        clock.advance(timedelta(minutes=1))
    person = only_person(hooked)
    assert consent(hooked, person) == ConsentStatus.PENDING
    assert count(hooked, OptInRequest) == 1
    assert asked(hooked) == ["sms"]


def test_somebody_who_gets_texts_is_told_so_and_asked_nothing(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    vendors.text(caller, number, "JOIN")
    assert consent(hooked, person) == ConsentStatus.GRANTED
    assert count(hooked, OptInRequest) == 0
    (answer,) = answers_to(hooked, person)
    assert "signed up" in answer


def test_somebody_who_left_may_join_again_and_must_confirm(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    person, number = member(hooked)
    vendors.text(caller, number, "STOP", OptOutType="STOP")
    clock.advance(timedelta(hours=1))
    vendors.text(caller, number, "JOIN")
    assert consent(hooked, person) != ConsentStatus.GRANTED
    (answer,) = answers_to(hooked, person)
    assert "Reply Y" in answer
    clock.advance(timedelta(minutes=1))
    vendors.text(caller, number, "Y")
    assert consent(hooked, person) == ConsentStatus.GRANTED


def test_staff_choose_other_keywords_for_other_forms(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    with hooked.db.transaction() as session:
        form = forms.create(
            session,
            SYSTEM,
            forms.Draft(name="Autumn fair", keyword="glow"),
            slug="fair",
            now=clock.now(),
        )
        form_id = form.id
    vendors.text(caller, NUMBER, "Glow")
    with hooked.db.reading() as session:
        assert session.scalars(select(OptInRequest.form_id)).one() == form_id
    with hooked.db.transaction() as session:
        forms.switch(session, SYSTEM, form_id, active=False, now=clock.now())
    vendors.text(caller, "+12125550178", "Glow")
    assert count(hooked, Contact) == 1


@pytest.mark.parametrize(
    "keyword",
    ["STOP", "help", "START", "yes", "Y", "no mas", "cancel", "a", "x" * 13, "JOIN", "j0in"],
)
def test_a_keyword_that_means_something_already_is_refused(
    hooked: Services, clock: FixedClock, keyword: str
) -> None:
    with hooked.db.transaction() as session, pytest.raises(InvalidInput) as fault:
        forms.create(
            session, SYSTEM, forms.Draft(name="Fair", keyword=keyword), slug="fair", now=clock.now()
        )
    assert set(fault.value.fields) == {"keyword"}


@pytest.mark.parametrize("body", ["I'd like to join you", "joint pain", "hello", "JOIN us now ok?"])
def test_a_sentence_is_no_keyword(
    caller: FlaskClient, hooked: Services, vendors: Vendors, body: str
) -> None:
    vendors.text(caller, NUMBER, body)
    assert count(hooked, ConsentEntry) == 0
    assert count(hooked, Contact) == 0


def test_once_the_days_money_is_spent_nobody_is_asked_and_staff_see_the_text(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    with hooked.db.transaction() as session:
        profile.update(session, SYSTEM, now=clock.now(), signup_text_budget=0)
    vendors.text(caller, NUMBER, "JOIN")
    assert count(hooked, OptInRequest) == 0
    assert asked(hooked) == []
    with hooked.db.reading() as session:
        assert session.scalars(select(InboundText)).one().read_at is None


@pytest.mark.parametrize("sender", ["+447700900123", "72345", "+18005550123"])
def test_a_number_that_is_never_texted_is_never_asked(
    caller: FlaskClient, hooked: Services, vendors: Vendors, sender: str
) -> None:
    vendors.text(caller, sender, "JOIN")
    assert count(hooked, Contact) == 0
    assert count(hooked, OptInRequest) == 0
