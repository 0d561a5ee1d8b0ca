"""The one clinic of this installation: read it, change it, stop and resume all sending."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.clinic import closures, defaults, spending
from campaigns.clinic.models import Clinic, PrivacyMode
from campaigns.core.actors import SYSTEM, Actor
from campaigns.core.errors import Conflict, InvalidInput, NotConfigured

CLINIC_ID = 1

_TEXTS = {
    "name": 120,
    "brand": defaults.MAX_BRAND,
    "street": 120,
    "city": 80,
    "state": 2,
    "postal_code": 10,
    "phone": 16,
    "text_number": 16,
    "website": 255,
    "timezone": 64,
    "sender_email": 254,
    "reply_to": 254,
    "booking_url": 2000,
    "consultation_url": 2000,
    "accent": 7,
    "privacy_mode": 10,
}
_REQUIRED = ("name", "brand", "timezone", "accent")
_FLAGS = ("strict_review", "strict_hours", "answers_health")
_WINDOWS = ("sms_window", "email_window")
_LINKS = ("website", "booking_url", "consultation_url")
MAX_CAP = 50


def get(session: Session) -> Clinic:
    """Return the clinic.

    Raises: NotConfigured ``clinic_missing`` before the first start has made one.
    """
    clinic = session.get(Clinic, CLINIC_ID)
    if clinic is None:
        raise NotConfigured(
            "clinic_missing",
            "No clinic is set up in this database yet. Start the service once with: campaigns run",
        )
    return clinic


def create_default(session: Session, *, now: datetime) -> Clinic:
    """Make the clinic with safe defaults, or return the one that exists."""
    existing = session.get(Clinic, CLINIC_ID)
    if existing is not None:
        return existing
    clinic = Clinic(
        id=CLINIC_ID,
        name=defaults.NAME,
        brand=defaults.BRAND,
        timezone=defaults.TIMEZONE,
        sender_email=defaults.PLACEHOLDER_SENDER,
        sms_window=defaults.sms_window(),
        email_window=defaults.email_window(),
        updated_at=now,
        **defaults.CAPS,
    )
    session.add(clinic)
    session.flush()
    audit.append(
        session, SYSTEM, "clinic.created", subject_kind="clinic", subject_id=CLINIC_ID, now=now
    )
    return clinic


def update(session: Session, actor: Actor, *, now: datetime, **fields: Any) -> Clinic:
    """Change fields of the clinic; all faults are reported together, by field.

    Raises: InvalidInput ``clinic_fields``; nothing is changed then.
    """
    clinic = get(session)
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value in fields.items():
        try:
            values[name] = _checked(name, value)
        except InvalidInput as fault:
            faults[name] = fault.message
    if faults:
        raise InvalidInput(
            "clinic_fields",
            "Some fields need mending; nothing was saved yet.",
            fields=faults,
        )
    changed = [name for name, value in values.items() if getattr(clinic, name) != value]
    for name in changed:
        setattr(clinic, name, values[name])
    if changed:
        clinic.updated_at = now
        audit.append(
            session,
            actor,
            "clinic.changed",
            subject_kind="clinic",
            subject_id=CLINIC_ID,
            now=now,
            fields=sorted(changed),
        )
        session.flush()
    return clinic


def stop_everything(session: Session, actor: Actor, *, reason: str, now: datetime) -> Clinic:
    """Stop all sending at once; what is planned stays planned and waits.

    Raises: InvalidInput ``reason_missing``; Conflict ``already_stopped``.
    """
    clinic = get(session)
    reason = reason.strip()
    if not reason:
        raise InvalidInput(
            "reason_missing",
            "Say in a few words why everything is to stop; the others will read it.",
            fields={"reason": "Say why, in a few words."},
        )
    if clinic.stopped_at is not None:
        raise Conflict("already_stopped", "Everything is stopped already. Nothing was changed.")
    clinic.stopped_at = now
    clinic.stopped_by = actor.name[:120]
    clinic.stop_reason = reason
    audit.append(
        session,
        actor,
        "sending.stopped",
        subject_kind="clinic",
        subject_id=CLINIC_ID,
        now=now,
        reason=reason,
    )
    session.flush()
    return clinic


def allow_again(session: Session, actor: Actor, *, now: datetime) -> Clinic:
    """Allow sending again; what waited goes out by its own rules.

    Raises: Conflict ``not_stopped``.
    """
    clinic = get(session)
    if clinic.stopped_at is None:
        raise Conflict("not_stopped", "Sending is allowed already. Nothing was changed.")
    since = clinic.stopped_at
    clinic.stopped_at = clinic.stopped_by = clinic.stop_reason = None
    audit.append(
        session,
        actor,
        "sending.allowed",
        subject_kind="clinic",
        subject_id=CLINIC_ID,
        now=now,
        stopped_since=since.isoformat(),
    )
    session.flush()
    return clinic


def is_closed(session: Session, on: date) -> bool:
    """Tell whether the clinic is closed on a day (of its own zone)."""
    return closures.covering(session, on) is not None


def is_strict(clinic: Clinic) -> bool:
    """Tell whether strict privacy holds; "unsure" is stored as strict, unanswered is not."""
    return clinic.privacy_mode == PrivacyMode.STRICT


def missing_for_email(clinic: Clinic) -> list[str]:
    """Return what the law asks of a marketing email and is not filled in yet, in sentences."""
    missing = []
    if not (clinic.street and clinic.city and clinic.state and clinic.postal_code):
        missing.append(
            "The clinic's postal address is not complete: the law wants it at the foot of "
            "every marketing email."
        )
    if not clinic.sender_email:
        missing.append("There is no sender address for email.")
    elif clinic.sender_email == defaults.PLACEHOLDER_SENDER:
        missing.append("The sender address is still the placeholder; give the clinic's own.")
    return missing


def missing_for_sms(clinic: Clinic) -> list[str]:
    """Return what marketing texts need and is not filled in yet, in sentences."""
    missing = []
    if not clinic.phone:
        missing.append("There is no phone number to call: the answer to HELP must name one.")
    if not clinic.website:
        missing.append("There is no website: carriers ask for one.")
    return missing


def postal_address(clinic: Clinic) -> str:
    """Return the postal address on one line, empty when none is given."""
    place = " ".join(part for part in (clinic.state, clinic.postal_code) if part)
    return ", ".join(part for part in (clinic.street, clinic.city, place) if part)


def _checked(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return bool(value)
    if name in _WINDOWS:
        return checked_window(value)
    if name in defaults.CAPS:
        return _checked_cap(value)
    if name in spending.FIELDS:
        return spending.checked(name, value)
    if name not in _TEXTS:
        raise InvalidInput("unknown_field", f"The clinic has no field “{name}”.")
    text = str(value or "").strip()
    if not text:
        if name in _REQUIRED:
            raise InvalidInput("missing", "This cannot be empty.")
        return None
    if len(text) > _TEXTS[name]:
        raise InvalidInput("too_long", f"At most {_TEXTS[name]} characters fit here.")
    return _checked_text(name, text)


def _checked_text(name: str, text: str) -> str:
    if name == "timezone" and text not in available_timezones():
        raise InvalidInput("timezone", "This is not a time zone, like America/New_York.")
    if name == "privacy_mode" and text not in set(PrivacyMode):
        raise InvalidInput("privacy_mode", "Choose standard or strict.")
    if name == "accent" and not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise InvalidInput("accent", "Give the colour as # and six characters, like #b3261e.")
    if name == "state":
        if not re.fullmatch(r"[A-Za-z]{2}", text):
            raise InvalidInput("state", "Give the state as two letters, like NY.")
        return text.upper()
    if name == "postal_code" and not re.fullmatch(r"\d{5}(-\d{4})?", text):
        raise InvalidInput("postal_code", "A ZIP code has five digits, like 10001.")
    if name in ("phone", "text_number"):
        return _checked_phone(text)
    if name in ("sender_email", "reply_to"):
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+", text):
            raise InvalidInput("email", "This is not an email address, like hello@example.com.")
        return text.lower()
    if name in _LINKS:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput("link", "Give the full address, starting with https://.")
    return text


def _checked_phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    digits = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    if not re.fullmatch(r"[2-9]\d{2}[2-9]\d{6}", digits):
        raise InvalidInput("phone", "Give a US number with its area code, like (212) 555-0123.")
    return f"+1{digits}"


def _checked_cap(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if not 1 <= number <= MAX_CAP:
        raise InvalidInput("cap", f"Give a number from 1 to {MAX_CAP}.")
    return number


def checked_window(value: Any) -> dict[str, Any]:
    """Return a window of hours in its stored form, or say what is wrong with it.

    Raises: InvalidInput ``window``.
    """
    if not isinstance(value, dict):
        raise InvalidInput("window", "Give hours for weekdays, Saturday and Sunday.")
    window: dict[str, Any] = {}
    for part in defaults.WEEKDAY_PARTS:
        hours = value.get(part)
        if not hours:
            window[part] = None
            continue
        try:
            start, end = (time.fromisoformat(str(at)) for at in hours)
        except ValueError:
            raise InvalidInput("window", "Give times like 10:00.") from None
        if start >= end:
            raise InvalidInput("window", "The hours must end after they begin.")
        window[part] = [start.strftime("%H:%M"), end.strftime("%H:%M")]
    if not any(window.values()):
        raise InvalidInput("window", "At least one day must have hours, or nothing is ever sent.")
    window["holidays"] = "open" if value.get("holidays") == "open" else "closed"
    return window
