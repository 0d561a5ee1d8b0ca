"""Make the tables of content.

Revision: 0008
After: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import campaigns.core.db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "images",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("name", sa.String(length=43), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("name", name=op.f("uq_images_name")),
    )
    op.create_table(
        "lessons",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("interest_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("draft", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.String(length=120), nullable=False),
        sa.Column("updated_by_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("archived_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["interest_id"], ["interests.id"], name=op.f("fk_lessons_interest_id_interests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
    )
    op.create_table(
        "lesson_versions",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("lesson_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("source", campaigns.core.db.JsonValue, nullable=False),
        sa.Column("review_hash", sa.String(length=64), nullable=False),
        sa.Column("booking", sa.String(length=12), nullable=False),
        sa.Column("author_id", campaigns.core.db.BigId, nullable=True),
        sa.Column("author_name", sa.String(length=120), nullable=False),
        sa.Column("created_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_versions_lesson_id_lessons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_versions")),
        sa.UniqueConstraint(
            "lesson_id", "number", name=op.f("uq_lesson_versions_lesson_id_number")
        ),
    )
    op.create_index(
        op.f("ix_lesson_versions_review_hash"), "lesson_versions", ["review_hash"], unique=False
    )
    op.create_table(
        "links",
        sa.Column("version_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["lesson_versions.id"], name=op.f("fk_links_version_id_lesson_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_links")),
    )
    op.create_table(
        "review_requests",
        sa.Column("version_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("requested_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["lesson_versions.id"],
            name=op.f("fk_review_requests_version_id_lesson_versions"),
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_review_requests")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", campaigns.core.db.BigId, nullable=False),
        sa.Column("version_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("review_hash", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("block_id", sa.String(length=40), nullable=True),
        sa.Column("reviewer_id", campaigns.core.db.BigId, nullable=False),
        sa.Column("reviewer_name", sa.String(length=120), nullable=False),
        sa.Column("credential", sa.String(length=60), nullable=False),
        sa.Column("decided_at", campaigns.core.db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", campaigns.core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["lesson_versions.id"],
            name=op.f("fk_reviews_version_id_lesson_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_review_hash"), "reviews", ["review_hash"], unique=False)
    op.create_index(op.f("ix_reviews_version_id"), "reviews", ["version_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_reviews_version_id"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_review_hash"), table_name="reviews")
    op.drop_table("reviews")
    op.drop_table("review_requests")
    op.drop_table("links")
    op.drop_index(op.f("ix_lesson_versions_review_hash"), table_name="lesson_versions")
    op.drop_table("lesson_versions")
    op.drop_table("lessons")
    op.drop_table("images")
