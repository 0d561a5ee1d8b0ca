"""What the tests of the webhooks make and look up again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from campaigns.consent import ledger
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.delivery.models import Message, Origin
from campaigns.events.models import InboundText
from campaigns.wiring import Services
from tests.factories.consent import make_member


def member(services: Services, **values: Any) -> tuple[Contact, str]:
    with services.db.transaction() as session:
        person = make_member(session, now=services.clock.now() - timedelta(days=10), **values)
        return person, directory.addresses_of(session, person.id)[Channel.SMS].address


def consent(services: Services, person: Contact, channel: str = "sms") -> str:
    with services.db.reading() as session:
        assert ledger.verify(session) is None
        return ledger.state_of(session, person.id)[channel].status


def answers_to(services: Services, person: Contact) -> list[str]:
    with services.db.reading() as session:
        rows = session.scalars(
            select(Message.body)
            .where(Message.contact_id == person.id, Message.origin_kind == Origin.REPLY)
            .order_by(Message.id)
        )
        return [str((body or {})["text"]) for body in rows]


def texts_of(services: Services) -> list[InboundText]:
    with services.db.reading() as session:
        return list(session.scalars(select(InboundText).order_by(InboundText.id)))


def count(services: Services, model: type) -> int:
    with services.db.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
