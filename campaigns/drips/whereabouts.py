"""In which zone a person's clock runs, for the steps of a drip.

A zone that the person confirmed wins; otherwise the best guess from ZIP, state and area
code; otherwise the clinic's own. The gate judges lawful hours on its own, with every zone
that a person may be in: this here only decides which morning a step aims at.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from campaigns.clinic.models import Clinic
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.eligibility import zones

FALLBACK = "America/New_York"


class Residence(NamedTuple):
    """What is known of where a person is."""

    timezone: str | None
    postal_code: str | None
    state: str | None
    phone: str | None


def join_residence(query: Any, contact_id: Any) -> Any:
    """Add the columns of ``Residence``, in order, to the end of a query."""
    return query.add_columns(
        Contact.timezone, Contact.postal_code, Contact.state, Address.address.label("phone")
    ).outerjoin(Address, and_(Address.contact_id == contact_id, Address.channel == Channel.SMS))


def residence_of(session: Session, contact_id: int) -> Residence | None:
    """Return what is known of where one person is; None if there is no such person."""
    row = session.execute(
        join_residence(select(Contact.id).select_from(Contact), Contact.id).where(
            Contact.id == contact_id
        )
    ).one_or_none()
    return Residence(*row[1:5]) if row is not None else None


def zone_of(found: Residence, clinic_zone: str) -> str:
    """Return the name of the zone in which the person's clock is taken to run."""
    if found.timezone:
        return found.timezone
    at_home = _zone(found.postal_code, found.state, None)
    return at_home or _zone(None, None, _area_code(found.phone)) or clinic_zone


def clinic_zone(session: Session) -> str:
    """Return the clinic's own zone."""
    return session.scalar(select(Clinic.timezone).limit(1)) or FALLBACK


def _area_code(phone: str | None) -> str | None:
    return phone[2:5] if phone and phone.startswith("+1") else None


@lru_cache(maxsize=50_000)
def _zone(postal_code: str | None, state: str | None, area_code: str | None) -> str | None:
    found = zones.candidates(postal_code=postal_code, state=state, area_code=area_code).zones
    if found >= zones.UNKNOWN:
        return None  # anywhere in the country says nothing about a morning
    # Where it may be one of several, the westernmost: its morning is morning in all of them.
    return min(found, key=lambda name: (_offset(name), name))


def _offset(name: str) -> timedelta:
    return datetime(2026, 1, 1, tzinfo=ZoneInfo(name)).utcoffset() or timedelta()
