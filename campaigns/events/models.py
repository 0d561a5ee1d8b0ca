"""Tables of what comes back: provider events, clicks, texts that people send."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class ProviderEvent(Base):
    """One event from a provider, stored before it is applied; applied exactly once."""

    __tablename__ = "provider_events"
    __table_args__ = (
        UniqueConstraint("provider", "provider_event_id"),
        Index("ix_provider_events_message", "message_id"),
        Index("ix_provider_events_received", "received_at"),
        Index(
            "ix_provider_events_pending",
            "id",
            sqlite_where=text("applied_at IS NULL"),
            postgresql_where=text("applied_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    dedupe_key: Mapped[str] = mapped_column(String(160), unique=True)
    """Natural key (our message, event, time, url): stays the same when ids are new on a retry."""
    provider_event_id: Mapped[str | None] = mapped_column(String(120))
    """The provider's own id of the event; unique as well, because either may repeat."""
    signature_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    """SHA-256 of a signature that covers this event alone (Twilio): each is used once."""
    kind: Mapped[str] = mapped_column(String(30))
    message_id: Mapped[int | None] = mapped_column(BigId)
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]
    applied_at: Mapped[datetime | None]
    effect: Mapped[str | None] = mapped_column(String(60))


class Click(Base):
    """A link that was followed. ``suspect`` ones (scanners) count nowhere."""

    __tablename__ = "clicks"
    __table_args__ = (Index("ix_clicks_message", "message_id", "link_number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(BigId)
    link_number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(index=True)
    suspect: Mapped[bool] = mapped_column(default=False)
    suspect_reason: Mapped[str | None] = mapped_column(String(40))
    user_agent: Mapped[str] = mapped_column(Text, default="")
    heard_before: Mapped[datetime | None]
    """When the person was last heard of before this click: what holds again if it is doubted."""


class InboundText(Base):
    """A text that came in; the body is encrypted, because people write about their health."""

    __tablename__ = "inbound_texts"
    __table_args__ = (
        Index("ix_inbound_texts_from", "from_address", "received_at"),
        Index(
            "ix_inbound_texts_unclear",
            "received_at",
            sqlite_where=text("intent = 'unclear' AND resolved_at IS NULL"),
            postgresql_where=text("intent = 'unclear' AND resolved_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider_sid: Mapped[str] = mapped_column(String(40), unique=True)
    signature_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    """SHA-256 of the request's signature: the same signed request counts once."""
    from_address: Mapped[str] = mapped_column(String(20))
    to_address: Mapped[str] = mapped_column(String(40))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed (``core.sealing``), and the key's number with it."""
    contact_id: Mapped[int | None] = mapped_column(BigId, index=True)
    intent: Mapped[str] = mapped_column(String(10))
    rule: Mapped[str] = mapped_column(String(60))
    """Which rule of the matcher decided."""
    opt_out_type: Mapped[str | None] = mapped_column(String(10))
    received_at: Mapped[datetime] = mapped_column(index=True)
    read_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    """For unclear replies: when it was decided what was meant."""
    resolved_by: Mapped[str | None] = mapped_column(String(120))
    resolution: Mapped[str | None] = mapped_column(String(10))
    """``stop`` or ``not_stop``."""


class Comparison(Base):
    """One look at a provider's own lists beside ours; see ``events.comparison``."""

    __tablename__ = "comparisons"
    __table_args__ = (UniqueConstraint("provider", "night"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    night: Mapped[date | None]
    """The clinic's day, for the nightly one: one a night, however many workers run."""
    asked_by: Mapped[str] = mapped_column(String(120), default="")
    """Who of the staff asked for it; empty for the nightly one."""
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """``lists`` by name: ``theirs``, ``added``, ``only_theirs``; ``only_ours`` by reason."""
    error: Mapped[str | None] = mapped_column(Text)
