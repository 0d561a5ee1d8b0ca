"""Builds clinics."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.clinic import profile
from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures, forms
from campaigns.core.actors import SYSTEM

COMPLETE = {
    "name": "Deeply Vital Medical",
    "brand": "Deeply Vital",
    "street": "1 Sample Street",
    "city": "New York",
    "state": "NY",
    "postal_code": "10001",
    "phone": "(212) 555-0100",
    "website": "https://clinic.example",
    "sender_email": "news@clinic.example",
    "booking_url": "https://clinic.example/book",
    "consultation_url": "https://clinic.example/ask",
}


def make_clinic(session: Session, *, now: datetime, **overrides: Any) -> Clinic:
    """Make the clinic with everything that email and texts need, and the consent wording."""
    profile.create_default(session, now=now)
    disclosures.create_defaults(session, now=now)
    forms.create_defaults(session, now=now)
    return profile.update(session, SYSTEM, now=now, **{**COMPLETE, **overrides})
