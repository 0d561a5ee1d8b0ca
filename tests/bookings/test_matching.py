"""A booking finds its person, or nobody rather than the wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.bookings import matching
from campaigns.contacts.models import Contact
from campaigns.core.db import Database
from campaigns.core.signing import Purpose, Tokens
from campaigns.delivery.models import Message, Origin
from tests.conftest import NOON
from tests.factories.contacts import make_contact


def message_to(session: Any, person: Contact) -> Message:
    message = Message(
        origin_kind=Origin.BROADCAST, origin_id=1, subject_id=person.id, channel="email",
        contact_id=person.id, due_at=NOON, created_at=NOON,
    )  # fmt: skip
    session.add(message)
    session.flush()
    return message


def test_the_message_that_led_to_it_names_the_person(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        message = message_to(session, person)
        token = Tokens(each_db.keys).issue(Purpose.CLICK, message.id)
        found = matching.find(session, token=token)
        assert (found.contact_id, found.message_id, found.by) == (person.id, message.id, "message")


def test_an_address_decides_where_a_link_was_forwarded(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        friend = make_contact(session, now=NOON, email="friend@example.com")
        message = message_to(session, person)
        token = Tokens(each_db.keys).issue(Purpose.CLICK, message.id)
        found = matching.find(session, token=token, email="Friend@example.com")
        assert (found.contact_id, found.message_id, found.by) == (friend.id, message.id, "email")
        stranger = matching.find(session, token=token, email="stranger@example.com")
        assert (stranger.contact_id, stranger.message_id) == (None, message.id)


def test_a_phone_in_any_form_finds_its_person(db: Database) -> None:
    with db.transaction() as session:
        person = make_contact(session, now=NOON, phone="2125550123")
        found = matching.find(session, email="", phone="(212) 555-0123")
        assert (found.contact_id, found.by) == (person.id, "phone")


def test_people_who_share_a_phone_are_told_apart_by_name_or_not_at_all(db: Database) -> None:
    with db.transaction() as session:
        make_contact(session, now=NOON, phone="2125550123", first_name="Ana")
        bob = make_contact(session, now=NOON, phone="2125550123", first_name="Bob")
        named = matching.find(session, phone="2125550123", first_name="bob", last_name="SAMPLE")
        assert named.contact_id == bob.id
        unnamed = matching.find(session, phone="2125550123")
        assert (unnamed.contact_id, unnamed.by) == (None, "ambiguous")


@pytest.mark.parametrize(
    "given", [{}, {"token": "nonsense"}, {"email": "no"}, {"phone": "1"}, {"token": "A" * 34}]
)
def test_nonsense_finds_nobody(db: Database, given: dict[str, str]) -> None:
    with db.transaction() as session:
        found = matching.find(session, **given)
        assert (found.contact_id, found.by) == (None, "nothing")
