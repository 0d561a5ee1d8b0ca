"""Make the tables of consent.

Revision: 0004
After: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "disclosures",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("frequency_per_month", sa.Integer(), nullable=True),
        sa.Column("checklist", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.Column("approved_by_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("approved_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("retired_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
        sa.UniqueConstraint(
            "kind", "locale", "version", name=op.f("uq_disclosures_kind_locale_version")
        ),
    )
    op.create_table(
        "signup_attempts",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("ip_hash", sa.String(length=32), nullable=False),
        sa.Column("network_hash", sa.String(length=32), nullable=False),
        sa.Column("email_hash", sa.String(length=32), nullable=True),
        sa.Column("phone_hash", sa.String(length=32), nullable=True),
        sa.Column("phone_block_hash", sa.String(length=32), nullable=True),
        sa.Column("text_parts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup_attempts")),
    )
    op.create_index(op.f("ix_signup_attempts_at"), "signup_attempts", ["at"], unique=False)
    op.create_index(
        "ix_signup_attempts_email", "signup_attempts", ["email_hash", "at"], unique=False
    )
    op.create_index("ix_signup_attempts_ip", "signup_attempts", ["ip_hash", "at"], unique=False)
    op.create_index(
        "ix_signup_attempts_network", "signup_attempts", ["network_hash", "at"], unique=False
    )
    op.create_index(
        "ix_signup_attempts_phone", "signup_attempts", ["phone_hash", "at"], unique=False
    )
    op.create_table(
        "signup_forms",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("keyword", sa.String(length=12), nullable=True),
        sa.Column("channels", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("topics", campaigns.core.db.JsonValue, nullable=True),
        sa.Column("words", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("embed_origins", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup_forms")),
        sa.UniqueConstraint("keyword", name=op.f("uq_signup_forms_keyword")),
        sa.UniqueConstraint("slug", name=op.f("uq_signup_forms_slug")),
    )
    op.create_table(
        "signup_tablets",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("form_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("opened_by_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("opened_by", sa.String(length=120), nullable=False),
        sa.Column("opened_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("blank_since", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("spent_seats", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("ended_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["form_id"], ["signup_forms.id"], name=op.f("fk_signup_tablets_form_id_signup_forms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup_tablets")),
    )
    op.create_index(op.f("ix_signup_tablets_form_id"), "signup_tablets", ["form_id"], unique=False)
    op.create_table(
        "scans",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(length=120), nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("uploaded_by", sa.String(length=120), nullable=False),
        sa.Column("uploaded_by_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("erased_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scans")),
    )
    op.create_index("ix_scans_contact", "scans", ["contact_id"], unique=False)
    op.create_index("ix_scans_sha256", "scans", ["sha256"], unique=False)
    op.create_table(
        "wordings",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_wordings")),
    )
    op.create_table(
        "consent_entries",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("program", sa.String(length=10), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("expressed_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("recorded_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("address_hash", sa.String(length=72), nullable=True),
        sa.Column("disclosure_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("wording_sha256", sa.String(length=64), nullable=True),
        sa.Column("evidence_sha256", sa.String(length=64), nullable=False),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["disclosure_id"],
            ["disclosures.id"],
            name=op.f("fk_consent_entries_disclosure_id_disclosures"),
        ),
        sa.ForeignKeyConstraint(
            ["wording_sha256"],
            ["wordings.sha256"],
            name=op.f("fk_consent_entries_wording_sha256_wordings"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_entries")),
    )
    op.create_index(
        "ix_consent_entries_contact",
        "consent_entries",
        ["contact_id", "channel", "id"],
        unique=False,
    )
    op.create_index(
        "ix_consent_entries_action",
        "consent_entries",
        ["action", "recorded_at", "contact_id"],
        unique=False,
    )
    op.create_table(
        "consent_head",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("entry_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=48), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_head")),
    )
    op.create_table(
        "preference_codes",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("message_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_preference_codes_contact_id_contacts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference_codes")),
    )
    op.create_index(
        "ix_preference_codes_contact",
        "preference_codes",
        ["contact_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "consent_evidence",
        sa.Column("entry_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("details", campaigns.core.db.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["consent_entries.id"],
            name=op.f("fk_consent_evidence_entry_id_consent_entries"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_consent_evidence")),
    )
    op.create_table(
        "consent_states",
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("since", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("entry_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("frequency_per_month", sa.Integer(), nullable=True),
        sa.Column("source_label", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_consent_states_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["consent_entries.id"],
            name=op.f("fk_consent_states_entry_id_consent_entries"),
        ),
        sa.PrimaryKeyConstraint("contact_id", "channel", name=op.f("pk_consent_states")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "optin_requests",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("entry_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("requested_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("form_id", campaigns.core.db.BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_optin_requests_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["consent_entries.id"],
            name=op.f("fk_optin_requests_entry_id_consent_entries"),
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["signup_forms.id"], name=op.f("fk_optin_requests_form_id_signup_forms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_optin_requests")),
    )
    op.create_index(
        "ix_optin_requests_contact", "optin_requests", ["contact_id", "channel"], unique=False
    )
    op.create_index(op.f("ix_optin_requests_form_id"), "optin_requests", ["form_id"], unique=False)
    op.create_index(
        op.f("ix_optin_requests_requested_at"), "optin_requests", ["requested_at"], unique=False
    )
    op.create_index(
        "uq_optin_requests_import",
        "optin_requests",
        ["channel", "address"],
        unique=True,
        sqlite_where=sa.text("origin = 'import' AND address <> ''"),
        postgresql_where=sa.text("origin = 'import' AND address <> ''"),
    )
    op.create_table(
        "suppressions",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("address_hash", sa.String(length=72), nullable=False),
        sa.Column("mailbox_hash", sa.String(length=72), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.Column("contact_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("expressed_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("lifted_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.Column("lifted_by_entry_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("lift_note", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["lifted_by_entry_id"],
            ["consent_entries.id"],
            name=op.f("fk_suppressions_lifted_by_entry_id_consent_entries"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    op.create_index("ix_suppressions_address_hash", "suppressions", ["address_hash"], unique=False)
    op.create_index(
        "ix_suppressions_mailbox_hash", "suppressions", ["mailbox_hash", "lifted_at"], unique=False
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_suppressions_mailbox_hash", table_name="suppressions")
    op.drop_index("ix_suppressions_address_hash", table_name="suppressions")
    op.drop_table("suppressions")
    op.drop_index("uq_optin_requests_import", table_name="optin_requests")
    op.drop_index(op.f("ix_optin_requests_requested_at"), table_name="optin_requests")
    op.drop_index(op.f("ix_optin_requests_form_id"), table_name="optin_requests")
    op.drop_index("ix_optin_requests_contact", table_name="optin_requests")
    op.drop_table("optin_requests")
    op.drop_table("consent_states")
    op.drop_table("consent_evidence")
    op.drop_index("ix_preference_codes_contact", table_name="preference_codes")
    op.drop_table("preference_codes")
    op.drop_table("consent_head")
    op.drop_index("ix_consent_entries_action", table_name="consent_entries")
    op.drop_index("ix_consent_entries_contact", table_name="consent_entries")
    op.drop_table("consent_entries")
    op.drop_index("ix_scans_sha256", table_name="scans")
    op.drop_index("ix_scans_contact", table_name="scans")
    op.drop_table("scans")
    op.drop_table("wordings")
    op.drop_index(op.f("ix_signup_tablets_form_id"), table_name="signup_tablets")
    op.drop_table("signup_tablets")
    op.drop_table("signup_forms")
    op.drop_index("ix_signup_attempts_phone", table_name="signup_attempts")
    op.drop_index("ix_signup_attempts_network", table_name="signup_attempts")
    op.drop_index("ix_signup_attempts_ip", table_name="signup_attempts")
    op.drop_index("ix_signup_attempts_email", table_name="signup_attempts")
    op.drop_index(op.f("ix_signup_attempts_at"), table_name="signup_attempts")
    op.drop_table("signup_attempts")
    op.drop_table("disclosures")
