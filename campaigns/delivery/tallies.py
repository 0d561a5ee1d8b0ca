"""How many marketing messages a person had of late, over all campaigns, for the caps.

A person is more than one record: whoever has the same address counts, and so does every
record that was merged into one of these.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    select,
    true,
    union,
)
from sqlalchemy.orm import Session, aliased

from campaigns.contacts.models import Address, Contact
from campaigns.core.db import BigId
from campaigns.delivery.models import ContactHours, Message, MessageState, Origin
from campaigns.delivery.parameters import moment
from campaigns.delivery.profiles import UNKNOWN_ID
from campaigns.eligibility.gate import Kind

LEFT = (
    MessageState.SENDING,
    MessageState.ACCEPTED,
    MessageState.DELIVERED,
    MessageState.BOUNCED,
    MessageState.UNCERTAIN,
)
"""States of messages that count towards caps: they left, or may have."""

MARKETING = (Origin.BROADCAST, Origin.DRIP_STEP)
LOOK_BACK = timedelta(days=33)
"""Longer than any calendar month in any zone."""


def circle(source: FromClause) -> CTE:
    """Return whose messages count for each row: its person's, and anybody's at that address.

    Records that were merged into one of these count too: it is the same person. Hardly
    anybody has others, so that only these pass the comparison which a UNION is.
    """
    mine, theirs, merged = aliased(Address), aliased(Address), aliased(Contact)
    own_id, channel = source.c.contact_id, bindparam("channel", type_=String())
    # Outer joins, because SQLite keeps their order: it would begin with all addresses.
    at_mine = source.outerjoin(
        mine, and_(mine.contact_id == own_id, mine.channel == channel)
    ).outerjoin(
        theirs,
        and_(
            theirs.channel == mine.channel,
            theirs.address == mine.address,
            theirs.contact_id != own_id,
        ),
    )

    def members(member_id: Any, joined: Any, found: Any) -> Select[Any]:
        shown = (source.c.row_id, own_id.label("contact_id"), member_id.label("member_id"))
        return select(*shown).select_from(joined).where(_found(found))

    def absorbed(by: Any, joined: Any) -> Select[Any]:
        into = and_(merged.merged_into_id == by, merged.id != own_id)
        return members(merged.id, joined.outerjoin(merged, into), merged.id)

    # SQLite remembers of a CTE that is used twice not how small it is; so the joins stand twice.
    others = union(
        members(theirs.contact_id, at_mine, theirs.id),
        absorbed(own_id, source),
        absorbed(theirs.contact_id, at_mine),
    ).subquery("others")
    own = select(source.c.row_id, own_id, own_id.label("member_id"))
    return own.union_all(select(others)).cte("circle")


def _found(key: Any) -> Any:
    """Tell whether an outer join found a row.

    In words that keep it an outer join: planners make IS NOT NULL an inner one, whose order
    they choose, and SQLite reads a whole table to filter where other conditions stand.
    """
    return func.coalesce(key, 0) != 0


def recent(source: CTE, hours: CTE, kind: Kind, *, sqlite_form: bool, most: Any = None) -> CTE:
    """Count what left of late to each row's circle; who had nothing has no row.

    ``most`` is how many rows the source has at most, where that is known: SQLite does not
    remember it of a CTE, takes it for a large one, and then reads whole tables first.
    """
    people: FromClause = source
    if most is not None:
        people = select(source.c.row_id, source.c.contact_id).limit(most).subquery("people")
    near = circle(people)
    message = aliased(Message)
    to_member = and_(
        message.contact_id == near.c.member_id,
        message.channel == bindparam("channel", type_=String()),
        message.intent_at > moment("long_ago"),
        func.coalesce(message.state, "").in_(LEFT),
    )
    left: Any = message
    sent: Any = message
    if not sqlite_form:
        # As a join Postgres would read all that was sent to anybody since its statistics
        # were made; behind a fence it looks each person up.
        fenced = select(
            message.id,
            message.contact_id,
            message.origin_kind,
            message.origin_id,
            message.intent_at,
        ).where(to_member)
        left = fenced.offset(literal_column("0")).lateral("sent")
        sent, to_member = left.c, true()
    marketing = sent.origin_kind.in_(MARKETING)
    in_day = and_(marketing, sent.intent_at > moment("day_ago"))
    in_week = and_(marketing, sent.intent_at > moment("week_ago"))
    in_month = and_(marketing, sent.intent_at >= hours.c.month_start)
    same = (
        and_(
            sent.origin_kind == kind.value,
            sent.origin_id == bindparam("origin_id", type_=BigId),
            sent.contact_id != near.c.contact_id,
        )
        if kind is Kind.BROADCAST
        else false()
    )

    def count(condition: Any) -> Any:
        return func.sum(case((condition, 1), else_=0))

    return (
        select(
            near.c.row_id,
            count(in_day).label("sent_day"),
            func.min(case((in_day, sent.intent_at))).label("first_day"),
            count(in_week).label("sent_week"),
            func.min(case((in_week, sent.intent_at))).label("first_week"),
            count(in_month).label("sent_month"),
            count(same).label("same"),
        )
        .select_from(near)
        .outerjoin(left, to_member)
        .outerjoin(ContactHours, ContactHours.contact_id == near.c.contact_id)
        .outerjoin(hours, hours.c.profile_id == func.coalesce(ContactHours.profile_id, UNKNOWN_ID))
        .where(_found(sent.id))
        .group_by(near.c.row_id)
        .cte("recent")
    )


def last_sent(session: Session, contact_id: int, channel: str) -> datetime | None:
    """Return when the last marketing left to a person on a channel, None if none ever did."""
    return session.scalar(
        select(func.max(Message.intent_at)).where(
            Message.contact_id == contact_id,
            Message.channel == channel,
            Message.origin_kind.in_(MARKETING),
            Message.state.in_(LEFT),
        )
    )
