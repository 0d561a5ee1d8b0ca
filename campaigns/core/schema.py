"""Bring the database to the newest schema, and tell whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from campaigns.core.db import Database
from campaigns.core.errors import Conflict

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def config() -> Config:
    """Return Alembic's configuration for this project."""
    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return alembic


def upgrade(db: Database, revision: str = "head") -> None:
    """Apply all migrations up to ``revision``; does nothing when they are applied already.

    Raises: Conflict when the database was written by a newer version of the service.
    """
    with db.engine.connect() as connection, connection.begin():
        _refuse_newer(connection)
        alembic = config()
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, revision)


def current(db: Database) -> str | None:
    """Return the database's revision, None for an empty one."""
    with db.engine.connect() as connection:
        revision: str | None = MigrationContext.configure(connection).get_current_revision()
        return revision


def head() -> str:
    """Return the newest revision that this version of the service knows."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    assert revision is not None
    return revision


def require_current(db: Database) -> None:
    """Raise Conflict unless the schema is the one this version needs."""
    found = current(db)
    if found != head():
        raise Conflict(
            "schema_outdated",
            f"The database has schema {found or 'none'}, this version needs {head()}. "
            "Run: campaigns db upgrade",
        )


def _refuse_newer(connection: Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if found is not None and found not in known:
        raise Conflict(
            "schema_newer",
            f"The database has schema {found}, which this version does not know: it was written "
            "by a newer version. Nothing was changed; start that version instead.",
        )
