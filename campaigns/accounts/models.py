"""Tables of staff: users, one-time links, sessions, throttles, audit trail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class Role(StrEnum):
    """What a member of staff may do; ``permissions.py`` holds the table."""

    OWNER = "owner"  # everything, team and settings included
    MANAGER = "manager"  # everything but team and going live
    MARKETER = "marketer"  # compose, import, send what is reviewed
    REVIEWER = "reviewer"  # a clinician: reads and signs content
    FRONT_DESK = "front_desk"  # people, stops, bookings
    VIEWER = "viewer"  # reads, without what a person is interested in


class StaffUser(Base):
    """A member of staff. Never deleted, only switched off: the trail names them."""

    __tablename__ = "staff_users"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password: Mapped[str | None] = mapped_column(String(255))
    """argon2id; None while an invitation has not been accepted."""
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    credential: Mapped[str | None] = mapped_column(String(60))
    """Clinical credential as it is to be printed ("RN", "MSCP"); a reviewer needs one."""
    license_number: Mapped[str | None] = mapped_column(String(60))
    license_state: Mapped[str | None] = mapped_column(String(2))
    standing: Mapped[str] = mapped_column(String(32))
    """Random; renewed when password, role, second factor or ``active`` change. A session
    remembers the one it was opened under and is dead once they differ."""
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The second factor's secret, encrypted with the key ring; None until it is set up."""
    totp_last_step: Mapped[int | None] = mapped_column(BigId)
    """The time step of the last code that was accepted: no code works twice."""
    recovery_codes: Mapped[list[Any] | None]
    """SHA-256 of the recovery codes that are still unused."""
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    SET_UP = "set_up"  # makes the first owner; printed at start until it is used
    INVITE = "invite"  # a new colleague chooses a password
    RESET = "reset"  # somebody chooses a new password


class OneTimeLink(Base):
    """A link that works once and for a limited time; the address holds a random token."""

    __tablename__ = "one_time_links"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("staff_users.id"), index=True)
    """Whose password it sets; None for the set-up link, which makes the first person."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """A server-side session; the cookie holds a random id, of which this is the hash."""

    __tablename__ = "staff_sessions"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("staff_users.id"), index=True)
    standing: Mapped[str] = mapped_column(String(32), default="")
    """The person's ``standing`` when the session was opened."""
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Throttle(Base):
    """How often something was tried in vain, for one key; shared by all processes."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    """``log_in:<hash of the email>`` or ``address:<hash of the caller>``."""
    failures: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class AuditEntry(Base):
    """One thing that somebody did; append-only."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(BigId)
    actor_name: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(60))
    """Verb and noun, for example ``broadcast.scheduled``."""
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(BigId)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
