"""Consent wording: what it must say, and that old versions stay what they were."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from campaigns.consent import disclosures
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotConfigured
from tests.conftest import NOON

URLS = {"privacy_url": "https://c.example/privacy", "terms_url": "https://c.example/sms-program"}


def test_the_first_words_exist_in_english_and_spanish(each_db: Database) -> None:
    with each_db.transaction() as session:
        with pytest.raises(NotConfigured):
            disclosures.current(session, "sms")
        disclosures.create_defaults(session, now=NOON)
        disclosures.create_defaults(session, now=NOON)
        for kind in ("sms", "email", "health_topic", "adult"):
            for locale in ("en", "es"):
                found = disclosures.current(session, kind, locale)
                assert (found.locale, found.version) == (locale, 1)
        assert disclosures.current(session, "sms", "fr").locale == "en"
        assert len(disclosures.list_all(session)) == 8


def test_words_are_rendered_whole(db: Database) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        words = disclosures.render(disclosures.current(session, "sms"), brand="Deeply", **URLS)
    assert words == (
        "I agree to get recurring automated marketing texts, such as wellness education and "
        "booking links, from Deeply at the mobile number above. Consent is not a condition of any "
        "purchase or of receiving care. Up to 6 msgs/month. Msg & data rates may apply. Reply STOP "
        "to opt out, HELP for help. See https://c.example/privacy and "
        "https://c.example/sms-program."
    )


def test_new_words_replace_the_old_ones_and_leave_them_on_file(each_db: Database) -> None:
    with each_db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        old = disclosures.current(session, "sms")
        new = disclosures.publish(
            session, SYSTEM, kind="sms", locale="en", text=old.text + " Thank you.",
            frequency_per_month=4, now=NOON,
        )  # fmt: skip
        assert disclosures.current(session, "sms").id == new.id
        assert (new.version, new.frequency_per_month) == (2, 4)
        assert (old.retired_at, old.frequency_per_month) == (NOON, 6)


@pytest.mark.parametrize(
    ("kind", "text", "frequency"),
    [
        ("sms", "I agree to texts from {BRAND}.", 4),
        ("sms", "", 4),
        ("email", "Email me things.", None),
        ("email", "Email me {TOPIC} from {BRAND}.", None),
        ("fax", "Fax me, {BRAND}.", None),
    ],
)
def test_words_that_lack_what_they_must_say_are_refused(
    db: Database, kind: str, text: str, frequency: int | None
) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        with pytest.raises(InvalidInput):
            disclosures.publish(
                session, SYSTEM, kind=kind, locale="en", text=text,
                frequency_per_month=frequency, now=NOON,
            )  # fmt: skip


@pytest.mark.parametrize("frequency", [None, 0, 31])
def test_a_promise_must_be_a_number_that_can_be_kept(db: Database, frequency: int | None) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        words = disclosures.current(session, "sms").text
        with pytest.raises(InvalidInput):
            disclosures.publish(
                session, SYSTEM, kind="sms", locale="en", text=words,
                frequency_per_month=frequency, now=NOON,
            )  # fmt: skip


_ELEMENTS = {
    "en": ("automated", "marketing", "condition", "rates", "STOP", "{BRAND}", "{N}"),
    "es": ("automatizados", "marketing", "condición", "tarifas", "HELP", "{PRIVACY_URL}"),
}


@pytest.mark.parametrize(
    ("locale", "gone"), [(locale, word) for locale in _ELEMENTS for word in _ELEMENTS[locale]]
)
def test_each_element_that_the_law_asks_for_is_missed(db: Database, locale: str, gone: str) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        words = disclosures.current(session, "sms", locale).text
        assert gone in words
        for text, passes in ((words.replace(gone, ""), False), (words, True)):
            with nullcontext() if passes else pytest.raises(InvalidInput):
                disclosures.publish(
                    session, SYSTEM, kind="sms", locale=locale, text=text, frequency_per_month=4,
                    now=NOON,
                )  # fmt: skip
