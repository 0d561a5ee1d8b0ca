"""Who gets this and why not: the gate's own rules, asked before anything is sent.

Switches that hold everybody (a stop for everything, a resting channel, content without
approval) are left out of the counts and named on their own: else they would hide what
holds for single people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, select
from sqlalchemy.orm import Session

from campaigns.audience import compiler, rules
from campaigns.consent.models import ConsentStatus
from campaigns.contacts.models import Contact
from campaigns.core.db import is_sqlite
from campaigns.delivery import facts, frames, gate
from campaigns.delivery.facts import Frame
from campaigns.delivery.models import Message, MessageState
from campaigns.eligibility.gate import RULES, SENTENCES, Effect, Kind

_EFFECTS = {rule.code: rule.effect for rule in RULES}
_SWITCHES = ("org_stopped", "channel_off", "channel_stopped", "content_unapproved")

STATE_SENTENCES = {
    MessageState.PLANNED: "Waits for its turn.",
    MessageState.SENDING: "Is being handed over.",
    MessageState.ACCEPTED: "The provider has it.",
    MessageState.DELIVERED: "Arrived.",
    MessageState.BOUNCED: "Came back.",
    MessageState.FAILED: "The provider could not send it.",
    MessageState.CANCELLED: "Was taken back before it left.",
    MessageState.UNCERTAIN: "Is being checked: the provider gave no clear answer.",
    MessageState.NOT_ACCEPTED: "Did not reach the provider.",
}
RETRY_SENTENCE = "The provider refused for a time; it is tried again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason, and how many people it holds for."""

    code: str
    sentence: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReach:
    """Who of a group a channel reaches."""

    channel: str
    members: int
    reachable: int
    """Would get it at that moment."""
    later: tuple[Reason, ...]
    """Would get it later: hours, a hold."""
    left_out: tuple[Reason, ...]
    """Would not get it."""
    in_the_way: tuple[str, ...]
    """Sentences about switches that hold everybody."""


def preview(
    session: Session,
    *,
    rule: dict[str, Any],
    versions: Mapping[str, int | None],
    providers: Mapping[str, str],
    now: datetime,
) -> list[ChannelReach]:
    """Return, for each channel, how many of a group would get a broadcast, and why not.

    ``versions`` maps each channel to its content's version (None: not frozen yet),
    ``providers`` to the name of its way out. ``now`` may be the planned moment.
    """
    found = []
    for channel, version_id in versions.items():
        frame, in_the_way = frame_for(session, rule, channel, version_id, providers, now)
        judged = _judged(session, _members(rule, now), frame)
        rows = session.execute(
            select(judged.c.code, func.count()).group_by(judged.c.code), frame.parameters()
        )
        found.append(_summed(channel, {row[0]: row[1] for row in rows}, in_the_way))
    return found


def people(
    session: Session,
    *,
    rule: dict[str, Any],
    channel: str,
    version_id: int | None,
    providers: Mapping[str, str],
    code: str | None,
    now: datetime,
    after: int = 0,
    limit: int = 50,
) -> list[Contact]:
    """Return the people of a group to whom a reason applies; ``code`` None: who gets it."""
    frame, _ = frame_for(session, rule, channel, version_id, providers, now)
    judged = _judged(session, _members(rule, now), frame)
    matches = judged.c.code.is_(None) if code is None else judged.c.code == code
    ids = session.scalars(
        select(judged.c.row_id)
        .where(matches, judged.c.row_id > after)
        .order_by(judged.c.row_id)
        .limit(limit),
        frame.parameters(),
    ).all()
    return list(session.scalars(select(Contact).where(Contact.id.in_(ids)).order_by(Contact.id)))


def counts(
    session: Session, *, origin_kind: str, origin_id: int, more: Sequence[int] = ()
) -> dict[str, list[Reason]]:
    """Return, for each channel, what became of an origin's messages; each row is counted once.

    ``more`` are further origins that count as the same: a step in other versions.

    The code is the reason where there is one, else the state.
    """
    found: dict[str, list[Reason]] = {}
    rows = session.execute(
        select(Message.channel, Message.state, Message.reason, func.count())
        .where(Message.origin_kind == origin_kind, Message.origin_id.in_([origin_id, *more]))
        .group_by(Message.channel, Message.state, Message.reason)
        .order_by(Message.channel, func.count().desc())
    )
    for channel, state, reason, count in rows:
        found.setdefault(channel, []).append(
            Reason(code=reason or state, sentence=sentence_of(state, reason), count=count)
        )
    return found


def sentence_of(state: str, reason: str | None) -> str:
    """Return what to tell staff about a message in a state, with its reason."""
    if reason == "retry":
        return RETRY_SENTENCE
    if reason in SENTENCES and state in (
        MessageState.HELD,
        MessageState.SUPPRESSED,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
    ):
        return SENTENCES[reason]
    return STATE_SENTENCES.get(MessageState(state), "Not sent.")


def _members(rule: dict[str, Any], now: datetime) -> Select[Any]:
    return compiler.members(rules.parse(rule), now=now)


def frame_for(
    session: Session,
    rule: dict[str, Any] | None,
    channel: str,
    version_id: int | None,
    providers: Mapping[str, str],
    now: datetime,
    *,
    kind: Kind = Kind.BROADCAST,
) -> tuple[Frame, tuple[str, ...]]:
    """Return the frame without the switches that hold everybody, and their sentences."""
    frame = frames.for_people(
        session,
        channel=channel,
        version_id=version_id,
        rule=rule,
        provider=providers[channel],
        now=now,
        kind=kind,
    )
    on = {
        "org_stopped": frame.org_stopped,
        "channel_off": frame.channel_off,
        "channel_stopped": frame.channel_stopped,
        "content_unapproved": not frame.content_approved,
    }
    in_the_way = tuple(SENTENCES[code] for code in _SWITCHES if on[code])
    return (
        replace(
            frame,
            org_stopped=False,
            channel_off=False,
            channel_stopped=False,
            content_approved=True,
        ),
        in_the_way,
    )


def _judged(session: Session, members: Select[Any], frame: Frame) -> Any:
    """Return people and codes; of several at one address only one gets it, as in the fan-out.

    Whoever agreed comes before whoever did not, then the lower id; the others are left out
    for the shared address, whatever else holds for them.
    """
    judged = gate.judge(
        facts.of_people(members),
        frame.kind,
        sqlite_form=is_sqlite(session),
        columns=("row_id", "address", "consent"),
    ).subquery("judged")
    agreed = case((judged.c.consent == ConsentStatus.GRANTED, 0), else_=1)
    place = func.row_number().over(
        partition_by=judged.c.address, order_by=(agreed, judged.c.row_id)
    )
    placed = select(
        judged.c.row_id, judged.c.code, judged.c.address, place.label("place")
    ).subquery("placed")
    twin = and_(placed.c.address.is_not(None), placed.c.place > 1)
    return select(
        placed.c.row_id,
        case((twin, literal("shared_address")), else_=placed.c.code).label("code"),
    ).subquery("reach")


def _summed(
    channel: str, by_code: dict[str | None, int], in_the_way: tuple[str, ...]
) -> ChannelReach:
    reasons = [
        Reason(code=code, sentence=SENTENCES[code], count=count)
        for code, count in sorted(by_code.items(), key=lambda item: -item[1])
        if code is not None
    ]
    later = tuple(r for r in reasons if _EFFECTS[r.code] is Effect.HOLD)
    return ChannelReach(
        channel=channel,
        members=sum(by_code.values()),
        reachable=by_code.get(None, 0),
        later=later,
        left_out=tuple(r for r in reasons if r not in later),
        in_the_way=in_the_way,
    )
