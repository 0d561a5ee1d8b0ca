"""Make the tables of audience.

Revision: 0006
After: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "interests",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interests")),
        sa.UniqueConstraint("code", name=op.f("uq_interests_code")),
    )
    op.create_table(
        "segments",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("rule", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("archived_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
    )
    op.create_table(
        "contact_interests",
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("interest_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("since", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("by_email", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("by_sms", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_contact_interests_contact_id_contacts"),
        ),
        sa.ForeignKeyConstraint(
            ["interest_id"],
            ["interests.id"],
            name=op.f("fk_contact_interests_interest_id_interests"),
        ),
        sa.PrimaryKeyConstraint("contact_id", "interest_id", name=op.f("pk_contact_interests")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_contact_interests_interest",
        "contact_interests",
        ["interest_id", "contact_id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_contact_interests_interest", table_name="contact_interests")
    op.drop_table("contact_interests")
    op.drop_table("segments")
    op.drop_table("interests")
