"""Whatever the order, and however often a webhook comes, the end is the same (hypothesis)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from campaigns.consent import ledger, suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message
from campaigns.wiring import Services
from tests.factories.consent import make_member
from tests.factories.sent import sent_message
from tests.webhooks.conftest import calling
from tests.webhooks.signing import Vendors, event, inbound, new_sid, status

EMAIL_EVENTS: list[list[dict[str, Any]]] = [
    [{"event": "processed"}, {"event": "delivered"}],
    [{"event": "deferred"}, {"event": "bounce", "type": "blocked", "reason": "421 later"}],
    [{"event": "bounce", "type": "bounce", "reason": "550 5.1.1", "status": "5.1.1"}],
    [{"event": "delivered"}, {"event": "spamreport"}],
    [{"event": "delivered"}, {"event": "unsubscribe"}, {"event": "open"}],
    [{"event": "group_unsubscribe"}, {"event": "group_resubscribe"}],
    [{"event": "dropped", "reason": "Bounced Address"}],
    [{"event": "dropped", "reason": "Unsubscribed Address"}],
    [{"event": "dropped", "reason": "Invalid"}],
    [{"event": "something_new"}],
]
TEXT_REPORTS: list[list[tuple[str, str | None]]] = [
    [("sent", None), ("delivered", None)],
    [("sent", None), ("undelivered", "30003")],
    [("undelivered", "30004")],
    [("undelivered", "30005")],
    [("undelivered", "30006")],
    [("failed", "21610")],
    [("undelivered", "30640")],
    [("undelivered", "39999")],
]
REPLIES = ("please stop", "thanks", "cancel my appointment", "no más")


@dataclass(frozen=True)
class Told:
    """One webhook, as a recipe: for whichever person it is told about."""

    channel: str
    index: int
    detail: Any


def play(
    services: Services, vendors: Vendors, client: FlaskClient, told: list[Told], days: list[int]
) -> tuple[Contact, str, str, list[Message]]:
    """Make a person with messages, and let the webhooks about them come in this order."""
    now = services.clock.now()
    with services.db.transaction() as session:
        person = make_member(session, now=now - timedelta(days=90))
        held = directory.addresses_of(session, person.id)
        email, number = held[Channel.EMAIL].address, held[Channel.SMS].address
        sent = {
            (channel, index): sent_message(session, person, channel, now=now - timedelta(days=day))
            for channel in ("email", "sms")
            for index, day in enumerate(days)
        }
        tokens = {key: services.tokens.issue(Purpose.MESSAGE, one.id) for key, one in sent.items()}
    sids = {index: new_sid() for index in range(len(days))}
    replies: dict[str, dict[str, str]] = {}
    for one in told:
        if one.channel == "email":
            values = {"timestamp": 1_790_000_000 + one.index}  # each time a new id
            body = event(one.detail["event"], tokens["email", one.index], email, **values)
            answer = vendors.post_events(client, [{**body, **one.detail}])
        elif one.channel == "sms":
            state, code = one.detail
            extra = {"ErrorCode": code} if code else {}
            form = status(sids[one.index], state, number, **extra)
            path = f"/webhooks/twilio/status/{tokens['sms', one.index]}"
            answer = vendors.post_form(client, path, form)
        else:
            form = replies.setdefault(one.detail, inbound(number, one.detail))
            answer = vendors.post_form(client, "/webhooks/twilio/inbound", form)
        assert answer.status_code == 200
    return person, email, number, list(sent.values())


def end(services: Services, played: tuple[Contact, str, str, list[Message]]) -> Any:
    """Return everything that may not depend on the order."""
    person, email, number, sent = played
    now = services.clock.now()
    with services.db.reading() as session:
        states = {
            (one.channel, found.state)
            for one in sent
            if (found := session.get_one(Message, one.id)) is not None
        }
        ordered = [session.get_one(Message, one.id).state for one in sent]
        return (
            sorted(states),
            ordered,
            {str(row.reason) for row in suppression.active_for(session, "email", email, now)},
            {str(row.reason) for row in suppression.active_for(session, "sms", number, now)},
            {k: s.status for k, s in ledger.state_of(session, person.id).items()},
            len([e for e in ledger.history(session, person.id) if e.action == "opt_out"]) > 0,
        )


def webhooks(emails: list[int], texts: list[int], replies: list[str]) -> list[Told]:
    told = [
        Told("email", index, detail)
        for index, chosen in enumerate(emails)
        for detail in EMAIL_EVENTS[chosen]
    ]
    told += [
        Told("sms", index, detail)
        for index, chosen in enumerate(texts)
        for detail in TEXT_REPORTS[chosen]
    ]
    return told + [Told("reply", 0, body) for body in replies]


CASES = st.tuples(
    st.lists(st.integers(0, len(EMAIL_EVENTS) - 1), min_size=1, max_size=4),
    st.lists(st.integers(0, len(TEXT_REPORTS) - 1), min_size=1, max_size=4),
    st.lists(st.sampled_from(REPLIES), max_size=2, unique=True),
    st.integers(0, 2**32),
)


def check(services: Services, vendors: Vendors, case: Any) -> None:
    emails, texts, replies, seed = case
    size = max(len(emails), len(texts))
    days = [60 - 9 * number for number in range(size)]
    client = calling(services)
    told = webhooks(emails, texts, replies)
    in_order = end(services, play(services, vendors, client, told, days))
    shuffled = [*told, *random.Random(seed).choices(told, k=len(told) // 2)]
    random.Random(seed).shuffle(shuffled)
    assert end(services, play(services, vendors, client, shuffled, days)) == in_order


@settings(
    max_examples=10,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each case takes a second
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=CASES)
def test_any_order_and_any_repetition_lead_to_the_same_end(
    hooked: Services, vendors: Vendors, case: Any
) -> None:
    check(hooked, vendors, case)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_both_databases(each_hooked: Services, vendors: Vendors, seed: int) -> None:
    chance = random.Random(seed)
    case = (
        [chance.randrange(len(EMAIL_EVENTS)) for _ in range(4)],
        [chance.randrange(len(TEXT_REPORTS)) for _ in range(4)],
        list(REPLIES[:2]),
        seed,
    )
    check(each_hooked, vendors, case)


def test_three_failures_in_a_row_over_two_weeks_rest_a_number_whatever_came_first(
    hooked: Services, vendors: Vendors
) -> None:
    client = calling(hooked)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]):
        for codes, rests in (
            ((1, 1, 1, 0), True),
            ((1, 0, 1, 1), False),
            ((0, 7, 7, 7), True),
        ):
            reports = [Told("sms", i, TEXT_REPORTS[code][-1]) for i, code in enumerate(codes)]
            told = [reports[index] for index in order]
            _person, _email, number, _sent = play(hooked, vendors, client, told, [40, 30, 20, 10])
            with hooked.db.reading() as session:
                now = hooked.clock.now()
                found = suppression.is_suppressed(session, "sms", number, now)
                assert (found is not None) is rests, (order, codes)


def test_an_unknown_error_code_breaks_nothing(hooked: Services, vendors: Vendors) -> None:
    client = calling(hooked)
    told = [Told("sms", 0, ("undelivered", "31999")), Told("sms", 0, ("failed", "99999"))]
    _person, _email, number, sent = play(hooked, vendors, client, told, [1])
    with hooked.db.reading() as session:
        assert suppression.is_suppressed(session, "sms", number, hooked.clock.now()) is None
        states = session.scalars(select(Message.state).where(Message.id == sent[1].id))
        assert states.one() == "failed"


def test_words_of_the_persons_own_count_after_the_carrier_has_told_us(
    each_hooked: Services, vendors: Vendors
) -> None:
    told = [Told("sms", 0, ("failed", "21610")), Told("reply", 0, "please stop")]
    for order in (told, told[::-1]):
        played = play(each_hooked, vendors, calling(each_hooked), order, [1])
        assert end(each_hooked, played)[3] == {"opt_out", "provider_optout"}
