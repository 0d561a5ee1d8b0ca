"""What a message needs to know about a person and the clinic, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from campaigns.clinic.models import Clinic
from campaigns.content import slots
from campaigns.core.signing import TOKEN_LENGTH, Purpose, Tokens


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


class PersonUrls(NamedTuple):
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
    return urls_for_many(tokens, public_url, (message_id,))[0]


def urls_for_many(tokens: Tokens, public_url: str, message_ids: Sequence[int]) -> list[PersonUrls]:
    """Make the addresses of many messages, in their order."""
    return [
        PersonUrls(
            click=f"{public_url}/c/{click}",
            unsubscribe=f"{public_url}/u/{unsubscribe}",
            preferences=f"{public_url}/p/{preferences}",
            view=f"{public_url}/l/{view}",
        )
        for click, unsubscribe, preferences, view in tokens.issue_many(_URL_PURPOSES, message_ids)
    ]


_URL_PURPOSES = (Purpose.CLICK, Purpose.UNSUBSCRIBE, Purpose.PREFERENCES, Purpose.LESSON)


SAMPLE_URLS = PersonUrls(
    click="#link", unsubscribe="#unsubscribe", preferences="#preferences", view="#view"
)
"""For previews: leads nowhere."""


def sample_urls(public_url: str) -> PersonUrls:
    """Return addresses that look as real ones do, for texts that are shown and not sent."""
    token = "x" * TOKEN_LENGTH
    return PersonUrls(
        click=f"{public_url}/c/{token}",
        unsubscribe=f"{public_url}/u/{token}",
        preferences=f"{public_url}/p/{token}",
        view=f"{public_url}/l/{token}",
    )


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


def _first_name(person: PersonView) -> str:
    name = person.first_name
    return name if name.isalpha() else slots.clean_name(name)


_clean = lru_cache(maxsize=4096)(slots.clean_name)
"""Where people signed up is one of a few places."""


def _last_name(person: PersonView) -> str:
    return slots.clean_name(person.last_name)


def _signup_source(person: PersonView) -> str:
    return _clean(person.source_label)


def _signup_date(person: PersonView) -> str:
    return shown_date(person.consent_date) if person.consent_date else ""


def _signup(person: PersonView) -> str:
    """Return " at the website on May 3, 2026", as far as it is known."""
    source, day = _signup_source(person), _signup_date(person)
    return (f" at {source}" if source else "") + (f" on {day}" if day else "")


PERSON_VALUES: dict[str, Callable[[PersonView], str]] = {
    "first_name": _first_name,
    "last_name": _last_name,
    "signup_source": _signup_source,
    "signup_date": _signup_date,
    "_signup": _signup,
}
"""How each personal value is read from a person; none of them is escaped yet."""


def person_values(person: PersonView) -> dict[str, str]:
    """Return all personal merge values of a person."""
    return {name: get(person) for name, get in PERSON_VALUES.items()}
