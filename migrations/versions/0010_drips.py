"""Make the tables of drips.

Revision: 0010
After: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "drips",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("segment_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("enrol_existing", sa.Boolean(), nullable=False),
        sa.Column("ends_on_booking", sa.Boolean(), nullable=False),
        sa.Column("reenter_after_days", sa.Integer(), nullable=True),
        sa.Column("version_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("live_since", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("looked_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("look_ms", sa.Integer(), nullable=False),
        sa.Column("paused_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("archived_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_drips_segment_id_segments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drips")),
    )
    op.create_index(op.f("ix_drips_state"), "drips", ["state"], unique=False)
    op.create_table(
        "drip_bystanders",
        sa.Column("drip_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_drip_bystanders_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["drip_id"], ["drips.id"], name=op.f("fk_drip_bystanders_drip_id_drips")
        ),
        sa.PrimaryKeyConstraint("drip_id", "contact_id", name=op.f("pk_drip_bystanders")),
    )
    op.create_table(
        "drip_versions",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("drip_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("published_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("published_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["drip_id"], ["drips.id"], name=op.f("fk_drip_versions_drip_id_drips")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drip_versions")),
        sa.UniqueConstraint("drip_id", "number", name=op.f("uq_drip_versions_drip_id_number")),
    )
    op.create_table(
        "drip_steps",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("version_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("lesson_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("lesson_version_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("wait_days", sa.Integer(), nullable=False),
        sa.Column("wait_minutes", sa.Integer(), nullable=False),
        sa.Column("at_local_time", sa.String(length=5), nullable=True),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_drip_steps_lesson_id_lessons")
        ),
        sa.ForeignKeyConstraint(
            ["lesson_version_id"],
            ["lesson_versions.id"],
            name=op.f("fk_drip_steps_lesson_version_id_lesson_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["drip_versions.id"],
            name=op.f("fk_drip_steps_version_id_drip_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drip_steps")),
        sa.UniqueConstraint(
            "version_id", "position", name=op.f("uq_drip_steps_version_id_position")
        ),
    )
    op.create_table(
        "enrolments",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("drip_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("version_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("waits_from", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("next_due_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("enrolled_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("ended_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("end_reason", sa.String(length=30), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_enrolments_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["drip_id"], ["drips.id"], name=op.f("fk_enrolments_drip_id_drips")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["drip_versions.id"],
            name=op.f("fk_enrolments_version_id_drip_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint(
            "drip_id", "contact_id", "entry", name=op.f("uq_enrolments_drip_id_contact_id_entry")
        ),
    )
    op.create_index("ix_enrolments_contact", "enrolments", ["contact_id", "state"], unique=False)
    op.create_index(
        "ix_enrolments_due",
        "enrolments",
        ["drip_id", "next_due_at", "id", "version_id", "position"],
        unique=False,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index("ix_enrolments_standing", "enrolments", ["drip_id", "state"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_enrolments_standing", table_name="enrolments")
    op.drop_index(
        "ix_enrolments_due",
        table_name="enrolments",
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.drop_index("ix_enrolments_contact", table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_table("drip_steps")
    op.drop_table("drip_versions")
    op.drop_table("drip_bystanders")
    op.drop_index(op.f("ix_drips_state"), table_name="drips")
    op.drop_table("drips")
