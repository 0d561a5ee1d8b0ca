"""Double opt-in: asked once, confirmed once, in time, for the address it was asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.consent import ledger, optin
from campaigns.consent.models import Action, ConsentStatus, Method, OptInRequest
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotFound
from tests.conftest import NOON
from tests.factories.consent import WORDS, leave, person
from tests.factories.contacts import make_contact

MINUTE = timedelta(minutes=1)


def ask(session, contact: Contact, channel: str = "email", now=NOON) -> OptInRequest | None:  # type: ignore[no-untyped-def]
    entry = ledger.record(
        session, contact_id=contact.id, channel=channel, action=Action.OPT_IN_REQUESTED,
        method=Method.WEB_FORM, actor=person(contact), now=now, wording=WORDS,
        source_label="our sign-up form",
    )  # fmt: skip
    address = directory.addresses_of(session, contact.id)[Channel(channel)].address
    return optin.request(
        session, contact_id=contact.id, channel=channel, address=address, entry_id=entry.id,
        origin=optin.FORM, now=now,
    )  # fmt: skip


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_confirmation_grants_with_the_words_of_the_request(
    each_db: Database, channel: str
) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        request = ask(session, contact, channel)
        assert request is not None
        assert ledger.state_of(session, contact.id)[channel].status == ConsentStatus.PENDING
        entry = optin.confirm(session, request.id, now=NOON + MINUTE, evidence={"ip": "::1"})
        again = optin.confirm(session, request.id, now=NOON + 2 * MINUTE)
        assert entry.id == again.id
        assert ledger.wording_of(session, entry) == WORDS
        state = ledger.state_of(session, contact.id)[channel]
        assert (state.status, state.source_label) == (ConsentStatus.GRANTED, "our sign-up form")


@pytest.mark.parametrize(("channel", "valid"), [("email", 7 * 24), ("sms", 24)])
def test_a_confirmation_expires(db: Database, channel: str, valid: int) -> None:
    with db.transaction() as session:
        contact = make_contact(session, now=NOON)
        request = ask(session, contact, channel)
        assert request is not None
        end = NOON + timedelta(hours=valid)
        with pytest.raises(InvalidInput) as caught:
            optin.confirm(session, request.id, now=end)
        assert caught.value.code == "optin_expired"
        assert optin.open_request(session, contact.id, channel, now=end) is None
        assert optin.open_request(session, contact.id, channel, now=end - MINUTE) == request
        optin.confirm(session, request.id, now=end - MINUTE)


def test_an_address_is_asked_once_in_24_hours_whoever_asks(each_db: Database) -> None:
    with each_db.transaction() as session:
        first = make_contact(session, now=NOON, email="shared@example.com")
        second = make_contact(session, now=NOON, email="shared@example.com")
        assert ask(session, first) is not None
        assert ask(session, second, now=NOON + timedelta(hours=23)) is None
        assert ask(session, second, now=NOON + timedelta(hours=25)) is not None


def test_an_address_from_a_file_is_asked_exactly_once(db: Database) -> None:
    with db.transaction() as session:
        contact = make_contact(session, now=NOON)
        asked = [
            optin.request(
                session, contact_id=contact.id, channel="email", address="a@example.com",
                entry_id=None, origin=optin.IMPORT, now=NOON + timedelta(days=days),
            )
            for days in (0, 40)
        ]  # fmt: skip
        assert asked[0] is not None
        assert asked[1] is None


def test_a_confirmation_counts_only_for_the_address_that_was_asked(db: Database) -> None:
    with db.transaction() as session:
        contact = make_contact(session, now=NOON)
        request = ask(session, contact)
        assert request is not None
        directory.set_address(session, contact.id, "email", "new@example.com", now=NOON)
        with pytest.raises(InvalidInput) as caught:
            optin.confirm(session, request.id, now=NOON + MINUTE)
        assert caught.value.code == "optin_moved"
        with pytest.raises(NotFound):
            optin.confirm(session, 99, now=NOON)


def test_somebody_who_left_comes_back_only_by_confirming(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        leave(session, contact, now=NOON)
        request = ask(session, contact, now=NOON + MINUTE)
        assert request is not None
        assert ledger.state_of(session, contact.id)["email"].status == ConsentStatus.PENDING
        optin.confirm(session, request.id, now=NOON + 2 * MINUTE)
        assert ledger.state_of(session, contact.id)["email"].status == ConsentStatus.GRANTED
