"""The number that words promise holds, also where they are not the clinic's own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.consent import ledger
from campaigns.consent.bulk import Wish, import_grants
from campaigns.consent.models import Action, Method
from campaigns.consent.promises import promised
from campaigns.consent.texts import DEFAULTS
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from tests.conftest import NOON
from tests.factories.contacts import make_contact

OTHER = "Text me offers. Up to 4 msgs/month. Reply STOP to opt out."


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (OTHER, 4),
        ("Up to 6 messages a month, msg & data rates may apply.", 6),
        ("You get at most two text messages per month.", 2),
        ("max. 3 automated marketing texts per calendar month", 3),
        ("Expect 1 newsletter each week", 4),
        ("Hasta 5 mensajes al mes.", 5),
        ("Hasta cuatro mensajes de texto por mes.", 4),
        ("Up to 8 texts/mo and up to 2 emails/mo", 2),
        ("Text me. Message frequency varies.", None),
        ("Call 2125550100 any day of the month.", None),
        ("", None),
        (None, None),
    ],
)
def test_the_number_is_read_from_the_words(words: str | None, number: int | None) -> None:
    assert promised(words) == number


@pytest.mark.parametrize("locale", ["en", "es"])
def test_our_own_words_promise_what_they_say(locale: str) -> None:
    assert promised(DEFAULTS["sms", locale].replace("{N}", "7")) == 7
    assert promised(DEFAULTS["email", locale]) is None


def test_a_file_brings_the_promise_along(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        phone = directory.addresses_of(session, person.id)[Channel.SMS].address
        wish = Wish(
            contact_id=person.id,
            channel=Channel.SMS,
            action=Action.OPT_IN_CONFIRMED,
            address=phone,
            expressed_at=NOON - timedelta(days=30),
            wording=OTHER,
        )
        import_grants(session, [wish], actor=SYSTEM, now=NOON)
        assert ledger.state_of(session, person.id)["sms"].frequency_per_month == 4


def test_so_does_paper_that_staff_type_in(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        ledger.grant(
            session,
            contact_id=person.id,
            channel=Channel.SMS,
            method=Method.STAFF,
            actor=SYSTEM,
            now=NOON,
            wording=OTHER,
        )
        assert ledger.state_of(session, person.id)["sms"].frequency_per_month == 4
