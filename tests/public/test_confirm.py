"""The second step of a sign-up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from campaigns.app import create_app
from campaigns.consent import ledger, optin
from campaigns.consent.models import ConsentEntry, ConsentStatus
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact


class Asked:
    """A person who was asked to confirm an email address."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.client = create_app(services).test_client()
        now = services.clock.now()
        with services.db.transaction() as session:
            make_clinic(session, now=now)
            contact = make_contact(session, now=now, email="ana@example.com", phone=None)
            row = optin.request(
                session, contact_id=contact.id, channel="email", address="ana@example.com",
                entry_id=None, origin="form", now=now,
            )  # fmt: skip
            assert row is not None
            self.contact_id, self.request_id = contact.id, row.id
        self.url = f"/confirm/{services.tokens.issue(Purpose.CONFIRM, self.request_id)}"

    def status(self) -> str | None:
        with self.services.db.reading() as session:
            state = ledger.state_of(session, self.contact_id).get("email")
            return state.status if state else None


@pytest.fixture
def asked(services: Services) -> Asked:
    return Asked(services)


@pytest.fixture
def each_asked(each_services: Services) -> Asked:
    return Asked(each_services)


def test_looking_a_hundred_times_confirms_nothing(asked: Asked) -> None:
    for _ in range(34):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert asked.client.open(asked.url, method=method).status_code == 200
    assert asked.status() is None


def test_the_page_shows_the_address_masked_and_one_button(asked: Asked) -> None:
    page = asked.client.get(asked.url).get_data(as_text=True)
    assert "ana@example.com" not in page
    assert "a•••@example.com" in page
    assert page.count("<button") == 1


def test_the_button_confirms_and_pressing_twice_is_as_good_as_once(each_asked: Asked) -> None:
    for _ in range(3):
        reply = each_asked.client.post(each_asked.url, data={"confirm": "1"})
        assert reply.status_code == 200
        assert "You are signed up" in reply.get_data(as_text=True)
        assert "Set-Cookie" not in reply.headers
    assert each_asked.status() == ConsentStatus.GRANTED
    with each_asked.services.db.reading() as session:
        assert session.scalar(select(func.count(ConsentEntry.id))) == 1


def test_a_post_without_the_button_confirms_nothing(asked: Asked) -> None:
    assert asked.client.post(asked.url).status_code == 400
    assert asked.status() is None


def test_after_seven_days_the_page_says_how_to_sign_up_again(
    asked: Asked, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=7))
    for reply in (asked.client.get(asked.url), asked.client.post(asked.url, data={"confirm": "1"})):
        assert reply.status_code == 410
        assert "/f/main" in reply.get_data(as_text=True)
    assert asked.status() is None


def test_unknown_tokens_get_the_neutral_page(asked: Asked, services: Services) -> None:
    unknown = services.tokens.issue(Purpose.CONFIRM, 999_999)
    other = services.tokens.issue(Purpose.CLICK, asked.request_id)
    replies = [asked.client.get(f"/confirm/{token}") for token in (unknown, other, "nonsense")]
    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.data for reply in replies}) == 1


def test_the_confirm_page_works_before_a_clinic_is_set_up(client: FlaskClient) -> None:
    assert client.get("/confirm/nonsense").status_code == 404
