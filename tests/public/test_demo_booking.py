"""The demonstration's stand-in for a booking system: works there, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from campaigns.app import create_app
from campaigns.bookings.models import Booking
from campaigns.cli.demonstration import clinic as demonstration
from campaigns.clinic import profile
from campaigns.content import lessons
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.settings import load
from campaigns.core.signing import Purpose
from campaigns.public import demo_booking
from campaigns.reports import overview
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.approved import new_lesson
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact
from tests.factories.messages import message


def with_settings(services: Services, **values: str) -> Services:
    base = {
        "CAMPAIGNS_DATA_DIR": str(services.settings.data_dir),
        "CAMPAIGNS_PUBLIC_URL": "http://127.0.0.1:8000",
    }
    return replace(services, settings=load({**base, **values}))


@pytest.fixture
def demo(services: Services) -> Services:
    services = with_settings(services, CAMPAIGNS_DEMONSTRATION="true")
    with services.db.transaction() as session:
        make_clinic(
            session,
            now=NOON,
            booking_url=demonstration.PARTICULARS["booking_url"],
            consultation_url="https://our-own.example/ask",
        )
    return services


def test_a_booking_link_leads_to_a_booking_that_the_report_counts(
    demo: Services, clock: FixedClock
) -> None:
    demonstration.lead_bookings_here(demo)
    client = create_app(demo).test_client()
    with demo.db.transaction() as session:
        assert profile.get(session).consultation_url == "https://our-own.example/ask"
        version = lessons.freeze(session, new_lesson(session, now=NOON).id, SYSTEM, NOON)
        contact = make_contact(session, now=NOON)
        sent = message(session, contact, now=NOON, version_id=version.id)
        token, contact_id, message_id = (
            demo.tokens.issue(Purpose.CLICK, sent.id),
            contact.id,
            sent.id,
        )
    clock.advance(timedelta(hours=1))
    place = client.get(f"/c/{token}/1", headers={"User-Agent": "Mozilla/5.0"}).location
    assert place.startswith("http://127.0.0.1:8000/demo/booking?ref=")
    page = client.get(place).text
    assert "stands in for the clinic&#39;s own booking system" in page
    reply = client.post(urlsplit(place).path, data=fields(page))
    assert "No time was taken at any clinic" in reply.text
    with demo.db.reading() as session:
        (booking,) = session.scalars(select(Booking))
        assert (booking.contact_id, booking.message_id) == (contact_id, message_id)
        assert booking.source == "demonstration"
        now = clock.now() + timedelta(minutes=1)
        assert overview.last_days(session, now=now, zone="America/New_York").bookings == 1


def test_who_came_without_a_link_gives_an_address(demo: Services) -> None:
    client = create_app(demo).test_client()
    page = client.get("/demo/booking").text
    values = fields(page)
    assert client.post("/demo/booking", data=values).status_code == 422
    assert (
        client.post("/demo/booking", data={**values, "slot": "2020-01-01T09:00"}).status_code == 422
    )
    reply = client.post("/demo/booking", data={**values, "email": "nobody@example.com"})
    assert "Nobody here has this address" in reply.text
    with demo.db.reading() as session:
        assert session.scalars(select(Booking.contact_id)).all() == [None]


def test_another_port_moves_the_link_and_what_staff_entered_stays(demo: Services) -> None:
    demonstration.lead_bookings_here(demo)
    moved = with_settings(
        demo, CAMPAIGNS_DEMONSTRATION="true", CAMPAIGNS_PUBLIC_URL="http://127.0.0.1:9000"
    )
    demonstration.lead_bookings_here(moved)
    with demo.db.transaction() as session:
        assert profile.get(session).booking_url == "http://127.0.0.1:9000/demo/booking"
        profile.update(session, SYSTEM, now=NOON, booking_url="https://our-own.example/book")
    demonstration.lead_bookings_here(moved)
    with demo.db.reading() as session:
        assert profile.get(session).booking_url == "https://our-own.example/book"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"CAMPAIGNS_DEMONSTRATION": "true", "CAMPAIGNS_PUBLIC_URL": "https://clinic.example.com"},
        {
            "CAMPAIGNS_DEMONSTRATION": "true",
            "CAMPAIGNS_EMAIL_PROVIDER": "smtp",
            "CAMPAIGNS_SMTP_HOST": "relay.example.com",
        },
    ],
)
def test_elsewhere_there_is_no_such_page(services: Services, values: dict[str, str]) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
    client = create_app(with_settings(services, **values)).test_client()
    host = {"base_url": values.get("CAMPAIGNS_PUBLIC_URL", "http://127.0.0.1:8000")}
    assert client.get("/demo/booking", **host).status_code == 404
    assert client.post("/demo/booking", data={"email": "a@example.com"}, **host).status_code == 404


def test_both_names_of_the_address_are_one() -> None:
    assert demo_booking.PATH == demonstration.BOOKING_PATH


def fields(page: str) -> dict[str, Any]:
    """Return what a browser would send."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return {**found, "slot": re.findall(r'<option value="([^"]+)"', page)[0]}


def test_the_other_language_keeps_whose_booking_it_is(demo: Services) -> None:
    page = create_app(demo).test_client().get(f"{demo_booking.PATH}?ref=a%26b&lang=en").text
    assert re.search(r'href="\?ref=a%26b&amp;lang=es"', page)
