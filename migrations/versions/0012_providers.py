"""Make the tables of providers.

Revision: 0012
After: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "local_deliveries",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("message_token", sa.String(length=34), nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("to", sa.String(length=254), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("headers", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_deliveries")),
    )
    op.create_index("ix_local_deliveries_at", "local_deliveries", ["at", "id"], unique=False)
    op.create_index(
        op.f("ix_local_deliveries_message_token"),
        "local_deliveries",
        ["message_token"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_local_deliveries_message_token"), table_name="local_deliveries")
    op.drop_index("ix_local_deliveries_at", table_name="local_deliveries")
    op.drop_table("local_deliveries")
