"""SEC-17 and SEC-18: nobody is flooded through the form, and nobody runs up the bill."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from campaigns.app import create_app
from campaigns.clinic import profile
from campaigns.consent import limits
from campaigns.consent.models import OptInRequest, SignupAttempt
from campaigns.contacts import addresses
from campaigns.contacts.models import Contact
from campaigns.content import sms
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.signing import Purpose
from campaigns.delivery import confirmations, notices
from campaigns.delivery.models import Message, Origin
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.contacts import make_contact
from tests.public.test_form import Form, count

BUDGET = 50
"""Cents: 45 texts of one part at 1.1 cents."""


@pytest.fixture
def each_form(each_services: Services) -> Form:
    return Form(each_services)


@pytest.fixture
def form(services: Services) -> Form:
    return Form(services)


def cap(form: Form) -> None:
    with form.services.db.transaction() as session:
        now = form.services.clock.now()
        profile.update(session, SYSTEM, now=now, signup_text_budget=BUDGET)


def attack(form: Form, numbers: list[str], *, an_hour: int) -> list[int]:
    """Post one sign-up by text for each number, from ever new networks."""
    shown_at, codes = form.shown_at(), []
    for n, number in enumerate(numbers):
        if n and n % an_hour == 0:
            form.services.clock.advance(timedelta(minutes=25))  # type: ignore[attr-defined]
            shown_at = form.shown_at()
        ip = f"{11 + n // 250}.{n % 250}.7.1"
        reply = form.send(ip, wait=0 if n % an_hour else 3, shown_at=shown_at, **by_text(number))
        codes.append(reply.status_code)
    return codes


def by_text(number: str) -> dict[str, str | None]:
    return {"phone": number, "email": "", "email_ok": None}


def spent(form: Form) -> int:
    """Return what the texts that were really made cost, in hundredths of a cent."""
    while confirmations.tick(form.services):  # type: ignore[arg-type]
        pass
    with form.services.db.reading() as session:
        clinic = profile.get(session)
        bodies = session.scalars(
            select(Message.body).where(
                Message.origin_kind == Origin.CONFIRMATION, Message.channel == "sms"
            )
        )
        parts = [sms.measure(notices.text(body or {}, clinic=clinic)).segments for body in bodies]
        return sum(parts) * clinic.text_part_cost


def test_adjacent_numbers_from_many_networks_cost_ten_texts_an_hour(form: Form) -> None:
    codes = attack(form, [f"+1212555{n:04d}" for n in range(150)], an_hour=10_000)
    assert count(form.services, OptInRequest) <= limits.PER_PHONE_BLOCK
    assert set(codes) <= {200, 429}


def test_numbers_spread_over_the_country_end_at_the_days_money(each_form: Form) -> None:
    cap(each_form)
    area = ("212", "312", "415", "617", "713", "404", "206", "303", "602", "305")
    numbers = [f"+1{area[n % 10]}{200 + n // 10:03d}0{n % 10:03d}" for n in range(80)]
    codes = attack(each_form, numbers, an_hour=30)
    assert 0 < spent(each_form) <= BUDGET * 100
    assert count(each_form.services, OptInRequest) == 45
    assert codes[:45] == [200] * 45
    assert set(codes[45:]) == {422}

    page = each_form.send("9.9.9.9", **by_text("+19175550142")).text
    assert "try again tomorrow, or sign up by email" in page.replace("\n", " ")
    both = each_form.send("9.9.9.10", phone="+19175550143", email="a@example.com")
    assert both.status_code == 200
    assert "we have sent you no text" in both.text
    with each_form.services.db.reading() as session:
        channels = session.execute(
            select(OptInRequest.channel, func.count()).group_by(OptInRequest.channel)
        ).all()
    assert {row[0]: row[1] for row in channels} == {"sms": 45, "email": 1}

    staff = create_app(each_form.services).test_client()
    sign_in(staff, each_form.services)
    home = staff.get("/staff/").text
    assert "Sign-ups by text are closed until tomorrow" in home
    assert "$0.50" in home

    each_form.services.clock.advance(timedelta(hours=24))  # type: ignore[attr-defined]
    assert each_form.send("9.9.9.11", **by_text("+19175550144")).status_code == 200
    assert count(each_form.services, OptInRequest) == 47
    assert "closed until tomorrow" not in staff.get("/staff/").text


def test_the_days_money_also_bounds_numbers_that_an_email_brings_later(form: Form) -> None:
    with form.services.db.transaction() as session:
        now = form.services.clock.now()
        profile.update(session, SYSTEM, now=now, signup_text_budget=0)
    reply = form.send(sms_ok="1")
    assert reply.status_code == 200
    with form.services.db.reading() as session:
        assert session.scalars(select(OptInRequest.channel)).all() == ["email"]


@pytest.mark.parametrize(("lang", "words"), [("en", "sign up for texts again"), ("es", "vuelva")])
def test_a_number_that_waited_for_an_email_is_not_dropped_without_a_word(
    form: Form, lang: str, words: str
) -> None:
    now = form.services.clock.now()
    with form.services.db.transaction() as session:
        make_contact(session, now=now, email="ana@example.com", phone=None)
    form.send(sms_ok="1")
    with form.services.db.transaction() as session:
        profile.update(session, SYSTEM, now=now, signup_text_budget=0)
        request_id = session.scalars(select(OptInRequest.id)).one()
    token = form.services.tokens.issue(Purpose.CONFIRM, request_id)
    page = form.client.post(f"/confirm/{token}", data={"confirm": "1", "lang": lang})
    assert page.status_code == 200
    assert words in page.text
    assert count(form.services, OptInRequest) == 1


@pytest.mark.parametrize(
    "number", ["+19005550123", "+18005550123", "+442079460123", "+12421234567"]
)
def test_numbers_that_earn_somebody_money_are_refused(form: Form, number: str) -> None:
    assert form.send(**by_text(number)).status_code == 422
    assert count(form.services, Contact) == 0


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """One mailbox of Gmail, as it can be written."""
    letters = list("janedoe")
    dotted = letters[0] + "".join(
        ("." if draw(st.booleans()) else "") + letter for letter in letters[1:]
    )
    cased = "".join(c.upper() if draw(st.booleans()) else c for c in dotted)
    tag = draw(st.from_regex(r"(\+[a-z0-9]{1,9})?", fullmatch=True))
    domain = draw(st.sampled_from(["gmail.com", "googlemail.com", "GMail.com"]))
    return f"{draw(st.sampled_from(['', ' ']))}{cased}{tag}@{domain}"


@given(st.lists(spellings(), min_size=50, max_size=50))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_spelling_of_a_mailbox_is_one_to_the_limits(written: list[str]) -> None:
    assert (
        len({addresses.untagged("email", addresses.normalise_email(text)) for text in written}) == 1
    )


def test_fifty_spellings_of_a_mailbox_get_three_requests_in_all(form: Form) -> None:
    for n in range(50):
        dots = "".join(c + ("." if n >> i & 1 and i < 6 else "") for i, c in enumerate("janedoe"))
        tag = f"+{n}" if n % 3 else ""
        domain = "gmail.com" if n % 2 else "googlemail.com"
        form.send(f"{11 + n}.1.1.1", email=f"{dots}{tag}@{domain}", sms_ok=None)
        form.services.clock.advance(timedelta(hours=9))  # type: ignore[attr-defined]
    assert count(form.services, OptInRequest) == limits.PER_ADDRESS


def test_the_alarm_for_a_flood_of_sign_ups_is_raised(form: Form, db: Database) -> None:
    with db.transaction() as session:
        now = form.services.clock.now()
        session.add_all(
            SignupAttempt(at=now, ip_hash=str(n), network_hash=str(n), email_hash=str(n))
            for n in range(limits.CONFIRMATIONS_PER_HOUR)
        )
    staff = create_app(form.services).test_client()
    sign_in(staff, form.services)
    assert "sign-ups came within an hour" in staff.get("/staff/").text
