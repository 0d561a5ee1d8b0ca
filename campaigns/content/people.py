"""What a message needs to know about a person and the clinic, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from campaigns.clinic.models import Clinic
from campaigns.core.signing import Purpose, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """A person as a message sees them."""

    first_name: str = ""
    last_name: str = ""
    source_label: str = ""
    """Where they signed up, in words ("the website")."""
    consent_date: date | None = None
    interests: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    """Channels on which they agreed to marketing: ``email``, ``sms``."""
    sms_per_month: int | None = None
    """How many texts a month the wording they agreed to promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUrls:
    """The addresses of one message; each carries an opaque token."""

    click: str
    """``<public>/c/<token>``; link ``n`` is this and ``/n``."""
    unsubscribe: str
    preferences: str
    view: str

    def link(self, number: int) -> str:
        """Return the address of link ``number``."""
        return f"{self.click}/{number}"


def urls_for(tokens: Tokens, public_url: str, message_id: int) -> PersonUrls:
    """Make the addresses of one message."""
    issue = tokens.issue
    return PersonUrls(
        click=f"{public_url}/c/{issue(Purpose.CLICK, message_id)}",
        unsubscribe=f"{public_url}/u/{issue(Purpose.UNSUBSCRIBE, message_id)}",
        preferences=f"{public_url}/p/{issue(Purpose.PREFERENCES, message_id)}",
        view=f"{public_url}/l/{issue(Purpose.LESSON, message_id)}",
    )


SAMPLE_URLS = PersonUrls(
    click="#link", unsubscribe="#unsubscribe", preferences="#preferences", view="#view"
)
"""For previews: leads nowhere."""


def clinic_values(clinic: Clinic) -> dict[str, str]:
    """Return the clinic's merge values: administrative facts, outside the review."""
    place = " ".join(p for p in (clinic.state, clinic.postal_code) if p)
    address = ", ".join(p for p in (clinic.street, clinic.city, place) if p)
    return {
        "clinic_name": clinic.name,
        "brand": clinic.brand,
        "clinic_phone": shown_phone(clinic.phone or ""),
        "clinic_address": address,
        "clinic_website": clinic.website or "",
    }


def shown_phone(number: str) -> str:
    """Write a US number as people do."""
    if len(number) == 12 and number.startswith("+1"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


@lru_cache(maxsize=4096)
def shown_date(day: date) -> str:
    """Write a date in words."""
    return f"{day:%B} {day.day}, {day.year}"
