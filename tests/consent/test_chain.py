"""The chain shows every tampering, has no gaps, and does not fork under load."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import delete, select, text

from campaigns.consent import chain, ledger
from campaigns.consent.models import ConsentEntry, ConsentEvidence
from campaigns.contacts.models import Channel
from campaigns.core.db import Database
from tests.conftest import NOON
from tests.factories.consent import agree, leave, make_member
from tests.factories.contacts import make_contact

GUARDED = ("consent_entries", "wordings")


def unguard(db: Database) -> None:
    """Do what an intruder with the database's own rights would do."""
    with db.transaction() as session:
        for table in GUARDED:
            if db.is_sqlite:
                session.execute(text(f"DROP TRIGGER {table}_no_update"))
                session.execute(text(f"DROP TRIGGER {table}_no_delete"))
            else:
                session.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))


@pytest.fixture
def filled(each_db: Database) -> Database:
    with each_db.transaction() as session:
        for _ in range(3):
            contact = make_member(session, now=NOON)
            leave(session, contact, Channel.SMS, now=NOON)
    return each_db


def test_an_untouched_ledger_is_whole_and_numbered_without_gaps(filled: Database) -> None:
    with filled.reading() as session:
        assert ledger.verify(session) is None
        assert list(session.scalars(select(ConsentEntry.id).order_by(ConsentEntry.id))) == list(
            range(1, 10)
        )


@pytest.mark.parametrize(
    ("tampering", "first_bad"),
    [
        ("UPDATE consent_entries SET action = 'opt_in_confirmed' WHERE id = 6", 6),
        ("UPDATE consent_entries SET contact_id = 99 WHERE id = 4", 4),
        ("UPDATE consent_entries SET actor_id = 99 WHERE id = 2", 2),
        ("UPDATE consent_entries SET wording_sha256 = NULL WHERE id = 5", 5),
        ("UPDATE consent_entries SET row_hash = prev_hash WHERE id = 7", 7),
        ("UPDATE wordings SET text = text || '!' WHERE text LIKE 'Email me%'", 1),
    ],
)
def test_a_changed_entry_is_named(filled: Database, tampering: str, first_bad: int) -> None:
    unguard(filled)
    with filled.transaction() as session:
        session.execute(text(tampering))
    with filled.reading() as session:
        assert ledger.verify(session) == first_bad


@pytest.mark.parametrize("gone", [1, 5, 9])
def test_a_removed_entry_is_named_even_at_the_end(filled: Database, gone: int) -> None:
    unguard(filled)
    removal = (
        f"DELETE FROM consent_evidence WHERE entry_id = {gone}",
        f"DELETE FROM consent_entries WHERE id = {gone}",
    )
    if filled.is_sqlite:
        with closing(sqlite3.connect(str(filled.url.database))) as intruder, intruder:
            for statement in removal:  # a plain connection checks no foreign keys
                intruder.execute(statement)
    else:
        with filled.transaction() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in removal:
                session.execute(text(statement))
    with filled.reading() as session:
        assert ledger.verify(session) == gone


def test_changed_evidence_is_named_and_so_is_evidence_that_is_gone(filled: Database) -> None:
    with filled.transaction() as session:
        proof = session.get_one(ConsentEvidence, 4)
        proof.details = {**proof.details, "address": "other@example.com"}
    with filled.reading() as session:
        assert ledger.verify(session) == 4
    with filled.transaction() as session:
        session.execute(delete(ConsentEvidence).where(ConsentEvidence.entry_id == 3))
    with filled.reading() as session:
        assert ledger.verify(session) == 3


def test_the_ledger_itself_holds_no_address(filled: Database) -> None:
    with filled.reading() as session:
        rows = session.execute(text("SELECT * FROM consent_entries")).all()
    assert "example.com" not in str(rows)
    assert "+1212" not in str(rows)


def test_many_writers_at_once_make_one_chain(each_db: Database) -> None:
    with each_db.transaction() as session:
        people = [make_contact(session, now=NOON) for _ in range(8)]
    start = threading.Barrier(len(people))

    def say(person: object) -> None:
        start.wait()
        for channel in (Channel.EMAIL, Channel.SMS):
            with each_db.transaction() as session:
                agree(session, person, channel, now=NOON)  # type: ignore[arg-type]
            with each_db.transaction() as session:
                leave(session, person, channel, now=NOON)  # type: ignore[arg-type]

    with each_db.transaction() as session:
        agree(session, make_contact(session, now=NOON), now=NOON)
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(say, people))
    with each_db.reading() as session:
        assert ledger.verify(session) is None
        query = select(ConsentEntry.id, ConsentEntry.prev_hash).order_by(ConsentEntry.id)
        rows = session.execute(query).all()
    assert [row.id for row in rows] == list(range(1, 34))
    assert len({row.prev_hash for row in rows}) == 33


def test_a_rolled_back_wish_leaves_no_gap(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        agree(session, contact, now=NOON)
    with pytest.raises(RuntimeError), each_db.transaction() as session:
        leave(session, contact, now=NOON)
        raise RuntimeError("the power went out")
    with each_db.transaction() as session:
        leave(session, contact, now=NOON)
        assert ledger.verify(session) is None
        assert list(session.scalars(select(ConsentEntry.id).order_by(ConsentEntry.id))) == [1, 2]


def test_hostile_evidence_survives_both_databases(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        entry = agree(
            session, contact, now=NOON,
            evidence={"words": "st\x00op \ud800 Zoë 🛑", "at": NOON, "n": 1.5, "x": None},
        )  # fmt: skip
        session.flush()
        assert ledger.verify(session) is None
        proof = ledger.evidence_of(session, [entry.id])[entry.id]
    assert proof["words"].startswith("stop ")
    assert proof["n"] == 1.5
    assert "salt" not in proof


def test_the_same_evidence_twice_has_two_digests(db: Database) -> None:
    with db.transaction() as session:
        contact = make_contact(session, now=NOON)
        first, second = (agree(session, contact, now=NOON) for _ in range(2))
    assert first.evidence_sha256 != second.evidence_sha256


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert chain.digest({"a": 1, "b": 2}) == chain.digest({"b": 2, "a": 1})
