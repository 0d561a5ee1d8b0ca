"""How many marketing messages a person had of late, over all campaigns, for the caps.

A person is more than one record: whoever has the same address counts, and so does every
record that was merged into one of these.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import CTE, String, and_, bindparam, case, false, func, select
from sqlalchemy.orm import aliased

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


def circle(source: CTE) -> CTE:
    """Return whose messages count for a person: theirs, and anybody's at the same address.

    Records that were merged into one of these count too: it is the same person.
    """
    mine, theirs, merged = aliased(Address), aliased(Address), aliased(Contact)
    channel = bindparam("channel", type_=String())
    # Outer joins, because SQLite keeps their order: it would begin with all addresses.
    sharing = (
        select(
            source.c.contact_id,
            func.coalesce(theirs.contact_id, source.c.contact_id).label("member_id"),
        )
        .select_from(source)
        .outerjoin(mine, (mine.contact_id == source.c.contact_id) & (mine.channel == channel))
        .outerjoin(theirs, (theirs.channel == mine.channel) & (theirs.address == mine.address))
        .cte("sharing")
    )
    absorbed = (
        select(sharing.c.contact_id, merged.id)
        .select_from(sharing)
        .outerjoin(merged, merged.merged_into_id == sharing.c.member_id)
        .where(merged.id.is_not(None))
    )
    return select(sharing).union(absorbed).cte("circle")


def recent(source: CTE, hours: CTE, kind: Kind) -> CTE:
    """Count what left of late to each person's circle."""
    near, sent = circle(source), aliased(Message)
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
            near.c.contact_id,
            count(in_day).label("sent_day"),
            func.min(case((in_day, sent.intent_at))).label("first_day"),
            count(in_week).label("sent_week"),
            func.min(case((in_week, sent.intent_at))).label("first_week"),
            count(in_month).label("sent_month"),
            count(same).label("same"),
        )
        .select_from(near)
        .outerjoin(
            sent,
            (sent.contact_id == near.c.member_id)
            & (sent.channel == bindparam("channel", type_=String()))
            & (sent.intent_at > moment("long_ago"))
            & sent.state.in_(LEFT),
        )
        .outerjoin(ContactHours, ContactHours.contact_id == near.c.contact_id)
        .outerjoin(hours, hours.c.profile_id == func.coalesce(ContactHours.profile_id, UNKNOWN_ID))
        .group_by(near.c.contact_id)
        .cte("recent")
    )
