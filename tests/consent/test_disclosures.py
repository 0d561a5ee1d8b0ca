"""Consent wording: what it must say, and that old versions stay what they were."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from campaigns.consent import checklist, disclosures, ledger
from campaigns.consent.bulk import Wish
from campaigns.consent.models import Action
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotConfigured
from tests.conftest import NOON
from tests.factories.consent import agree, leave
from tests.factories.contacts import make_contact

MARIA = Actor(kind=ActorKind.STAFF, id=7, name="Maria")
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
            frequency_per_month=4, ticked="abeg", now=NOON,
        )  # fmt: skip
        assert disclosures.current(session, "sms").id == new.id
        assert (new.version, new.frequency_per_month) == (2, 4)
        assert (old.retired_at, old.frequency_per_month) == (NOON, 6)


@pytest.mark.parametrize(
    ("kind", "words", "frequency"),
    [
        ("sms", "I agree to texts from {BRAND}.", 4),
        ("sms", "", 4),
        ("email", "Email me things.", None),
        ("email", "Email me {TOPIC} from {BRAND}.", None),
        ("fax", "Fax me, {BRAND}.", None),
    ],
)
def test_words_that_lack_what_they_must_say_are_refused(
    db: Database, kind: str, words: str, frequency: int | None
) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        with pytest.raises(InvalidInput):
            disclosures.publish(
                session, SYSTEM, kind=kind, locale="en", text=words,
                frequency_per_month=frequency, ticked="abeg", now=NOON,
            )  # fmt: skip


@pytest.mark.parametrize("frequency", [None, 0, 31])
def test_a_promise_must_be_a_number_that_can_be_kept(db: Database, frequency: int | None) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        words = disclosures.current(session, "sms").text
        with pytest.raises(InvalidInput):
            disclosures.publish(
                session, SYSTEM, kind="sms", locale="en", text=words,
                frequency_per_month=frequency, ticked="abeg", now=NOON,
            )  # fmt: skip


@pytest.mark.parametrize("missing", checklist.TICKED)
def test_words_for_texts_are_not_used_with_an_open_point(db: Database, missing: str) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        before = disclosures.current(session, "sms")
        ticked = set("abcdefg") - {missing}
        with pytest.raises(InvalidInput) as refused:
            disclosures.publish(
                session, SYSTEM, kind="sms", locale="en", text=before.text, frequency_per_month=4,
                ticked=ticked, now=NOON,
            )  # fmt: skip
        assert checklist.POINTS[missing] in refused.value.message
        with pytest.raises(InvalidInput):
            disclosures.approve(session, MARIA, before.id, ticked=ticked, now=NOON)
        assert disclosures.current(session, "sms") is before


def test_the_shipped_words_say_who_checked_them_until_the_clinic_approves(db: Database) -> None:
    with db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
        shipped = disclosures.current(session, "sms")
        assert shipped.approved_by == checklist.SHIPPED
        assert shipped.checklist == {
            "a": "form", "b": "form", "c": "words", "d": "words", "e": "form", "f": "words",
            "g": "form",
        }  # fmt: skip
        approved = disclosures.approve(session, MARIA, shipped.id, ticked="abeg", now=NOON)
        assert (approved.approved_by, approved.approved_by_id) == ("Maria", 7)
        assert {approved.checklist[p] for p in "abeg"} == {"person"}


def test_no_consent_rests_on_words_with_an_open_point(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        disclosures.create_defaults(session, now=NOON)
        words = disclosures.current(session, "sms")
        words.checklist = dict.fromkeys("cdf", "words")
        session.flush()
        with pytest.raises(InvalidInput, match="nobody has approved"):
            agree(session, person, "sms", now=NOON)
        outcome = ledger.import_grants(
            session,
            [
                Wish(
                    contact_id=person.id, channel="sms", action=Action.OPT_IN_CONFIRMED,
                    address="+12125550123", expressed_at=NOON, wording="I agree to texts.",
                    disclosure_id=words.id,
                )
            ],
            actor=SYSTEM,
            now=NOON,
        )  # fmt: skip
        assert outcome.unproven == {(person.id, "sms")}
        disclosures.approve(session, MARIA, words.id, ticked="abeg", now=NOON)
        agree(session, person, "sms", now=NOON)
        assert ledger.state_of(session, person.id)["sms"].status == "granted"


def test_no_consent_to_texts_rests_on_words_about_email(db: Database) -> None:
    with db.transaction() as session:
        person = make_contact(session, now=NOON)
        disclosures.create_defaults(session, now=NOON)
        about_email = disclosures.current(session, "email").id
        with pytest.raises(InvalidInput):
            agree(session, person, "sms", disclosure_id=about_email, now=NOON)


@pytest.mark.parametrize("later", [2, 20])
def test_other_words_leave_everybody_the_promise_they_were_given(
    each_db: Database, later: int
) -> None:
    with each_db.transaction() as session:
        early, late = (make_contact(session, now=NOON) for _ in range(2))
        agree(session, early, "sms", now=NOON)
        disclosures.publish(
            session, SYSTEM, kind="sms", locale="en", frequency_per_month=later, ticked="abeg",
            text=disclosures.current(session, "sms").text, now=NOON,
        )  # fmt: skip
        agree(session, late, "sms", now=NOON)
        leave(session, early, "sms", now=NOON)
        ledger.reopen(
            session, contact_id=early.id, actor=SYSTEM, now=NOON + timedelta(hours=1), words="START"
        )
        kept = [ledger.state_of(session, p.id)["sms"].frequency_per_month for p in (early, late)]
    assert kept == [6, later]


@pytest.mark.parametrize("change", ["text = 'other'", "frequency_per_month = 30", "version = 9"])
def test_the_database_refuses_to_change_words_once_written(each_db: Database, change: str) -> None:
    with each_db.transaction() as session:
        disclosures.create_defaults(session, now=NOON)
    for statement in (f"UPDATE disclosures SET {change}", "DELETE FROM disclosures"):
        with pytest.raises(DBAPIError, match="append-only"), each_db.transaction() as session:
            session.execute(text(statement))


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
        for given, passes in ((words.replace(gone, ""), False), (words, True)):
            with nullcontext() if passes else pytest.raises(InvalidInput):
                disclosures.publish(
                    session, SYSTEM, kind="sms", locale=locale, text=given, frequency_per_month=4,
                    ticked="abeg", now=NOON,
                )  # fmt: skip
