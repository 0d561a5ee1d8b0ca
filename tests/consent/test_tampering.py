"""Whatever an intruder with the database's own rights does, the first bad entry is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from campaigns.consent import chain, verification
from campaigns.consent.models import ConsentEntry
from campaigns.contacts.models import Channel
from campaigns.core.db import Database
from campaigns.core.keys import new_key_ring
from tests.conftest import NOON
from tests.factories.consent import agree, leave, make_member
from tests.factories.contacts import make_contact

ENTRIES = 12
FORGET = "UPDATE consent_states SET entry_id = NULL, status = 'none' WHERE entry_id = 12"
FAKE = "UPDATE consent_states SET status = 'granted', entry_id = NULL WHERE entry_id = 6"
Statements = list[tuple[str, dict[str, Any]]]


def fill(db: Database) -> None:
    """Write entries 1 to 12: four people agree to both channels and leave one."""
    with db.transaction() as session:
        for _ in range(ENTRIES // 3):
            leave(session, make_member(session, now=NOON), Channel.SMS, now=NOON)


@contextmanager
def intruder(db: Database) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Write around the service: guards dropped, foreign keys unheeded."""
    if db.is_sqlite:
        with closing(sqlite3.connect(str(db.url.database))) as connection, connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in names.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            yield lambda statement, values: (connection.execute(statement, values), None)[1]
        return
    with db.transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        yield lambda statement, values: (session.execute(text(statement), values), None)[1]


def tamper(db: Database, statements: Statements) -> None:
    with intruder(db) as write:
        for statement, values in statements:
            write(statement, values)


def first_bad(db: Database) -> int | None:
    with db.reading() as session:
        return verification.verify(session)


COLUMNS = {
    "contact_id": 987, "channel": "topic", "program": "care", "action": "opt_in_requested",
    "method": "verbal_recorded", "expressed_at": "2020-01-01 00:00:00.000000",
    "recorded_at": "2020-01-01 00:00:00.000000", "address_hash": "1:00", "actor_kind": "staff",
    "actor_id": 987, "evidence_sha256": "0" * 64, "prev_hash": "1" * 64, "row_hash": "2" * 64,
    "mac": "1:" + "3" * 32, "wording_sha256": None, "disclosure_id": None,
}  # fmt: skip
STOPS_HAVE_NONE = {"wording_sha256", "disclosure_id"}


@st.composite
def tamperings(draw: st.DrawFn) -> tuple[int, Statements]:
    """Draw one kind of tampering; return the entry that must be named, and its statements."""
    n = draw(st.integers(1, ENTRIES))
    kind = draw(st.sampled_from(
        ["column", "evidence", "evidence gone", "gone", "cut", "swapped", "moved", "put in"]
    ))  # fmt: skip
    remove = [
        ("DELETE FROM consent_evidence WHERE entry_id = :n", {"n": n}),
        ("DELETE FROM consent_entries WHERE id = :n", {"n": n}),
    ]
    if kind == "column":
        column = draw(st.sampled_from(sorted(COLUMNS)))
        if column in STOPS_HAVE_NONE and n % 3 == 0:
            column = "method"
        change = f"UPDATE consent_entries SET {column} = :v WHERE id = :n"
        return n, [(change, {"v": COLUMNS[column], "n": n})]
    if kind == "evidence":
        words = json.dumps({"salt": "x", "address": draw(st.sampled_from(["a@b.example", ""]))})
        change = "UPDATE consent_evidence SET details = :d WHERE entry_id = :n"
        return n, [(change, {"d": words, "n": n})]
    if kind == "evidence gone":
        return n, remove[:1]
    if kind == "gone":
        return n, remove
    if kind == "cut":
        everything = [(s.replace("= :n", ">= :n"), v) for s, v in remove]
        state = "UPDATE consent_states SET entry_id = NULL, status = 'none' WHERE entry_id >= :n"
        return n, [*everything, (state, {"n": n})]
    if kind == "swapped":
        other = draw(st.integers(1, ENTRIES).filter(lambda m: m != n))
        moves = [(n, -5), (other, n), (-5, other)]
        return min(n, other), [
            ("UPDATE consent_entries SET id = :b WHERE id = :a", {"a": a, "b": b}) for a, b in moves
        ]
    if kind == "moved":
        step = "UPDATE consent_entries SET id = id + 1000 WHERE id >= :n"
        return n, [(step, {"n": n})]
    names = "contact_id, channel, program, action, method, expressed_at, recorded_at"
    rest = "evidence_sha256, actor_kind, prev_hash, row_hash, mac"
    copy = (
        f"INSERT INTO consent_entries (id, {names}, {rest}) "
        f"SELECT :last, {names}, evidence_sha256, actor_kind, row_hash, row_hash, mac "
        "FROM consent_entries WHERE id = :end"
    )
    return ENTRIES + 1, [(copy, {"last": ENTRIES + 1, "end": ENTRIES})]


@pytest.fixture(scope="module")
def filled_file(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, key_ring: Any
) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "filled.sqlite3"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}", keys=key_ring)
    fill(db)
    assert first_bad(db) is None
    db.dispose()
    return path


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tampering=tamperings())
def test_the_first_bad_entry_is_named(
    filled_file: Path, tmp_path: Path, key_ring: Any, tampering: tuple[int, Statements]
) -> None:
    bad, statements = tampering
    path = tmp_path / "copy.sqlite3"
    shutil.copy(filled_file, path)
    db = Database(f"sqlite:///{path}", keys=key_ring)
    try:
        tamper(db, statements)
        assert first_bad(db) == bad
    finally:
        db.dispose()
        for beside in path.parent.glob("copy.sqlite3*"):
            beside.unlink()


@pytest.fixture
def filled(each_db: Database) -> Database:
    fill(each_db)
    assert first_bad(each_db) is None
    return each_db


def one(statement: str, **values: Any) -> Statements:
    return [(statement, values)]


@pytest.mark.parametrize(
    ("bad", "statements"),
    [
        (4, one("UPDATE consent_entries SET contact_id = 99 WHERE id = 4")),
        (12, one("DELETE FROM consent_evidence WHERE entry_id = 12")
            + one("DELETE FROM consent_entries WHERE id = 12")
            + one(FORGET)),
        (7, one("DELETE FROM consent_evidence WHERE entry_id = 7")),
        (1, one("UPDATE consent_entries SET id = id - 1")),
        (12, one("UPDATE consent_head SET entry_id = 11")),
        (12, one("DELETE FROM consent_head")),
        (6, one("UPDATE consent_states SET status = 'granted', entry_id = 5 WHERE entry_id = 6")),
        (6, one("UPDATE consent_states SET status = 'granted' WHERE entry_id = 6")),
        (6, one("DELETE FROM consent_states WHERE entry_id = 6")),
        (5, one("UPDATE consent_states SET entry_id = 5 WHERE entry_id = 9")),
        (4, one("UPDATE consent_states SET status = 'withdrawn' WHERE entry_id = 4")),
        (6, one(FAKE)),
        (3, one("DELETE FROM suppressions")),
        (6, one("UPDATE suppressions SET address_hash = '1:0', mailbox_hash = '1:0' "
                "WHERE id = (SELECT min(id) + 1 FROM suppressions)")),
    ],
)  # fmt: skip
def test_a_known_tampering_is_named_on_both_databases(
    filled: Database, bad: int, statements: Statements
) -> None:
    tamper(filled, statements)
    assert first_bad(filled) == bad


def test_a_promise_made_larger_is_named(each_db: Database) -> None:
    with each_db.transaction() as session:
        agree(session, make_contact(session, now=NOON), Channel.SMS, now=NOON)
    tamper(each_db, one("UPDATE consent_states SET frequency_per_month = 30"))
    with each_db.reading() as session:
        fault = verification.find_fault(session)
    assert fault is not None
    assert fault.entry_id == 1
    assert "at most 6" in fault.why


def test_changed_words_are_named_at_the_first_who_saw_them(filled: Database) -> None:
    tamper(filled, one("UPDATE wordings SET text = 'I agree.' WHERE text LIKE '%texts%'"))
    assert first_bad(filled) == 2


@pytest.mark.parametrize("bad", [1, 6, 12])
def test_who_rewrites_all_hashes_lacks_the_key(filled: Database, bad: int) -> None:
    """The chain made anew from the changed entry on, as its own code would make it."""
    with filled.reading() as session:
        rows = session.execute(select(ConsentEntry.__table__).order_by(ConsentEntry.id))
        entries = [dict(row) for row in rows.mappings()]
    stranger = new_key_ring()
    previous, rewritten = chain.GENESIS, []
    for row in entries:
        if row["id"] >= bad:
            row["actor_id"] = 99
            row["prev_hash"], row["row_hash"] = previous, chain.seal(previous, row)
            row["mac"] = stranger.mark(chain.mark_of(row["id"], row["row_hash"]))
            rewritten.append(row)
        previous = row["row_hash"]
    change = (
        "UPDATE consent_entries SET actor_id = :actor_id, prev_hash = :prev_hash, "
        "row_hash = :row_hash, mac = :mac WHERE id = :id"
    )
    names = ("actor_id", "prev_hash", "row_hash", "mac", "id")
    tamper(filled, [(change, {name: row[name] for name in names}) for row in rewritten])
    tamper(filled, one("UPDATE consent_head SET row_hash = :h", h=previous))
    assert first_bad(filled) == bad


def test_a_key_ring_of_another_database_is_told_from_tampering(filled: Database) -> None:
    other = Database(filled.url, keys=new_key_ring())
    try:
        with other.reading() as session:
            assert verification.keys_fit(session) is False
            assert verification.find_fault(session, keyed=False) is None
    finally:
        other.dispose()
    with filled.reading() as session:
        assert verification.keys_fit(session) is True


REFUSED = {
    "update": "UPDATE consent_entries SET action = 'opt_out' WHERE id = 1",
    "delete": "DELETE FROM consent_entries WHERE id = 12",
    "update of words": "UPDATE wordings SET text = ''",
    "delete of words": "DELETE FROM wordings",
}
REFUSED_BY_SQLITE = {
    "replace": "REPLACE INTO consent_entries SELECT * FROM consent_entries WHERE id = 3",
    "insert or replace": "INSERT OR REPLACE INTO wordings SELECT sha256, '' FROM wordings",
    "update or replace": "UPDATE OR REPLACE consent_entries SET id = 2 WHERE id = 3",
}
REFUSED_BY_POSTGRES = {
    "truncate": "TRUNCATE consent_entries CASCADE",
    "truncate of words": "TRUNCATE wordings CASCADE",
    "upsert": "INSERT INTO wordings SELECT * FROM wordings ON CONFLICT (sha256) "
    "DO UPDATE SET text = 'other'",
}


def test_the_database_refuses_every_verb_that_would_change_the_ledger(filled: Database) -> None:
    own = REFUSED_BY_SQLITE if filled.is_sqlite else REFUSED_BY_POSTGRES
    for statement in (REFUSED | own).values():
        with pytest.raises(DBAPIError, match="append-only"), filled.transaction() as session:
            session.execute(text(statement))
    assert first_bad(filled) is None
