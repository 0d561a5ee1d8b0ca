"""Recording what a provider answered: accepted, refused for certain, or unclear.

The POST happened; only this record may be tried again. From ``sending`` there is no way
back to ``planned`` but a definite refusal.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, insert, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaigns.consent import suppression
from campaigns.consent.models import SuppressionReason
from campaigns.contacts.models import Channel
from campaigns.core import faults, logs
from campaigns.delivery import breakers, claims, origins, regroup, retry
from campaigns.delivery import outcome as outcomes
from campaigns.delivery.claims import Claim
from campaigns.delivery.intents import MESSAGES, Post
from campaigns.delivery.letters import Letter
from campaigns.delivery.models import Attempt, Batch, Message, MessageState
from campaigns.delivery.parts import Parts
from campaigns.delivery.ports import Accepted, Outcome, RefusalKind, Refused, Uncertain

log = logs.get(__name__)
S = MessageState
K = RefusalKind

FIRST_CHECK = {Channel.SMS: timedelta(minutes=2), Channel.EMAIL: timedelta(hours=26)}
"""When an unclear outcome is looked at: texts can be looked up, email waits for events."""
KEEP_TRYING = 60.0
"""Seconds for which a record is tried again while the database is away."""
SPLIT_KINDS = frozenset({K.RECIPIENT, K.CONTENT})
"""Refusals that one person may have brought upon all: the batch is halved."""

_SUPPRESS_AS = {
    "21614": SuppressionReason.NOT_MOBILE,
    "30006": SuppressionReason.NOT_MOBILE,
    "21612": SuppressionReason.UNROUTABLE,
    "21408": SuppressionReason.UNROUTABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one POST."""

    post: Post
    outcome: Outcome


def record(
    parts: Parts, claim: Claim, answers: Sequence[Answer], *, give_back: bool = False
) -> bool:
    """Write the answers; tell whether the claim ended. The commit is retried, never a POST.

    The claim ends when nothing planned is left in the batch, or with ``give_back``.
    """
    give_up = time.monotonic() + KEEP_TRYING
    pause = 0.05
    while True:
        try:
            with parts.db.transaction() as session:
                faults.point("record.before_commit")
                now = parts.clock.now()
                _write(session, claim, answers, now=now)
                ended = give_back or _ends(session, claim)
                if ended:
                    claims.give_back(session, claim, now=now)
            faults.point("record.after_commit")
        except DBAPIError as error:
            if time.monotonic() >= give_up:
                raise
            log.warning("record_retried", batch=claim.batch_id, error=type(error.orig).__name__)
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
        else:
            return ended


def _ends(session: Session, claim: Claim) -> bool:
    """Tell whether nothing planned is left in the batch, so that the claim can end here."""
    return (
        session.scalar(
            select(Message.id)
            .where(Message.batch_id == claim.batch_id, Message.state == S.PLANNED)
            .limit(1)
        )
        is None
    )


def _write(session: Session, claim: Claim, answers: Sequence[Answer], *, now: datetime) -> None:
    session.connection().execute(
        _FINISH,
        [
            {"b_id": answer.post.attempt_id, **_attempt_values(answer.outcome, now)}
            for answer in answers
        ],
    )
    accepted: list[dict[str, Any]] = []
    arrived: list[int] = []
    clear = False
    for answer in answers:
        outcome = answer.outcome
        if isinstance(outcome, Accepted):
            clear = True
            if outcome.delivered:
                arrived += [letter.message_id for letter in answer.post.letters]
            if len(answer.post.letters) == 1:
                accepted.append(
                    {
                        "b_id": answer.post.letters[0].message_id,
                        "b_provider_id": outcome.provider_id,
                        "b_now": now,
                    }
                )
            else:
                _accept_all(session, claim, answer.post, outcome, now)
        elif isinstance(outcome, Refused):
            clear = True
            _refuse(session, claim, answer.post, outcome, now)
        else:
            _doubt(session, claim, answer.post, outcome, now)
    if accepted:
        session.connection().execute(_ACCEPT_ONE, accepted)
    if arrived:
        outcomes.note_delivered(session, arrived, now=now)
    if clear:
        breakers.note_clear(session, claim.channel)
    for answer in answers:
        if isinstance(answer.outcome, Uncertain):
            breakers.note_uncertain(session, claim.channel, now=now)


_FINISH = (
    update(Attempt.__table__)  # type: ignore[arg-type]
    .where(Attempt.__table__.c.id == bindparam("b_id"))
    .values(
        finished_at=bindparam("b_now"),
        outcome=bindparam("b_outcome"),
        status_code=bindparam("b_status"),
        provider_request_id=bindparam("b_request"),
        error=bindparam("b_error"),
    )
)


def _attempt_values(outcome: Outcome, now: datetime) -> dict[str, Any]:
    request = outcome.provider_id if isinstance(outcome, Accepted) else None
    error = None
    if isinstance(outcome, Refused):
        error = f"{outcome.kind} {outcome.code}: {outcome.reason}"[:1000]
    elif isinstance(outcome, Uncertain):
        error = outcome.reason[:1000]
    return {
        "b_now": now,
        "b_outcome": type(outcome).__name__.lower(),
        "b_status": outcome.status_code,
        "b_request": request,
        "b_error": error,
    }


# An event may have told of the acceptance already: states never go back.
_TO_ACCEPTED = case(
    (
        or_(MESSAGES.c.state == S.SENDING.value, MESSAGES.c.state == S.UNCERTAIN.value),
        S.ACCEPTED.value,
    ),
    else_=MESSAGES.c.state,
)
_ACCEPT_ONE = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("b_id"))
    .values(
        state=_TO_ACCEPTED,
        provider_id=func.coalesce(bindparam("b_provider_id"), MESSAGES.c.provider_id),
        accepted_at=func.coalesce(
            MESSAGES.c.accepted_at, bindparam("b_now", type_=MESSAGES.c.accepted_at.type)
        ),
        check_at=None,
    )
)


_ACCEPT_ALL = (
    update(MESSAGES)
    .where(
        MESSAGES.c.batch_id == bindparam("b_batch"), MESSAGES.c.attempt_id == bindparam("b_attempt")
    )
    .values(
        state=_TO_ACCEPTED,
        provider_id=bindparam("b_provider_id"),
        accepted_at=func.coalesce(
            MESSAGES.c.accepted_at, bindparam("b_now", type_=MESSAGES.c.accepted_at.type)
        ),
        check_at=None,
    )
)


def _accept_all(
    session: Session, claim: Claim, post: Post, outcome: Accepted, now: datetime
) -> None:
    session.connection().execute(
        _ACCEPT_ALL,
        {
            "b_batch": claim.batch_id,
            "b_attempt": post.attempt_id,
            "b_provider_id": outcome.provider_id,
            "b_now": now,
        },
    )


def _doubt(session: Session, claim: Claim, post: Post, outcome: Uncertain, now: datetime) -> None:
    session.execute(
        _of_post(post, S.SENDING).values(
            state=S.UNCERTAIN,
            detail=outcome.reason[:1000],
            check_at=now + FIRST_CHECK[Channel(claim.channel)],
        )
    )


def _of_post(post: Post, *states: MessageState) -> Any:
    """Start an UPDATE of the post's rows that still stand where it left them."""
    return update(MESSAGES).where(
        MESSAGES.c.id.in_([letter.message_id for letter in post.letters]),
        MESSAGES.c.attempt_id == post.attempt_id,
        MESSAGES.c.state.in_(states),
    )


def _refuse(session: Session, claim: Claim, post: Post, refused: Refused, now: datetime) -> None:
    # Swept as unclear while the answer was on its way: the answer is the verdict.
    session.execute(
        _of_post(post, S.UNCERTAIN).values(
            state=S.NOT_ACCEPTED, detail=refused.reason[:1000], settled_at=now, check_at=None
        )
    )
    if refused.kind in SPLIT_KINDS and len(post.letters) > 1:
        _halve(session, claim, post, now)
    elif refused.kind in (K.TEMPORARY, K.RECIPIENT_SOFT):
        _try_later(session, post, refused, now)
    elif refused.kind is K.CONFIGURATION:
        _replan(session, post)
        breakers.note_refused_account(session, claim.channel, words=refused.reason, now=now)
    elif refused.kind is K.CONTENT and claim.kind.is_marketing:
        _replan(session, post)
        origins.pause(
            session,
            kind=claim.kind,
            origin_id=claim.origin_id,
            reason="The provider refused the content: "
            f"{refused.reason[:300] or refused.code}. Nothing was lost: those who have not got "
            "it wait. Change the content in a copy, or resume to try again.",
            now=now,
        )
    else:
        _fail(session, claim, post, refused, now)


def _halve(session: Session, claim: Claim, post: Post, now: datetime) -> None:
    """Plan the rows again in two batches, so that the one at fault is found."""
    middle = (len(post.letters) + 1) // 2
    for half in (post.letters[:middle], post.letters[middle:]):
        batch_id = session.scalar(
            insert(Batch)
            .values(
                origin_kind=claim.kind.value,
                origin_id=claim.origin_id,
                channel=claim.channel,
                version_id=claim.version_id,
                priority=regroup.priority_of(session, claim.kind.value, claim.origin_id),
                due_at=now,
                epoch=0,
            )
            .returning(Batch.id)
        )
        session.execute(
            _of_letters(post, half).values(state=S.PLANNED, batch_id=batch_id, intent_at=None)
        )


def _of_letters(post: Post, letters: Sequence[Letter]) -> Any:
    return update(MESSAGES).where(
        MESSAGES.c.id.in_([letter.message_id for letter in letters]),
        MESSAGES.c.attempt_id == post.attempt_id,
        MESSAGES.c.state == S.SENDING,
    )


def _replan(session: Session, post: Post) -> None:
    session.execute(
        _of_post(post, S.SENDING).values(state=S.PLANNED, batch_id=None, intent_at=None)
    )


def _try_later(session: Session, post: Post, refused: Refused, now: datetime) -> None:
    late = refused.code == "deadline"  # our own lateness, not the provider's refusal
    tries = {
        row[0]: row[1] + (0 if late else 1)
        for row in session.execute(
            select(Message.id, Message.tries).where(
                Message.id.in_([letter.message_id for letter in post.letters])
            )
        )
    }
    chance = random.random  # spreads load, keeps no secret
    again: dict[int, list[int]] = {}
    for message_id, count in tries.items():
        again.setdefault(count, []).append(message_id)
    for count, ids in again.items():
        rows = _of_post(post, S.SENDING).where(MESSAGES.c.id.in_(ids))
        if retry.is_enough(count):
            session.execute(
                rows.values(
                    state=S.FAILED,
                    reason=refused.code[:40],
                    detail=refused.reason[:1000],
                    tries=count,
                    settled_at=now,
                )
            )
            continue
        wait = (
            timedelta()
            if late
            else retry.delay(count, retry_after=refused.retry_after, chance=chance)
        )
        session.execute(
            rows.values(
                state=S.HELD,
                reason="retry",
                detail=refused.reason[:1000],
                held_until=now + wait,
                tries=count,
                batch_id=None,
                intent_at=None,
            )
        )


def _fail(session: Session, claim: Claim, post: Post, refused: Refused, now: datetime) -> None:
    opted_out = refused.kind is K.OPTED_OUT
    session.execute(
        _of_post(post, S.SENDING).values(
            state=S.SUPPRESSED if opted_out else S.FAILED,
            reason="opted_out" if opted_out else refused.code[:40],
            detail=refused.reason[:1000],
            settled_at=now,
        )
    )
    if not opted_out and refused.kind is not K.RECIPIENT:
        return
    reason = (
        SuppressionReason.PROVIDER_OPT_OUT
        if opted_out
        else _SUPPRESS_AS.get(refused.code, SuppressionReason.INVALID)
    )
    for letter in post.letters:
        suppression.add(
            session,
            channel=claim.channel,
            address=letter.address,
            reason=reason,
            now=now,
            contact_id=letter.contact_id,
            note=f"{refused.code} from the provider",
        )


def fail_planned(session: Session, claim: Claim, *, code: str, detail: str, now: datetime) -> None:
    """Give up the planned rows of a batch that cannot be composed and has nothing to pause."""
    session.execute(
        update(MESSAGES)
        .where(MESSAGES.c.batch_id == claim.batch_id, MESSAGES.c.state == S.PLANNED)
        .values(state=S.FAILED, reason=code[:40], detail=detail[:1000], settled_at=now)
    )
