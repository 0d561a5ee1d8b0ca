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
