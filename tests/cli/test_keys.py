"""New keys: a stop recorded before blocks after, by the look-up and by the gate's SQL."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.engine import make_url

from campaigns.cli.main import main
from campaigns.consent import ledger, rehashing, suppression, verification
from campaigns.contacts.models import Address
from campaigns.core import keys as key_rings
from campaigns.core.db import Database
from tests.conftest import NOON
from tests.factories.consent import leave, make_member
from tests.factories.contacts import make_contact

GONE, GMAIL = "+12125550999", "jane.doe+x@gmail.com"


@pytest.fixture
def given(each_db: Database, tmp_path: Path) -> dict[str, Any]:
    ring = {
        p: [{"kid": k.kid, "secret": k.secret.hex()} for k in each_db.keys.all(p)]
        for p in key_rings.PURPOSES
    }
    (tmp_path / "keys.json").write_text(json.dumps(ring))
    (tmp_path / "keys.json").chmod(0o600)
    url = make_url(each_db.url).render_as_string(hide_password=False)
    return {"CAMPAIGNS_DATA_DIR": str(tmp_path), "CAMPAIGNS_DATABASE_URL": url}


def fill(db: Database) -> int:
    with db.transaction() as session:
        member = make_member(session, now=NOON)
        leave(session, member, "sms", now=NOON)
        for channel, address in (("sms", GONE), ("email", GMAIL)):  # nobody has these now
            suppression.add(session, channel=channel, address=address, reason="opt_out", now=NOON)
        return member.id


def blocked(db: Database) -> set[tuple[str, str]]:
    sql = suppression.active_suppression(Address.channel, Address.address_hash, NOON)
    with db.reading() as session:
        rows = session.execute(select(Address.channel, Address.address).where(sql))
        found = {(row.channel, row.address) for row in rows}
        for row in session.scalars(select(Address)):
            listed = suppression.is_suppressed(session, row.channel, row.address, NOON)
            assert (listed is not None) == ((row.channel, row.address) in found)
    return found


def test_a_stop_recorded_before_a_rotation_blocks_after_it(
    each_db: Database, given: dict[str, Any], tmp_path: Path
) -> None:
    member = fill(each_db)
    before = blocked(each_db)
    assert len(before) == 1
    for _ in range(2):
        done = CliRunner().invoke(main, ["keys", "rotate"], env=given)
        assert done.exit_code == 0, done.output
    path = tmp_path / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [k["kid"] for k in json.loads(path.read_text())["suppression"]] == [3, 2, 1]
    rotated = Database(each_db.url, keys=key_rings.load_or_create(path))
    try:
        assert blocked(rotated) == before
        with rotated.transaction() as session:  # who comes only now meets the old stop
            make_contact(session, now=NOON, phone=GONE, email="janedoe@gmail.com")
            make_contact(session, now=NOON, phone="", email="someone@gmail.com")
        assert blocked(rotated) == before | {("sms", GONE), ("email", "janedoe@gmail.com")}
        with rotated.transaction() as session:
            assert verification.find_fault(session) is None
            assert not rehashing.is_due(session)
            assert ledger.state_of(session, member)["sms"].status == "withdrawn"
        doctor = CliRunner().invoke(main, ["doctor"], env=given)
        assert "FAULT" not in doctor.output, doctor.output
    finally:
        rotated.dispose()


def test_a_rotation_that_was_cut_short_is_noticed_and_finished(
    each_db: Database, given: dict[str, Any], tmp_path: Path
) -> None:
    fill(each_db)
    before = blocked(each_db)
    ring = key_rings.rotate(tmp_path / "keys.json", ["suppression"])
    rotated = Database(each_db.url, keys=ring)
    try:
        with rotated.reading() as session:
            assert rehashing.is_due(session)
        done = CliRunner().invoke(main, ["keys", "finish"], env=given)
        assert done.exit_code == 0, done.output
        assert blocked(rotated) == before
        with rotated.reading() as session:
            assert not rehashing.is_due(session)
    finally:
        rotated.dispose()


def test_a_key_ring_of_another_database_is_named_in_words(
    each_db: Database, given: dict[str, Any], tmp_path: Path
) -> None:
    fill(each_db)
    (tmp_path / "keys.json").unlink()
    key_rings.load_or_create(tmp_path / "keys.json")
    doctor = CliRunner().invoke(main, ["doctor"], env=given)
    assert doctor.exit_code == 1
    assert "is not the key ring of this database" in doctor.output
    assert "ok     the consent ledger is whole" in doctor.output


def test_doctor_names_the_first_bad_entry_and_why(each_db: Database, given: dict[str, Any]) -> None:
    from tests.consent.test_tampering import one, tamper

    fill(each_db)
    tamper(each_db, one("UPDATE consent_entries SET method = 'verbal_recorded' WHERE id = 2"))
    doctor = CliRunner().invoke(main, ["doctor"], env=given)
    assert doctor.exit_code == 1
    assert "Entry 2 of the consent ledger is the first that does not hold." in doctor.output
    if each_db.is_sqlite:
        assert "no longer guards" in doctor.output
