"""Table of broadcasts: one message to a group, once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class BroadcastState(StrEnum):
    """The life of a broadcast."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Timing(StrEnum):
    """When a broadcast is to leave, as chosen in the draft."""

    UNDECIDED = ""
    NOW = "now"
    AT = "at"


class Broadcast(Base):
    """An email, a text, or both, to the people in a group."""

    __tablename__ = "broadcasts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default=BroadcastState.DRAFT, index=True)
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segments.id"))
    rule: Mapped[dict[str, Any] | None]
    """The group's rule as it was when the broadcast was scheduled."""
    email_lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id"))
    sms_lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id"))
    email_version_id: Mapped[int | None] = mapped_column(ForeignKey("lesson_versions.id"))
    sms_version_id: Mapped[int | None] = mapped_column(ForeignKey("lesson_versions.id"))
    """Frozen when scheduled."""
    timing: Mapped[str] = mapped_column(String(3), default=Timing.UNDECIDED)
    scheduled_at: Mapped[datetime | None]
    """In a draft: the chosen time. Once scheduled: when fan-out begins."""
    expires_at: Mapped[datetime | None]
    """What has not left by then is not sent: ``give_up_days`` after the scheduled time."""
    give_up_days: Mapped[int] = mapped_column(default=7)
    """After how many days what has not left is not sent any more."""
    important: Mapped[bool] = mapped_column(default=False)
    """Whether it goes before other campaigns and series where a person's limit allows one."""
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None] = mapped_column(String(120))
    pause_reason: Mapped[str | None] = mapped_column(Text)
    third_party_paid: Mapped[bool | None]
    """Whether anyone else pays for or sponsors this (HIPAA authorisation); must be answered."""
    note: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(String(120))
    created_by_id: Mapped[int | None] = mapped_column(BigId)
    scheduled_by: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    fanned_out_at: Mapped[datetime | None]
    """When every person of the group had a row in the outbox."""
    fanout_after_id: Mapped[int] = mapped_column(BigId, default=0)
    """Fan-out has passed contacts up to this id."""
    finished_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
