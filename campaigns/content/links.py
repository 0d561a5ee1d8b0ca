"""The links of a version: numbered once, resolved in our own database after the click.

A message carries ``/c/<token>/<number>`` and nothing else, so an address names no topic
and a destination can be mended after sending.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.clinic.models import Clinic
from campaigns.content import richtext
from campaigns.content.blocks import Book, Button, Call, EmailSource, Text, TextSource
from campaigns.content.models import Link

TRAP_LINK = 0
"""The number of the link that no person sees: whoever follows it is a machine."""
VISIT = "visit"
CONSULTATION = "consultation"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSpec:
    """One link of a message, before it has a version."""

    number: int
    kind: str
    """``url``, ``book``, ``call`` or ``lesson``."""
    target: str
    """The address for ``url``; ``visit`` or ``consultation`` for ``book``; for ``lesson``
    the id of the version it shows; empty for ``call``."""
    label: str
    block_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a click leads. Exactly one of the last three says it."""

    kind: str
    label: str
    url: str | None = None
    """For ``url`` and ``book``; None for a booking link that the clinic has not set."""
    phone: str | None = None
    """For ``call``: E.164."""
    lesson_version_id: int | None = None
    """For ``lesson``: the version whose page to show."""


def extract(source: EmailSource | TextSource, *, consultation: bool) -> tuple[LinkSpec, ...]:
    """Give each link a number, in reading order, whatever the blocks' conditions.

    ``consultation`` says that booking leads to a consultation, because the topic is
    education only.
    """
    booking = CONSULTATION if consultation else VISIT
    found: list[tuple[str, str, str, str]] = []
    if isinstance(source, TextSource):
        if source.link != "none":
            target = {
                "book": booking,
                "call": "",
                "lesson": str(source.lesson_version_id or ""),
            }[source.link]
            found.append((source.link, target, "link of the text", "body"))
    else:
        for block in source.walk():
            if isinstance(block, Text):
                for address, label in richtext.parse(block.html).links:
                    found.append(("url", address, label.strip(), block.id))
            elif isinstance(block, Button):
                found.append(("url", block.url, block.label, block.id))
            elif isinstance(block, Book):
                found.append(("book", booking, block.label, block.id))
            elif isinstance(block, Call):
                found.append(("call", "", block.label, block.id))
    return tuple(
        LinkSpec(number=n, kind=kind, target=target, label=label[:255], block_id=block_id)
        for n, (kind, target, label, block_id) in enumerate(found, 1)
    )


def store(session: Session, version_id: int, specs: tuple[LinkSpec, ...]) -> None:
    """Write the links of a fresh version."""
    session.add_all(
        Link(
            version_id=version_id,
            number=spec.number,
            kind=spec.kind,
            target=spec.target,
            label=spec.label,
        )
        for spec in specs
    )


def resolve(session: Session, version_id: int, number: int, clinic: Clinic) -> Destination | None:
    """Return where link ``number`` of a version leads now, or None if it has no such link."""
    link = session.get(Link, (version_id, number))
    if link is None:
        return None
    if link.kind == "url":
        return Destination(kind="url", label=link.label, url=link.target)
    if link.kind == "call":
        return Destination(kind="call", label=link.label, phone=clinic.phone)
    if link.kind == "lesson":
        target = int(link.target) if link.target else None
        return Destination(kind="lesson", label=link.label, lesson_version_id=target)
    if link.target == CONSULTATION:
        url = clinic.consultation_url or clinic.website
    else:
        url = clinic.booking_url or clinic.consultation_url or clinic.website
    return Destination(kind="book", label=link.label, url=url)


def page_version_of(session: Session, version_id: int) -> int:
    """Return the version whose hosted page a message shows.

    An email shows itself; a text shows the lesson that its link leads to, if any.
    """
    target = session.scalar(
        select(Link.target).where(Link.version_id == version_id, Link.kind == "lesson")
    )
    return int(target) if target else version_id
