"""The example file is what its script makes, and has the faults that it is there to have."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import examples.make_contacts as sample
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.imports import columns
from tests.factories.imports import run

FILE = Path(sample.__file__).with_name("contacts.csv")


def test_the_script_makes_the_same_file_again() -> None:
    assert sample.make() == FILE.read_bytes()


def test_the_file_has_what_real_exports_have() -> None:
    content = FILE.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(lines) >= 500
    assert {line["State"] for line in lines} >= {"NY", "TX", "CO", "CA"}
    assert all(name in text for name in ("José", "Zoë", "Nguyễn", "Øyvind"))
    assert any("\n" in line["Notes"] for line in lines)
    emails = [line["Email Address"].strip().lower() for line in lines if line["Email Address"]]
    assert len(set(emails)) < len(emails)
    assert {"yes", "TRUE", "1", "x"} <= {line["Unsubscribed"] for line in lines}
    proper = [email for email in emails if email.count("@") == 1 and "." in email.split("@")[1]]
    assert {email.split("@")[1] for email in proper} == {"example.com"}
    assert "email" in columns.guess(list(lines[0])).values()


def test_the_file_comes_in_with_every_kind_of_outcome(db: Database, clock: FixedClock) -> None:
    done = run(db, clock, FILE.read_bytes())
    assert done.created >= 600
    assert done.refused >= 5
    for outcome in (
        "email_granted",
        "email_unproven",
        "email_left",
        "sms_granted",
        "sms_unproven",
        "sms_left",
        "topics_stored",
        "topics_without_consent",
        "topics_unknown",
        "same_person",
    ):
        assert done.tally[outcome] > 0, outcome
