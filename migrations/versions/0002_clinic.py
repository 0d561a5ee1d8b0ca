"""Make the tables of clinic.

Revision: 0002
After: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "clinic",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("brand", sa.String(length=24), nullable=False),
        sa.Column("street", sa.String(length=120), nullable=True),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("state", sa.String(length=2), nullable=True),
        sa.Column("postal_code", sa.String(length=10), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("website", sa.String(length=255), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("sender_email", sa.String(length=254), nullable=True),
        sa.Column("reply_to", sa.String(length=254), nullable=True),
        sa.Column("booking_url", sa.Text(), nullable=True),
        sa.Column("consultation_url", sa.Text(), nullable=True),
        sa.Column("accent", sa.String(length=7), nullable=False),
        sa.Column("privacy_mode", sa.String(length=10), nullable=True),
        sa.Column("strict_review", sa.Boolean(), nullable=False),
        sa.Column("sms_window", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("email_window", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("strict_hours", sa.Boolean(), nullable=False),
        sa.Column("sms_per_day", sa.Integer(), nullable=False),
        sa.Column("sms_per_week", sa.Integer(), nullable=False),
        sa.Column("email_per_day", sa.Integer(), nullable=False),
        sa.Column("email_per_week", sa.Integer(), nullable=False),
        sa.Column("text_number", sa.String(length=16), nullable=True),
        sa.Column("text_part_cost", sa.Integer(), nullable=False),
        sa.Column("signup_text_budget", sa.Integer(), nullable=False),
        sa.Column("answers_health", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("stopped_by", sa.String(length=120), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
    )
    op.create_table(
        "closures",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_table(
        "switches",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column("stopped_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("stopped_by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "code", name=op.f("pk_switches")),
    )
    op.create_table(
        "transports",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("baa_signed_on", sa.Date(), nullable=True),
        sa.Column("baa_reference", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_transports")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("transports")
    op.drop_table("switches")
    op.drop_table("closures")
    op.drop_table("clinic")
