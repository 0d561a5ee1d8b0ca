"""Unclear outcomes: settled by events, by looking texts up, or by waiting long enough.

What the local way out has is asked of it. A text is looked up with the provider after 2
and after 15 minutes by the digest of what was sent: found is accepted, twice not found is
not accepted. Email waits 26 hours for any event, because providers
repeat events for a day; silence counts only if events of others did arrive meanwhile.
Nothing is sent again by itself: staff decide about what was not accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from campaigns.accounts import audit
from campaigns.contacts.models import Channel
from campaigns.core import logs
from campaigns.core.actors import Actor
from campaigns.core.signing import Purpose
from campaigns.delivery import outcome
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.delivery.parts import Parts
from campaigns.delivery.ports import Found, Keeper, SmsFinder, SmsLookup

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
    settled, due = _ask_keepers(parts, due, now)
    texts = [message for message in due if message.channel == Channel.SMS]
    settled += sum(_look_up(parts, message, now) for message in texts)
    email = [message.id for message in due if message.channel == Channel.EMAIL]
    if email:
        with parts.db.transaction() as session:
            settled += _judge_silence(session, email, now)
    return settled


def _ask_keepers(parts: Parts, due: list[Message], now: datetime) -> tuple[int, list[Message]]:
    """Settle what a way out can tell for certain; return how many, and the rest."""
    settled, rest = 0, list(due)
    for sender in (parts.email, parts.sms):
        if not isinstance(sender, Keeper):
            continue
        asked = {
            parts.tokens.issue(Purpose.MESSAGE, message.id): message.id
            for message in rest
            if message.provider == sender.name
        }
        kept = sender.kept(list(asked)) if asked else frozenset()
        arrived = [number for token, number in asked.items() if token in kept]
        never = [number for token, number in asked.items() if token not in kept]
        rest = [message for message in rest if message.id not in asked.values()]
        with parts.db.transaction() as session:
            settled += outcome.note_delivered(session, arrived, now=now) if arrived else 0
            settled += _not_accepted(session, never, now) if never else 0
    return settled, rest


def _look_up(parts: Parts, message: Message, now: datetime) -> int:
    """Ask the provider for one text, with no transaction open, and write the verdict."""
    finder = parts.sms
    assert message.intent_at is not None
    found: Found | None = None
    asked = isinstance(finder, SmsFinder) and message.text_digest is not None
    if isinstance(finder, SmsFinder) and message.text_digest is not None:
        lookup = SmsLookup(
            to=message.address or "",
            digest=message.text_digest,
            not_before_seconds=int((now - message.intent_at).total_seconds()) + 60,
        )
        try:
            found = finder.find(lookup)
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
