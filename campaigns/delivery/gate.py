"""The gate as SQL: the rules of ``eligibility.gate``, one for one, over gathered facts.

``FORMS`` has a condition under each rule's code; ``judge`` joins them to one CASE in the
rules' own order, so that the database and the pure rules cannot disagree about which
comes first. ``hypothesis`` proves on random facts that they agree about the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    case,
    false,
    literal,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.engine import Row

from campaigns.consent.models import ConsentStatus
from campaigns.delivery import facts
from campaigns.delivery.facts import FRAME_FLAGS, Frame
from campaigns.delivery.parameters import flag, moment, number
from campaigns.eligibility.gate import RULES, Drop, Effect, Facts, Hold, Kind, Send, Verdict

_C = ConsentStatus
Condition = ColumnElement[bool]
_BY_CODE = {rule.code: rule for rule in RULES}


def _hours_bind(f: Any, kind: Kind) -> Condition:
    if kind.is_marketing:
        closed: Condition = not_(f.window_open)
        return closed
    if kind is Kind.CONFIRMATION:
        return and_(not_(f.prompted), not_(f.window_open))
    return false()


def _marketing(form: Callable[[Any], Condition]) -> Callable[[Any, Kind], Condition]:
    return lambda f, kind: form(f) if kind.is_marketing else false()


def _unless_answer(f: Any, kind: Kind, name: str) -> Condition:
    """Return a switch that lets the answer to a person's own stop pass."""
    stopped: Condition = flag(name)
    return and_(stopped, not_(f.passes_stop)) if kind is Kind.REPLY else stopped


FORMS: dict[str, Callable[[Any, Kind], Condition]] = {
    "org_stopped": lambda f, kind: _unless_answer(f, kind, "org_stopped"),
    "channel_off": lambda f, kind: _unless_answer(f, kind, "channel_off"),
    "channel_stopped": lambda _f, _kind: flag("channel_stopped"),
    "cancelled": lambda _f, _kind: flag("origin_cancelled"),
    "paused": lambda f, _kind: f.origin_paused,
    "state_stopped": _marketing(lambda f: f.state_stopped),
    "left_drip": lambda f, _kind: f.exited,
    "content_unapproved": _marketing(lambda _f: not_(flag("content_approved"))),
    "inactive": lambda f, _kind: not_(f.active),
    "no_address": lambda f, _kind: not_(f.has_address),
    "opted_out": lambda f, _kind: and_(f.blocked == 1, not_(f.passes_stop)),
    "do_not_contact": lambda f, _kind: f.blocked == 2,
    "withdrawn": _marketing(lambda f: f.consent == _C.WITHDRAWN),
    "waiting_for_proof": _marketing(lambda f: f.consent == _C.WAITING),
    "unconfirmed": _marketing(lambda f: f.consent.in_([_C.UNCONFIRMED, _C.PENDING])),
    "no_consent": _marketing(lambda f: f.consent != _C.GRANTED),
    "stale_consent": _marketing(lambda f: f.consent_stale),
    "transport_uncovered": _marketing(
        lambda f: and_(flag("transport_uncovered"), or_(flag("topic_used"), f.known_patient))
    ),
    "no_topic_consent": _marketing(lambda f: and_(flag("topic_used"), not_(f.topic_consent))),
    "shared_phone": _marketing(lambda f: and_(flag("topic_used"), f.phone_shared)),
    "expired": lambda f, _kind: f.expires_at <= moment("now"),
    "on_hold": _marketing(lambda f: f.hold_until > moment("now")),
    "cap_state": _marketing(lambda f: f.sent_day >= f.state_cap),
    "cap_day": _marketing(lambda f: f.sent_day >= number("cap_day")),
    "cap_week": _marketing(lambda f: f.sent_week >= number("cap_week")),
    "cap_promised": _marketing(lambda f: f.sent_month >= f.promised),
    "no_window": lambda f, kind: and_(_hours_bind(f, kind), f.next_open.is_(None)),
    "outside_hours": lambda f, kind: _hours_bind(f, kind),
    "shared_address": lambda f, _kind: f.address_taken,
}


def code(f: Any, kind: Kind) -> ColumnElement[Any]:
    """Return the code of the first rule that applies to facts, as SQL; NULL is to send."""
    return case(
        *((FORMS[rule.code](f, kind), literal(rule.code)) for rule in RULES), else_=null()
    ).label("code")


NEEDED = (
    "row_id",
    "contact_id",
    "subject_id",
    "address",
    "entry_id",
    "first_name",
    "last_name",
    "profile_key",
    "since",
    "source_label",
    "promised",
    "hold_until",
    "first_day",
    "first_week",
    "month_end",
    "next_open",
)
"""What sending needs of a row: whom to write to, and until when the row is held."""


def judge(
    source: CTE,
    kind: Kind,
    *,
    sqlite_form: bool,
    columns: tuple[str, ...] | None = None,
    most: Any = None,
) -> Select[Any]:
    """Return the statement that yields facts and the code of the first rule that applies.

    ``code`` is NULL where the message may leave now. ``columns`` limits the facts, and
    ``most`` says how many rows the source has at most.
    """
    # Materialized, so that no subquery runs again for each rule that looks at its result.
    gathered = (
        facts.gather(source, kind, sqlite_form=sqlite_form, most=most)
        .cte("facts")
        .prefix_with("MATERIALIZED")
    )
    shown = [gathered] if columns is None else [gathered.c[name] for name in columns]
    return select(code(gathered.c, kind), *shown).order_by(gathered.c.row_id)


@lru_cache(maxsize=16)
def for_batch(kind: Kind, *, sqlite_form: bool) -> Select[Any]:
    """Return the statement for the planned rows of a batch (``:batch_id``, ``:take``).

    Its rows are ``code`` and ``NEEDED``, in no order.
    """
    return judge(
        facts.of_batch(kind), kind, sqlite_form=sqlite_form, columns=NEEDED, most=facts.TAKE
    ).order_by(None)


def facts_of(row: Row[Any], frame: Frame) -> Facts:
    """Return a row's facts as the pure rules take them, as far as the row shows them."""
    names = {field.name for field in fields(Facts)} & set(row._fields)
    values = {name: getattr(row, name) for name in names}
    values.update({name: getattr(frame, name) for name in FRAME_FLAGS if name != "origin_paused"})
    if "blocked" in row._fields:
        values["stopped"] = row.blocked == 1
        values["suppressed"] = row.blocked == 2
    return Facts(
        **values, now=frame.now, kind=frame.kind, cap_day=frame.cap_day, cap_week=frame.cap_week
    )


def verdict_of(row: Row[Any], frame: Frame) -> Verdict:
    """Return what the database decided about a row."""
    if row.code is None:
        return Send()
    rule = _BY_CODE[row.code]
    if rule.effect is Effect.WAIT:
        return Hold(None, rule.code)
    if rule.effect is Effect.DROP or (rule.effect is Effect.CAP and frame.kind is Kind.BROADCAST):
        return Drop(rule.code)
    return Hold(rule.until(facts_of(row, frame)), rule.code)
