"""Who left may come back at once; nobody else can use that to flood an address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.consent import ledger, limits, optin
from campaigns.consent.models import ConsentStatus, Method, OptInRequest
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message, Origin
from campaigns.wiring import Services
from tests.factories.delivery import settle
from tests.public.test_form import Form, count

EMAIL = {"sms_ok": None, "phone": ""}
TEXT = {"email_ok": None, "email": ""}


@pytest.fixture
def form(each_services: Services) -> Form:
    return Form(each_services)


def later(form: Form, minutes: int = 5) -> None:
    form.services.clock.advance(timedelta(minutes=minutes))  # type: ignore[attr-defined]


def newest(session: Session) -> OptInRequest:
    query = select(OptInRequest).order_by(OptInRequest.id.desc()).limit(1)
    return session.scalars(query).one()


def confirm(form: Form) -> None:
    later(form)
    with form.services.db.transaction() as session:
        optin.confirm(session, newest(session).id, now=form.services.clock.now())


def leave(form: Form, channel: Channel, method: Method = Method.UNSUBSCRIBE_PAGE) -> None:
    later(form)
    with form.services.db.transaction() as session:
        person = session.scalars(select(Contact)).one()
        ledger.withdraw(
            session, contact_id=person.id, channel=channel, method=method, actor=SYSTEM,
            now=form.services.clock.now(),
        )  # fmt: skip
    later(form)


def status(form: Form, channel: Channel) -> ConsentStatus:
    with form.services.db.reading() as session:
        person = session.scalars(select(Contact)).one()
        return ConsentStatus(ledger.state_of(session, person.id)[channel].status)


def sent(form: Form) -> list[str]:
    """Let the worker send; return what became of the requests to confirm that are left."""
    settle(form.services)
    with form.services.db.reading() as session:
        rows = session.scalars(select(Message).where(Message.origin_kind == Origin.CONFIRMATION))
        return [row.reason or row.state for row in rows]


def test_who_confirmed_and_left_is_asked_again_at_once(form: Form) -> None:
    form.send(**EMAIL)
    confirm(form)
    leave(form, Channel.EMAIL)
    assert status(form, Channel.EMAIL) == ConsentStatus.WITHDRAWN
    assert form.send(**EMAIL).status_code == 200
    assert count(form.services, OptInRequest) == 2
    assert sent(form) == ["delivered"]
    confirm(form)
    assert status(form, Channel.EMAIL) == ConsentStatus.GRANTED


def test_who_left_the_texts_is_asked_again_and_told_what_the_phone_company_wants(
    form: Form,
) -> None:
    """CON-09: the text itself cannot pass the stop; the page names the way that can."""
    form.send(**TEXT)
    confirm(form)
    leave(form, Channel.SMS, Method.REPLY)
    assert "send START" in form.send(**TEXT).text
    assert count(form.services, OptInRequest) == 2
    assert sent(form) == ["opted_out"]
    confirm(form)
    assert status(form, Channel.SMS) == ConsentStatus.GRANTED


def test_who_said_stop_to_the_request_itself_may_ask_again(form: Form) -> None:
    form.send(**TEXT)
    leave(form, Channel.SMS, Method.REPLY)
    form.send(**TEXT)
    assert count(form.services, OptInRequest) == 2


def test_an_imported_person_who_confirmed_and_left_is_asked_again(form: Form) -> None:
    form.send(**EMAIL)
    confirm(form)
    with form.services.db.transaction() as session:
        newest(session).origin = optin.IMPORT
    leave(form, Channel.EMAIL)
    form.send(**EMAIL)
    assert count(form.services, OptInRequest) == 2


def test_the_second_request_after_leaving_once_waits_a_day(form: Form, clock: FixedClock) -> None:
    form.send(**EMAIL)
    confirm(form)
    leave(form, Channel.EMAIL)
    for _ in range(4):
        assert form.send(**EMAIL).status_code == 200
        later(form, 90)
    assert count(form.services, OptInRequest) == 2
    clock.advance(timedelta(hours=25))
    form.send(**EMAIL)
    assert count(form.services, OptInRequest) == 3


def test_leaving_and_coming_back_is_bounded_in_a_day(form: Form) -> None:
    for turn in range(6):
        form.send(f"198.51.{turn}.9", **EMAIL)
        with form.services.db.reading() as session:
            waiting = newest(session).confirmed_at is None
        if waiting:
            confirm(form)
        leave(form, Channel.EMAIL)
    assert count(form.services, OptInRequest) == limits.PER_DAY


def test_an_early_stop_does_not_open_the_limit(form: Form) -> None:
    """Who left last week and was asked since waits a day like anybody."""
    form.send(**EMAIL)
    confirm(form)
    leave(form, Channel.EMAIL)
    later(form, 7 * 24 * 60)
    for _ in range(3):
        form.send(**EMAIL)
        later(form)
    assert count(form.services, OptInRequest) == 2


def test_the_link_of_the_second_request_confirms(form: Form) -> None:
    form.send(**EMAIL)
    confirm(form)
    leave(form, Channel.EMAIL)
    form.send(**EMAIL)
    with form.services.db.reading() as session:
        token = form.services.tokens.issue(Purpose.CONFIRM, newest(session).id)
    page = form.client.post(f"/confirm/{token}", data={"confirm": "1"})
    assert page.status_code == 200
    assert status(form, Channel.EMAIL) == ConsentStatus.GRANTED
