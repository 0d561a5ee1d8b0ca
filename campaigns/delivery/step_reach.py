"""Who a step of a series would reach of those who wait for it, and why the others not yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from campaigns.contacts.models import Contact
from campaigns.core.db import is_sqlite
from campaigns.delivery import facts, gate, reach
from campaigns.delivery.facts import Frame
from campaigns.eligibility.gate import SENTENCES, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many people a message reaches, and who stays out for which reason."""

    members: int
    codes: tuple[reach.Reason, ...]
    """By number of people, first those who would get it (``REACHED``)."""


REACHED = "reached"
"""The code of those who would get it."""


def waiting(
    session: Session,
    source: Select[Any],
    *,
    version_id: int,
    rule: dict[str, Any] | None,
    channel: str,
    providers: Mapping[str, str],
    now: datetime,
) -> Tally:
    """Judge the people of a SELECT as if a step of a series were due for each of them now."""
    frame = reach.frame_for(
        session, rule, channel, version_id, providers, now, kind=Kind.DRIP_STEP
    )[0]
    judged = _judged_for_step(session, source, frame)
    rows = session.execute(
        select(judged.c.code, func.count()).group_by(judged.c.code), frame.parameters()
    )
    found = sorted(rows, key=lambda row: (row[0] is not None, -row[1]))
    return Tally(
        members=sum(row[1] for row in found),
        codes=tuple(
            reach.Reason(
                code=code or REACHED,
                sentence="Would get it now." if code is None else SENTENCES[code],
                count=count,
            )
            for code, count in found
        ),
    )


def people(
    session: Session,
    source: Select[Any],
    *,
    version_id: int,
    rule: dict[str, Any] | None,
    channel: str,
    providers: Mapping[str, str],
    code: str,
    now: datetime,
    after: int = 0,
    limit: int = 50,
) -> list[Contact]:
    """Return the people behind one of the numbers of ``waiting``, by id."""
    frame = reach.frame_for(
        session, rule, channel, version_id, providers, now, kind=Kind.DRIP_STEP
    )[0]
    judged = _judged_for_step(session, source, frame)
    matches = judged.c.code.is_(None) if code == REACHED else judged.c.code == code
    ids = session.scalars(
        select(judged.c.row_id)
        .where(matches, judged.c.row_id > after)
        .order_by(judged.c.row_id)
        .limit(limit),
        frame.parameters(),
    ).all()
    return list(session.scalars(select(Contact).where(Contact.id.in_(ids)).order_by(Contact.id)))


def _judged_for_step(session: Session, source: Select[Any], frame: Frame) -> Any:
    # No twins here: a step is unique for each time that somebody is in the series.
    return gate.judge(
        facts.of_people(source), frame.kind, sqlite_form=is_sqlite(session), columns=("row_id",)
    ).subquery("judged")
