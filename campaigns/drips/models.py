"""Tables of drips: a series of messages over weeks, and who is in it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class DripState(StrEnum):
    """The life of a drip."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    ARCHIVED = "archived"


class EnrolmentState(StrEnum):
    """Where a person stands in a drip."""

    ACTIVE = "active"
    COMPLETED = "completed"
    EXITED = "exited"


class Drip(Base):
    """A series. Steps live in versions; people stay on the version they entered with."""

    __tablename__ = "drips"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default=DripState.DRAFT, index=True)
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segments.id"))
    """Who enters: people who are in this group."""
    enrol_existing: Mapped[bool] = mapped_column(default=False)
    """Whether people already in the group when the drip goes live enter too (default: no)."""
    ends_on_booking: Mapped[bool] = mapped_column(default=True)
    version_id: Mapped[int | None] = mapped_column(BigId)
    """The published version that new entrants get."""
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    live_since: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)


class DripVersion(Base):
    """A published set of steps; ``number`` 0 is the draft being edited."""

    __tablename__ = "drip_versions"
    __table_args__ = (UniqueConstraint("drip_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    drip_id: Mapped[int] = mapped_column(ForeignKey("drips.id"))
    number: Mapped[int]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None] = mapped_column(String(120))


class DripStep(Base):
    """One message of a drip and when it is due after the one before (or after entry)."""

    __tablename__ = "drip_steps"
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("drip_versions.id"))
    position: Mapped[int]
    """From 1."""
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"))
    lesson_version_id: Mapped[int | None] = mapped_column(ForeignKey("lesson_versions.id"))
    """Frozen when published."""
    wait_days: Mapped[int] = mapped_column(default=0)
    wait_minutes: Mapped[int] = mapped_column(default=0)
    at_local_time: Mapped[str | None] = mapped_column(String(5))
    """"HH:MM" in the person's own zone; None means as soon as the wait is over."""


class Enrolment(Base):
    """A person in a drip."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("drip_id", "contact_id", "entry"),
        Index("ix_enrolments_due", "state", "next_due_at", "id"),
        Index("ix_enrolments_contact", "contact_id", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    drip_id: Mapped[int] = mapped_column(ForeignKey("drips.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("drip_versions.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    entry: Mapped[int] = mapped_column(default=1)
    """Rises when a person enters again."""
    state: Mapped[str] = mapped_column(String(10), default=EnrolmentState.ACTIVE)
    position: Mapped[int] = mapped_column(default=0)
    """The last step that was handed to the outbox."""
    next_due_at: Mapped[datetime | None]
    enrolled_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(30))
    """``booked``, ``opted_out``, ``finished``, ``removed``, ``archived``."""
