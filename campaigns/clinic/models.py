"""Tables of the clinic itself: brand, senders, hours, caps, closures, switches, transports."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class PrivacyMode(StrEnum):
    """The answer to "is the clinic a HIPAA covered entity?"; None until it is given."""

    STANDARD = "standard"  # no
    STRICT = "strict"  # yes, or unsure


class Clinic(Base):
    """The one clinic that this installation serves (always row 1).

    Windows are JSON: ``{"mf": ["10:00", "18:00"], "sat": [...] | null, "sun": null,
    "holidays": "closed" | "open"}``, times in the recipient's zone.
    """

    __tablename__ = "clinic"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    """Registered name, as in the From line."""
    brand: Mapped[str] = mapped_column(String(24))
    """Short name that starts every text message."""
    street: Mapped[str | None] = mapped_column(String(120))
    city: Mapped[str | None] = mapped_column(String(80))
    state: Mapped[str | None] = mapped_column(String(2))
    postal_code: Mapped[str | None] = mapped_column(String(10))
    phone: Mapped[str | None] = mapped_column(String(16))
    """E.164."""
    website: Mapped[str | None] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(String(64))
    sender_email: Mapped[str | None] = mapped_column(String(254))
    reply_to: Mapped[str | None] = mapped_column(String(254))
    booking_url: Mapped[str | None] = mapped_column(Text)
    consultation_url: Mapped[str | None] = mapped_column(Text)
    accent: Mapped[str] = mapped_column(String(7), default="#b3261e")
    privacy_mode: Mapped[str | None] = mapped_column(String(10))
    strict_review: Mapped[bool] = mapped_column(default=False)
    """Whether author and reviewer of content must always be two people."""
    sms_window: Mapped[dict[str, Any]]
    email_window: Mapped[dict[str, Any]]
    strict_hours: Mapped[bool] = mapped_column(default=True)
    """Whether rows about automated voice calls in the state table apply to texts too."""
    sms_per_day: Mapped[int] = mapped_column(default=1)
    sms_per_week: Mapped[int] = mapped_column(default=2)
    email_per_day: Mapped[int] = mapped_column(default=1)
    email_per_week: Mapped[int] = mapped_column(default=3)
    text_number: Mapped[str | None] = mapped_column(String(16))
    """The number that people text a keyword to, as printed on posters; E.164."""
    text_part_cost: Mapped[int] = mapped_column(default=110)
    """What one part of a text costs, in hundredths of a cent."""
    signup_text_budget: Mapped[int] = mapped_column(default=500)
    """What texts that ask for confirmation may cost in all on a day, in cents."""
    answers_health: Mapped[bool] = mapped_column(default=True)
    """Whether a text about symptoms is told, once a day, that nobody watches for those."""
    stopped_at: Mapped[datetime | None]
    """Since when everything is stopped; None while sending is allowed."""
    stopped_by: Mapped[str | None] = mapped_column(String(120))
    stop_reason: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime]


class Closure(Base):
    """Days on which the clinic is closed, both ends included, in the clinic's zone."""

    __tablename__ = "closures"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    label: Mapped[str] = mapped_column(String(80))


class Switch(Base):
    """A part of sending that staff stopped: one channel, or texts to one state.

    The row is there while it is stopped, and gone when it is allowed again; the audit trail
    keeps both moments.
    """

    __tablename__ = "switches"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    """``channel`` or ``state``."""
    code: Mapped[str] = mapped_column(String(5), primary_key=True)
    """``email``, ``sms``; two letters of a state."""
    stopped_at: Mapped[datetime]
    stopped_by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)


class Transport(Base):
    """A way out (sendgrid, twilio, smtp, local) and whether its vendor signed a BAA."""

    __tablename__ = "transports"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    baa_signed_on: Mapped[date | None]
    baa_reference: Mapped[str | None] = mapped_column(String(255))
