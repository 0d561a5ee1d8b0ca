"""Texts that people send: kept sealed, read for what they mean, acted on in the same moment.

A stop counts for everybody who has the number. Exactly one confirmation answers it, from
exactly one system: Twilio where it recognised the word, else us. What is unclear holds
marketing at once and waits for a person of the staff; after three business days without
a decision it is a stop.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.clinic import profile
from campaigns.consent import keywords, ledger, optin, suppression
from campaigns.consent.keywords import Reading
from campaigns.consent.models import Method, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core import sealing
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.db import is_sqlite, keys_of
from campaigns.core.errors import Conflict, NotFound
from campaigns.delivery import outbox
from campaigns.delivery.models import Message
from campaigns.eligibility import days
from campaigns.events import answers, joining, restarts
from campaigns.events.models import InboundText
from campaigns.events.twilio_forms import InboundForm

SEALED_AS = "inbound_text"
UNCLEAR = "unclear_reply"
HOLD_FOR = timedelta(days=30)
DECIDE_WITHIN_BUSINESS_DAYS = 3
_MAY_JOIN = ("confirm", "other")
_INTENTS = {"STOP": "stop", "START": "start", "HELP": "help"}


def receive(
    session: Session,
    form: InboundForm,
    *,
    signature_digest: str | None,
    now: datetime,
    public_url: str = "",
    sent_at: datetime | None = None,
) -> InboundText | None:
    """Store a text and do what it says; None when it, or its signature, came before.

    ``public_url`` is where our own pages are: a poster's words name two of them.
    ``sent_at`` is when the person wrote, for a text that was found by asking the provider;
    it counts as said then, and gets no answer that would come too late.
    """
    _lock_number(session, form.sender)
    people = directory.find_by_address(session, Channel.SMS, form.sender)
    owners = people or directory.find_former(session, Channel.SMS, form.sender)
    directory.lock(session, [person.id for person in owners])
    reading = _read(form)
    row_id = _store(session, form, reading, people, signature_digest, min(sent_at or now, now))
    if row_id is None:
        return None
    row = session.get_one(InboundText, row_id)
    for person in people:
        directory.note_heard(session, person.id, now=now)
    if not _join(session, row, form, reading, people, now, public_url):
        _act(session, row, form, reading, people, now, public_url=public_url)
    session.flush()
    return row


def body_of(session: Session, row: InboundText) -> str:
    """Return what a person wrote."""
    return sealing.unseal(keys_of(session), SEALED_AS, row.body).decode()


def settle(
    session: Session, actor: Actor, inbound_id: int, *, is_stop: bool, now: datetime
) -> InboundText:
    """Decide what an unclear reply meant: a stop, or nothing of the kind.

    Raises: NotFound ``inbound``; Conflict ``not_unclear`` when there is nothing to decide.
    """
    row = session.get(InboundText, inbound_id)
    if row is None:
        raise NotFound("inbound", "This message is not there any more.")
    if row.intent != "unclear" or row.resolved_at is not None:
        raise Conflict("not_unclear", "This reply was decided already. Nothing was changed.")
    people = directory.find_by_address(session, Channel.SMS, row.from_address)
    directory.lock(session, [person.id for person in people])
    row.resolved_at, row.resolved_by = now, actor.name[:120]
    row.read_at = row.read_at or now
    row.resolution = "stop" if is_stop else "not_stop"
    others = _others_open(session, row)
    for person in people:
        if person.hold_reason == UNCLEAR and not others:
            _release(session, person.id, now)
    if is_stop:
        reading = Reading("stop", f"decided:{row.rule}"[:60])
        _stop(session, row, body_of(session, row), reading, people, now, actor=actor, answer=False)
    session.flush()
    return row


def _release(session: Session, contact_id: int, now: datetime) -> None:
    """End the hold that an unclear reply began; what waited for its end is looked at again."""
    directory.release(session, contact_id, now=now)
    outbox.wake_for_contact(session, contact_id, now=now)


def settle_overdue(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Treat unclear replies that nobody decided within three business days as stops."""
    zone = ZoneInfo(profile.get(session).timezone)
    rows = session.scalars(
        select(InboundText)
        .where(InboundText.intent == "unclear", InboundText.resolved_at.is_(None))
        .order_by(InboundText.received_at)
        .limit(limit)
    )
    settled = 0
    for row in list(rows):
        last_day = _business_day_after(row.received_at.astimezone(zone).date())
        if now.astimezone(zone).date() > last_day:
            settle(session, SYSTEM, row.id, is_stop=True, now=now)
            settled += 1
    return settled


def _business_day_after(day: date) -> date:
    left = DECIDE_WITHIN_BUSINESS_DAYS
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and not days.is_holiday(day):
            left -= 1
    return day


def _lock_number(session: Session, number: str) -> None:
    """Take texts from one number one after the other: on Postgres two webhooks may come at once.

    The rows of people would do, where there are people; SQLite has one writer anyway.
    """
    if not is_sqlite(session):
        key = int.from_bytes(hashlib.sha256(number.encode()).digest()[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def _read(form: InboundForm) -> Reading:
    reading = keywords.classify(form.body)
    if form.opt_out_type is None:
        return reading
    intent = _INTENTS[form.opt_out_type]
    if intent == "start" and reading.intent == "confirm":
        # What Twilio takes for START may confirm an open request; without one it is a START.
        return replace(reading, also_start=True)
    if intent == reading.intent:
        return reading
    rule = f"provider:{form.opt_out_type.lower()}"
    return Reading(intent, rule, everything=reading.everything and intent == "stop")  # type: ignore[arg-type]


def _store(
    session: Session,
    form: InboundForm,
    reading: Reading,
    people: list[Contact],
    signature_digest: str | None,
    now: datetime,
) -> int | None:
    dialect = sqlite if is_sqlite(session) else postgresql
    statement = (
        dialect.insert(InboundText)
        .values(
            provider_sid=form.sid,
            signature_digest=signature_digest,
            from_address=form.sender,
            to_address=form.to,
            body=sealing.seal(keys_of(session), SEALED_AS, form.body.encode()),
            contact_id=_whose(session, form.sender, people),
            intent=reading.intent,
            rule=reading.rule[:60],
            opt_out_type=form.opt_out_type,
            received_at=now,
        )
        .on_conflict_do_nothing()
        .returning(InboundText.id)
    )
    row_id: int | None = session.scalar(statement)
    return row_id


def _whose(session: Session, number: str, people: list[Contact]) -> int | None:
    """Return the person who was last written to at a number that several may share."""
    if len(people) < 2:
        return people[0].id if people else None
    last = session.scalar(
        select(Message.contact_id)
        .where(
            Message.contact_id.in_([person.id for person in people]),
            Message.channel == Channel.SMS,
            Message.address == number,
        )
        .order_by(Message.intent_at.desc())
        .limit(1)
    )
    return last or people[0].id


def _act(
    session: Session,
    row: InboundText,
    form: InboundForm,
    reading: Reading,
    people: list[Contact],
    now: datetime,
    *,
    public_url: str,
) -> None:
    if reading.intent == "stop":
        answer = not answers.is_answered_by_provider(form.body, form.opt_out_type)
        _stop(session, row, form.body, reading, people, now, answer=answer)
    elif reading.intent == "unclear":
        for person in people:
            directory.hold(session, person.id, until=now + HOLD_FOR, reason=UNCLEAR, now=now)
    elif reading.intent == "confirm":
        done = restarts.confirm(session, row, form, people, now)
        if not done and reading.also_start:
            restarts.start(session, row, form, people, now, public_url=public_url)
        elif not done and people:
            return  # a yes to something else: staff read it
    elif reading.intent == "start":
        restarts.start(session, row, form, people, now, public_url=public_url)
    elif reading.intent == "other":
        answers.send_health(session, row, profile.get(session), form.body, now)
    elif reading.intent == "help" and not answers.is_answered_by_provider(
        form.body, form.opt_out_type
    ):
        text = answers.help_(
            profile.get(session),
            frequency=answers.promised(session),
            locale=answers.language(session, row, form.body),
        )
        answers.send(session, row, text, now, passes_stop=True)
    if reading.intent in ("stop", "start", "help", "confirm"):
        row.read_at = now  # nothing is left for staff to do


def _stop(
    session: Session,
    row: InboundText,
    words: str,
    reading: Reading,
    people: list[Contact],
    now: datetime,
    *,
    answer: bool,
    actor: Actor | None = None,
) -> None:
    channels = [Channel.SMS, Channel.EMAIL] if reading.everything else [Channel.SMS]
    changed = False
    for person in people:
        for channel in channels:
            entry = ledger.withdraw(
                session,
                contact_id=person.id,
                channel=channel,
                method=Method.REPLY if actor is None else Method.STAFF,
                actor=actor or _person(person),
                now=now,
                words=words,
                evidence={"sid": row.provider_sid, "rule": reading.rule},
                expressed_at=row.received_at,
            )
            changed = changed or (entry is not None and channel == Channel.SMS)
        if person.hold_reason == UNCLEAR:
            _release(session, person.id, now)
    # The number of a record that was merged: nobody is written to there, but its owner spoke.
    for person in [] if people else directory.find_former(session, Channel.SMS, row.from_address):
        for channel in channels:
            ledger.withdraw(
                session,
                contact_id=person.id,
                channel=channel,
                method=Method.REPLY if actor is None else Method.STAFF,
                actor=actor or _person(person),
                now=now,
                words=words,
                evidence={"sid": row.provider_sid, "rule": reading.rule},
                expressed_at=row.received_at,
            )
    if not people:
        known = suppression.is_suppressed(session, Channel.SMS, row.from_address, now)
        reason = SuppressionReason.OPT_OUT
        suppression.add(
            session,
            channel=Channel.SMS,
            address=row.from_address,
            reason=reason,
            now=now,
            expressed_at=row.received_at,
        )
        changed = known is None
    if changed and answer and not reading.wrong_number:
        locale = answers.language(session, row, words)
        text = answers.stop(profile.get(session), locale=locale)
        answers.send(session, row, text, now, passes_stop=True)
    if reading.wrong_number:
        for person in people:
            directory.set_address(session, person.id, Channel.SMS, None, now=now)


def _join(
    session: Session,
    row: InboundText,
    form: InboundForm,
    reading: Reading,
    people: list[Contact],
    now: datetime,
    public_url: str,
) -> bool:
    """Take a keyword of a poster; tell whether the text was one and not an answer of ours.

    JOIN also answers a request to confirm, as Y does: except to the one that JOIN itself
    led to, which asks for a Y.
    """
    found = joining.form_of(session, form.body) if reading.intent in _MAY_JOIN else None
    if found is None:
        return False
    for person in people if reading.intent == "confirm" else []:
        request = optin.open_request(session, person.id, Channel.SMS, now=now)
        if request is not None and request.origin != optin.KEYWORD:
            return False
    joined = joining.take(
        session,
        found,
        form.sender,
        contact_id=row.contact_id,
        words=form.body,
        sid=form.sid,
        public_url=public_url,
        now=now,
    )
    row.contact_id, row.rule = joined.contact_id, f"keyword:{found.slug}"[:60]
    if joined.asked or joined.already:
        row.read_at = now
    clinic, frequency = profile.get(session), answers.promised(session)
    if joined.already and form.opt_out_type is None:
        locale = answers.language(session, row, form.body)
        text = answers.welcome(clinic, frequency=frequency, locale=locale)
        answers.send(session, row, text, now)
    elif joined.asked and suppression.is_suppressed(session, Channel.SMS, form.sender, now):
        locale = answers.language(session, row, form.body)
        text = answers.ask_again(clinic, frequency=frequency, locale=locale)
        answers.send(session, row, text, now, passes_stop=True)
    return True


def _others_open(session: Session, row: InboundText) -> bool:
    """Tell whether another reply from this number still waits for a decision."""
    query = select(InboundText.id).where(
        InboundText.from_address == row.from_address,
        InboundText.id != row.id,
        InboundText.intent == "unclear",
        InboundText.resolved_at.is_(None),
    )
    return session.scalar(query.limit(1)) is not None


def _person(person: Contact) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=person.id)
