"""Make the tables of broadcasts.

Revision: 0009
After: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "broadcasts",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("segment_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("rule", campaigns.core.db.JsonValue, nullable=True),
        sa.Column("email_lesson_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("sms_lesson_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("email_version_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("sms_version_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("timing", sa.String(length=3), nullable=False),
        sa.Column("scheduled_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("expires_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("give_up_days", sa.Integer(), nullable=False),
        sa.Column("important", sa.Boolean(), nullable=False),
        sa.Column("paused_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.String(length=120), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("third_party_paid", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_by_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("scheduled_by", sa.String(length=120), nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("started_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("fanned_out_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("fanout_after_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("finished_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("archived_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["email_lesson_id"], ["lessons.id"], name=op.f("fk_broadcasts_email_lesson_id_lessons")
        ),
        sa.ForeignKeyConstraint(
            ["email_version_id"],
            ["lesson_versions.id"],
            name=op.f("fk_broadcasts_email_version_id_lesson_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_broadcasts_segment_id_segments")
        ),
        sa.ForeignKeyConstraint(
            ["sms_lesson_id"], ["lessons.id"], name=op.f("fk_broadcasts_sms_lesson_id_lessons")
        ),
        sa.ForeignKeyConstraint(
            ["sms_version_id"],
            ["lesson_versions.id"],
            name=op.f("fk_broadcasts_sms_version_id_lesson_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    op.create_index(op.f("ix_broadcasts_state"), "broadcasts", ["state"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_broadcasts_state"), table_name="broadcasts")
    op.drop_table("broadcasts")
