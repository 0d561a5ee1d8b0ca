"""Who a campaign would reach as it stands, and for what reason the others stay out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select
from sqlalchemy.orm import Session, aliased

from campaigns.audience import compiler, rules
from campaigns.audience.models import Segment
from campaigns.broadcasts.models import Broadcast
from campaigns.consent import suppression
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts.models import Address, Channel, Contact

REASONS = {
    "ok": "can be reached",
    "no_address": "have no {address} on file",
    "left": "said stop to {nouns}",
    "pending": "have not confirmed {nouns} yet",
    "no_consent": "have not agreed to {nouns}",
    "suppressed": "are marked “do not contact” on this channel",
}
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why some people of the group stay out, in words."""

    code: str
    text: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReach:
    """One channel: who is reached and why the rest is not."""

    channel: str
    noun: str
    reachable: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A group, and how far each channel reaches into it."""

    members: int = 0
    channels: tuple[ChannelReach, ...] = ()


def preview(session: Session, broadcast: Broadcast, *, at: datetime) -> Reach:
    """Count by channel and reason; the counts of a channel add up to the group."""
    if broadcast.segment_id is None:
        return Reach()
    rule = session.get_one(Segment, broadcast.segment_id).rule
    members = 0
    found = []
    for channel, lesson_id in (
        (Channel.EMAIL, broadcast.email_lesson_id),
        (Channel.SMS, broadcast.sms_lesson_id),
    ):
        rows = _sorted(session, rule, channel, at)
        counts = dict.fromkeys(REASONS, 0)
        for code, number in session.execute(
            select(rows.c.code, func.count()).group_by(rows.c.code)
        ):
            counts[code] = number
        members = sum(counts.values())
        if lesson_id is not None:
            found.append(
                ChannelReach(
                    channel=channel,
                    noun=_noun(channel),
                    reachable=counts.pop("ok"),
                    reasons=tuple(
                        Reason(code=code, text=words(code, channel), count=number)
                        for code, number in counts.items()
                        if number
                    ),
                )
            )
    return Reach(members=members, channels=tuple(found))


def people(
    session: Session, broadcast: Broadcast, channel: str, code: str, *, at: datetime, after: int = 0
) -> list[Contact]:
    """Return the people behind one of the counts, a page at a time by id."""
    if broadcast.segment_id is None or code not in REASONS:
        return []
    rule = session.get_one(Segment, broadcast.segment_id).rule
    rows = _sorted(session, rule, channel, at)
    return list(
        session.scalars(
            select(Contact)
            .join(rows, rows.c.contact_id == Contact.id)
            .where(rows.c.code == code, Contact.id > after)
            .order_by(Contact.id)
            .limit(PAGE)
        )
    )


def words(code: str, channel: str) -> str:
    """Say a reason in words that follow a number of people."""
    email = channel == Channel.EMAIL
    return REASONS[code].format(
        address="email address" if email else "mobile number",
        nouns="emails" if email else "texts",
    )


def _noun(channel: str) -> str:
    return "email" if channel == Channel.EMAIL else "text"


def _sorted(session: Session, rule: Any, channel: str, at: datetime) -> Any:
    members = compiler.members(rules.parse(rule), now=at).subquery()
    contact_id = members.c[0]
    state, address = aliased(ConsentState), aliased(Address)
    statement: Select[Any] = (
        select(
            contact_id.label("contact_id"),
            case(
                (address.id.is_(None), literal("no_address")),
                (state.status == ConsentStatus.WITHDRAWN, literal("left")),
                (_blocked(channel, address, at), literal("suppressed")),
                (state.status == ConsentStatus.GRANTED, literal("ok")),
                (state.status.is_(None), literal("no_consent")),
                (state.status == ConsentStatus.NONE, literal("no_consent")),
                else_=literal("pending"),
            ).label("code"),
        )
        .outerjoin(state, and_(state.contact_id == contact_id, state.channel == channel))
        .outerjoin(address, and_(address.contact_id == contact_id, address.channel == channel))
    )
    return statement.subquery()


def _blocked(channel: str, address: Any, at: datetime) -> ColumnElement[bool]:
    return suppression.active_suppression(literal(str(channel)), address.address_hash, at)
