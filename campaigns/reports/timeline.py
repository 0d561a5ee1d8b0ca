"""Everything that happened between the clinic and one person, newest first, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.bookings.models import Booking
from campaigns.broadcasts.models import Broadcast
from campaigns.consent.models import Action, ConsentEntry, Method
from campaigns.contacts.models import Channel
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.drips.models import Drip, DripStep, DripVersion, Enrolment
from campaigns.events.models import Click, InboundText
from campaigns.reports.wording import STATE_TONES, STATE_WORDS, words_of_reason

KINDS = ("message", "click", "consent", "booking", "reply", "series")
_CHANNEL = {Channel.EMAIL: "email", Channel.SMS: "text"}
_CONSENT = {
    Action.OPT_IN_REQUESTED: "Asked for {channel}s, not confirmed yet",
    Action.OPT_IN_CONFIRMED: "Agreed to {channel}s",
    Action.OPT_OUT: "Said stop to {channel}s",
    Action.HEALTH_TOPIC_CONSENT: "Agreed that we store topics",
    Action.HEALTH_TOPIC_WITHDRAWN: "Withdrew the agreement to store topics",
}
_METHOD = {
    Method.WEB_FORM: "on the sign-up form",
    Method.PAPER_FORM: "on paper",
    Method.KEYWORD: "by a keyword",
    Method.VERBAL: "in person or by phone",
    Method.IMPORT: "imported with proof",
    Method.PREFERENCES: "on the preference page",
    Method.ONE_CLICK: "with the mailbox's unsubscribe button",
    Method.UNSUBSCRIBE_PAGE: "on the unsubscribe page",
    Method.REPLY: "in a reply",
    Method.PROVIDER: "reported by the provider",
    Method.STAFF: "recorded by staff",
    Method.UNDO: "by undoing a stop",
}
_LINKS = {
    "book": "Followed the booking link",
    "call": "Tapped the number to call",
    "lesson": "Opened the guide",
    "url": "Followed a link",
}
_ENDS = {
    "booked": "left the series because of a booking",
    "opted_out": "left the series after saying stop",
    "finished": "reached the end of the series",
    "removed": "was taken out of the series by staff",
    "archived": "left the series because it was ended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened."""

    at: datetime
    kind: str
    """One of KINDS."""
    title: str
    detail: str = ""
    tone: str = "grey"
    subject_kind: str | None = None
    """``broadcast``, ``drip``, ``message``: what a page may link to."""
    subject_id: int | None = None


def of_person(
    session: Session,
    contact_id: int,
    *,
    limit: int = 100,
    kinds: frozenset[str] = frozenset(KINDS),
    before: datetime | None = None,
) -> list[Happening]:
    """Return the newest ``limit`` happenings, those before a moment if it is given."""
    found: list[Happening] = []
    sources = {
        "message": _messages,
        "click": _clicks,
        "consent": _consent,
        "booking": _bookings,
        "reply": _replies,
        "series": _series,
    }
    for kind in KINDS:
        if kind in kinds:
            found += sources[kind](session, contact_id, limit, before)
    found.sort(key=lambda happening: happening.at, reverse=True)
    return found[:limit]


def _messages(
    session: Session, contact_id: int, limit: int, before: datetime | None
) -> list[Happening]:
    at = func.coalesce(
        Message.delivered_at, Message.accepted_at, Message.intent_at, Message.settled_at,
        Message.created_at,
    )  # fmt: skip
    query = (
        select(Message, at, Broadcast.name, Drip.id, Drip.name, DripStep.position)
        .outerjoin(
            Broadcast,
            (Message.origin_kind == Origin.BROADCAST) & (Broadcast.id == Message.origin_id),
        )
        .outerjoin(
            DripStep,
            (Message.origin_kind == Origin.DRIP_STEP) & (DripStep.id == Message.origin_id),
        )
        .outerjoin(DripVersion, DripVersion.id == DripStep.version_id)
        .outerjoin(Drip, Drip.id == DripVersion.drip_id)
        .where(Message.contact_id == contact_id)
        .order_by(at.desc(), Message.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(at < before)
    found: list[Happening] = []
    for message, when, campaign, drip_id, series, position in session.execute(query):
        channel = _CHANNEL[Channel(message.channel)].capitalize()
        if campaign is not None:
            what, subject = f"“{campaign}”", ("broadcast", message.origin_id)
        elif series is not None:
            what, subject = f"step {position} of “{series}”", ("drip", drip_id)
        else:
            what, subject = _SERVICE.get(message.origin_kind, "message"), ("message", message.id)
        held = message.state == MessageState.HELD
        found.append(
            Happening(
                at=when,
                kind="message",
                title=f"{channel}: {what}, {STATE_WORDS[message.state]}",
                detail=words_of_reason(message.reason),
                tone="amber" if held else STATE_TONES.get(message.state, "grey"),
                subject_kind=subject[0],
                subject_id=subject[1],
            )
        )
    return found


_SERVICE = {
    Origin.CONFIRMATION: "confirmation of the sign-up",
    Origin.REPLY: "answer to a reply",
    Origin.TEST: "test",
}


def _clicks(
    session: Session, contact_id: int, limit: int, before: datetime | None
) -> list[Happening]:
    query = (
        select(Click.at, Click.kind, Click.message_id)
        .join(Message, Message.id == Click.message_id)
        .where(Message.contact_id == contact_id, Click.suspect.is_(False))
        .order_by(Click.at.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Click.at < before)
    return [
        Happening(
            at=row.at,
            kind="click",
            title=_LINKS.get(row.kind, "Followed a link"),
            tone="green",
            subject_kind="message",
            subject_id=row.message_id,
        )
        for row in session.execute(query)
    ]


def _consent(
    session: Session, contact_id: int, limit: int, before: datetime | None
) -> list[Happening]:
    query = (
        select(ConsentEntry)
        .where(ConsentEntry.contact_id == contact_id)
        .order_by(ConsentEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(ConsentEntry.recorded_at < before)
    found: list[Happening] = []
    for entry in session.scalars(query):
        channel = _CHANNEL.get(Channel(entry.channel), "") if entry.channel in _CHANNEL else ""
        title = _CONSENT.get(Action(entry.action), entry.action)
        found.append(
            Happening(
                at=entry.recorded_at,
                kind="consent",
                title=title.format(channel=channel or "message"),
                detail=_METHOD.get(Method(entry.method), entry.method),
                tone="red" if entry.action == Action.OPT_OUT else "blue",
            )
        )
    return found


def _bookings(
    session: Session, contact_id: int, limit: int, before: datetime | None
) -> list[Happening]:
    query = (
        select(Booking)
        .where(Booking.contact_id == contact_id)
        .order_by(Booking.booked_at.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Booking.booked_at < before)
    return [
        Happening(
            at=booking.booked_at,
            kind="booking",
            title="Booked a visit"
            if booking.state == "booked"
            else "Booked a visit, cancelled since",
            detail=f"recorded by {booking.recorded_by}" if booking.recorded_by else "",
            tone="green" if booking.state == "booked" else "grey",
        )
        for booking in session.scalars(query)
    ]


def _replies(
    session: Session, contact_id: int, limit: int, before: datetime | None
) -> list[Happening]:
    query = (
        select(InboundText.received_at, InboundText.intent)
        .where(InboundText.contact_id == contact_id)
        .order_by(InboundText.received_at.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(InboundText.received_at < before)
    words = {
        "stop": "Replied: stop",
        "unclear": "Replied, perhaps a stop",
        "start": "Replied: start",
        "help": "Asked for help by text",
        "confirm": "Confirmed by text",
    }
    return [
        Happening(
            at=row.received_at,
            kind="reply",
            title=words.get(row.intent, "Replied by text"),
            tone="red" if row.intent == "stop" else "blue",
        )
        for row in session.execute(query)
    ]


def _series(
    session: Session, contact_id: int, limit: int, before: datetime | None
) -> list[Happening]:
    query = (
        select(Enrolment, Drip.name)
        .join(Drip, Drip.id == Enrolment.drip_id)
        .where(Enrolment.contact_id == contact_id)
        .order_by(Enrolment.enrolled_at.desc())
        .limit(limit)
    )
    found: list[Happening] = []
    for enrolment, name in session.execute(query):
        moments = [(enrolment.enrolled_at, "joined the series", "blue")]
        if enrolment.ended_at is not None:
            words = _ENDS.get(enrolment.end_reason or "", "left the series")
            moments.append((enrolment.ended_at, words, "grey"))
        found += [
            Happening(
                at=at,
                kind="series",
                title=f"“{name}”: {words}",
                tone=tone,
                subject_kind="drip",
                subject_id=enrolment.drip_id,
            )
            for at, words, tone in moments
            if before is None or at < before
        ]
    return found
