"""Conversations by text: who wrote, what we sent to the same number, what waits for us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, case, func, select, update
from sqlalchemy.orm import Session

from campaigns.consent import ledger, suppression
from campaigns.consent.models import ConsentStatus, Suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.content.models import Lesson, LessonVersion
from campaigns.core.errors import NotFound
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.events import inbound
from campaigns.events.models import InboundText

PAGE = 30
LONGEST = 300
_PREVIEW = 120
_NOT_GONE = (MessageState.CANCELLED, MessageState.SUPPRESSED, MessageState.EXPIRED)


class Only(StrEnum):
    """Which threads a list shows."""

    ALL = "all"
    UNREAD = "unread"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One number's conversation, as a line of the list."""

    last_id: int
    number: str
    name: str
    contact_id: int | None
    last_at: datetime
    preview: str
    unread: int
    unclear: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message of a conversation, theirs or ours."""

    at: datetime
    is_theirs: bool
    text: str
    label: str = ""
    inbound_id: int | None = None
    needs_decision: bool = False
    resolution: str | None = None
    resolved_by: str | None = None
    is_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread with everybody who has the number, and where they stand on texts."""

    last_id: int
    number: str
    people: list[Contact]
    states: dict[int, str]
    stopped: Suppression | None
    entries: list[Entry]
    unread: int


def page(
    session: Session, *, only: Only = Only.ALL, before: int | None = None, limit: int = PAGE
) -> list[Thread]:
    """Return conversations, the newest reply first; ``before`` is the last one's ``last_id``."""
    last_id = func.max(InboundText.id)
    unread = func.sum(case((InboundText.read_at.is_(None), 1), else_=0))
    is_open = (InboundText.intent == "unclear") & InboundText.resolved_at.is_(None)
    unclear = func.sum(case((is_open, 1), else_=0))
    query = (
        select(
            last_id.label("last_id"),
            unread.label("unread"),
            unclear.label("unclear"),
        )
        .where(InboundText.from_address != "")  # whoever was erased left the conversation
        .group_by(InboundText.from_address)
        .order_by(last_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.having(last_id < before)
    if only is Only.UNREAD:
        query = query.having(unread > 0)
    elif only is Only.UNCLEAR:
        query = query.having(unclear > 0)
    found = session.execute(query).all()
    rows = _texts(session, [row.last_id for row in found])
    names = _names(session, [row.contact_id for row in rows.values()])
    threads = []
    for row in found:
        text = rows[row.last_id]
        body = " ".join(inbound.body_of(session, text).split())
        threads.append(
            Thread(
                last_id=text.id,
                number=text.from_address,
                name=names.get(text.contact_id or 0, ""),
                contact_id=text.contact_id,
                last_at=text.received_at,
                preview=body if len(body) <= _PREVIEW else body[:_PREVIEW].rstrip() + "…",
                unread=int(row.unread or 0),
                unclear=int(row.unclear or 0),
            )
        )
    return threads


def conversation(session: Session, inbound_id: int, *, now: datetime) -> Conversation:
    """Return the conversation that a reply belongs to, oldest message first.

    Raises: NotFound ``inbound``.
    """
    row = get(session, inbound_id)
    number = row.from_address
    theirs = list(
        session.scalars(
            select(InboundText)
            .where(InboundText.from_address == number)
            .order_by(InboundText.id.desc())
            .limit(LONGEST)
        )
    )
    people = directory.find_by_address(session, Channel.SMS, number)
    ids = {person.id for person in people} | {text.contact_id or 0 for text in theirs}
    entries = [_their_entry(session, text) for text in reversed(theirs)]
    entries += [_our_entry(one) for one in reversed(_ours(session, ids, number))]
    states = {
        person.id: state.status if (state := _text_state(session, person.id)) else "none"
        for person in people
    }
    return Conversation(
        last_id=theirs[0].id,
        number=number,
        people=people,
        states=states,
        stopped=suppression.is_suppressed(session, Channel.SMS, number, now),
        entries=sorted(entries, key=lambda entry: entry.at)[-LONGEST:],
        unread=sum(1 for text in theirs if text.read_at is None),
    )


def get(session: Session, inbound_id: int) -> InboundText:
    """Return one reply.

    Raises: NotFound ``inbound``.
    """
    row = session.get(InboundText, inbound_id)
    if row is None:
        raise NotFound("inbound", "This conversation is not there any more.")
    return row


def mark_read(session: Session, inbound_id: int, *, now: datetime) -> int:
    """Mark a conversation as read up to now; unclear replies stay open. Return how many."""
    number = get(session, inbound_id).from_address
    done: Any = session.execute(
        update(InboundText)
        .where(InboundText.from_address == number, InboundText.read_at.is_(None))
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def mark_unread(session: Session, inbound_id: int) -> None:
    """Mark the newest reply of a conversation as unread again."""
    number = get(session, inbound_id).from_address
    last = session.scalar(
        select(func.max(InboundText.id)).where(InboundText.from_address == number)
    )
    session.execute(
        update(InboundText)
        .where(InboundText.id == last)
        .values(read_at=None)
        .execution_options(synchronize_session=False)
    )


def _texts(session: Session, ids: Sequence[int]) -> dict[int, InboundText]:
    rows = session.scalars(select(InboundText).where(InboundText.id.in_(ids)))
    return {row.id: row for row in rows}


def _names(session: Session, ids: Sequence[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one}
    rows = session.execute(
        select(Contact.id, Contact.first_name, Contact.last_name).where(Contact.id.in_(wanted))
    )
    return {row.id: f"{row.first_name} {row.last_name}".strip() for row in rows}


def _text_state(session: Session, contact_id: int) -> Any:
    return ledger.state_of(session, contact_id).get(Channel.SMS)


def _ours(session: Session, contact_ids: set[int], number: str) -> Sequence[Row[Any]]:
    """Return what we sent, or are about to send, to these people at this number."""
    return session.execute(
        select(
            Message.origin_kind,
            Message.body,
            Message.state,
            Message.intent_at,
            Message.created_at,
            Lesson.name,
        )
        .outerjoin(LessonVersion, LessonVersion.id == Message.version_id)
        .outerjoin(Lesson, Lesson.id == LessonVersion.lesson_id)
        .where(
            Message.contact_id.in_(contact_ids) | Message.contact_id.is_(None),
            Message.channel == Channel.SMS,
            Message.state.not_in(_NOT_GONE),
            ((Message.address == number) & (Message.origin_kind != Origin.TEST))
            | (
                Message.address.is_(None)
                & Message.contact_id.is_not(None)
                & (Message.origin_kind == Origin.REPLY)
            ),
        )
        .order_by(Message.id.desc())
        .limit(LONGEST)
    ).all()


def _their_entry(session: Session, text: InboundText) -> Entry:
    return Entry(
        at=text.received_at,
        is_theirs=True,
        text=inbound.body_of(session, text),
        inbound_id=text.id,
        needs_decision=text.intent == "unclear" and text.resolved_at is None,
        resolution=text.resolution,
        resolved_by=text.resolved_by,
        label={"stop": "Read as: stop", "start": "Read as: start"}.get(text.intent, ""),
    )


def _our_entry(row: Row[Any]) -> Entry:
    body = row.body or {}
    text = str(body.get("text") or "")
    labels = {
        MessageState.FAILED: "Did not arrive",
        MessageState.BOUNCED: "Did not arrive",
        MessageState.NOT_ACCEPTED: "Was not sent",
        MessageState.UNCERTAIN: "Waiting for proof",
        MessageState.DELIVERED: "Arrived",
    }
    waiting = row.intent_at is None
    return Entry(
        at=row.intent_at or row.created_at,
        is_theirs=False,
        text=text or (f"Campaign text: {row.name}" if row.name else "Confirmation request"),
        label="Waiting to go out" if waiting else labels.get(row.state, ""),
        is_waiting=waiting,
    )


STATES_IN_WORDS = {
    ConsentStatus.GRANTED: ("agreed to texts", "green"),
    ConsentStatus.PENDING: ("has not confirmed texts yet", "amber"),
    ConsentStatus.WAITING: ("texts wait for proof", "amber"),
    ConsentStatus.UNCONFIRMED: ("has not confirmed texts yet", "amber"),
    ConsentStatus.WITHDRAWN: ("said stop", "red"),
    ConsentStatus.NONE: ("never agreed to texts", "grey"),
}
"""Where a person stands on texts, in staff's words, and the tone of the mark."""
