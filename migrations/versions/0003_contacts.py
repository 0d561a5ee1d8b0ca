"""Make the tables of contacts.

Revision: 0003
After: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "contacts",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("first_name", sa.String(length=80), nullable=False),
        sa.Column("last_name", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("adult_confirmed", sa.Boolean(), nullable=False),
        sa.Column("postal_code", sa.String(length=10), nullable=True),
        sa.Column("state", sa.String(length=2), nullable=True),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("hold_until", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("hold_reason", sa.String(length=40), nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("no_click_tracking", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("last_clicked_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("last_booked_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("last_heard_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("merged_into_id", campaigns.core.db.BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["merged_into_id"],
            ["contacts.id"],
            name=op.f("fk_contacts_merged_into_id_contacts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_created_at"), "contacts", ["created_at"], unique=False)
    op.create_index("ix_contacts_name", "contacts", ["last_name", "first_name", "id"], unique=False)
    op.create_index(
        "ix_contacts_merged",
        "contacts",
        ["merged_into_id"],
        unique=False,
        sqlite_where=sa.text("merged_into_id IS NOT NULL"),
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_table(
        "addresses",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_hash", sa.String(length=72), nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_addresses_contact_id_contacts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
        sa.UniqueConstraint("contact_id", "channel", name=op.f("uq_addresses_contact_id_channel")),
    )
    op.create_index(
        "ix_addresses_channel_address",
        "addresses",
        ["channel", "address"],
        unique=False,
    )
    op.create_table(
        "notes",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_notes_contact_id_contacts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_contact_id"), "notes", ["contact_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_notes_contact_id"), table_name="notes")
    op.drop_table("notes")
    op.drop_index("ix_addresses_channel_address", table_name="addresses")
    op.drop_table("addresses")
    op.drop_index("ix_contacts_name", table_name="contacts")
    op.drop_index(op.f("ix_contacts_created_at"), table_name="contacts")
    op.drop_table("contacts")
