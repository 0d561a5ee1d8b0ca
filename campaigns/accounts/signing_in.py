"""Signing in: the password, then the second factor; failures are counted and alike."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.accounts import audit, passwords, second_factor, sessions, throttle, users
from campaigns.accounts.models import StaffUser
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import InvalidInput, NotPermitted

WRONG = "Email or password is not right. Check both, or ask an owner for a new link."
WRONG_CODE = "This code is not right. Take the newest one from your app, or a recovery code."


def require_patience(session: Session, email: str, caller: str, *, now: datetime) -> None:
    """Refuse a try that comes too soon after failed ones, before any work is done.

    Raises: NotPermitted ``too_many_tries``.
    """
    wait = throttle.wait_for(session, *_keys(email, caller), now=now)
    if wait is not None:
        raise NotPermitted("too_many_tries", f"Too many tries. Try again in {_words(wait)}.")


def check_password(session: Session, email: str, password: str) -> StaffUser | None:
    """Return the person whose password this is; takes as long for somebody unknown.

    Reads only: call it outside a write transaction, because hashing takes its time.
    """
    user = users.find_by_email(session, email)
    stored = user.password if user is not None and user.active else None
    return user if passwords.matches(stored, password) else None


def note_failure(session: Session, email: str, caller: str, *, now: datetime) -> None:
    """Count a failed try for the account and for the caller."""
    account, source = _keys(email, caller)
    throttle.note_failure(session, account, now=now)
    throttle.note_failure(session, source, now=now, free=throttle.FREE_TRIES_OF_A_CALLER)


def check_code(session: Session, user: StaffUser, code: str, *, caller: str, now: datetime) -> bool:
    """Tell whether a second-factor code is right; a wrong one is counted."""
    if second_factor.accept(session, user, code, now=now):
        return True
    note_failure(session, user.email, caller, now=now)
    return False


def finish(
    session: Session, user: StaffUser, *, caller: str, now: datetime, replaces: str | None = None
) -> str:
    """Open a session for a person whose log-in is complete; return its id for the cookie.

    Raises: InvalidInput when the account was switched off meanwhile.
    """
    if not user.active:
        raise InvalidInput("switched_off", WRONG)
    if replaces is not None:
        sessions.close(session, replaces)
    throttle.forget(session, throttle.key_of("log_in", user.email))
    user.last_login_at = now
    audit.append(
        session,
        Actor(kind=ActorKind.STAFF, id=user.id, name=user.name),
        "staff.signed_in",
        subject_kind="staff_user",
        subject_id=user.id,
        now=now,
        second_factor=user.totp_secret is not None,
    )
    return sessions.open_for(session, user, now=now)


def _keys(email: str, caller: str) -> tuple[str, str]:
    return throttle.key_of("log_in", email), throttle.key_of("caller", caller)


def _words(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    if seconds < 60:
        return f"{max(seconds, 1)} seconds"
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
