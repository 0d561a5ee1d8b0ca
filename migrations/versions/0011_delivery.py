"""Make the tables of delivery.

Revision: 0011
After: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "batches",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("origin_kind", sa.String(length=12), nullable=False),
        sa.Column("origin_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("version_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("lease_holder", sa.String(length=120), nullable=True),
        sa.Column("lease_until", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("done_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(
        "ix_batches_due",
        "batches",
        ["channel", "priority", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_batches_origin", "batches", ["origin_kind", "origin_id"], unique=False)
    op.create_table(
        "breakers",
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("uncertain_in_a_row", sa.Integer(), nullable=False),
        sa.Column("open_until", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_breakers")),
    )
    op.create_table(
        "hour_profiles",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("zones", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("states", campaigns.core.db.JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hour_profiles")),
        sa.UniqueConstraint("key", name=op.f("uq_hour_profiles_key")),
    )
    op.create_table(
        "listening",
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("read_until", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("tried_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("failing_since", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_listening")),
    )
    op.create_table(
        "rate_buckets",
        sa.Column("sender", sa.String(length=80), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sender", name=op.f("pk_rate_buckets")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("batch_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("started_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("provider_request_id", sa.String(length=120), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_attempts_batch_id_batches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_batch_id"), "attempts", ["batch_id"], unique=False)
    op.create_index(op.f("ix_attempts_started_at"), "attempts", ["started_at"], unique=False)
    op.create_table(
        "contact_hours",
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("profile_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("derived_from", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_hours_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["hour_profiles.id"],
            name=op.f("fk_contact_hours_profile_id_hour_profiles"),
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contact_hours")),
    )
    op.create_table(
        "messages",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("origin_kind", sa.String(length=12), nullable=False),
        sa.Column("origin_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("subject_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("address", sa.String(length=254), nullable=True),
        sa.Column("version_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("body", campaigns.core.db.JsonValue, nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("due_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("held_until", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("expires_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("batch_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("attempt_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("check_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("intent_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("consent_entry_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("provider", sa.String(length=20), nullable=True),
        sa.Column("provider_id", sa.String(length=120), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.Column("text_digest", sa.String(length=64), nullable=True),
        sa.Column("accepted_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("delivered_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("settled_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_messages_batch_id_batches")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_messages_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["lesson_versions.id"],
            name=op.f("fk_messages_version_id_lesson_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "origin_kind",
            "origin_id",
            "subject_id",
            "channel",
            name=op.f("uq_messages_origin_kind_origin_id_subject_id_channel"),
        ),
    )
    op.create_index("ix_messages_batch", "messages", ["batch_id", "state"], unique=False)
    op.create_index(
        "ix_messages_contact", "messages", ["contact_id", "channel", "intent_at"], unique=False
    )
    op.create_index(
        "ix_messages_held",
        "messages",
        ["held_until", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_messages_loose",
        "messages",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'planned' AND batch_id IS NULL"),
        postgresql_where=sa.text("state = 'planned' AND batch_id IS NULL"),
    )
    op.create_index(
        "ix_messages_origin_state",
        "messages",
        ["origin_kind", "origin_id", "state", "channel", "intent_at", "reason"],
        unique=False,
    )
    op.create_index(
        "ix_messages_provider_id",
        "messages",
        ["provider_id"],
        unique=False,
        sqlite_where=sa.text("provider_id IS NOT NULL"),
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_uncertain",
        "messages",
        ["check_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'uncertain'"),
        postgresql_where=sa.text("state = 'uncertain'"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(
        "ix_messages_uncertain",
        table_name="messages",
        sqlite_where=sa.text("state = 'uncertain'"),
        postgresql_where=sa.text("state = 'uncertain'"),
    )
    op.drop_index(
        "ix_messages_provider_id",
        table_name="messages",
        sqlite_where=sa.text("provider_id IS NOT NULL"),
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )
    op.drop_index("ix_messages_origin_state", table_name="messages")
    op.drop_index(
        "ix_messages_loose",
        table_name="messages",
        sqlite_where=sa.text("state = 'planned' AND batch_id IS NULL"),
        postgresql_where=sa.text("state = 'planned' AND batch_id IS NULL"),
    )
    op.drop_index(
        "ix_messages_held",
        table_name="messages",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_index("ix_messages_contact", table_name="messages")
    op.drop_index("ix_messages_batch", table_name="messages")
    op.drop_table("messages")
    op.drop_table("contact_hours")
    op.drop_index(op.f("ix_attempts_started_at"), table_name="attempts")
    op.drop_index(op.f("ix_attempts_batch_id"), table_name="attempts")
    op.drop_table("attempts")
    op.drop_table("rate_buckets")
    op.drop_table("listening")
    op.drop_table("hour_profiles")
    op.drop_table("breakers")
    op.drop_index("ix_batches_origin", table_name="batches")
    op.drop_index(
        "ix_batches_due",
        table_name="batches",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_table("batches")
