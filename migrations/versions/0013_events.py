"""Make the tables of events.

Revision: 0013
After: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "clicks",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("message_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("link_number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("suspect", sa.Boolean(), nullable=False),
        sa.Column("suspect_reason", sa.String(length=40), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("heard_before", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clicks")),
    )
    op.create_index(op.f("ix_clicks_at"), "clicks", ["at"], unique=False)
    op.create_index("ix_clicks_message", "clicks", ["message_id", "link_number"], unique=False)
    op.create_table(
        "comparisons",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("night", sa.Date(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("started_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("finished_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("counts", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint("provider", "night", name=op.f("uq_comparisons_provider_night")),
    )
    op.create_table(
        "inbound_texts",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("provider_sid", sa.String(length=40), nullable=False),
        sa.Column("signature_digest", sa.String(length=64), nullable=True),
        sa.Column("from_address", sa.String(length=20), nullable=False),
        sa.Column("to_address", sa.String(length=40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("intent", sa.String(length=10), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("opt_out_type", sa.String(length=10), nullable=True),
        sa.Column("received_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("read_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("resolved_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("resolved_by", sa.String(length=120), nullable=True),
        sa.Column("resolution", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_texts")),
        sa.UniqueConstraint("provider_sid", name=op.f("uq_inbound_texts_provider_sid")),
        sa.UniqueConstraint("signature_digest", name=op.f("uq_inbound_texts_signature_digest")),
    )
    op.create_index(
        op.f("ix_inbound_texts_contact_id"), "inbound_texts", ["contact_id"], unique=False
    )
    op.create_index(
        "ix_inbound_texts_from", "inbound_texts", ["from_address", "received_at"], unique=False
    )
    op.create_index(
        op.f("ix_inbound_texts_received_at"), "inbound_texts", ["received_at"], unique=False
    )
    op.create_index(
        "ix_inbound_texts_unclear",
        "inbound_texts",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("intent = 'unclear' AND resolved_at IS NULL"),
        postgresql_where=sa.text("intent = 'unclear' AND resolved_at IS NULL"),
    )
    op.create_table(
        "provider_events",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column("provider_event_id", sa.String(length=120), nullable=True),
        sa.Column("signature_digest", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("message_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("occurred_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("received_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("payload", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("applied_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("effect", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_provider_events_dedupe_key")),
        sa.UniqueConstraint(
            "provider",
            "provider_event_id",
            name=op.f("uq_provider_events_provider_provider_event_id"),
        ),
        sa.UniqueConstraint("signature_digest", name=op.f("uq_provider_events_signature_digest")),
    )
    op.create_index("ix_provider_events_message", "provider_events", ["message_id"], unique=False)
    op.create_index(
        "ix_provider_events_pending",
        "provider_events",
        ["id"],
        unique=False,
        sqlite_where=sa.text("applied_at IS NULL"),
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.create_index("ix_provider_events_received", "provider_events", ["received_at"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_provider_events_received", table_name="provider_events")
    op.drop_index(
        "ix_provider_events_pending",
        table_name="provider_events",
        sqlite_where=sa.text("applied_at IS NULL"),
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.drop_index("ix_provider_events_message", table_name="provider_events")
    op.drop_table("provider_events")
    op.drop_index(
        "ix_inbound_texts_unclear",
        table_name="inbound_texts",
        sqlite_where=sa.text("intent = 'unclear' AND resolved_at IS NULL"),
        postgresql_where=sa.text("intent = 'unclear' AND resolved_at IS NULL"),
    )
    op.drop_index(op.f("ix_inbound_texts_received_at"), table_name="inbound_texts")
    op.drop_index("ix_inbound_texts_from", table_name="inbound_texts")
    op.drop_index(op.f("ix_inbound_texts_contact_id"), table_name="inbound_texts")
    op.drop_table("inbound_texts")
    op.drop_table("comparisons")
    op.drop_index("ix_clicks_message", table_name="clicks")
    op.drop_index(op.f("ix_clicks_at"), table_name="clicks")
    op.drop_table("clicks")
