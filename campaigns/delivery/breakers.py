"""The circuit breaker of a channel: too many unclear answers, or an account that is wrong.

It bounds the damage of a provider's bad hour: five unclear answers in a row, or more
than one in a hundred of the last 500, and the channel rests. An account that the
provider refuses (a revoked key) rests until somebody has mended it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.core.actors import SYSTEM, Actor
from campaigns.delivery.models import Attempt, Breaker

IN_A_ROW = 5
OF_LAST = 500
TOO_MANY = 5
REST = timedelta(minutes=15)
UNTIL_MENDED = datetime(9999, 1, 1, tzinfo=UTC)


def get(session: Session, channel: str) -> Breaker:
    """Return a channel's breaker, made at first use."""
    breaker = session.get(Breaker, channel, with_for_update=True)
    if breaker is None:
        breaker = Breaker(channel=channel, uncertain_in_a_row=0)
        session.add(breaker)
        session.flush()
    return breaker


def note_clear(session: Session, channel: str) -> None:
    """Note that the provider gave a clear answer."""
    breaker = session.get(Breaker, channel)
    if breaker is not None and breaker.uncertain_in_a_row:
        get(session, channel).uncertain_in_a_row = 0


def note_uncertain(session: Session, channel: str, *, now: datetime) -> None:
    """Note an unclear answer; open the breaker when there are too many."""
    breaker = get(session, channel)
    breaker.uncertain_in_a_row += 1
    latest = (
        select(Attempt.outcome)
        .where(Attempt.channel == channel, Attempt.finished_at.is_not(None))
        .order_by(Attempt.id.desc())
        .limit(OF_LAST)
        .subquery()
    )
    unclear = session.scalar(
        select(func.count()).select_from(latest).where(latest.c.outcome == "uncertain")
    )
    if breaker.uncertain_in_a_row >= IN_A_ROW or (unclear or 0) > TOO_MANY:
        _open(
            session,
            breaker,
            until=now + REST,
            reason="The provider gave no clear answer several times. Sending on this channel "
            "rests for 15 minutes and then tries again.",
            now=now,
        )
        breaker.uncertain_in_a_row = 0


def note_refused_account(session: Session, channel: str, *, words: str, now: datetime) -> None:
    """Stop a channel whose account the provider refuses, until staff try again."""
    _open(
        session,
        get(session, channel),
        until=UNTIL_MENDED,
        reason="The provider refused our account settings"
        + (f" ({words[:200]})" if words else "")
        + ". Nothing was lost: messages wait. Check the provider's key and sender, then let "
        "the channel try again.",
        now=now,
    )


def _open(
    session: Session, breaker: Breaker, *, until: datetime, reason: str, now: datetime
) -> None:
    breaker.open_until, breaker.reason = until, reason
    audit.append(
        session,
        SYSTEM,
        "channel.stopped",
        subject_kind="channel",
        subject_id=None,
        now=now,
        channel=breaker.channel,
    )


def try_again(session: Session, actor: Actor, channel: str, *, now: datetime) -> None:
    """Close a channel's breaker: what waits goes out."""
    breaker = get(session, channel)
    breaker.open_until, breaker.reason, breaker.uncertain_in_a_row = None, None, 0
    audit.append(
        session,
        actor,
        "channel.resumed",
        subject_kind="channel",
        subject_id=None,
        now=now,
        channel=channel,
    )
    session.flush()


def stopped(session: Session, *, now: datetime) -> list[Breaker]:
    """Return the channels that rest now, with their reasons, for the screens."""
    return list(
        session.scalars(select(Breaker).where(Breaker.open_until > now).order_by(Breaker.channel))
    )
