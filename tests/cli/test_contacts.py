"""``campaigns contacts import``, run as a person would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from campaigns.audience import interests
from campaigns.cli.contacts import contacts
from campaigns.core import schema, settings
from campaigns.wiring import build

CSV = "E-mail 1,Given,Mobile\nana@example.com,Ana,(212) 555-0101\nnope,Ben,\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGNS_DATA_DIR", str(tmp_path / "data"))
    built = build(settings.load())
    schema.upgrade(built.db)
    with built.db.transaction() as session:
        interests.create_defaults(session)
    built.db.dispose()
    (tmp_path / "people.csv").write_text(CSV)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(contacts, ["import", *arguments])


def test_a_file_is_imported_with_a_mapping_and_what_staff_vouch_for(folder: Path) -> None:
    (folder / "words.txt").write_text("I agree, and may leave at any time.")
    given = (
        "people.csv",
        "--json",
        "--mapping",
        "email=E-mail 1",
        "--consent",
        "email:method=paper_form,date=2026-05-01,wording=@words.txt,statement=Binder, front desk",
        "--remarks",
        "mend.csv",
    )
    told = json.loads(call(*given, "--dry-run").output)
    assert (told["state"], told["created"], told["email_granted"]) == ("dry-run", 1, 1)
    done = json.loads(call(*given).output)
    assert (done["state"], done["created"], done["refused"]) == ("done", 1, 1)
    assert (done["email_granted"], done["sms_unproven"]) == (1, 1)
    assert "not imported" in (folder / "mend.csv").read_text()


def test_a_missing_column_is_named_and_nothing_is_kept(folder: Path) -> None:
    (folder / "people.csv").write_text("Given\nAna\n")
    reply = call("people.csv")
    assert reply.exit_code == 1
    assert "No column is marked as email or mobile phone" in reply.output
    reply = call("people.csv", "--mapping", "email=Mail")
    assert "no column “Mail”" in reply.output
    assert call("people.csv", "--mapping", "mail=Given").exit_code == 1
    assert call("nowhere.csv").exit_code == 2


def test_utf_16_is_refused_with_what_to_do(folder: Path) -> None:
    (folder / "people.csv").write_bytes(CSV.encode("utf-16"))
    reply = call("people.csv")
    assert reply.exit_code == 1
    assert "CSV UTF-8" in reply.output


def test_a_form_vouched_for_in_a_file_counts_and_its_scan_is_kept(folder: Path) -> None:
    (folder / "people.csv").write_text(
        "Email,Phone,Consent date,Unsubscribed\n"
        "ana@example.com,(212) 555-0101,,\n"
        "ben@example.com,,2025-01-01,\n"
        "cleo@example.com,,,yes\n"
    )
    (folder / "form.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    form = {
        "form": "Open house 2026",
        "method": "paper_form",
        "first_day": "2026-04-01",
        "last_day": "2026-06-30",
        "words": {
            "email": "Email me news.",
            "sms": "I agree to automated marketing texts. Consent is not a condition of care.",
        },
        "kept": "Binder at the front desk",
        "scan": "form.pdf",
        "by": "Robin Sample",
        "everybody": True,
    }
    (folder / "form.json").write_text(json.dumps(form))
    given = ("people.csv", "--json", "--attestation", "form.json")
    told = json.loads(call(*given, "--dry-run").output)
    done = json.loads(call(*given).output)
    assert told["consent"] == done["consent"]
    assert done["consent"]["email"] == {
        "agreed_by_row": 0,
        "agreed_by_attestation": 1,
        "agreed_long_ago": 0,
        "unconfirmed": 1,
        "unchanged": 0,
        "do_not_contact": 1,
        "previously_opted_out": 0,
    }
    assert done["consent"]["sms"]["agreed_by_attestation"] == 1
    assert len(list((folder / "data" / "scans").glob("*.sealed"))) == 1
    for change, says in (
        ({"everybody": False}, "holds for every person"),
        ({"words": {"sms": "Text me."}}, "automated"),
        ({"scan": "nowhere.pdf"}, "is not there"),
        ({"colour": "red"}, "colour"),
    ):
        (folder / "form.json").write_text(json.dumps(form | change))
        reply = call(*given)
        assert reply.exit_code == 1
        assert says in reply.output
    (folder / "form.json").write_text("no json")
    assert "is not JSON" in call(*given).output


def test_dates_that_could_be_two_days_are_asked_for(folder: Path) -> None:
    (folder / "people.csv").write_text(
        "Email,Consent date,Consent source\nana@example.com,3/4/2026,Paper form\n"
    )
    reply = call("people.csv", "--json")
    assert reply.exit_code == 1
    assert "could mean two different days" in reply.output
    done = json.loads(call("people.csv", "--json", "--dates", "dmy").output)
    assert done["consent"]["email"]["agreed_by_row"] == 1
