"""The migrations make exactly what the models say, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from campaigns.core.db import Base, Database

APPEND_ONLY = ["consent_entries", "wordings", "audit_entries", "lesson_versions", "reviews"]


def test_models_and_migrations_do_not_drift(each_db: Database) -> None:
    with each_db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_append_only_tables_have_their_triggers_at_head(each_db: Database) -> None:
    query = (
        "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if each_db.is_sqlite
        else "SELECT event_object_table FROM information_schema.triggers"
    )
    with each_db.engine.connect() as connection:
        guarded = set(connection.scalars(text(query)))
    assert guarded >= set(APPEND_ONLY)


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_the_database_itself_refuses_to_change_a_wording(each_db: Database, verb: str) -> None:
    with each_db.transaction() as session:
        session.execute(text("INSERT INTO wordings (sha256, text) VALUES ('a', 'I agree')"))
    statement = (
        "UPDATE wordings SET text = 'I never agreed'"
        if verb == "UPDATE"
        else "DELETE FROM wordings"
    )
    with pytest.raises(DBAPIError, match="append-only"), each_db.transaction() as session:
        session.execute(text(statement))
