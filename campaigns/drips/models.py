"""Tables of drips: a series of messages over weeks, and who is in it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


def _where(condition: str) -> dict[str, Any]:
    """Make an index partial on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class DripState(StrEnum):
    """The life of a drip."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    ARCHIVED = "archived"


class EndReason(StrEnum):
    """Why a person is no longer in a drip."""

    FINISHED = "finished"
    BOOKED = "booked"
    OPTED_OUT = "opted_out"
    REMOVED = "removed"
    ARCHIVED = "archived"
    MERGED = "merged"  # the person went on by another record of hers


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
    reenter_after_days: Mapped[int | None]
    """A person may enter again this many days after her last time ended; None means once."""
    version_id: Mapped[int | None] = mapped_column(BigId)
    """The published version that new entrants get."""
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    live_since: Mapped[datetime | None]
    """When it first went live."""
    looked_at: Mapped[datetime | None]
    """When it was last looked who comes to match and who leaves."""
    look_ms: Mapped[int] = mapped_column(default=0)
    """How long that took; a look that costs much is taken less often."""
    paused_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
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


class Bystander(Base):
    """A person who is in the group but does not enter because she was there before.

    Made for everybody who is in the group when the drip goes live and for people who come
    with an import that was told to start nothing; removed when the person leaves the
    group, so that coming back counts as coming to match.
    """

    __tablename__ = "drip_bystanders"

    drip_id: Mapped[int] = mapped_column(ForeignKey("drips.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)


class Enrolment(Base):
    """A person in a drip."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("drip_id", "contact_id", "entry"),
        Index(
            "ix_enrolments_due",
            "drip_id",
            "next_due_at",
            "id",
            "version_id",
            "position",
            **_where("state = 'active'"),
        ),
        Index("ix_enrolments_standing", "drip_id", "state"),
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
    waits_from: Mapped[datetime]
    """The moment from which the wait for the next step counts."""
    next_due_at: Mapped[datetime | None]
    """None in an active enrolment: not worked out yet."""
    enrolled_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(30))
    """``booked``, ``opted_out``, ``finished``, ``removed``, ``archived``, ``merged``."""
