"""From judged rows to letters: whom each is to, and what differs from person to person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from campaigns.audience.models import ContactInterest, Interest
from campaigns.clinic.models import Clinic
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts.models import Channel
from campaigns.content.rendering import CompiledEmail, CompiledText
from campaigns.core.errors import NotConfigured
from campaigns.delivery import letters, profiles
from campaigns.delivery.facts import Frame
from campaigns.delivery.letters import Letter
from campaigns.delivery.models import Message
from campaigns.delivery.parts import Parts
from campaigns.delivery.tallies import LEFT, MARKETING
from campaigns.eligibility.gate import Kind


def compose(
    session: Session,
    parts: Parts,
    rows: list[Any],
    frame: Frame,
    *,
    clinic: Clinic,
    content: CompiledEmail | CompiledText | None,
) -> list[Letter]:
    """Make the letters; texts are complete now, because their parts are to be counted.

    ``rows`` are what ``gate.for_batch`` yields, in its order of columns.

    Raises: NotConfigured ``sender_missing``; whatever else keeps content from being written.
    """
    if frame.channel == Channel.EMAIL and not clinic.sender_email:
        raise NotConfigured("sender_missing", "There is no sender address for email.")
    interests, channels = _traits(session, rows, content)
    bodies = _bodies(session, rows, frame.kind, content)
    found = []
    nothing: frozenset[str] = frozenset()
    for row in rows:
        _, row_id, contact_id, subject_id, address, entry_id, first, last, profile_key, *more = row
        since, source_label, promised = more[:3]
        body = bodies.get(row_id) if bodies else None
        person = letters.person_of(
            first,
            last,
            since=since,
            source_label=source_label,
            promised=promised if frame.channel == Channel.SMS else None,
            interests=interests.get(contact_id, nothing),
            channels=channels.get(contact_id, nothing),
            body=body,
        )
        found.append(
            Letter(
                message_id=row_id,
                contact_id=contact_id,
                subject_id=subject_id,
                address=address,
                entry_id=entry_id,
                person=person,
                body=body,
                profile_key=profile_key,
            )
        )
    if frame.channel == Channel.SMS:
        window = profiles.window_of(session, clinic, frame.channel, frame.now)
        letters.write_texts(
            found,
            parts=parts,
            clinic=clinic,
            content=content,
            firsts=_never_texted(session, rows) if frame.kind.is_marketing else frozenset(),
            window=window if frame.kind.is_marketing else None,
            now=frame.now,
            test=frame.kind is Kind.TEST,
        )
    return found


def _traits(
    session: Session, rows: list[Row[Any]], content: CompiledEmail | CompiledText | None
) -> tuple[dict[int, frozenset[str]], dict[int, frozenset[str]]]:
    """Return people's interests and channels, where the content has conditions on them."""
    if not isinstance(content, CompiledEmail) or not content.conditions:
        return {}, {}
    ids = [row.contact_id for row in rows if row.contact_id is not None]
    interests = select(ContactInterest.contact_id, Interest.code).join(
        Interest, Interest.id == ContactInterest.interest_id
    )
    interests = interests.where(ContactInterest.by_email)  # only email has conditions
    channels = select(ConsentState.contact_id, ConsentState.channel).where(
        ConsentState.status == ConsentStatus.GRANTED
    )
    return (
        _grouped(session, interests.where(ContactInterest.contact_id.in_(ids))),
        _grouped(session, channels.where(ConsentState.contact_id.in_(ids))),
    )


def _grouped(session: Session, statement: Any) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for key, value in session.execute(statement):
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}


def _bodies(
    session: Session, rows: list[Row[Any]], kind: Kind, content: object
) -> dict[int, dict[str, Any]]:
    if kind.is_marketing and content is not None:
        return {}
    ids = [row.row_id for row in rows]
    return {
        row[0]: row[1] or {}
        for row in session.execute(select(Message.id, Message.body).where(Message.id.in_(ids)))
    }


def _never_texted(session: Session, rows: list[Row[Any]]) -> frozenset[int]:
    ids = {row.contact_id for row in rows}
    texted = session.scalars(
        select(Message.contact_id)
        .where(
            Message.contact_id.in_(ids),
            Message.channel == Channel.SMS,
            Message.intent_at.is_not(None),
            Message.state.in_(LEFT),
            Message.origin_kind.in_(MARKETING),
        )
        .distinct()
    )
    return frozenset(ids - set(texted))
