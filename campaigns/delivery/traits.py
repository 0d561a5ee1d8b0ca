"""What the gate asks about one person: each an SQL condition of its own.

Each is looked up only where it can matter: behind a CASE, so that a batch which it does
not concern pays nothing for it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    not_,
    or_,
    true,
)
from sqlalchemy.orm import aliased

from campaigns.audience.models import ContactInterest
from campaigns.bookings.models import Booking
from campaigns.consent.models import ConsentEntry, ConsentState, ConsentStatus, Method
from campaigns.consent.standing import TOPIC
from campaigns.contacts.models import Address, Channel, Contact, ContactStatus
from campaigns.core.db import BigId
from campaigns.delivery.models import Message
from campaigns.delivery.parameters import flag, moment
from campaigns.delivery.tallies import LEFT, MARKETING
from campaigns.eligibility.gate import Kind


def handed_on(source: CTE, kind: Kind) -> Any:
    """Tell whether an address came to its person after somebody else got the campaign there.

    Looked up only for addresses that changed hands since the message was planned, because
    it reads the campaign's rows.
    """
    if kind is not Kind.BROADCAST:
        return false()
    sent = aliased(Message)
    got = exists().where(
        sent.origin_kind == kind.value,
        sent.origin_id == bindparam("origin_id", type_=BigId),
        sent.channel == bindparam("channel", type_=String()),
        sent.address == Address.address,
        sent.contact_id != source.c.contact_id,
        sent.state.in_(LEFT),
    )
    return case(
        (Address.created_at > source.c.planned_at, got.correlate(source, Address)), else_=false()
    )


def stale(source: CTE) -> Any:
    """Tell whether consent is old and nothing was sent on it for as long.

    A date that a file brought with it may be old while the list is in use; what comes in
    by an import counts from the day on which it came.
    """
    sent, entry = aliased(Message), aliased(ConsentEntry)
    old = moment("stale_before")
    written = exists().where(
        sent.contact_id == source.c.contact_id,
        sent.channel == ConsentState.channel,
        sent.intent_at > old,
        sent.state.in_(LEFT),
        sent.origin_kind.in_(MARKETING),
    )
    brought = exists().where(
        entry.id == ConsentState.entry_id,
        entry.method == Method.IMPORT,
        entry.recorded_at > old,
    )
    return case(
        (
            ConsentState.since <= old,
            and_(
                not_(written.correlate(source, ConsentState)),
                not_(brought.correlate(ConsentState)),
            ),
        ),
        else_=false(),
    )


def known_patient(source: CTE) -> Any:
    """Tell whether a person who booked would be written to by a way that no agreement covers."""
    booked = exists().where(Booking.contact_id == source.c.contact_id)
    return case((flag("transport_uncovered"), booked), else_=false())


def topic_consent(source: CTE) -> Any:
    """Tell whether the person lets topics be kept and wants this one by this channel."""
    agreed = aliased(ConsentState)
    granted = exists().where(
        agreed.contact_id == source.c.contact_id,
        agreed.channel == TOPIC,
        agreed.status == ConsentStatus.GRANTED,
    )
    return case((flag("topic_used"), and_(granted, not_(_wants_other_way(source)))), else_=true())


def _wants_other_way(source: CTE) -> Any:
    """Tell whether the person wants a topic by the other channel only.

    It counts for what the message is on; for the group, only where no interest that the
    rule names is wanted by this channel.
    """
    is_text = bindparam("channel", type_=String()) == Channel.SMS.value

    def has(names: str, *, wanted: bool) -> Any:
        mine = aliased(ContactInterest)
        by_this_way = case((is_text, mine.by_sms), else_=mine.by_email)
        return exists().where(
            mine.contact_id == source.c.contact_id,
            mine.interest_id.in_(bindparam(names, expanding=True, type_=BigInteger())),
            by_this_way if wanted else not_(by_this_way),
        )

    return or_(
        has("content_topics", wanted=False),
        and_(has("chosen_topics", wanted=False), not_(has("chosen_topics", wanted=True))),
    )


def phone_shared(source: CTE) -> Any:
    """Tell whether somebody else on file has the phone to which a text on a topic would go."""
    other, person = aliased(Address), aliased(Contact)
    on_file = exists().where(
        other.channel == Address.channel,
        other.address == Address.address,
        other.contact_id != source.c.contact_id,
        person.id == other.contact_id,
        person.status.not_in([ContactStatus.MERGED, ContactStatus.ERASED]),
    )
    is_text = bindparam("channel", type_=String()) == Channel.SMS.value
    return case(
        (and_(flag("topic_used"), is_text), on_file.correlate(source, Address)), else_=false()
    )
