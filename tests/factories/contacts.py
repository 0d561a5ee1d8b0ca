"""Builds people."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.contacts import directory
from campaigns.contacts.models import Contact

_numbers = itertools.count(1)


def new_email() -> str:
    """Return an email address that no other person has."""
    return f"person{next(_numbers)}@example.com"


def new_phone(area: str = "212") -> str:
    """Return a phone number that no other person has, in the range kept for fiction."""
    number = next(_numbers)
    exchanges = [e for e in range(200, 1000) if e % 100 != 11]
    return f"+1{area}{exchanges[number // 100 % len(exchanges)]}01{number % 100:02d}"


def make_contact(session: Session, *, now: datetime, **overrides: Any) -> Contact:
    """Make an adult in New York with an email address and a mobile number of her own."""
    fields: dict[str, Any] = {
        "first_name": "Maria",
        "last_name": "Sample",
        "email": new_email(),
        "phone": new_phone(),
        "postal_code": "10001",
        "state": "NY",
        "city": "New York",
        "source": "test",
        "adult_confirmed": True,
        **overrides,
    }
    return directory.create(session, now=now, **fields)
