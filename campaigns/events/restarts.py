"""Somebody texts START, YES or Y: back at once on an old agreement, else asked anew (CON-09).

START lifts what the carrier holds against the number. It is not an agreement by itself:
marketing comes back only where an earlier written consent of the same person for the same
number still holds. Otherwise the words of the agreement go out by text, and a Y signs them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.clinic import profile
from campaigns.consent import disclosures, ledger, optin, standing, suppression
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentStatus,
    Method,
    SuppressionReason,
)
from campaigns.contacts.models import Channel, Contact
from campaigns.core import logs
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import CampaignsError, InvalidInput
from campaigns.delivery import outbox, tallies
from campaigns.delivery.models import Origin
from campaigns.events import answers
from campaigns.events.models import InboundText
from campaigns.events.twilio_forms import InboundForm

log = logs.get(__name__)


def confirm(
    session: Session, row: InboundText, form: InboundForm, people: list[Contact], now: datetime
) -> bool:
    """Confirm every open request for this number; tell whether there was one.

    A Y that is read after a later stop (it was lost, and found by asking) confirms nothing.
    """
    confirmed = False
    for person in people:
        request = optin.open_request(session, person.id, Channel.SMS, now=now)
        if request is None or request.address != form.sender:
            continue
        stopped = standing.last_stop(session, person.id, Channel.SMS)
        if stopped is not None and stopped >= row.received_at:
            continue
        try:
            optin.confirm(
                session,
                request.id,
                now=now,
                evidence={"words": form.body, "sid": form.sid},
                method=Method.REPLY,
            )
        except InvalidInput as fault:  # nothing to sign, or too late: staff see the reply
            log.info("reply.not_confirmed", code=fault.code, inbound=row.id)
            continue
        confirmed = True
    if confirmed and form.opt_out_type is None:
        _welcome(session, row, form, now)
    return confirmed


def start(
    session: Session,
    row: InboundText,
    form: InboundForm,
    people: list[Contact],
    now: datetime,
    *,
    public_url: str,
) -> None:
    """Take somebody back who said START."""
    at = row.received_at
    restored = False
    for person in people:
        entry = ledger.reopen(
            session,
            contact_id=person.id,
            actor=_actor(person),
            now=now,
            words=form.body,
            expressed_at=at,
            evidence={"sid": form.sid},
            last_sent=tallies.last_sent(session, person.id, Channel.SMS),
        )
        if entry is None:
            continue
        _lift_carrier(session, form.sender, entry, now)
        state = ledger.state_of(session, person.id).get(Channel.SMS)
        if state is None or state.entry_id != entry.id:
            continue  # a later stop counts: this word came late
        if state.status == ConsentStatus.GRANTED:
            restored = True
        else:
            _ask(session, row, form, person, now, public_url=public_url)
    if restored and form.opt_out_type is None:
        _welcome(session, row, form, now)


def _lift_carrier(session: Session, number: str, entry: ConsentEntry, now: datetime) -> None:
    """Lift what the phone company reported; the person's own stop to us stays."""
    for held in suppression.active_for(session, Channel.SMS, number, now):
        is_carrier = held.reason == SuppressionReason.PROVIDER_OPT_OUT
        if is_carrier and held.expressed_at < entry.expressed_at:
            held.lifted_at = now
            held.lifted_by_entry_id = entry.id
    session.flush()


def _ask(
    session: Session,
    row: InboundText,
    form: InboundForm,
    person: Contact,
    now: datetime,
    *,
    public_url: str,
) -> None:
    """Send the agreement's words once, with a request that a Y confirms."""
    clinic = profile.get(session)
    locale = answers.language(session, row, form.body)
    try:
        disclosure = disclosures.current(session, Channel.SMS, locale)
    except CampaignsError:
        return
    text = answers.ask_in_full(clinic, disclosure, public_url=public_url, locale=locale)
    entry = ledger.record(
        session,
        contact_id=person.id,
        channel=Channel.SMS,
        action=Action.OPT_IN_REQUESTED,
        method=Method.KEYWORD,
        actor=_actor(person),
        now=now,
        expressed_at=row.received_at,
        disclosure_id=disclosure.id,
        wording=text,
        address=form.sender,
        evidence={"words": form.body, "sid": form.sid, "place": "keyword", "signature": "text"},
    )
    request = optin.request(
        session,
        contact_id=person.id,
        channel=Channel.SMS,
        address=form.sender,
        entry_id=entry.id,
        origin=optin.FORM,
        now=now,
    )
    if request is None:
        return
    if suppression.is_suppressed(session, Channel.SMS, form.sender, now):
        # The usual request does not pass a stop; this one answers the person's own word.
        answers.send(session, row, text, now, passes_stop=True)
        return
    outbox.enqueue(
        session,
        origin_kind=Origin.CONFIRMATION,
        origin_id=0,
        subject_id=request.id,
        channel=Channel.SMS,
        contact_id=person.id,
        body={"text": text},
        due_at=now,
        now=now,
        expires_at=request.expires_at,
    )


def _welcome(session: Session, row: InboundText, form: InboundForm, now: datetime) -> None:
    text = answers.welcome(
        profile.get(session),
        frequency=answers.promised(session),
        locale=answers.language(session, row, form.body),
    )
    answers.send(session, row, text, now)


def _actor(person: Contact) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=person.id)
