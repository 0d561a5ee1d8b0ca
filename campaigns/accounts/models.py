"""Tables of staff: users, set-up links, sessions, audit trail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
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
    password: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    credential: Mapped[str | None] = mapped_column(String(60))
    """Clinical credential as it is to be printed ("RN", "MSCP"); a reviewer needs one."""
    license_number: Mapped[str | None] = mapped_column(String(60))
    license_state: Mapped[str | None] = mapped_column(String(2))
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(Text)
    mf_recovery_codes: Mapped[list[Any] | None]
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]


class SetupLink(Base):
    """The one-time link that makes the first owner; printed at start until it is used."""

    __tablename__ = "setup_links"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """A server-side session; the cookie holds a random id, of which this is the hash."""

    __tablename__ = "staff_sessions"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("staff_users.id"), index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


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
