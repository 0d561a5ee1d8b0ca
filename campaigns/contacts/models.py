"""Tables of people and their addresses."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.contacts.channels import Channel as Channel
from campaigns.core.db import Base, BigId


class ContactStatus(StrEnum):
    """Whether a person may be addressed at all."""

    ACTIVE = "active"
    MINOR = "minor"
    DECEASED = "deceased"
    MERGED = "merged"
    ERASED = "erased"


class Contact(Base):
    """A person. Activity dates are written by later stages (clicks, bookings, replies)."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_name", "last_name", "first_name", "id"),
        Index(
            "ix_contacts_merged",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    first_name: Mapped[str] = mapped_column(String(80), default="")
    last_name: Mapped[str] = mapped_column(String(80), default="")
    status: Mapped[str] = mapped_column(String(10), default=ContactStatus.ACTIVE)
    adult_confirmed: Mapped[bool] = mapped_column(default=False)
    postal_code: Mapped[str | None] = mapped_column(String(10))
    state: Mapped[str | None] = mapped_column(String(2))
    city: Mapped[str | None] = mapped_column(String(80))
    timezone: Mapped[str | None] = mapped_column(String(64))
    """Set only where the person told us or confirmed it; otherwise zones are derived."""
    locale: Mapped[str] = mapped_column(String(5), default="en")
    source: Mapped[str] = mapped_column(String(80), default="")
    """How the person came: ``import:3``, ``form:main``, ``staff``."""
    hold_until: Mapped[datetime | None]
    """Marketing is paused until then (preference page, "hold messages", unclear reply)."""
    hold_reason: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    no_click_tracking: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The person asked that their clicks are not recorded (preference page)."""
    last_clicked_at: Mapped[datetime | None]
    last_booked_at: Mapped[datetime | None]
    last_heard_at: Mapped[datetime | None]
    """Last sign of life: a click, a reply, a booking, a sign-up."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))


class Address(Base):
    """One address of a person, one for each channel; normalised (lower-case email, E.164).

    Several people may share an address (a household's phone); a person has at most one
    for each channel.
    """

    __tablename__ = "addresses"
    __table_args__ = (
        UniqueConstraint("contact_id", "channel"),
        Index("ix_addresses_channel_address", "channel", "address"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    channel: Mapped[str] = mapped_column(String(5))
    address: Mapped[str] = mapped_column(String(254))
    address_hash: Mapped[str] = mapped_column(String(72))
    """``kid:hex`` as of ``KeyRing.address_hash``; joins to suppressions."""
    created_at: Mapped[datetime]


class Note(Base):
    """A remark that staff keep about a person."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    at: Mapped[datetime]
    author: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
