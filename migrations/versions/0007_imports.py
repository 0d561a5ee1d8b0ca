"""Make the tables of imports.

Revision: 0007
After: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "imports",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("encoding", sa.String(length=20), nullable=False),
        sa.Column("delimiter", sa.String(length=1), nullable=False),
        sa.Column("header", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("mapping", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("options", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("next_line", sa.Integer(), nullable=False),
        sa.Column("stops_done", sa.Boolean(), nullable=False),
        sa.Column("undo_line", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("tally", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("uploaded_by", sa.String(length=120), nullable=False),
        sa.Column("uploaded_by_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("started_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("finished_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "import_files",
        sa.Column("import_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_files_import_id_imports")
        ),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import_files")),
    )
    op.create_table(
        "import_attestations",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("import_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("scan_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_import_attestations")),
    )
    op.create_index(
        op.f("ix_import_attestations_import_id"), "import_attestations", ["import_id"], unique=False
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cells", campaigns.core.db.JsonValue, nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id_imports")
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_rows")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_import_rows_contact", "import_rows", ["contact_id", "import_id"], unique=False
    )
    op.create_index("ix_import_rows_outcome", "import_rows", ["import_id", "outcome"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_import_rows_outcome", table_name="import_rows")
    op.drop_index("ix_import_rows_contact", table_name="import_rows")
    op.drop_table("import_rows")
    op.drop_index(op.f("ix_import_attestations_import_id"), table_name="import_attestations")
    op.drop_table("import_attestations")
    op.drop_table("import_files")
    op.drop_table("imports")
