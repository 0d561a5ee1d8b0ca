"""SendGrid's events: believed only when signed, stored once, applied once, in any order."""

from __future__ import annotations

import base64
import itertools
import json
import random
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from campaigns.consent import ledger
from campaigns.consent.models import ConsentStatus, Suppression
from campaigns.contacts import notes
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Breaker, Message, MessageState
from campaigns.events.models import ProviderEvent
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.consent import make_member
from tests.factories.sent import sent_message
from tests.webhooks.conftest import calling
from tests.webhooks.signing import Vendors, event
from tests.webhooks.told import reasons, sent, state_of, stored

PATH = "/webhooks/sendgrid/events"


@pytest.mark.parametrize(
    ("told", "state", "reason", "effect"),
    [
        ({"event": "processed"}, "accepted", set(), "accepted"),
        ({"event": "deferred", "response": "450 later"}, "accepted", set(), "accepted"),
        ({"event": "delivered"}, "delivered", set(), "delivered"),
        (
            {"event": "bounce", "type": "bounce", "reason": "550 5.1.1 nobody"},
            "bounced",
            {"hard_bounce"},
            "bounced, address suppressed",
        ),
        ({"event": "bounce", "type": "blocked", "reason": "421 busy"}, "bounced", set(), "blocked"),
        (
            {"event": "bounce", "type": "blocked", "status": "5.1.1", "reason": "550 no"},
            "bounced",
            {"hard_bounce"},
            "bounced, address suppressed",
        ),
        (
            {"event": "dropped", "reason": "Bounced Address"},
            "failed",
            {"hard_bounce"},
            "dropped, suppressed: hard_bounce",
        ),
        (
            {"event": "dropped", "reason": "Unsubscribed Address"},
            "failed",
            {"opt_out", "provider_optout"},
            "dropped, opted out of email",
        ),
        (
            {"event": "dropped", "reason": "Spam Reporting Address"},
            "failed",
            {"complaint"},
            "dropped, suppressed: complaint",
        ),
        (
            {"event": "dropped", "reason": "Invalid"},
            "failed",
            {"invalid"},
            "dropped, suppressed: invalid",
        ),
        ({"event": "dropped", "reason": "Spam Content"}, "failed", set(), None),
        ({"event": "spamreport"}, "accepted", {"complaint"}, "complaint, address suppressed"),
        (
            {"event": "unsubscribe"},
            "accepted",
            {"opt_out", "provider_optout"},
            "opted out of email",
        ),
        (
            {"event": "group_unsubscribe", "asm_group_id": 7},
            "accepted",
            {"opt_out", "provider_optout"},
            "opted out of email",
        ),
        ({"event": "group_resubscribe"}, "accepted", set(), "logged only"),
        ({"event": "open", "sg_machine_open": True}, "accepted", set(), "logged only"),
        ({"event": "click", "url": "https://x.example"}, "accepted", set(), "logged only"),
        ({"event": "brand_new_kind"}, "accepted", set(), "unknown kind"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_each_kind_of_event_has_its_effect(
    caller: FlaskClient,
    hooked: Services,
    vendors: Vendors,
    told: dict[str, Any],
    state: str,
    reason: set[str],
    effect: str | None,
) -> None:
    _person, message, token, address = sent(hooked)
    kind = told.pop("event")

    answer = vendors.post_events(caller, [event(kind, token, address, **told)])

    assert answer.status_code == 200
    assert state_of(hooked, message)[0] == state
    assert reasons(hooked, address) == reason
    with hooked.db.reading() as session:
        row = session.scalars(select(ProviderEvent)).one()
        assert row.applied_at == hooked.clock.now()
        if effect is not None:
            assert row.effect == effect
        assert address not in json.dumps(row.payload)


def test_an_unsubscribe_ends_consent_to_email_and_to_nothing_else(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, _message, token, address = sent(hooked)
    vendors.post_events(caller, [event("unsubscribe", token, address)])
    with hooked.db.reading() as session:
        states = ledger.state_of(session, person.id)
        assert states["email"].status == ConsentStatus.WITHDRAWN
        assert states["sms"].status == ConsentStatus.GRANTED
        assert ledger.verify(session) is None


def test_a_resubscribe_at_the_provider_never_opts_anybody_in(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, _message, token, address = sent(hooked)
    for kind in ("group_unsubscribe", "group_resubscribe"):
        vendors.post_events(caller, [event(kind, token, address)])
    with hooked.db.reading() as session:
        assert ledger.state_of(session, person.id)["email"].status == ConsentStatus.WITHDRAWN


def test_a_complaint_asks_staff_to_look_once(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, _message, token, address = sent(hooked)
    for _ in range(3):
        vendors.post_events(caller, [event("spamreport", token, address)])
    with hooked.db.reading() as session:
        assert len(notes.list_of(session, person.id)) == 1


def test_an_event_without_our_token_is_about_its_address(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, message, _token, address = sent(hooked)
    vendors.post_events(
        caller,
        [
            event("bounce", None, address.upper(), type="bounce"),
            event("unsubscribe", None, address),
        ],
    )
    assert reasons(hooked, address) == {"hard_bounce", "opt_out", "provider_optout"}
    assert state_of(hooked, message)[0] == MessageState.ACCEPTED
    with hooked.db.reading() as session:
        assert ledger.state_of(session, person.id)["email"].status == ConsentStatus.WITHDRAWN


def test_every_order_and_every_repetition_ends_the_same(
    each_hooked: Services, vendors: Vendors
) -> None:
    client = calling(each_hooked)
    kinds: list[dict[str, Any]] = [
        {"kind": "processed"},
        {"kind": "delivered"},
        {"kind": "bounce", "type": "bounce", "reason": "550 5.1.1 late bounce"},
        {"kind": "spamreport"},
    ]
    orders = list(itertools.permutations(kinds))
    people = [sent(each_hooked) for _ in orders]
    queue = []
    for (_person, _message, token, address), order in zip(people, orders, strict=True):
        told = [event(token=token, email=address, **values) for values in order]
        fresh = [{**one, "sg_event_id": f"again-{one['sg_event_id']}"} for one in told]
        queue.append([*told, *told, *fresh])
    for batch in queue:
        for start in range(0, len(batch), 2):
            assert vendors.post_events(client, batch[start : start + 2]).status_code == 200

    for person, message, _token, address in people:
        assert state_of(each_hooked, message) == ("bounced", "hard_bounce")
        assert reasons(each_hooked, address) == {"hard_bounce", "complaint"}
        with each_hooked.db.reading() as session:
            assert len(notes.list_of(session, person.id)) == 1
    assert stored(each_hooked) == len(orders) * len(kinds)


def test_a_thousand_events_shuffled_and_told_three_times_count_once(
    hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    client = calling(hooked)
    now = clock.now()
    with hooked.db.transaction() as session:
        person = make_member(session, now=now)
        messages = [sent_message(session, person, now=now) for _ in range(500)]
    events = []
    for message in messages:
        token = hooked.tokens.issue(Purpose.MESSAGE, message.id)
        events += [event(kind, token, "x@example.com") for kind in ("processed", "delivered")]
    random.Random(7).shuffle(events)
    for turn in range(3):
        clock.advance(timedelta(hours=turn))
        assert vendors.post_events(client, events).status_code == 200
    assert stored(hooked) == 1000
    with hooked.db.reading() as session:
        states = session.execute(select(Message.state, func.count()).group_by(Message.state)).all()
        assert [tuple(row) for row in states] == [("delivered", 500)]
        first = now + timedelta(0)
        assert session.scalar(select(func.max(Message.settled_at))) == first


def test_a_delivery_after_a_bounce_clears_nothing(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, message, token, address = sent(hooked)
    vendors.post_events(caller, [event("bounce", token, address, type="bounce")])
    vendors.post_events(caller, [event("delivered", token, address)])
    assert state_of(hooked, message)[0] == "bounced"
    assert reasons(hooked, address) == {"hard_bounce"}


def test_an_event_settles_a_message_that_was_uncertain(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, message, token, address = sent(hooked, state=MessageState.UNCERTAIN)
    vendors.post_events(caller, [event("processed", token, address)])
    assert state_of(hooked, message)[0] == "accepted"


def test_three_blocks_over_two_campaigns_let_an_address_rest(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    now = clock.now()
    with hooked.db.transaction() as session:
        person = make_member(session, now=now)
        messages = [sent_message(session, person, now=now, origin_id=n) for n in (1, 2, 3)]
    address = messages[0].address or ""
    for number, message in enumerate(messages, 1):
        assert reasons(hooked, address) == set()
        token = hooked.tokens.issue(Purpose.MESSAGE, message.id)
        told = event("bounce", token, address, type="blocked", reason="421 reputation")
        vendors.post_events(caller, [told])
        assert (reasons(hooked, address) == {"soft_block"}) is (number == 3)
    clock.advance(timedelta(days=91))
    assert reasons(hooked, address) == set()


def test_a_suspended_account_stops_email(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    told = {"event": "account_status_change", "type": "suspended", "timestamp": 1, "email": ""}
    vendors.post_events(caller, [told])
    with hooked.db.reading() as session:
        breaker = session.get_one(Breaker, "email")
        assert breaker.open_until is not None
        assert breaker.open_until > hooked.clock.now()


# Signatures


def bad_requests(vendors: Vendors, body: bytes) -> list[dict[str, str]]:
    good = vendors.event_headers(body)
    name, stamp = good
    return [
        {},
        {name: good[name]},
        {stamp: good[stamp]},
        {**good, name: ""},
        {**good, name: "not base64 !"},
        {**good, name: "a"},
        {**good, name: base64.b64encode(b"garbage").decode()},
        {**good, name: "A" * 5000},
        {**good, name: "sïgnature"},
        {**good, stamp: "1"},
        {**good, stamp: ""},
        {**good, stamp: "now"},
        Vendors().event_headers(body),
        vendors.event_headers(body + b" "),
    ]


def test_whatever_is_not_signed_is_403_and_leaves_nothing(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, message, token, address = sent(hooked)
    body = json.dumps([event("bounce", token, address, type="bounce")]).encode()
    for headers in bad_requests(vendors, body):
        answer = caller.post(PATH, data=body, headers=headers, content_type="application/json")
        assert answer.status_code == 403, headers
    assert stored(hooked) == 0
    assert reasons(hooked, address) == set()
    assert state_of(hooked, message)[0] == "accepted"


def test_one_changed_byte_breaks_the_signature(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    body = json.dumps([event("delivered", None, "x@example.com")]).encode() + b"\r\n"
    headers = vendors.event_headers(body)
    for changed in (body.strip(), body.replace(b"delivered", b"deliverea"), body + b"\n", b""):
        assert caller.post(PATH, data=changed, headers=headers).status_code == 403
    assert caller.post(PATH, data=body, headers=headers).status_code == 200
    assert stored(hooked) == 1


def test_a_body_that_is_not_utf8_is_403_and_a_signed_non_list_400(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    body = b"\xff\xfe[]"
    assert caller.post(PATH, data=body, headers=vendors.event_headers(body)).status_code == 403
    for body in (b"{}", b"[1]", b"not json", b""):
        answer = caller.post(PATH, data=body, headers=vendors.event_headers(body))
        assert answer.status_code == 400, body
    assert stored(hooked) == 0


def test_too_large_or_packed_bodies_are_refused_before_they_are_read(
    caller: FlaskClient, hooked: Services
) -> None:
    assert caller.post(PATH, data=b"x" * (5 * 1024 * 1024 + 1)).status_code == 413
    packed = {"Content-Encoding": "gzip"}
    assert caller.post(PATH, data=b"x", headers=packed).status_code == 415
    assert caller.get(PATH).status_code == 405


def test_without_a_key_nothing_is_believed(client: FlaskClient, vendors: Vendors) -> None:
    client.environ_base["HTTP_HOST"] = "127.0.0.1:8000"
    assert vendors.post_events(client, []).status_code == 403


def test_suppressions_are_kept_by_hash_alone(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, _message, token, address = sent(hooked)
    words = f"550 5.1.1 <{address}> user unknown"
    vendors.post_events(caller, [event("bounce", token, address, type="bounce", reason=words)])
    with hooked.db.reading() as session:
        row = session.scalars(select(Suppression)).one()
        assert address not in f"{row.address_hash}{row.note}"
        told = session.scalars(select(ProviderEvent)).one()
        assert told.payload["reason"] == "550 5.1.1 <[email]> user unknown"


def test_a_zero_byte_in_one_event_does_not_cost_the_others_of_its_post(
    each_hooked: Services, vendors: Vendors
) -> None:
    caller = calling(each_hooked)
    with each_hooked.db.transaction() as session:
        person = make_member(session, now=each_hooked.clock.now())
        message = sent_message(session, person, now=each_hooked.clock.now())
    token = each_hooked.tokens.issue(Purpose.MESSAGE, message.id)
    odd = [
        {"event": "open\x00", "email": "a\x00@example.com", "sg_event_id": f"e\x00{number}"}
        for number in range(3)
    ]
    good = {"event": "delivered", "mid": token}
    assert vendors.post_events(caller, [*odd, good]).status_code == 200
    assert state_of(each_hooked, message) == ("delivered", None)


def test_a_post_nested_beyond_reason_is_refused(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    body = b"[" * 100_000
    answer = caller.post(PATH, data=body, headers=vendors.event_headers(body))
    assert answer.status_code == 400
    with hooked.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(ProviderEvent)) == 0


def test_an_event_of_an_unknown_name_is_shown_to_staff(hooked: Services, vendors: Vendors) -> None:
    client = calling(hooked)
    _person, _message, token, address = sent(hooked)
    for _ in range(2):
        vendors.post_events(client, [event("brand_new_kind", token, address)])
    sign_in(client, hooked)
    page = client.get("/staff/settings/health").text
    assert "SendGrid: “brand_new_kind”" in page
    assert "2 in 7 days" in page
