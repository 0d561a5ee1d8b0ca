"""Builds people who agreed, and people who left."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.consent import disclosures, ledger
from campaigns.consent.models import Action, ConsentEntry, Method
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import Actor, ActorKind
from tests.factories.contacts import make_contact

WORDS = "I agree to get texts from Deeply Vital."


def person(contact: Contact) -> Actor:
    """Return a person as the one who acts."""
    return Actor(kind=ActorKind.PERSON, id=contact.id)


def agree(
    session: Session,
    contact: Contact,
    channel: str = Channel.EMAIL,
    *,
    now: datetime,
    **overrides: Any,
) -> ConsentEntry:
    """Let a person agree to a channel on the sign-up form, with the words in use."""
    disclosures.create_defaults(session, now=now)
    shown = disclosures.current(session, channel)
    fields: dict[str, Any] = {
        "method": Method.WEB_FORM,
        "actor": person(contact),
        "wording": disclosures.render(
            shown,
            brand="Deeply Vital",
            privacy_url="https://clinic.example/privacy",
            terms_url="https://clinic.example/sms-program",
        ),
        "disclosure_id": shown.id,
        "source_label": "our sign-up form",
        **overrides,
    }
    return ledger.grant(session, contact_id=contact.id, channel=channel, now=now, **fields)


def agree_to_topics(session: Session, contact: Contact, *, now: datetime) -> ConsentEntry:
    """Let a person agree that topics of health are kept."""
    return ledger.record(
        session,
        contact_id=contact.id,
        channel=ledger.TOPIC,
        action=Action.HEALTH_TOPIC_CONSENT,
        method=Method.WEB_FORM,
        actor=person(contact),
        now=now,
        wording="The clinic may store the topics I picked.",
    )


def leave(
    session: Session, contact: Contact, channel: str = Channel.EMAIL, *, now: datetime
) -> ConsentEntry | None:
    """Let a person leave a channel."""
    method = Method.KEYWORD if channel == Channel.SMS else Method.ONE_CLICK
    return ledger.withdraw(
        session,
        contact_id=contact.id,
        channel=channel,
        method=method,
        actor=person(contact),
        now=now,
        words="STOP" if channel == Channel.SMS else None,
    )


def make_member(
    session: Session,
    *,
    now: datetime,
    channels: tuple[str, ...] = (Channel.EMAIL, Channel.SMS),
    **overrides: Any,
) -> Contact:
    """Make a person who agreed to email and texts."""
    contact = make_contact(session, now=now, **overrides)
    for channel in channels:
        agree(session, contact, channel, now=now)
    return contact
