"""Builds interests, people with interests, groups."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.audience import interests, segments
from campaigns.audience.models import Segment
from campaigns.consent import ledger
from campaigns.consent.models import Action, Method
from campaigns.core.actors import SYSTEM

_numbers = itertools.count(1)


def agree_to_topics(session: Session, contact_id: int, *, now: datetime) -> None:
    """Record that a person agrees that the topics they picked are kept."""
    ledger.record(
        session,
        contact_id=contact_id,
        channel="email",
        action=Action.HEALTH_TOPIC_CONSENT,
        method=Method.WEB_FORM,
        actor=SYSTEM,
        now=now,
        wording="The clinic may store the topics I picked.",
    )


def give_interests(
    session: Session, contact_id: int, codes: Iterable[str], *, now: datetime
) -> None:
    """Give a person interests, with the consent that this needs."""
    interests.create_defaults(session)
    if not interests.may_store(session, contact_id):
        agree_to_topics(session, contact_id, now=now)
    interests.set_for_contact(session, contact_id, set(codes), actor=SYSTEM, source="test", now=now)


def make_segment(
    session: Session,
    rule: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    name: str | None = None,
) -> Segment:
    """Keep a group; everybody on file where no rule is given."""
    return segments.create(
        session,
        SYSTEM,
        name=name or f"Group {next(_numbers)}",
        rule=rule or {"all": []},
        now=now,
    )
