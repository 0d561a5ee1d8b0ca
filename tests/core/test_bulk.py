"""Rows written in bulk read back as if SQLAlchemy had written them, on both databases."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from sqlalchemy import select

from campaigns.consent.models import Suppression
from campaigns.contacts.models import Contact
from campaigns.core import bulk
from campaigns.core.db import Database
from tests.conftest import NOON
from tests.factories.contacts import make_contact

COLUMNS = ("channel", "address_hash", "mailbox_hash", "reason", "expressed_at")
SAME = {"note": "Ärger \\ 'und' %s", "created_at": NOON, "lift_note": ""}


def test_rows_read_back_in_utc_and_unchanged(each_db: Database) -> None:
    abroad = NOON.astimezone(timezone(timedelta(hours=9)))
    with each_db.transaction() as session:
        rows = [("email", f"1:{n}", f"1:{n}", "opt_out", abroad) for n in range(3)]
        bulk.insert(session, Suppression, COLUMNS, rows, same=SAME)
    with each_db.reading() as session:
        found = session.scalars(select(Suppression).order_by(Suppression.id)).all()
        assert [row.address_hash for row in found] == ["1:0", "1:1", "1:2"]
        assert {(row.expressed_at, row.created_at, row.note) for row in found} == {
            (NOON, NOON, SAME["note"])
        }
        some = bulk.among(session, Suppression.address_hash, ["1:1", "1:2", "1:9"])
        assert len(session.scalars(select(Suppression).where(some)).all()) == 2
        assert not session.scalars(select(Contact).where(bulk.among(session, Contact.id, []))).all()


def test_a_naive_instant_is_refused(each_db: Database) -> None:
    row = ("email", "1:a", "1:a", "opt_out", NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="naive"), each_db.transaction() as session:
        make_contact(session, now=NOON)
        bulk.insert(session, Suppression, COLUMNS, [row], same=SAME)
