"""The ordered table of rules: what each decides, and which comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.eligibility.gate import (
    LOOK_AGAIN,
    RULES,
    Drop,
    Facts,
    Hold,
    Kind,
    Send,
    decide,
)

NOW = datetime(2026, 11, 17, 18, tzinfo=UTC)
FINE = Facts(now=NOW, kind=Kind.BROADCAST)
LATER = NOW + timedelta(hours=5)
EARLIER = NOW - timedelta(hours=20)

CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("org_stopped", {"org_stopped": True}, Hold(None, "org_stopped")),
    ("channel_off", {"channel_off": True}, Hold(None, "channel_off")),
    ("channel_stopped", {"channel_stopped": True}, Hold(None, "channel_stopped")),
    ("cancelled", {"origin_cancelled": True}, Drop("cancelled")),
    ("paused", {"origin_paused": True}, Hold(None, "paused")),
    ("state_stopped", {"state_stopped": True}, Hold(NOW + LOOK_AGAIN, "state_stopped")),
    ("left_drip", {"exited": True}, Drop("left_drip")),
    ("content_unapproved", {"content_approved": False}, Hold(None, "content_unapproved")),
    ("inactive", {"active": False}, Drop("inactive")),
    ("no_address", {"has_address": False}, Drop("no_address")),
    ("opted_out", {"stopped": True}, Drop("opted_out")),
    ("do_not_contact", {"suppressed": True}, Drop("do_not_contact")),
    ("withdrawn", {"consent": "withdrawn"}, Drop("withdrawn")),
    ("waiting_for_proof", {"consent": "waiting"}, Drop("waiting_for_proof")),
    ("unconfirmed", {"consent": "pending"}, Drop("unconfirmed")),
    ("no_consent", {"consent": "none"}, Drop("no_consent")),
    ("stale_consent", {"consent_stale": True}, Drop("stale_consent")),
    (
        "transport_uncovered",
        {"transport_uncovered": True, "topic_used": True},
        Drop("transport_uncovered"),
    ),
    (
        "no_topic_consent",
        {"topic_used": True, "topic_consent": False},
        Drop("no_topic_consent"),
    ),
    ("shared_phone", {"topic_used": True, "phone_shared": True}, Drop("shared_phone")),
    ("expired", {"expires_at": NOW}, Drop("expired")),
    ("on_hold", {"hold_until": LATER}, Hold(LATER, "on_hold")),
    ("cap_state", {"sent_day": 3, "cap_day": 9, "cap_week": 9, "state_cap": 3}, Drop("cap_state")),
    ("cap_day", {"sent_day": 1, "first_day": EARLIER}, Drop("cap_day")),
    ("cap_week", {"sent_week": 3, "first_week": EARLIER}, Drop("cap_week")),
    ("cap_promised", {"sent_month": 4, "promised": 4}, Drop("cap_promised")),
    ("no_window", {"window_open": False}, Drop("no_window")),
    ("outside_hours", {"window_open": False, "next_open": LATER}, Hold(LATER, "outside_hours")),
    ("shared_address", {"address_taken": True}, Drop("shared_address")),
]


def test_with_nothing_in_the_way_a_message_is_sent() -> None:
    assert decide(FINE) == Send()


def test_every_rule_has_a_case_here() -> None:
    assert [code for code, _, _ in CASES] == [rule.code for rule in RULES]


@pytest.mark.parametrize(("code", "values", "expected"), CASES, ids=[case[0] for case in CASES])
def test_each_rule_alone_decides(code: str, values: dict[str, Any], expected: object) -> None:
    assert decide(replace(FINE, **values)) == expected


# "No window" and "outside hours" differ by one fact, so that both cannot be given at once.
@pytest.mark.parametrize("place", [n for n in range(len(CASES) - 1) if CASES[n][0] != "no_window"])
def test_of_two_rules_the_earlier_one_decides(place: int) -> None:
    (code, first, _), (_, second, _) = CASES[place], CASES[place + 1]
    verdict = decide(replace(FINE, **{**second, **first}))
    assert isinstance(verdict, Hold | Drop)
    assert verdict.code == code


def test_a_fourth_text_to_oklahoma_is_refused_though_the_clinic_would_allow_it() -> None:
    facts = replace(FINE, sent_day=3, state_cap=3, cap_day=50, cap_week=50)
    assert decide(facts) == Drop("cap_state")
    assert decide(replace(facts, sent_day=2)) == Send()


def test_a_capped_drip_message_waits_until_the_oldest_is_a_day_old() -> None:
    facts = replace(FINE, kind=Kind.DRIP_STEP, sent_day=1, first_day=EARLIER)
    assert decide(facts) == Hold(EARLIER + timedelta(hours=24), "cap_day")


def test_what_was_promised_for_a_month_waits_for_the_next_in_a_drip() -> None:
    facts = replace(FINE, kind=Kind.DRIP_STEP, sent_month=4, promised=4, month_end=LATER)
    assert decide(facts) == Hold(LATER, "cap_promised")


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.REPLY, Kind.TEST])
def test_messages_of_service_need_no_consent_and_no_caps(kind: Kind) -> None:
    facts = replace(
        FINE, kind=kind, consent="none", sent_day=9, sent_week=9, hold_until=LATER, promised=0
    )
    assert decide(facts) == Send()


@pytest.mark.parametrize("kind", list(Kind))
def test_a_stop_holds_for_every_kind_but_the_one_answer_to_it(kind: Kind) -> None:
    assert decide(replace(FINE, kind=kind, stopped=True)) == Drop("opted_out")
    assert decide(replace(FINE, kind=kind, stopped=True, passes_stop=True)) == Send()


@pytest.mark.parametrize("kind", list(Kind))
def test_nothing_passes_an_address_that_is_suppressed_for_another_reason(kind: Kind) -> None:
    facts = replace(FINE, kind=kind, suppressed=True, passes_stop=True)
    assert decide(facts) == Drop("do_not_contact")


def test_a_confirmation_keeps_hours_unless_the_person_just_asked_for_it() -> None:
    facts = replace(FINE, kind=Kind.CONFIRMATION, window_open=False, next_open=LATER)
    assert decide(facts) == Hold(LATER, "outside_hours")
    assert decide(replace(facts, prompted=True)) == Send()


def test_strict_mode_refuses_known_patients_and_topics_and_lets_a_newsletter_pass() -> None:
    strict = replace(FINE, transport_uncovered=True)
    assert decide(strict) == Send()
    assert decide(replace(strict, known_patient=True)) == Drop("transport_uncovered")
    assert decide(replace(strict, topic_used=True)) == Drop("transport_uncovered")


def test_every_sentence_is_plain_and_ends_with_a_full_stop() -> None:
    for rule in RULES:
        assert rule.sentence.endswith(".")
        assert "!" not in rule.sentence


@pytest.mark.parametrize("switch", ["org_stopped", "channel_off"])
def test_the_answer_to_a_stop_passes_what_staff_stopped(switch: str) -> None:
    answer = replace(FINE, kind=Kind.REPLY, passes_stop=True, **{switch: True})
    assert decide(answer) == Send()
    assert decide(replace(answer, passes_stop=False)) == Hold(None, switch)
    asked = replace(answer, kind=Kind.CONFIRMATION)
    assert decide(asked) == Hold(None, switch)
