"""Make the tables of bookings.

Revision: 0005
After: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bookings",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("booked_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("starts_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("recorded_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("message_id", campaigns.core.db.BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_bookings_contact_id_contacts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_bookings_source_external_id")),
    )
    op.create_index(op.f("ix_bookings_booked_at"), "bookings", ["booked_at"], unique=False)
    op.create_index(op.f("ix_bookings_contact_id"), "bookings", ["contact_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_bookings_contact_id"), table_name="bookings")
    op.drop_index(op.f("ix_bookings_booked_at"), table_name="bookings")
    op.drop_table("bookings")
