"""Clicks on our own links: what counts as a person, and what only looks like one.

Mail scanners fetch every link of a message, some with a browser that runs scripts. A
click is ``suspect`` when it was a HEAD or a prefetch, when the program names itself as a
scanner, when two different links of one message were followed within 10 s (or within
60 s of its delivery), when one link was followed five times within 10 s, or when the trap
link (number 0, invisible to people) was fetched. Suspect clicks are kept (a hundred of a
message), and count nowhere. IP addresses are not stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, not_, select, update
from sqlalchemy.orm import Session

from campaigns.contacts import directory
from campaigns.contacts.models import Contact
from campaigns.content.links import TRAP_LINK
from campaigns.content.models import Link
from campaigns.core.errors import NotFound
from campaigns.delivery.models import Message, Origin
from campaigns.events.models import Click

TOGETHER = timedelta(seconds=10)
"""Two different links within this time are a machine's."""
AFTER_DELIVERY = timedelta(seconds=60)
"""Two different links within this time after delivery are a machine's."""
BURST = 5
"""So many requests for one link within ``TOGETHER`` are a machine's."""
SUSPECTS_KEPT = 100
"""Of one message: a machine that comes for ever fills no table."""
_AGENT_LENGTH = 200

_SCANNERS = re.compile(
    r"bot\b|crawl|spider|slurp|scan|preview|prefetch|monitor|headless|phantom|lighthouse"
    r"|curl/|wget/|python|go-http|java/|okhttp|libwww|httpclient|node-fetch|axios|ruby|perl"
    r"|safelinks|proofpoint|mimecast|barracuda|ironport|symantec|trendmicro|fireeye|cloudmark"
    r"|bitdefender|sophos|forcepoint|zscaler|messagelabs|avanan|vade|checkpoint|urldefense"
    r"|facebookexternalhit|whatsapp|telegram|slack|skype|discord|twitter|linkedin",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request for a link, as the web surface saw it."""

    method: str
    user_agent: str
    prefetch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A link of a message, and whether following it counts."""

    message_id: int
    contact_id: int | None
    version_id: int
    number: int
    kind: str
    counts: bool
    """False for tests, for messages that have not left, and for who asked not to be counted."""


def resolve(session: Session, message_id: int, number: int) -> Target:
    """Return link ``number`` of a message; raise NotFound if it has none."""
    row = session.execute(
        select(
            Message.contact_id,
            Message.origin_kind,
            Message.intent_at,
            Link.version_id,
            Link.kind,
            may_count(Message.contact_id).label("may_count"),
        )
        .join(Link, Link.version_id == Message.version_id)
        .where(Message.id == message_id, Link.number == number)
    ).one_or_none()
    if row is None:
        raise NotFound("link_unknown", "This message has no such link.")
    return Target(
        message_id=message_id,
        contact_id=row.contact_id,
        version_id=row.version_id,
        number=number,
        kind=row.kind,
        counts=row.origin_kind != Origin.TEST and row.intent_at is not None and row.may_count,
    )


def may_count(contact_id: Any) -> ColumnElement[bool]:
    """Return SQL that is true unless the person asked that clicks are not recorded."""
    asked = (
        select(Contact.id)
        .where(Contact.id == contact_id, Contact.no_click_tracking)
        .correlate_except(Contact)
        .exists()
    )
    return not_(asked)


def suspicion_of(visit: Visit) -> str | None:
    """Return why a single request looks like a machine's, or None."""
    if visit.method != "GET":
        return "head"
    if visit.prefetch:
        return "prefetch"
    if not visit.user_agent or _SCANNERS.search(visit.user_agent):
        return "scanner"
    return None


def record(session: Session, target: Target, visit: Visit, *, now: datetime) -> Click | None:
    """Store a click; a person's one updates when the person was last heard of.

    Returns None when nothing is stored: HEAD requests, tests, messages that have not left,
    people who asked not to be counted, and machines beyond ``SUSPECTS_KEPT``.
    """
    if not target.counts or visit.method != "GET":
        return None
    reason = suspicion_of(visit) or _pattern(session, target, now)
    if reason is not None and _suspects(session, target.message_id) >= SUSPECTS_KEPT:
        return None
    click = Click(
        message_id=target.message_id,
        link_number=target.number,
        kind=target.kind,
        at=now,
        suspect=reason is not None,
        suspect_reason=reason,
        user_agent=visit.user_agent[:_AGENT_LENGTH],
    )
    session.add(click)
    session.flush()
    if target.contact_id is not None:
        if reason is None:
            click.heard_before = _heard(session, target.contact_id)
            session.flush()
            directory.note_clicked(session, target.contact_id, now=now)
        elif reason == "together":
            _doubt_neighbours(session, target, now)
    return click


def spring_trap(session: Session, message_id: int, visit: Visit, *, now: datetime) -> None:
    """Store that the invisible link was fetched, and doubt the message's clicks around it."""
    row = session.execute(
        select(Message.contact_id, Message.version_id).where(
            Message.id == message_id,
            Message.intent_at.is_not(None),
            Message.origin_kind != Origin.TEST,
            may_count(Message.contact_id),
        )
    ).one_or_none()
    if row is None or visit.method != "GET":
        return
    if _suspects(session, message_id) >= SUSPECTS_KEPT:
        return
    session.add(
        Click(
            message_id=message_id,
            link_number=TRAP_LINK,
            kind="trap",
            at=now,
            suspect=True,
            suspect_reason="trap",
            user_agent=visit.user_agent[:_AGENT_LENGTH],
        )
    )
    session.flush()
    _doubt(session, message_id, row.contact_id, since=now - AFTER_DELIVERY, reason="trap")


def _suspects(session: Session, message_id: int) -> int:
    query = select(func.count()).where(Click.message_id == message_id, Click.suspect)
    return session.scalar(query) or 0


def _pattern(session: Session, target: Target, now: datetime) -> str | None:
    """Look at the other clicks of the message."""
    others = session.execute(
        select(
            func.count().filter(Click.link_number == TRAP_LINK, Click.at >= now - AFTER_DELIVERY),
            func.count().filter(
                Click.link_number != target.number,
                Click.link_number != TRAP_LINK,
                Click.at >= now - TOGETHER,
            ),
            func.count().filter(Click.link_number != target.number, Click.link_number != TRAP_LINK),
            func.count().filter(Click.link_number == target.number, Click.at >= now - TOGETHER),
        ).where(Click.message_id == target.message_id, Click.at >= now - AFTER_DELIVERY)
    ).one()
    trapped, within_seconds, within_minute, repeated = others
    if trapped:
        return "trap"
    if within_seconds or repeated >= BURST - 1:
        return "together"
    left_at = session.scalar(
        select(func.coalesce(Message.delivered_at, Message.accepted_at, Message.intent_at)).where(
            Message.id == target.message_id
        )
    )
    if within_minute and left_at is not None and now - left_at <= AFTER_DELIVERY:
        return "together"
    return None


def _doubt_neighbours(session: Session, target: Target, now: datetime) -> None:
    left_at = session.scalar(
        select(func.coalesce(Message.delivered_at, Message.accepted_at, Message.intent_at)).where(
            Message.id == target.message_id
        )
    )
    near_delivery = left_at is not None and now - left_at <= AFTER_DELIVERY
    since = now - (AFTER_DELIVERY if near_delivery else TOGETHER)
    _doubt(session, target.message_id, target.contact_id, since=since, reason="together")


def _doubt(
    session: Session, message_id: int, contact_id: int | None, *, since: datetime, reason: str
) -> None:
    """Mark earlier clicks of a message as suspect, and take back what they changed."""
    marked = session.scalars(
        update(Click)
        .where(Click.message_id == message_id, Click.at >= since, Click.suspect.is_(False))
        .values(suspect=True, suspect_reason=reason)
        .returning(Click.id)
        .execution_options(synchronize_session=False)
    ).all()
    if contact_id is None or not marked:
        return
    clicks = (
        select(func.max(Click.at))
        .join(Message, Message.id == Click.message_id)
        .where(Message.contact_id == contact_id, Click.suspect.is_(False))
    )
    session.execute(
        update(Contact)
        .where(Contact.id == contact_id)
        .values(last_clicked_at=session.scalar(clicks), last_heard_at=_truly(session, contact_id))
        .execution_options(synchronize_session=False)
    )


def _heard(session: Session, contact_id: int) -> datetime | None:
    return session.scalar(select(Contact.last_heard_at).where(Contact.id == contact_id))


def _truly(session: Session, contact_id: int) -> datetime | None:
    """Return when a person was last heard of, without what only doubted clicks said."""
    heard = _heard(session, contact_id)
    doubted = session.execute(
        select(Click.at, Click.heard_before)
        .join(Message, Message.id == Click.message_id)
        .where(Message.contact_id == contact_id, Click.suspect, Click.at <= heard)
        .order_by(Click.at.desc(), Click.id.desc())
        .limit(SUSPECTS_KEPT)
    )
    real = session.scalar(
        select(func.count())
        .select_from(Click)
        .join(Message, Message.id == Click.message_id)
        .where(Message.contact_id == contact_id, Click.suspect.is_(False), Click.at == heard)
    )
    for at, before in () if real else doubted:
        if at == heard:
            heard = before
    return heard
