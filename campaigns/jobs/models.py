"""Tables of the clockwork: who leads, what has ticked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base


class Lease(Base):
    """A named lease; the holder of ``scheduler`` is the one whose clock runs the ticks."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    until: Mapped[datetime]


class TaskRun(Base):
    """When a periodic task last ran and how; shown on the health page."""

    __tablename__ = "task_runs"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
