"""Whose booking is it? By the message that led to it, else by email, else by phone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.orm import Session

from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.db import keys_of
from campaigns.core.errors import InvalidInput
from campaigns.core.signing import Purpose, Tokens

# Delivery's table, named here by its two columns alone: a booking reports a message, and
# this package stands before the one that owns messages.
_MESSAGES = Table(
    "messages", MetaData(), Column("id", Integer, primary_key=True), Column("contact_id", Integer)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The person a booking belongs to, and by what we know it."""

    contact_id: int | None
    message_id: int | None
    by: str
    """``message``, ``email``, ``phone``, ``ambiguous`` (a shared address) or ``nothing``."""


def find(
    session: Session,
    *,
    token: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    first_name: str = "",
    last_name: str = "",
) -> Match:
    """Find the person of a booking; a name decides between people who share an address.

    The message's token says what led to the booking. The person named by the address
    comes first where they differ: a forwarded link may be booked by somebody else.
    """
    message_id, sent_to = _message(session, token)
    for by, channel, text in (("email", Channel.EMAIL, email), ("phone", Channel.SMS, phone)):
        people = _people(session, channel, text)
        if not people:
            continue
        if sent_to in {person.id for person in people}:
            return Match(contact_id=sent_to, message_id=message_id, by="message")
        person = _only(people, first_name, last_name)
        if person is not None:
            return Match(contact_id=person.id, message_id=message_id, by=by)
        return Match(contact_id=None, message_id=message_id, by="ambiguous")
    if sent_to is not None and not (email or phone):
        return Match(contact_id=sent_to, message_id=message_id, by="message")
    return Match(contact_id=None, message_id=message_id, by="nothing")


def _message(session: Session, token: str | None) -> tuple[int | None, int | None]:
    if not token:
        return None, None
    tokens = Tokens(keys_of(session))
    for purpose in (Purpose.CLICK, Purpose.MESSAGE, Purpose.LESSON):
        message_id = tokens.read(purpose, token)
        if message_id is None:
            continue
        row = session.execute(
            select(_MESSAGES.c.id, _MESSAGES.c.contact_id).where(_MESSAGES.c.id == message_id)
        ).first()
        if row is not None:
            return row.id, row.contact_id
    return None, None


def _people(session: Session, channel: Channel, text: str | None) -> list[Contact]:
    if not text or not text.strip():
        return []
    try:
        address = addresses.normalise(channel, text)
    except InvalidInput:
        return []
    return directory.find_by_address(session, channel, address)


def _only(people: list[Contact], first_name: str, last_name: str) -> Contact | None:
    if len(people) == 1:
        return people[0]
    wanted = (first_name.strip().casefold(), last_name.strip().casefold())
    same = [
        person
        for person in people
        if (person.first_name.casefold(), person.last_name.casefold()) == wanted
    ]
    return same[0] if len(same) == 1 else None
