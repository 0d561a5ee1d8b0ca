"""A vendor without a signed agreement is not on record as one that has it."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.clinic import transports
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput
from tests.conftest import NOON


def test_an_agreement_is_recorded_and_taken_back(each_db: Database) -> None:
    with each_db.transaction() as session:
        assert not transports.has_baa(session, "twilio")
        transports.record_baa(
            session, SYSTEM, "twilio", signed_on=date(2026, 3, 1), reference="Safe, folder 3",
            now=NOON,
        )  # fmt: skip
        assert transports.has_baa(session, "twilio")
        transports.record_baa(session, SYSTEM, "twilio", signed_on=None, reference="", now=NOON)
        assert not transports.has_baa(session, "twilio")


@pytest.mark.parametrize(
    ("kind", "signed_on", "reference", "code"),
    [
        ("sendgrid", date(2026, 3, 1), "folder", "baa_not_offered"),
        ("smtp", date(2026, 3, 1), "", "baa_reference"),
        ("smtp", date(2026, 12, 1), "folder", "baa_date"),
        ("pigeon", date(2026, 3, 1), "folder", "transport_unknown"),
    ],
)
def test_an_agreement_that_cannot_be_is_refused(
    db: Database, kind: str, signed_on: date, reference: str, code: str
) -> None:
    with db.transaction() as session, pytest.raises(InvalidInput) as caught:
        transports.record_baa(
            session, SYSTEM, kind, signed_on=signed_on, reference=reference, now=NOON
        )
    assert caught.value.code == code


def test_what_stays_on_the_machine_needs_no_agreement(db: Database) -> None:
    with db.reading() as session:
        assert transports.has_baa(session, "local")
        assert transports.get(session, "smtp").baa_signed_on is None
