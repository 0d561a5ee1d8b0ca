"""Each of the gate's conditions in SQL says what its pure rule says, on random facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Integer, String, select

from campaigns.consent.models import ConsentStatus
from campaigns.core import rows as as_rows
from campaigns.core.db import Database, UtcDateTime
from campaigns.delivery import gate
from campaigns.delivery.facts import FRAME_FLAGS, Frame
from campaigns.eligibility.gate import RULES, Drop, Facts, Kind, Send, decide
from tests.conftest import NOON


def _mostly(benign: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Draw the value with which nothing is in the way, mostly."""
    return st.sampled_from([benign] * 15 * len(others) + list(others))


_moments = [None, NOON - timedelta(hours=1), NOON, NOON + timedelta(hours=1)]
_counts = st.integers(0, 3)
FACTS: dict[str, st.SearchStrategy[Any]] = {
    "exited": _mostly(False, True),
    "origin_paused": _mostly(False, True),
    "active": _mostly(True, False),
    "has_address": _mostly(True, False),
    "blocked": _mostly(0, 1, 2),
    "passes_stop": st.booleans(),
    "prompted": st.booleans(),
    "consent": _mostly("granted", *[status.value for status in ConsentStatus]),
    "consent_stale": _mostly(False, True),
    "known_patient": _mostly(False, True),
    "topic_consent": _mostly(True, False),
    "phone_shared": _mostly(False, True),
    "expires_at": _mostly(None, *_moments),
    "hold_until": _mostly(None, *_moments),
    "sent_day": _counts,
    "first_day": st.sampled_from(_moments[1:3]),
    "sent_week": _counts,
    "first_week": st.sampled_from(_moments[1:3]),
    "sent_month": _counts,
    "promised": st.sampled_from([None, None, 1, 2, 3]),
    "month_end": st.just(NOON + timedelta(days=13)),
    "state_cap": st.sampled_from([None, None, 1, 3]),
    "state_stopped": _mostly(False, True),
    "window_open": st.booleans(),
    "next_open": st.sampled_from([None, NOON + timedelta(hours=2)]),
    "address_taken": _mostly(False, True),
}
one_fact = st.fixed_dictionaries(FACTS)
_OTHER_TYPES: dict[str, Any] = {
    **dict.fromkeys(["blocked", "sent_day", "sent_week", "sent_month", "promised"], Integer()),
    **dict.fromkeys(["expires_at", "hold_until", "first_day", "first_week"], UtcDateTime()),
    **dict.fromkeys(["month_end", "next_open"], UtcDateTime()),
    "state_cap": Integer(),
    "consent": String(),
}
_TYPES: dict[str, Any] = {
    "row_id": Integer(),
    **{name: _OTHER_TYPES.get(name, Boolean()) for name in FACTS},
}


@given(
    found=st.lists(one_fact, min_size=20, max_size=40),
    flags=st.fixed_dictionaries(
        {
            name: _mostly(name == "content_approved", name != "content_approved")
            for name in FRAME_FLAGS
        }
    ),
    kind=st.sampled_from([Kind.BROADCAST, Kind.DRIP_STEP, *Kind]),
    caps=st.tuples(st.integers(1, 3), st.integers(1, 4)),
)
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_each_condition_in_sql_says_what_the_pure_rule_says(
    each_db: Database,
    found: list[dict[str, Any]],
    flags: dict[str, bool],
    kind: Kind,
    caps: tuple[int, int],
) -> None:
    frame = Frame(now=NOON, kind=kind, channel="email", cap_day=caps[0], cap_week=caps[1], **flags)
    with each_db.reading() as session:
        table = as_rows.table(
            session,
            "given",
            _TYPES,
            [[number, *(one[name] for name in FACTS)] for number, one in enumerate(found)],
        )
        rows = session.execute(
            select(gate.code(table.c, kind), table).order_by(table.c.row_id), frame.parameters()
        ).all()
    for row, one in zip(rows, found, strict=True):
        values = {name: value for name, value in one.items() if name != "blocked"}
        values["origin_paused"] = one["origin_paused"]
        pure = Facts(
            now=NOON,
            kind=kind,
            cap_day=caps[0],
            cap_week=caps[1],
            stopped=one["blocked"] == 1,
            suppressed=one["blocked"] == 2,
            **{**{n: getattr(frame, n) for n in FRAME_FLAGS}, **values},
        )
        assert gate.verdict_of(row, frame) == decide(pure)


def test_both_forms_have_the_same_rules() -> None:
    assert list(gate.FORMS) == [rule.code for rule in RULES]


def test_a_send_is_a_row_without_a_code_and_a_cap_drops_only_broadcasts() -> None:
    frame = Frame(now=NOON, kind=Kind.BROADCAST, channel="email")

    class Row:
        code: str | None = None
        _fields = ("code",)

    row: Any = Row()
    assert gate.verdict_of(row, frame) == Send()
    row.code = "cap_day"
    assert gate.verdict_of(row, frame) == Drop("cap_day")
