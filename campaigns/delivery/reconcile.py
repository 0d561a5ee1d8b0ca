"""Unclear outcomes: settled by events, by looking texts up, or by waiting long enough.

A text is looked up with the provider after 2 and after 15 minutes: found is accepted,
twice not found is not accepted. Email waits 26 hours for any event, because providers
repeat events for a day; silence counts only if events of others did arrive meanwhile.
Nothing is sent again by itself: staff decide about what was not accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from campaigns.accounts import audit
from campaigns.clinic import profile
from campaigns.consent.models import ConsentState
from campaigns.contacts.models import Channel, Contact
from campaigns.content import rendering
from campaigns.content.people import urls_for
from campaigns.content.rendering import CompiledText
from campaigns.core import logs
from campaigns.core.actors import Actor
from campaigns.delivery import letters, notices, outcome
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.delivery.parts import Parts
from campaigns.delivery.ports import Found, SmsFinder, SmsLookup

log = logs.get(__name__)
S = MessageState

SECOND_LOOK = timedelta(minutes=15)
LOOKS = 2
"""A text that was looked for this often in vain was not accepted."""
ASK_AGAIN = timedelta(minutes=5)
WAIT_ON = timedelta(hours=6)
"""How much longer email stays unclear while no event at all arrives."""
LIMIT = 200
_IS_UNCERTAIN = Message.state == literal_column("'uncertain'")


def tick(parts: Parts) -> int:
    """Do one round; return how many messages were settled."""
    now = parts.clock.now()
    with parts.db.reading() as session:
        due = list(
            session.scalars(
                select(Message)
                .where(_IS_UNCERTAIN, Message.check_at <= now)
                .order_by(Message.check_at, Message.id)
                .limit(LIMIT)
            )
        )
    texts = [message for message in due if message.channel == Channel.SMS]
    settled = sum(_look_up(parts, message, now) for message in texts)
    email = [message.id for message in due if message.channel == Channel.EMAIL]
    if email:
        with parts.db.transaction() as session:
            settled += _judge_silence(session, email, now)
    return settled


def _look_up(parts: Parts, message: Message, now: datetime) -> int:
    """Ask the provider for one text, with no transaction open, and write the verdict."""
    finder = parts.sms
    assert message.intent_at is not None
    found: Found | None = None
    asked = isinstance(finder, SmsFinder)
    if isinstance(finder, SmsFinder):
        since = int((now - message.intent_at).total_seconds()) + 60
        try:
            for body in _bodies_of(parts, message):
                lookup = SmsLookup(to=message.address or "", body=body, not_before_seconds=since)
                found = found or finder.find(lookup)
        except OSError as error:
            log.warning("look_up_failed", message=message.id, error=type(error).__name__)
            asked = False
    with parts.db.transaction() as session:
        if found is not None:
            return outcome.note_accepted(
                session, [message.id], now=now, provider_id=found.provider_id
            )
        if not asked:
            return _later(session, message, now + ASK_AGAIN, looked=False)
        if message.checks + 1 < LOOKS:
            return _later(session, message, message.intent_at + SECOND_LOOK, looked=True)
        return _not_accepted(session, [message.id], now)


def _bodies_of(parts: Parts, message: Message) -> list[str]:
    """Write the text again, as a first and as a later one; its link never changes."""
    with parts.db.reading() as session:
        clinic = profile.get(session)
        if message.version_id is None:
            return [notices.text(message.body or {}, clinic=clinic)]
        content = rendering.load(session, message.version_id)
        assert isinstance(content, CompiledText)
        row = session.execute(
            select(
                Contact.first_name,
                Contact.last_name,
                ConsentState.source_label,
                ConsentState.since,
                ConsentState.frequency_per_month.label("promised"),
            )
            .outerjoin(
                ConsentState,
                (ConsentState.contact_id == Contact.id) & (ConsentState.channel == Channel.SMS),
            )
            .where(Contact.id == message.contact_id)
        ).one()
        person = letters.person_of(
            row,
            interests=frozenset(),
            channels=frozenset(),
            body=message.body,
            channel=message.channel,
        )
        urls = urls_for(parts.tokens, parts.public_url, message.id)
        texts = [content.render(person, urls, clinic, first) for first in (False, True)]
        return list(dict.fromkeys(texts))


def _later(session: Session, message: Message, at: datetime, *, looked: bool) -> int:
    session.execute(
        update(Message)
        .where(Message.id == message.id, Message.state == S.UNCERTAIN)
        .values(check_at=at, checks=Message.checks + int(looked)),
        execution_options={"synchronize_session": False},
    )
    return 0


def _not_accepted(session: Session, ids: Sequence[int], now: datetime) -> int:
    done = session.execute(
        update(Message)
        .where(Message.id.in_(ids), Message.state == S.UNCERTAIN)
        .values(state=S.NOT_ACCEPTED, settled_at=now, check_at=None),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _judge_silence(session: Session, ids: Sequence[int], now: datetime) -> int:
    """Settle email of which no event came, if events came at all; else wait on."""
    other = aliased(Message)
    events_came = exists().where(
        other.provider == Message.provider,
        other.channel == Message.channel,
        or_(other.delivered_at > Message.intent_at, other.state == S.BOUNCED),
        other.settled_at > Message.intent_at,
    )
    proven = session.scalars(
        select(Message.id).where(Message.id.in_(ids), Message.state == S.UNCERTAIN, events_came)
    ).all()
    settled = _not_accepted(session, proven, now) if proven else 0
    rest = sorted(set(ids) - set(proven))
    if rest:
        session.execute(
            update(Message)
            .where(Message.id.in_(rest), Message.state == S.UNCERTAIN)
            .values(check_at=now + WAIT_ON, checks=Message.checks + 1),
            execution_options={"synchronize_session": False},
        )
    return settled


def send_now(
    session: Session, actor: Actor, *, origin_kind: Origin | str, origin_id: int, now: datetime
) -> int:
    """Plan again what the provider certainly did not get; return how many.

    The rows stay the same, so nobody can get two; one that an event proves to have left
    after all is settled by it, even now.
    """
    done = session.execute(
        update(Message)
        .where(
            Message.origin_kind == str(origin_kind),
            Message.origin_id == origin_id,
            Message.state == S.NOT_ACCEPTED,
        )
        .values(
            state=S.PLANNED,
            batch_id=None,
            due_at=now,
            intent_at=None,
            settled_at=None,
            reason=None,
            detail=None,
            checks=0,
        ),
        execution_options={"synchronize_session": False},
    )
    count = int(done.rowcount)  # type: ignore[attr-defined]
    if count:
        audit.append(
            session,
            actor,
            "messages.sent_again",
            subject_kind=str(origin_kind),
            subject_id=origin_id,
            now=now,
            messages=count,
        )
    return count
