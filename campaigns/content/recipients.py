"""A stored person as a message sees them; for previews and lesson pages, one at a time."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience import interests
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts.models import Contact
from campaigns.content.people import PersonView


def view_of(session: Session, contact: Contact, channel: str) -> PersonView:
    """Return what content may know about a person, for a message on ``channel``."""
    states = {
        state.channel: state
        for state in session.scalars(
            select(ConsentState).where(ConsentState.contact_id == contact.id)
        )
    }
    state = states.get(channel)
    texts = states.get("sms")
    return PersonView(
        first_name=contact.first_name,
        last_name=contact.last_name,
        source_label=state.source_label if state else "",
        consent_date=state.since.date() if state else None,
        interests=frozenset(interests.codes_of(session, contact.id)),
        channels=frozenset(name for name, s in states.items() if s.status == ConsentStatus.GRANTED),
        sms_per_month=texts.frequency_per_month if texts else None,
    )
