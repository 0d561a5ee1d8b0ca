"""Who a campaign would reach as it stands, and for what reason the others stay out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.audience import segments
from campaigns.audience.models import Segment
from campaigns.broadcasts.checks import Ways
from campaigns.broadcasts.models import Broadcast
from campaigns.contacts.models import Channel, Contact
from campaigns.core.errors import NotFound
from campaigns.delivery import reach
from campaigns.delivery.reach import Reason
from campaigns.eligibility.gate import SENTENCES

REACHED = "reached"
"""Stands for "would get it" where a code of a reason is asked for."""
PAGE = 50
AT_ONCE = 10_000
"""Groups up to this size are judged person by person while the page is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReach:
    """One channel: who is reached, who later, and why the rest is not."""

    channel: str
    noun: str
    reachable: int
    later: tuple[Reason, ...]
    left_out: tuple[Reason, ...]
    in_the_way: tuple[str, ...]

    @property
    def in_time(self) -> int:
        """How many get it at once or when they may."""
        return self.reachable + sum(reason.count for reason in self.later)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A group, and how far each channel reaches into it."""

    members: int = 0
    channels: tuple[ChannelReach, ...] = ()
    pending: bool = False
    """The group is large: the page asks again for the channels, and shows the rest first."""


def preview(
    session: Session, broadcast: Broadcast, *, ways: Ways, at: datetime, wait: bool = False
) -> Reach:
    """Count by channel and reason; the counts of a channel add up to the group.

    A group that is too large to judge while a page is made is left pending, unless ``wait``.
    """
    if broadcast.segment_id is None:
        return Reach()
    rule = session.get_one(Segment, broadcast.segment_id).rule
    chosen = [
        channel
        for channel, lesson_id in (
            (Channel.EMAIL, broadcast.email_lesson_id),
            (Channel.SMS, broadcast.sms_lesson_id),
        )
        if lesson_id is not None
    ]
    if not chosen or not wait:
        members = segments.count(session, rule, at)
        if not chosen:
            return Reach(members=members)
        if members > AT_ONCE:
            return Reach(members=members, pending=True)
    found = reach.preview(
        session,
        rule=rule,
        versions=dict.fromkeys(chosen),
        providers=providers(ways),
        now=at,
    )
    return Reach(
        members=found[0].members,
        channels=tuple(
            ChannelReach(
                channel=one.channel,
                noun="email" if one.channel == Channel.EMAIL else "text",
                reachable=one.reachable,
                later=one.later,
                left_out=one.left_out,
                in_the_way=tuple(s for s in one.in_the_way if s != SENTENCES["content_unapproved"]),
            )
            for one in found
        ),
    )


def people(
    session: Session,
    broadcast: Broadcast,
    channel: str,
    code: str,
    *,
    ways: Ways,
    at: datetime,
    after: int = 0,
) -> list[Contact]:
    """Return the people behind one of the counts, a page at a time by id.

    Raises: NotFound for an unknown reason.
    """
    if code != REACHED and code not in SENTENCES:
        raise NotFound("reason_unknown", "There is no such list.")
    if broadcast.segment_id is None:
        return []
    return reach.people(
        session,
        rule=session.get_one(Segment, broadcast.segment_id).rule,
        channel=channel,
        version_id=None,
        providers=providers(ways),
        code=None if code == REACHED else code,
        now=at,
        after=after,
        limit=PAGE,
    )


def sentence_of(code: str) -> str:
    """Say a reason in words."""
    return "Would get it" if code == REACHED else SENTENCES[code]


def providers(ways: Ways) -> dict[str, str]:
    """Return the name of each channel's way out."""
    return {Channel.EMAIL: ways.email, Channel.SMS: ways.sms}
