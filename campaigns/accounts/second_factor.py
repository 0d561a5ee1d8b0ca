"""The second factor: six figures from an authenticator app, or a recovery code."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import pyotp
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.accounts.models import StaffUser
from campaigns.accounts.standing import renew
from campaigns.core.actors import Actor
from campaigns.core.db import keys_of
from campaigns.core.errors import InvalidInput
from campaigns.core.sealing import seal, unseal

ISSUER = "Campaigns"
STEP_SECONDS = 30
RECOVERY_CODES = 8
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_WRONG = "This code is not right. Take the newest one from your app; each works only once."


def new_secret() -> str:
    """Return a fresh secret for an authenticator app (160 bits, base32)."""
    return pyotp.random_base32()


def address_for_app(secret: str, *, email: str, clinic: str) -> str:
    """Return the otpauth address that the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=clinic or ISSUER)


def enrol(
    session: Session, actor: Actor, user: StaffUser, *, secret: str, code: str, now: datetime
) -> list[str]:
    """Switch the second factor on once a first code proves the app; return recovery codes.

    The codes are shown this once; only their hashes are kept.

    Raises: InvalidInput ``code_wrong``.
    """
    step = _matching_step(secret, code, now=now, after=None)
    if step is None:
        raise InvalidInput("code_wrong", _WRONG, fields={"code": _WRONG})
    user.totp_secret = seal(keys_of(session), _purpose(user), secret.encode())
    user.totp_last_step = step
    codes = renew_recovery_codes(session, user)
    renew(user)
    audit.append(
        session,
        actor,
        "second_factor.enrolled",
        subject_kind="staff_user",
        subject_id=user.id,
        now=now,
    )
    return codes


def accept(session: Session, user: StaffUser, code: str, *, now: datetime) -> bool:
    """Tell whether a code is right, and use it up: neither kind works twice."""
    if user.totp_secret is None:
        return False
    typed = "".join(code.split()).replace("-", "").lower()
    if typed.isdigit():
        secret = unseal(keys_of(session), _purpose(user), user.totp_secret).decode()
        step = _matching_step(secret, typed, now=now, after=user.totp_last_step)
        if step is None:
            return False
        user.totp_last_step = step
        session.flush()
        return True
    kept = list(user.recovery_codes or [])
    digest = _digest(typed)
    if digest not in kept:
        return False
    kept.remove(digest)
    user.recovery_codes = kept
    session.flush()
    return True


def renew_recovery_codes(session: Session, user: StaffUser) -> list[str]:
    """Replace the recovery codes; return them in clear for the one time they are shown."""
    plain = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    user.recovery_codes = [_digest(code) for code in plain]
    session.flush()
    return [f"{code[:5]}-{code[5:]}" for code in plain]


def remove(session: Session, actor: Actor, user: StaffUser, *, now: datetime) -> None:
    """Take the second factor away, for somebody who lost phone and codes; ends sessions."""
    user.totp_secret = None
    user.totp_last_step = None
    user.recovery_codes = None
    renew(user)
    audit.append(
        session,
        actor,
        "second_factor.removed",
        subject_kind="staff_user",
        subject_id=user.id,
        now=now,
    )
    session.flush()


def _matching_step(secret: str, code: str, *, now: datetime, after: int | None) -> int | None:
    """Return the time step whose code this is (the neighbours count too, for slow clocks)."""
    typed = "".join(code.split())
    if len(typed) != 6 or not (typed.isascii() and typed.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in (present, present - 1, present + 1):
        if (after is None or step > after) and secrets.compare_digest(
            totp.generate_otp(step), typed
        ):
            return step
    return None


def _digest(code: str) -> str:
    # The codes are random (49 bits) and few, and log-in is throttled: a plain hash is enough.
    return hashlib.sha256(code.encode()).hexdigest()


def _purpose(user: StaffUser) -> str:
    return f"staff_users.totp_secret:{user.id}"
