"""Home: the three bands say what is, for those who may know it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaigns.accounts.models import Role
from campaigns.bookings import ledger
from campaigns.broadcasts.models import Broadcast
from campaigns.contacts import directory
from campaigns.events.models import InboundText
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic


@pytest.fixture
def clinic(services: Services) -> None:
    """The clinic, with everything filled in."""
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())


def _maria(services: Services) -> int:
    with services.db.transaction() as session:
        return directory.create(
            session,
            now=services.clock.now(),
            first_name="Maria",
            last_name="Lund",
            email="maria@example.com",
            source="staff",
        ).id


def test_an_empty_service_shows_three_steps_and_ticks_them_off(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services, name="Maya Lindqvist")
    page = client.get("/staff/").text
    assert "Welcome, Maya" in page
    for step in ("Add people", "Write", "Send a test"):
        assert step in page
    assert "(done)" not in page
    _maria(services)
    assert client.get("/staff/").text.count("(done)") == 1


def test_a_viewer_is_offered_no_step_that_is_not_theirs(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services, Role.VIEWER)
    assert "Add people" not in client.get("/staff/").text


def test_what_waits_is_named_with_its_number_for_those_who_may_act(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        for number in range(2):
            session.add(
                InboundText(
                    provider_sid=f"SM{number}",
                    from_address="+12125550123",
                    to_address="+12125550100",
                    body=b"sealed",
                    intent="unclear",
                    rule="test",
                    received_at=now,
                )
            )
    sign_in(client, services, Role.FRONT_DESK)
    assert "2 replies are unclear" in client.get("/staff/").text
    sign_in(client, services, Role.VIEWER)
    assert "Nothing waits for you" in client.get("/staff/").text


def test_the_strip_shows_what_goes_out_on_its_day(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        for name, days in (("Winter letter", 2), ("Far away", 9)):
            session.add(
                Broadcast(
                    name=name,
                    state="scheduled",
                    scheduled_at=now + timedelta(days=days),
                    created_by="Maya",
                    created_at=now,
                    updated_at=now,
                )
            )
    sign_in(client, services)
    page = client.get("/staff/").text
    assert "Winter letter" in page
    assert "From 13:00" in page
    assert "Far away" not in page


def test_the_last_days_are_a_sentence_figures_and_a_chart_once_there_is_something(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services)
    part = client.get("/staff/home/last-days").text
    assert "Nothing has gone out in the last 30 days." in part
    assert "<canvas" not in part


def test_a_booking_that_fits_nobody_is_given_to_its_person(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    maria = _maria(services)
    now = services.clock.now()
    with services.db.transaction() as session:
        booking = ledger.record(
            session, source="web", external_id="A-17", contact_id=None, booked_at=now, now=now
        )
    sign_in(client, services, Role.FRONT_DESK)
    assert "1 booking fits nobody we know" in client.get("/staff/").text
    page = client.get(f"/staff/bookings/?booking={booking.id}&q=maria").text
    assert "A-17" in page
    assert "Maria Lund" in page
    form = {"contact_id": maria}
    assert client.post(f"/staff/bookings/{booking.id}/assign", data=form).status_code == 303
    assert "fits nobody" not in client.get("/staff/").text
    with services.db.reading() as session:
        (theirs,) = ledger.list_of(session, maria)
    assert theirs.id == booking.id
    assert client.post(f"/staff/bookings/{booking.id}/assign", data={}).status_code == 422
