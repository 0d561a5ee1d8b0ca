"""The one request to confirm that an email without proof may get, for the people of a file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.consent import suppression
from campaigns.consent.models import ConsentState, ConsentStatus, OptInRequest
from campaigns.consent.optin import IMPORT, VALID_FOR
from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel, Contact, ContactStatus
from campaigns.core.db import change, is_sqlite
from campaigns.imports.models import ImportRow

CHUNK = 500
"""People of one transaction."""
EMAIL = Channel.EMAIL.value


def askable(session: Session, import_id: int, *, now: datetime) -> int:
    """Return how many addresses of an import wait for proof and were never asked."""
    waiting = _waiting(import_id, now).subquery()
    return session.scalar(select(func.count()).select_from(waiting)) or 0


def ask(session: Session, import_id: int, *, now: datetime) -> int:
    """Ask the next people of an import to confirm; return how many, 0 when all were asked.

    Delivery writes the messages from these requests. An address that was ever asked,
    whoever it belongs to, is not asked again: a unique index holds that for two who press
    the button at once.
    """
    ids = list(session.scalars(_waiting(import_id, now).limit(CHUNK)))
    if not ids:
        return 0
    directory.lock(session, ids)
    chosen = _waiting(import_id, now, Address.contact_id.in_(ids)).add_columns(
        literal(EMAIL),
        Address.address,
        literal(now, OptInRequest.requested_at.type),
        literal(now + VALID_FOR[Channel.EMAIL], OptInRequest.expires_at.type),
        literal(IMPORT),
    )
    columns = ["contact_id", "channel", "address", "requested_at", "expires_at", "origin"]
    dialect = sqlite if is_sqlite(session) else postgresql
    statement = dialect.insert(OptInRequest).from_select(columns, chosen)
    return change(session, statement.on_conflict_do_nothing())


def _waiting(import_id: int, now: datetime, *also: ColumnElement[bool]) -> Select[Any]:
    came = exists().where(
        ImportRow.contact_id == Address.contact_id, ImportRow.import_id == import_id
    )
    asked = exists().where(OptInRequest.channel == EMAIL, OptInRequest.address == Address.address)
    stopped = suppression.active_suppression(Address.channel, Address.address_hash, now)
    first = func.min(Address.contact_id)  # of people who share an address
    return (
        select(first)
        .join(Contact, Contact.id == Address.contact_id)
        .join(ConsentState, ConsentState.contact_id == Address.contact_id)
        .where(
            Address.channel == EMAIL,
            ConsentState.channel == EMAIL,
            ConsentState.status == ConsentStatus.UNCONFIRMED,
            Contact.status == ContactStatus.ACTIVE,
            came,
            ~asked,
            ~stopped,
            *also,
        )
        .group_by(Address.address)
        .order_by(first)
    )
