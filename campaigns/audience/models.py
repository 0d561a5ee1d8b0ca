"""Tables of groups: interests, who has which, segments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, true
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class Interest(Base):
    """A subject that people can be interested in. Sensitive: never leaves the clinic."""

    __tablename__ = "interests"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)


class ContactInterest(Base):
    """A person's interest, stored only after consent to store health topics."""

    __tablename__ = "contact_interests"
    __table_args__ = (
        Index("ix_contact_interests_interest", "interest_id", "contact_id"),
        {"sqlite_with_rowid": False},
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    interest_id: Mapped[int] = mapped_column(ForeignKey("interests.id"), primary_key=True)
    since: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(80), default="")
    by_email: Mapped[bool] = mapped_column(default=True, server_default=true())
    by_sms: Mapped[bool] = mapped_column(default=True, server_default=true())
    """By which ways the person wants to hear of it; not which ways they agreed to at all."""


class Segment(Base):
    """A named group, defined by a rule tree; membership is computed, never stored."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    rule: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
