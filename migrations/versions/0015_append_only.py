"""Refuse UPDATE and DELETE on what is append-only, in the database itself.

Alembic's batch mode rebuilds a SQLite table and drops its triggers silently: these
tables are never batch-altered, and a test looks for the triggers at head.

Revision: 0015
After: 0014
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "consent_entries",
    "wordings",
    "audit_entries",
    "import_attestations",
    "lesson_versions",
    "reviews",
)
TAKEN = {
    "consent_entries": "id = NEW.id",
    "wordings": "sha256 = NEW.sha256",
    "audit_entries": "id = NEW.id",
    "import_attestations": "sha256 = NEW.sha256",
    "lesson_versions": "id = NEW.id OR (lesson_id = NEW.lesson_id AND number = NEW.number)",
    "reviews": "id = NEW.id",
    "disclosures": (
        "id = NEW.id OR (kind = NEW.kind AND locale = NEW.locale AND version = NEW.version)"
    ),
}
"""What makes a row one that is there already: SQLite's REPLACE deletes it without a trigger."""
WORDS_OF_A_DISCLOSURE = ("kind", "locale", "version", "text", "frequency_per_month", "created_at")
"""What people were shown; who approved it, and whether it is in use, may change."""


def upgrade() -> None:
    """Make two triggers for each append-only table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
            END $$
            """
        )
        for table in APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        columns = ", ".join(WORDS_OF_A_DISCLOSURE)
        op.execute(
            "CREATE TRIGGER disclosures_append_only "
            f"BEFORE DELETE OR UPDATE OF {columns} ON disclosures "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER disclosures_no_truncate BEFORE TRUNCATE ON disclosures "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            _refuse(f"no_{verb.lower()}", f"{verb} ON {table}", table)
        _refuse("no_replace", f"INSERT ON {table} {_taken(table)}", table)
    columns = ", ".join(WORDS_OF_A_DISCLOSURE)
    _refuse("no_update", f"UPDATE OF {columns} ON disclosures", "disclosures")
    _refuse("no_delete", "DELETE ON disclosures", "disclosures")
    _refuse("no_replace", f"INSERT ON disclosures {_taken('disclosures')}", "disclosures")


def _taken(table: str) -> str:
    return f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {TAKEN[table]})"  # noqa: S608


def _refuse(name: str, event: str, table: str) -> None:
    """Make one trigger of SQLite."""
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {event} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def downgrade() -> None:
    """Remove the triggers."""
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        op.execute("DROP TRIGGER disclosures_append_only ON disclosures")
        op.execute("DROP TRIGGER disclosures_no_truncate ON disclosures")
        op.execute("DROP FUNCTION refuse_change()")
        return
    for table in (*APPEND_ONLY, "disclosures"):
        for verb in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}")
