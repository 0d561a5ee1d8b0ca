"""Table of the local provider: what it "delivered", as the recipient would see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class LocalDelivery(Base):
    """A message that the local provider took; shown on the Outbox page."""

    __tablename__ = "local_deliveries"
    __table_args__ = (Index("ix_local_deliveries_at", "at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_token: Mapped[str] = mapped_column(String(34), index=True)
    channel: Mapped[str] = mapped_column(String(5))
    to: Mapped[str] = mapped_column(String(254))
    sender: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str | None] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]]
    at: Mapped[datetime]
