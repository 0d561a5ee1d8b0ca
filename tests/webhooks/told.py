"""People with an email that SendGrid took, and what its events did to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from campaigns.consent import suppression
from campaigns.contacts.models import Contact
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message
from campaigns.events.models import ProviderEvent
from campaigns.wiring import Services
from tests.factories.consent import make_member
from tests.factories.sent import sent_message


def sent(services: Services, **values: Any) -> tuple[Contact, Message, str, str]:
    """A member with an email that SendGrid took: person, message, token, address."""
    now = services.clock.now()
    with services.db.transaction() as session:
        person = make_member(session, now=now)
        message = sent_message(session, person, now=now, **values)
        token = services.tokens.issue(Purpose.MESSAGE, message.id)
        assert message.address is not None
        return person, message, token, message.address


def state_of(services: Services, message: Message) -> tuple[str, str | None]:
    with services.db.reading() as session:
        row = session.get_one(Message, message.id)
        return row.state, row.reason


def reasons(services: Services, address: str, channel: str = "email") -> set[str]:
    with services.db.reading() as session:
        rows = suppression.active_for(session, channel, address, services.clock.now())
        return {str(row.reason) for row in rows}


def stored(services: Services) -> int:
    with services.db.reading() as session:
        return session.scalar(select(func.count(ProviderEvent.id))) or 0
