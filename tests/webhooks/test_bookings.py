"""Bookings from outside: signed, fresh, recorded once."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.bookings.models import Booking
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.signing import Purpose
from campaigns.wiring import Services
from tests.factories.consent import make_member
from tests.factories.sent import sent_message
from tests.webhooks.signing import Vendors


def bookings(services: Services) -> list[Booking]:
    with services.db.reading() as session:
        return list(session.scalars(select(Booking).order_by(Booking.id)))


@pytest.fixture
def person(hooked: Services) -> Contact:
    with hooked.db.transaction() as session:
        return make_member(session, now=hooked.clock.now())


def address(services: Services, person: Contact, channel: Channel) -> str:
    with services.db.reading() as session:
        return directory.addresses_of(session, person.id)[channel].address


def test_a_booking_is_recorded_once_for_the_person_of_the_email(
    caller: FlaskClient, hooked: Services, vendors: Vendors, person: Contact
) -> None:
    told = {
        "id": "b-1",
        "email": address(hooked, person, Channel.EMAIL).upper(),
        "booked_at": "2026-11-17T12:30:00-05:00",
        "starts_at": "2026-11-20T10:00:00-05:00",
        "status": "booked",
    }
    for _ in range(3):
        assert vendors.post_booking(caller, told).status_code == 200
    (row,) = bookings(hooked)
    assert (row.contact_id, row.source, row.external_id) == (person.id, "desk", "b-1")
    assert row.starts_at is not None
    with hooked.db.reading() as session:
        assert session.get_one(Contact, person.id).last_booked_at == row.booked_at


def test_a_booking_names_the_message_whose_link_led_to_it(
    caller: FlaskClient, hooked: Services, vendors: Vendors, person: Contact
) -> None:
    with hooked.db.transaction() as session:
        message = sent_message(session, person, now=hooked.clock.now())
    token = hooked.tokens.issue(Purpose.CLICK, message.id)
    vendors.post_booking(caller, {"id": "b-2", "message": token})
    (row,) = bookings(hooked)
    assert (row.contact_id, row.message_id) == (person.id, message.id)
    assert row.booked_at == hooked.clock.now()


def test_a_booking_by_phone_and_its_cancellation(
    caller: FlaskClient, hooked: Services, vendors: Vendors, person: Contact
) -> None:
    phone = address(hooked, person, Channel.SMS)
    vendors.post_booking(caller, {"id": 7, "phone": phone, "status": "booked"})
    vendors.post_booking(caller, {"id": "7", "phone": phone, "status": "cancelled"})
    vendors.post_booking(caller, {"id": "7", "phone": phone, "status": "cancelled"})
    (row,) = bookings(hooked)
    assert row.state == "cancelled"
    with hooked.db.reading() as session:
        assert session.get_one(Contact, person.id).last_booked_at is None


def test_a_booking_of_nobody_we_know_is_kept_unmatched(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    answer = vendors.post_booking(caller, {"id": "b-3", "email": "new@example.com"})
    assert answer.status_code == 200
    assert b"nobody was found" in answer.data
    assert bookings(hooked)[0].contact_id is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (b"[]", b"object"),
        (b"{", b"JSON"),
        ({"email": "x@example.com"}, b"id:"),
        ({"id": "1", "status": "maybe"}, b"status:"),
        ({"id": "1", "booked_at": "yesterday"}, b"booked_at:"),
        ({"id": "1", "booked_at": "2026-11-17T12:00:00"}, b"zone"),
        ({"id": "1", "email": ["x"]}, b"email:"),
        ({"id": "x" * 121}, b"id:"),
        ({"id": "a\x00b"}, b"id:"),
        ({"id": "1", "email": "a\x00@example.com"}, b"email:"),
        ({"id": "1", "starts_at": "9999-12-31T23:59:59-14:00"}, b"starts_at:"),
        ({"id": "1", "booked_at": "0001-01-01T00:00:00+14:00"}, b"booked_at:"),
        (b'{"a":' * 10_000, b"JSON"),
    ],
)
def test_a_faulty_booking_is_refused_in_words(
    caller: FlaskClient, hooked: Services, vendors: Vendors, told: Any, words: bytes
) -> None:
    answer = vendors.post_booking(caller, told)
    assert answer.status_code == 400
    assert words in answer.data
    assert bookings(hooked) == []


def test_a_stale_foreign_or_missing_signature_is_403(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    told = {"id": "b-9", "email": "new@example.com"}
    late = time.time() - timedelta(minutes=6).total_seconds()
    assert vendors.post_booking(caller, told, at=late).status_code == 403
    assert vendors.post_booking(caller, told, at=time.time() + 400).status_code == 403
    assert vendors.post_booking(caller, told, secret="other").status_code == 403
    for header in ("", "t=1", "v1=00", f"t={int(time.time())},v1=", "t=9" * 50, "t=x,v1=ü"):
        answer = caller.post(
            "/webhooks/bookings/desk", data=b"{}", headers={"X-Campaigns-Signature": header}
        )
        assert answer.status_code == 403
    assert caller.post("/webhooks/bookings/desk", data=b"{}").status_code == 403
    assert vendors.post_booking(caller, told, source="Bad Name").status_code == 404
    assert caller.post("/webhooks/bookings/desk", data=b"x" * 70_000).status_code == 413
    assert bookings(hooked) == []
