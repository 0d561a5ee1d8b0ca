"""Sessions: only the boundary commits, reading cannot write, times are aware."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from campaigns.core import schema
from campaigns.core.db import Database
from campaigns.core.errors import Conflict
from campaigns.jobs.models import Lease

AT = datetime(2026, 3, 8, 6, 59, 30, 123456, tzinfo=UTC)


def test_a_transaction_commits_at_its_end_and_rolls_back_on_an_error(each_db: Database) -> None:
    with each_db.transaction() as session:
        session.add(Lease(name="kept", holder="a", until=AT))
    with pytest.raises(ZeroDivisionError), each_db.transaction() as session:
        session.add(Lease(name="lost", holder="a", until=AT))
        session.flush()
        _ = 1 / 0
    with each_db.reading() as session:
        assert session.get(Lease, "kept") is not None
        assert session.get(Lease, "lost") is None


def test_a_reading_session_cannot_write(each_db: Database) -> None:
    with pytest.raises(DBAPIError), each_db.reading() as session:
        session.execute(
            text("INSERT INTO leases (name, holder, until) VALUES ('x', 'y', '2026-01-01')")
        )


def test_times_come_back_aware_and_in_utc(each_db: Database) -> None:
    eastern = timezone(timedelta(hours=-5))
    with each_db.transaction() as session:
        session.add(Lease(name="t", holder="a", until=AT.astimezone(eastern)))
    with each_db.reading() as session:
        found = session.get(Lease, "t")
        assert found is not None
        assert found.until == AT
        assert found.until.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused(each_db: Database) -> None:
    with pytest.raises(StatementError, match="naive"), each_db.transaction() as session:
        session.add(Lease(name="t", holder="a", until=AT.replace(tzinfo=None)))


def test_a_database_of_a_newer_version_is_left_alone(each_db: Database) -> None:
    with each_db.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    with pytest.raises(Conflict, match="newer version"):
        schema.upgrade(each_db)
    assert schema.current(each_db) == "from-the-future"


def test_sqlite_keeps_every_commit_through_a_power_cut(db: Database) -> None:
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
