"""Members of staff: make, change, switch off."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.accounts.models import Role, StaffUser
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput


def create(
    session: Session,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    now: datetime,
    password: str | None = None,
    credential: str | None = None,
    license_number: str | None = None,
    license_state: str | None = None,
) -> StaffUser:
    """Make a member of staff; without a password they get in only by a one-time link."""
    email = email.strip().lower()
    if session.scalar(select(StaffUser.id).where(StaffUser.email == email)) is not None:
        raise InvalidInput(
            "email_taken",
            "There is an account with this email address already.",
            fields={"email": "There is an account with this address already."},
        )
    user = StaffUser(
        email=email,
        name=name.strip(),
        password=None,
        role=role,
        credential=credential or None,
        license_number=license_number or None,
        license_state=license_state or None,
        standing=secrets.token_hex(16),
        created_at=now,
    )
    session.add(user)
    session.flush()
    audit.append(
        session,
        actor,
        "staff.created",
        subject_kind="staff_user",
        subject_id=user.id,
        now=now,
        role=str(role),
    )
    return user


def any_exist(session: Session) -> bool:
    """Tell whether there is an account at all."""
    return bool(session.scalar(select(func.count()).select_from(StaffUser)))
