"""The gate in SQL and the pure rules decide alike, on random people and both databases."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.consent.models import (
    ConsentStatus,
)
from campaigns.contacts.models import ContactStatus
from campaigns.core.db import Database, is_sqlite
from campaigns.delivery import facts, gate, profiles
from campaigns.delivery.facts import FRAME_FLAGS, STOPS, Frame
from campaigns.delivery.models import MessageState, Origin
from campaigns.delivery.tallies import LEFT, LOOK_BACK
from campaigns.eligibility import caps as state_caps
from campaigns.eligibility import hours
from campaigns.eligibility.gate import Facts, Kind, decide
from campaigns.eligibility.hours import Window
from campaigns.eligibility.states import Week
from tests.conftest import NOON
from tests.factories.judged import empty, hours_later, make_batch, plan

WINDOW = Window(
    week=Week(mf=(600, 1080), sat=(600, 1020), sun=None, holidays_closed=True), statutory=True
)
STOPPED = replace(WINDOW, stopped_states=("FL", "LA"))
NEVER = Window(week=Week(mf=None, sat=None, sun=None), statutory=True)
_ids = itertools.count(1)

recent_hours = st.sampled_from(
    [0.5, 5, 23.9, 24.1, 70, 167.9, 168.1, 400, 16 * 24, 17.5 * 24, 547 * 24, 549 * 24]
)
sent_message = st.fixed_dictionaries(
    {
        "hours_ago": recent_hours,
        "state": st.sampled_from(list(MessageState)),
        "origin_kind": st.sampled_from([o.value for o in Origin]),
        "channel": st.sampled_from(["email", "sms"]),
        "same_origin": st.booleans(),
    }
)
suppression = st.fixed_dictionaries(
    {
        "reason": st.sampled_from(["opt_out", "provider_optout", "complaint", "soft_block"]),
        "channel": st.sampled_from(["email", "sms"]),
        "lifted": st.booleans(),
        "expires_in": st.sampled_from([None, -1, 0, 1]),
    }
)
person = st.fixed_dictionaries(
    {
        "status": st.sampled_from([ContactStatus.ACTIVE] * 6 + list(ContactStatus)),
        "place": st.sampled_from([("10001", "NY"), ("33101", "FL"), (None, "TX"), (None, None)]),
        "hold_in": st.sampled_from([None, None, None, -1, 0, 1]),
        "address": st.sampled_from([None, "own", "own", "own", "shared"]),
        "consent": st.sampled_from([None, "granted", "granted", "granted", *ConsentStatus]),
        "promised": st.sampled_from([None, None, 1, 2, 8]),
        "agreed_days_ago": st.sampled_from([0, 0, 547, 548, 700]),
        "entered": st.sampled_from(
            [None, None, ("import_with_proof", 9), ("import_with_proof", 600), ("web_form", 9)]
        ),
        "topic": st.sampled_from([None, "granted", "withdrawn"]),
        "booked": st.booleans(),
        "suppressions": st.lists(suppression, max_size=2),
        "sent": st.lists(sent_message, max_size=4),
        "merged_sent": st.one_of(st.none(), st.lists(sent_message, max_size=2)),
        "expires_in": st.sampled_from([None, None, -1, 0, 1]),
        "asked": st.sampled_from([("form", 1), ("form", 10), ("import", 1)]),
        "passes_stop": st.sampled_from([None, True, False]),
    }
)
switches = st.fixed_dictionaries(
    {
        name: st.sampled_from([False] * 5 + [True])
        if name not in ("content_approved", "topic_used")
        else st.booleans()
        for name in FRAME_FLAGS
    }
)


@given(
    people=st.lists(person, min_size=1, max_size=4),
    flags=switches,
    kind=st.sampled_from(list(Kind)),
    channel=st.sampled_from(["email", "sms"]),
    caps=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    window=st.sampled_from([WINDOW, WINDOW, STOPPED, NEVER]),
    clock=st.sampled_from([NOON, NOON + timedelta(hours=9), NOON + timedelta(days=9)]),
    expires_in=st.sampled_from([None, None, -1, 1]),
)
@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_database_decides_as_the_pure_rules_do(
    each_db: Database,
    people: list[dict[str, Any]],
    flags: dict[str, bool],
    kind: Kind,
    channel: str,
    caps: tuple[int, int],
    window: Window,
    clock: datetime,
    expires_in: int | None,
) -> None:
    with each_db.transaction() as session:
        empty(session)
        origin = next(_ids)
        frame = Frame(
            now=clock,
            kind=kind,
            channel=channel,
            origin_id=origin,
            cap_day=caps[0],
            cap_week=caps[1],
            expires_at=hours_later(clock, expires_in),
            **flags,
        )
        batch_id = make_batch(session, frame)
        planned = [plan(session, one, frame, batch_id) for one in people]
        profiles.refresh(session, [contact_id for _, contact_id in planned])
        sqlite_form = is_sqlite(session)
        frame = replace(
            frame, hours=profiles.hours_json(session, window, clock, sqlite_form=sqlite_form)
        )
        rows = session.execute(
            gate.judge(facts.of_batch(kind), kind, sqlite_form=sqlite_form),
            {**frame.parameters(), "batch_id": batch_id, "take": 100},
        ).all()
        assert [row.row_id for row in rows] == [message_id for message_id, _ in planned]
        sent_by = session.execute(
            gate.for_batch(kind, sqlite_form=sqlite_form),
            {**frame.parameters(), "batch_id": batch_id, "take": 100},
        )
        assert {row.row_id: row.code for row in sent_by} == {row.row_id: row.code for row in rows}
        for row, one in zip(rows, people, strict=True):
            gathered = gate.facts_of(row, frame)
            expected = _expected(session, one, row.contact_id, people, frame, window)
            assert gathered == expected
            assert gate.verdict_of(row, frame) == decide(expected)


def _expected(
    session: Session,
    one: dict[str, Any],
    contact_id: int,
    people: list[dict[str, Any]],
    frame: Frame,
    window: Window,
) -> Facts:
    """Work the facts out in Python, from what was written and from the rules' words."""
    now, kind, channel = frame.now, frame.kind, frame.channel
    key = session.scalar(
        select(profiles.HourProfile.key)
        .join(profiles.ContactHours, profiles.ContactHours.profile_id == profiles.HourProfile.id)
        .where(profiles.ContactHours.contact_id == contact_id)
    )
    assert key is not None
    where = profiles.parse(key)
    start, end = hours.month_of(where, now)
    own = one["address_text"]
    sharers = [p for p in people if own and p["address_text"] == own]
    left = [
        (p, s, now - timedelta(hours=s["hours_ago"]))
        for p in sharers or [one]
        for s in [*p["sent"], *(p["merged_sent"] or [])]
        if s["channel"] == channel and s["state"] in LEFT
    ]

    def is_marketing(sent: dict[str, Any]) -> bool:
        origin = kind.value if sent["same_origin"] else sent["origin_kind"]
        return origin in ("broadcast", "drip_step")

    marketing = [at for _, s, at in left if is_marketing(s)]
    old = now - timedelta(days=548)
    written = any(
        s["channel"] == channel
        and s["state"] in LEFT
        and is_marketing(s)
        and now - timedelta(hours=s["hours_ago"]) > old
        for s in one["sent"]
    )
    brought = one["entered"] is not None and (
        one["entered"][0] == "import_with_proof" and one["entered"][1] < 548
    )
    day = [at for at in marketing if at > now - timedelta(hours=24)]
    week = [at for at in marketing if at > now - timedelta(days=7)]
    active = [
        entry["reason"]
        for p in sharers
        for entry in p["suppressions"]
        if entry["channel"] == channel
        and not entry["lifted"]
        and (entry["expires_in"] is None or entry["expires_in"] > 0)
    ]
    others = [reason for reason in active if reason not in STOPS]
    asked_form = one["asked"] == ("form", 1)
    prompted = kind is Kind.CONFIRMATION and asked_form
    is_open = hours.open_at(where, window, now)
    return Facts(
        now=now,
        kind=kind,
        **{name: getattr(frame, name) for name in FRAME_FLAGS},
        cap_day=frame.cap_day,
        cap_week=frame.cap_week,
        active=kind is Kind.TEST or one["status"] == ContactStatus.ACTIVE,
        has_address=own is not None,
        stopped=bool(active) and not others,
        suppressed=bool(others),
        passes_stop=(kind is Kind.REPLY and bool(one["passes_stop"]))
        or (prompted and channel == "email"),
        prompted=prompted,
        consent=one["consent"] or "none",
        consent_stale=one["consent"] is not None
        and one["agreed_days_ago"] >= 548
        and not written
        and not brought,
        known_patient=frame.transport_uncovered and one["booked"],
        topic_consent=not frame.topic_used or one["topic"] == "granted",
        phone_shared=frame.topic_used
        and channel == "sms"
        and any(p is not one and p["status"] not in ("merged", "erased") for p in sharers),
        expires_at=hours_later(now, one["expires_in"]) or frame.expires_at,
        hold_until=hours_later(now, one["hold_in"]),
        sent_day=len(day),
        first_day=min(day, default=None),
        sent_week=len(week),
        first_week=min(week, default=None),
        sent_month=len([at for at in marketing if at >= start]),
        promised=one["promised"] if one["consent"] is not None else None,
        month_end=end,
        state_cap=state_caps.of_states(where.states, strict=window.strict),
        state_stopped=not set(where.states).isdisjoint(window.stopped_states),
        window_open=is_open,
        next_open=None if is_open else hours.next_open(where, window, now),
        address_taken=kind is Kind.BROADCAST
        and any(
            s["same_origin"] and at > now - LOOK_BACK  # campaigns have long given up by then
            for p, s, at in left
            if p is not one or s not in one["sent"]
        ),
    )
