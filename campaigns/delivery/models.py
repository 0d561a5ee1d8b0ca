"""Tables of delivery: the outbox, its batches and attempts, hours, rates."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


def _where(condition: str) -> dict[str, Any]:
    """Make an index partial on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Origin(StrEnum):
    """What a message comes from; with its id, the subject and the channel it is unique."""

    BROADCAST = "broadcast"  # origin_id: broadcast, subject_id: contact
    DRIP_STEP = "drip_step"  # origin_id: drip step, subject_id: enrolment
    CONFIRMATION = "confirmation"  # origin_id: 0, subject_id: opt-in request
    REPLY = "reply"  # origin_id: 0, subject_id: inbound text
    TEST = "test"  # origin_id: lesson version, subject_id: a random number


class MessageState(StrEnum):
    """The states of an outbox row (design: delivery); from SENDING there is no way back."""

    PLANNED = "planned"
    HELD = "held"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"
    NOT_ACCEPTED = "not_accepted"


class Batch(Base):
    """Up to 1,000 messages of one origin, channel and version; what a worker claims.

    The lease and the epoch live here: a claim raises the epoch, and every later write of
    the claimant names it, so that a worker that slept past its lease changes nothing.
    """

    __tablename__ = "batches"
    __table_args__ = (
        Index("ix_batches_due", "channel", "priority", "due_at", "id", **_where("done_at IS NULL")),
        Index("ix_batches_origin", "origin_kind", "origin_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    origin_kind: Mapped[str] = mapped_column(String(12))
    origin_id: Mapped[int] = mapped_column(BigId)
    channel: Mapped[str] = mapped_column(String(5))
    version_id: Mapped[int | None] = mapped_column(BigId)
    priority: Mapped[int] = mapped_column(default=5)
    """The lowest first: ``regroup.priority_of``."""
    due_at: Mapped[datetime]
    lease_holder: Mapped[str | None] = mapped_column(String(120))
    """Host, process id and its start time, and a number for each claim."""
    lease_until: Mapped[datetime | None]
    """In the machine's own time, never in a demonstration's."""
    epoch: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]


class Message(Base):
    """One message to one person: planned, sent, or not sent for a reason; never forgotten."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("origin_kind", "origin_id", "subject_id", "channel"),
        Index("ix_messages_batch", "batch_id", "state"),
        Index("ix_messages_held", "held_until", "id", **_where("state = 'held'")),
        Index("ix_messages_contact", "contact_id", "channel", "intent_at"),
        # All that counting needs: reports read it and not the table.
        Index(
            "ix_messages_origin_state",
            "origin_kind",
            "origin_id",
            "state",
            "channel",
            "intent_at",
            "reason",
        ),
        Index("ix_messages_uncertain", "check_at", "id", **_where("state = 'uncertain'")),
        Index(
            "ix_messages_loose", "due_at", "id", **_where("state = 'planned' AND batch_id IS NULL")
        ),
        Index("ix_messages_provider_id", "provider_id", **_where("provider_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    origin_kind: Mapped[str] = mapped_column(String(12))
    origin_id: Mapped[int] = mapped_column(BigId)
    subject_id: Mapped[int] = mapped_column(BigId)
    channel: Mapped[str] = mapped_column(String(5))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    address: Mapped[str | None] = mapped_column(String(254))
    """Where it went: written with the intent, because a person's address may change later."""
    version_id: Mapped[int | None] = mapped_column(ForeignKey("lesson_versions.id"))
    body: Mapped[dict[str, Any] | None]
    """For messages without a lesson version (confirmations, replies): template and values."""
    state: Mapped[str] = mapped_column(String(12), default=MessageState.PLANNED)
    reason: Mapped[str | None] = mapped_column(String(40))
    """The gate's code for suppressed, held and expired; the provider's for failed, bounced."""
    detail: Mapped[str | None] = mapped_column(Text)
    """The provider's words; untrusted text."""
    due_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    attempt_id: Mapped[int | None] = mapped_column(BigId)
    tries: Mapped[int] = mapped_column(default=0)
    """Attempts that the provider definitely refused for a time (class A)."""
    check_at: Mapped[datetime | None]
    """When an uncertain outcome is looked at next."""
    checks: Mapped[int] = mapped_column(default=0)
    """How often it was looked up with the provider in vain."""
    intent_at: Mapped[datetime | None]
    """When the intent to send was committed, before the first byte went out."""
    consent_entry_id: Mapped[int | None] = mapped_column(BigId)
    """The ledger entry on which it was sent."""
    provider: Mapped[str | None] = mapped_column(String(20))
    provider_id: Mapped[str | None] = mapped_column(String(120))
    segments: Mapped[int | None]
    """Parts of a text."""
    text_digest: Mapped[str | None] = mapped_column(String(64))
    """Of texts: ``ports.digest_of`` what was sent, to know it again in a provider's list."""
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Attempt(Base):
    """One POST to a provider, created in the transaction that states the intent."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), index=True)
    channel: Mapped[str] = mapped_column(String(5))
    provider: Mapped[str] = mapped_column(String(20))
    messages: Mapped[int]
    """How many people it carries."""
    holder: Mapped[str] = mapped_column(String(120))
    """Host, process id and its start time: tells whether the sender still lives."""
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(12))
    """``accepted``, ``refused``, ``uncertain``; None while under way."""
    status_code: Mapped[int | None]
    provider_request_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(Text)


class HourProfile(Base):
    """A combination of zones and states that many people share; hours are computed once for it."""

    __tablename__ = "hour_profiles"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    zones: Mapped[list[Any]]
    states: Mapped[list[Any]]


class ContactHours(Base):
    """Which profile a person has on a channel, and what it was derived from.

    Refreshed set-based whenever contact or address changed (``stale`` or missing rows).
    """

    __tablename__ = "contact_hours"

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    profile_id: Mapped[int] = mapped_column(ForeignKey("hour_profiles.id"))
    derived_from: Mapped[str] = mapped_column(String(120))
    """The values it was derived from (zone, ZIP, state, area code): differs -> derive again."""


class RateBucket(Base):
    """A token bucket for one sender, shared by all workers."""

    __tablename__ = "rate_buckets"

    sender: Mapped[str] = mapped_column(String(80), primary_key=True)
    tokens: Mapped[float]
    updated_at: Mapped[datetime]


class Breaker(Base):
    """Whether a channel is paused because too many outcomes were uncertain or refused."""

    __tablename__ = "breakers"

    channel: Mapped[str] = mapped_column(String(5), primary_key=True)
    uncertain_in_a_row: Mapped[int] = mapped_column(default=0)
    open_until: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)


class Listening(Base):
    """How far a channel's replies have been read by asking the provider; machine time."""

    __tablename__ = "listening"

    channel: Mapped[str] = mapped_column(String(5), primary_key=True)
    read_until: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    refused: Mapped[bool] = mapped_column(default=False)
    """The provider will not show the list: webhooks alone bring replies."""
    error: Mapped[str | None] = mapped_column(Text)
