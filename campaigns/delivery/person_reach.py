"""What one person may receive, and every rule of the gate that stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience import compiler, rules
from campaigns.clinic import profile
from campaigns.contacts.models import Contact
from campaigns.core.db import is_sqlite
from campaigns.delivery import facts, frames, gate, profiles, reach
from campaigns.eligibility import caps, hours
from campaigns.eligibility.gate import RULES, SENTENCES, Facts, Kind
from campaigns.eligibility.hours import Profile, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One rule of the gate that stands between a person and a message."""

    code: str
    sentence: str
    until: datetime | None
    """When it ends by itself, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether one person may get a campaign's message on a channel now, and why not."""

    channel: str
    obstacles: tuple[Obstacle, ...]
    """Every rule that applies, in the gate's order: the first one decides."""
    on_topics: tuple[Obstacle, ...]
    """What more would apply to a message on a topic, or to people chosen by one."""

    @property
    def allowed(self) -> bool:
        """Whether a message may leave now."""
        return not self.obstacles

    @property
    def sentence(self) -> str:
        """The answer in a sentence."""
        return self.obstacles[0].sentence if self.obstacles else "May get messages now."


def forecast_person(
    session: Session,
    contact_id: int,
    *,
    rule: dict[str, Any],
    channel: str,
    version_id: int | None,
    providers: Mapping[str, str],
    now: datetime,
) -> str | None:
    """Say in a sentence whether a broadcast would reach a person; None: not in its group."""
    frame, _ = reach.frame_for(session, rule, channel, version_id, providers, now)
    members = compiler.members(rules.parse(rule), now=now)
    row = session.execute(
        gate.judge(
            facts.of_people(members.where(Contact.id == contact_id)),
            frame.kind,
            sqlite_form=is_sqlite(session),
            columns=("row_id",),
        ),
        frame.parameters(),
    ).one_or_none()
    if row is None:
        return None
    return "Would get it." if row.code is None else SENTENCES[row.code]


def explain_person(
    session: Session, contact_id: int, *, providers: Mapping[str, str], now: datetime
) -> list[Answer]:
    """Tell what a person may get now on each channel, and everything that stands in the way.

    Hours follow from the person's data as they are at this moment, even where the next
    sending has not taken note of a change yet.
    """
    clinic = profile.get(session)
    answers = []
    for channel, provider in providers.items():
        frame = frames.for_people(
            session, channel=channel, version_id=None, rule=None, provider=provider, now=now
        )
        on_topic = replace(frame, topic_used=True)
        source = facts.of_people(select(Contact.id).where(Contact.id == contact_id))
        row = session.execute(
            gate.judge(source, Kind.BROADCAST, sqlite_form=is_sqlite(session)),
            on_topic.parameters(),
        ).one_or_none()
        if row is None:
            continue
        found = _with_hours(
            gate.facts_of(row, on_topic),
            profiles.of_person(session, contact_id),
            profiles.window_of(session, clinic, channel, now),
        )
        plain = _obstacles(replace(found, topic_used=frame.topic_used))
        codes = {obstacle.code for obstacle in plain}
        answers.append(
            Answer(
                channel=channel,
                obstacles=plain,
                on_topics=tuple(o for o in _obstacles(found) if o.code not in codes),
            )
        )
    return answers


def _with_hours(found: Facts, hour_profile: Profile, window: Window) -> Facts:
    is_open = hours.open_at(hour_profile, window, found.now)
    return replace(
        found,
        window_open=is_open,
        next_open=None if is_open else hours.next_open(hour_profile, window, found.now),
        state_cap=caps.of_states(hour_profile.states, strict=window.strict)
        if window.statutory
        else None,
    )


def _obstacles(found: Facts) -> tuple[Obstacle, ...]:
    return tuple(
        Obstacle(code=rule.code, sentence=rule.sentence, until=rule.until(found))
        for rule in RULES
        if rule.applies(found) and not _is_said_already(rule.code, found)
    )


def _is_said_already(code: str, found: Facts) -> bool:
    """Tell whether a rule before this one names the same thing more closely."""
    if code == "no_consent":
        return found.consent in ("withdrawn", "waiting", "unconfirmed", "pending")
    return code == "outside_hours" and found.next_open is None
