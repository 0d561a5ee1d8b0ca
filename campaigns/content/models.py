"""Tables of content: lessons, their immutable versions, reviews, links, images."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class ReviewDecision(StrEnum):
    """What a reviewer decided about a version."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"


class Lesson(Base):
    """A piece of content, email or text; ``draft`` is what the editor autosaves."""

    __tablename__ = "lessons"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(5))
    name: Mapped[str] = mapped_column(String(120))
    """For staff only."""
    interest_id: Mapped[int | None] = mapped_column(ForeignKey("interests.id"))
    """The topic, if it has one; None is a general newsletter."""
    draft: Mapped[dict[str, Any]]
    """Email: {subject, preheader, blocks: [...]}. Text: {body, link, lesson_id}."""
    revision: Mapped[int] = mapped_column(default=1)
    """Rises with each save; a save on an older one is refused, so that nothing is lost."""
    updated_by: Mapped[str] = mapped_column(String(120), default="")
    updated_by_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class LessonVersion(Base):
    """An immutable state of a lesson; what is reviewed and what is sent."""

    __tablename__ = "lesson_versions"
    __table_args__ = (UniqueConstraint("lesson_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"))
    number: Mapped[int | None]
    """None while it was made for test messages alone: no version of the lesson's history."""
    source: Mapped[dict[str, Any]]
    """The draft as it was."""
    review_hash: Mapped[str] = mapped_column(String(64), index=True)
    """Over what a patient reads as health content; an approval binds to it."""
    booking: Mapped[str] = mapped_column(String(12), default="consultation")
    """Where its booking links lead: ``visit``, or ``consultation`` for education-only topics."""
    author_id: Mapped[int | None] = mapped_column(BigId)
    author_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class Review(Base):
    """A credentialed person's decision about a review hash; append-only."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("lesson_versions.id"), index=True)
    review_hash: Mapped[str] = mapped_column(String(64), index=True)
    decision: Mapped[str] = mapped_column(String(20))
    comment: Mapped[str] = mapped_column(Text, default="")
    block_id: Mapped[str | None] = mapped_column(String(40))
    reviewer_id: Mapped[int] = mapped_column(BigId)
    reviewer_name: Mapped[str] = mapped_column(String(120))
    credential: Mapped[str] = mapped_column(String(60))
    decided_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class ReviewRequest(Base):
    """A version that waits for a reviewer."""

    __tablename__ = "review_requests"

    version_id: Mapped[int] = mapped_column(ForeignKey("lesson_versions.id"), primary_key=True)
    requested_by: Mapped[str] = mapped_column(String(120))
    requested_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Link(Base):
    """Where link number ``n`` of a version leads; the address in a message is /c/<token>/<n>."""

    __tablename__ = "links"

    version_id: Mapped[int] = mapped_column(ForeignKey("lesson_versions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    """``url``, ``book``, ``call``, ``lesson``."""
    target: Mapped[str] = mapped_column(Text)
    """The https address for ``url``; ``visit`` or ``consultation`` for ``book``; the id of
    the version to show for ``lesson``; empty for ``call``."""
    label: Mapped[str] = mapped_column(String(255), default="")


class Image(Base):
    """An uploaded picture, re-encoded; served under a random name."""

    __tablename__ = "images"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(43), unique=True)
    media_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
