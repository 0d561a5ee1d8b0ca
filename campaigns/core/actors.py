"""Who does something: a member of staff, the service itself, a patient, a provider."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """The kinds of actor that audit entries and ledger entries name."""

    STAFF = "staff"
    SYSTEM = "system"
    PERSON = "person"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The one who acts. ``id`` is the staff user's or contact's id, None for the service."""

    kind: ActorKind
    id: int | None = None
    name: str = ""


SYSTEM = Actor(kind=ActorKind.SYSTEM, name="Campaigns")
