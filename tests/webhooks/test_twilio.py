"""Texts from people and statuses of ours: believed only when signed for our own address."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from campaigns.consent import ledger, optin, suppression
from campaigns.consent.models import ConsentEntry, ConsentStatus, Method
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.clock import FixedClock
from campaigns.core.errors import Conflict
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Breaker, Message, Origin
from campaigns.events import inbound as inbound_texts
from campaigns.events.models import InboundText, ProviderEvent
from campaigns.wiring import Services
from tests.factories.consent import make_member
from tests.factories.contacts import make_contact
from tests.factories.sent import sent_message
from tests.webhooks.conftest import calling
from tests.webhooks.signing import ACCOUNT, PUBLIC_URL, Vendors, inbound, new_sid, status

INBOUND = "/webhooks/twilio/inbound"
FORM = "application/x-www-form-urlencoded"


def member(services: Services, **values: Any) -> tuple[Contact, str]:
    with services.db.transaction() as session:
        person = make_member(session, now=services.clock.now() - timedelta(days=10), **values)
        return person, directory.addresses_of(session, person.id)[Channel.SMS].address


def consent(services: Services, person: Contact, channel: str = "sms") -> str:
    with services.db.reading() as session:
        assert ledger.verify(session) is None
        return ledger.state_of(session, person.id)[channel].status


def answers_to(services: Services, person: Contact) -> list[str]:
    with services.db.reading() as session:
        rows = session.scalars(
            select(Message.body)
            .where(Message.contact_id == person.id, Message.origin_kind == Origin.REPLY)
            .order_by(Message.id)
        )
        return [str((body or {})["text"]) for body in rows]


def texts_of(services: Services) -> list[InboundText]:
    with services.db.reading() as session:
        return list(session.scalars(select(InboundText).order_by(InboundText.id)))


def count(services: Services, model: type) -> int:
    with services.db.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


STOP = "Deeply Vital: You are opted out and will get no more marketing texts from us."


@pytest.mark.parametrize(
    ("body", "opt_out_type", "status_after", "email_after", "answers"),
    [
        ("STOP", "STOP", "withdrawn", "granted", 0),
        ("stop", None, "withdrawn", "granted", 0),  # Twilio's own keyword: it answers
        ("Unsubscribe", "STOP", "withdrawn", "granted", 0),
        ("OPT OUT", None, "withdrawn", "granted", 1),
        ("Stop please", None, "withdrawn", "granted", 1),
        ("st0p texting me", None, "withdrawn", "granted", 1),
        ("No más", None, "withdrawn", "granted", 1),
        ("stop contacting me", None, "withdrawn", "withdrawn", 1),
        ("remove", None, "withdrawn", "granted", 1),
        ("don't stop", None, "granted", "granted", 0),
        ("can I stop by at 3?", None, "granted", "granted", 0),
        ("have a nice weekend", None, "granted", "granted", 0),
        ("HELP", None, "granted", "granted", 0),
        ("ayuda", None, "granted", "granted", 1),
        ("HELP", "HELP", "granted", "granted", 0),
    ],
)
def test_each_reply_has_its_effect_and_at_most_one_answer(
    caller: FlaskClient,
    hooked: Services,
    vendors: Vendors,
    body: str,
    opt_out_type: str | None,
    status_after: str,
    email_after: str,
    answers: int,
) -> None:
    person, number = member(hooked)
    extra = {"OptOutType": opt_out_type} if opt_out_type else {}

    answer = vendors.text(caller, number, body, **extra)

    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert b"<Response/>" in answer.data
    assert b"Message" not in answer.data
    assert consent(hooked, person) == status_after
    assert consent(hooked, person, "email") == email_after
    assert len(answers_to(hooked, person)) == answers


def test_stop_in_many_words_is_confirmed_exactly_once(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    for body in ("please stop", "please stop", "leave me alone", "STOP"):
        vendors.text(caller, number, body)
    assert answers_to(hooked, person) == [STOP]
    with hooked.db.reading() as session:
        message = session.scalars(select(Message)).one()
        assert (message.body or {})["passes_stop"] is True
        assert message.expires_at == hooked.clock.now() + timedelta(minutes=5)


def test_a_stop_counts_for_everybody_who_has_the_number(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    first, number = member(hooked)
    second, _same = member(hooked, phone=number, first_name="Ana")
    vendors.text(caller, number, "please stop")
    assert consent(hooked, first) == consent(hooked, second) == ConsentStatus.WITHDRAWN
    assert len(answers_to(hooked, first) + answers_to(hooked, second)) == 1


def test_a_stop_from_an_unknown_number_blocks_the_number(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    vendors.text(caller, "+16195550177", "stop")
    with hooked.db.reading() as session:
        found = suppression.is_suppressed(session, "sms", "+16195550177", hooked.clock.now())
        assert found is not None
        assert found.reason == "opt_out"


def test_a_wrong_number_is_taken_off_the_person(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    vendors.text(caller, number, "you have the wrong number")
    with hooked.db.reading() as session:
        assert Channel.SMS not in directory.addresses_of(session, person.id)
        assert suppression.is_suppressed(session, "sms", number, hooked.clock.now())
    assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_what_people_write_is_kept_sealed(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, number = member(hooked)
    vendors.text(caller, number, "my knee hurts a lot")
    (row,) = texts_of(hooked)
    assert b"knee" not in row.body
    with hooked.db.reading() as session:
        assert inbound_texts.body_of(session, row) == "my knee hurts a lot"


def test_start_brings_back_only_an_old_written_consent(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    person, number = member(hooked)
    with hooked.db.transaction() as session:
        stranger = make_contact(session, now=clock.now())
        unknown = directory.addresses_of(session, stranger.id)[Channel.SMS].address
    for one in (number, unknown):
        vendors.text(caller, one, "please stop")
    clock.advance(timedelta(minutes=10))
    for one in (number, unknown):
        vendors.text(caller, one, "START")

    assert consent(hooked, person) == ConsentStatus.GRANTED
    assert "You're signed up for wellness tips" in answers_to(hooked, person)[-1]
    assert consent(hooked, stranger) != ConsentStatus.GRANTED
    assert "Reply Y to confirm" in answers_to(hooked, stranger)[-1]

    clock.advance(timedelta(minutes=10))
    vendors.text(caller, unknown, "Y")
    with hooked.db.reading() as session:
        entries = ledger.history(session, stranger.id)
        assert entries[0].action == "opt_in_requested"  # without words shown, no text consent


def test_a_y_confirms_the_open_request(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    now = clock.now()
    with hooked.db.transaction() as session:
        person = make_contact(session, now=now)
        number = directory.addresses_of(session, person.id)[Channel.SMS].address
        asked = ledger.record(
            session,
            contact_id=person.id,
            channel="sms",
            action=inbound_texts.Action.OPT_IN_REQUESTED,
            method=Method.WEB_FORM,
            actor=Actor(kind=ActorKind.PERSON, id=person.id),
            now=now,
            wording="I agree to texts.",
        )
        optin.request(
            session,
            contact_id=person.id,
            channel="sms",
            address=number,
            entry_id=asked.id,
            origin="form",
            now=now,
        )
    clock.advance(timedelta(minutes=3))
    for _ in range(2):
        vendors.text(caller, number, "Yes!", OptOutType="START")
    assert consent(hooked, person) == ConsentStatus.GRANTED
    with hooked.db.reading() as session:
        confirmed = [e for e in ledger.history(session, person.id) if "confirmed" in e.action]
        assert len(confirmed) == 1


def test_an_unclear_reply_holds_messages_until_staff_decide(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    staff = Actor(kind=ActorKind.STAFF, id=1, name="Robin")
    for is_stop in (True, False):
        person, number = member(hooked)
        vendors.text(caller, number, "cancel my appointment")
        row = texts_of(hooked)[-1]
        with hooked.db.transaction() as session:
            assert session.get_one(Contact, person.id).hold_reason == "unclear_reply"
            inbound_texts.settle(session, staff, row.id, is_stop=is_stop, now=hooked.clock.now())
            assert session.get_one(Contact, person.id).hold_until is None
        assert consent(hooked, person) == ("withdrawn" if is_stop else "granted")
        with pytest.raises(Conflict), hooked.db.transaction() as session:
            inbound_texts.settle(session, staff, row.id, is_stop=True, now=hooked.clock.now())


def test_an_unclear_reply_that_nobody_decides_is_a_stop_after_three_business_days(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    clock.set(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))  # Tuesday before Thanksgiving
    person, number = member(hooked)
    vendors.text(caller, number, "cancel my appointment")
    # Wednesday, Friday (Thursday is a holiday) and Monday may pass.
    for day, settled in ((27, 0), (30, 0)):
        clock.set(datetime(2026, 11, day, 23, 0, tzinfo=UTC))
        with hooked.db.transaction() as session:
            assert inbound_texts.settle_overdue(session, now=clock.now()) == settled
    clock.set(datetime(2026, 12, 1, 15, 0, tzinfo=UTC))
    with hooked.db.transaction() as session:
        assert inbound_texts.settle_overdue(session, now=clock.now()) == 1
    assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_a_replayed_start_never_undoes_a_later_stop(
    each_hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    client = calling(each_hooked)
    person, number = member(each_hooked)
    start = inbound(number, "START")
    stop = inbound(number, "please stop")
    vendors.post_form(client, INBOUND, start)
    clock.advance(timedelta(minutes=1))
    vendors.post_form(client, INBOUND, stop)
    for hours in (0, 1, 30):
        clock.advance(timedelta(hours=hours))
        for form in (start, stop, start):
            assert vendors.post_form(client, INBOUND, form).status_code == 200
    assert consent(each_hooked, person) == ConsentStatus.WITHDRAWN
    assert count(each_hooked, InboundText) == 2
    assert answers_to(each_hooked, person) == [STOP]
    with each_hooked.db.reading() as session:
        outs = session.scalars(select(ConsentEntry).where(ConsentEntry.action == "opt_out"))
        assert len(list(outs)) == 1


# Statuses


def texted(services: Services, **values: Any) -> tuple[Contact, Message, str, str]:
    now = services.clock.now()
    with services.db.transaction() as session:
        person = make_member(session, now=now)
        message = sent_message(session, person, "sms", now=now, **values)
        token = services.tokens.issue(Purpose.MESSAGE, message.id)
        return person, message, f"/webhooks/twilio/status/{token}", message.address or ""


def message_state(services: Services, message: Message) -> tuple[str, str | None]:
    with services.db.reading() as session:
        row = session.get_one(Message, message.id)
        return row.state, row.reason


def reasons(services: Services, number: str) -> set[str]:
    with services.db.reading() as session:
        rows = suppression.active_for(session, "sms", number, services.clock.now())
        return {str(row.reason) for row in rows}


@pytest.mark.parametrize(
    ("told", "code", "state", "suppressed"),
    [
        ("sent", None, "accepted", set()),
        ("delivered", None, "delivered", set()),
        ("undelivered", 30003, "failed", set()),
        ("undelivered", 30004, "failed", {"soft_block"}),
        ("undelivered", 30005, "bounced", {"invalid"}),
        ("undelivered", 30006, "bounced", {"not_mobile"}),
        ("undelivered", 30007, "failed", set()),
        ("failed", 21610, "failed", {"provider_optout"}),
        ("failed", 30640, "bounced", {"legal"}),
        ("failed", 39999, "failed", set()),
        ("failed", None, "failed", set()),
        ("canceled", None, "failed", set()),
    ],
)
def test_each_status_has_its_effect(
    caller: FlaskClient,
    hooked: Services,
    vendors: Vendors,
    told: str,
    code: int | None,
    state: str,
    suppressed: set[str],
) -> None:
    person, message, path, number = texted(hooked)
    extra = {"ErrorCode": str(code)} if code else {}
    assert (
        vendors.post_form(caller, path, status(new_sid(), told, number, **extra)).status_code == 200
    )
    assert message_state(hooked, message)[0] == state
    assert reasons(hooked, number) == suppressed
    if code == 21610:
        assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_statuses_in_every_order_and_three_times_end_the_same(
    each_hooked: Services, vendors: Vendors
) -> None:
    client = calling(each_hooked)
    for order in itertools.permutations(("queued", "sent", "delivered")):
        _person, message, path, number = texted(each_hooked)
        sid = new_sid()
        forms = [status(sid, told, number) for told in order] * 3
        random.Random(3).shuffle(forms)
        for form in forms:
            assert vendors.post_form(client, path, form).status_code == 200
        assert message_state(each_hooked, message)[0] == "delivered"
    assert count(each_hooked, ProviderEvent) == 18


def test_a_callback_that_comes_before_our_record_settles_the_message(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, message, path, number = texted(hooked, state="uncertain", accepted_at=None)
    sid = new_sid()
    vendors.post_form(caller, path, status(sid, "sent", number))
    with hooked.db.reading() as session:
        row = session.get_one(Message, message.id)
        assert (row.state, row.provider_id) == ("accepted", sid)


def test_a_phone_that_fails_three_times_over_two_weeks_rests(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    with hooked.db.transaction() as session:
        person = make_member(session, now=clock.now())
    number = ""
    for days, rests in ((0, False), (8, False), (8, True)):
        clock.advance(timedelta(days=days))
        with hooked.db.transaction() as session:
            message = sent_message(session, person, "sms", now=clock.now())
        number = message.address or ""
        token = hooked.tokens.issue(Purpose.MESSAGE, message.id)
        form = status(new_sid(), "undelivered", number, ErrorCode="30003")
        vendors.post_form(caller, f"/webhooks/twilio/status/{token}", form)
        assert (reasons(hooked, number) == {"soft_block"}) is rests
    clock.advance(timedelta(days=91))
    assert reasons(hooked, number) == set()


def test_a_second_block_by_the_carrier_is_for_good(
    caller: FlaskClient, hooked: Services, vendors: Vendors, clock: FixedClock
) -> None:
    with hooked.db.transaction() as session:
        person = make_member(session, now=clock.now())
    for _ in range(2):
        with hooked.db.transaction() as session:
            message = sent_message(session, person, "sms", now=clock.now())
        token = hooked.tokens.issue(Purpose.MESSAGE, message.id)
        number = message.address or ""
        form = status(new_sid(), "undelivered", number, ErrorCode="30004")
        vendors.post_form(caller, f"/webhooks/twilio/status/{token}", form)
    clock.advance(timedelta(days=400))
    assert reasons(hooked, number) == {"blocked"}


def test_an_unregistered_sender_stops_texts(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, _message, path, number = texted(hooked)
    vendors.post_form(caller, path, status(new_sid(), "failed", number, ErrorCode="30034"))
    with hooked.db.reading() as session:
        assert session.get_one(Breaker, "sms").open_until is not None


# Signatures and shapes


def shifted(form: dict[str, str]) -> Iterator[dict[str, str]]:
    """Forms that give the same signed text as ``form``, with other boundaries."""
    names = sorted(form)
    for left, right in itertools.pairwise(names):
        merged = {k: v for k, v in form.items() if k not in (left, right)}
        yield {**merged, left: form[left] + right + form[right]}
    for name in names:
        value = form[name]
        if value:
            rest = {k: v for k, v in form.items() if k != name}
            yield {**rest, name + value[0]: value[1:]}
            yield {**rest, name[:-1]: name[-1] + value}


def test_shifted_parameters_under_a_true_signature_change_nothing(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    form = inbound(number, "have a good day STOP")
    headers = vendors.form_headers(PUBLIC_URL + INBOUND, form)
    vendors.post_form(caller, INBOUND, form)  # the true one comes first, as it does
    before = consent(hooked, person), count(hooked, InboundText)
    for changed in shifted(form):
        answer = caller.post(INBOUND, data=urlencode(changed), headers=headers, content_type=FORM)
        assert answer.status_code in (200, 403)
        assert (consent(hooked, person), count(hooked, InboundText)) == before


def test_a_name_given_twice_is_refused(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, number = member(hooked)
    form = inbound(number, "STOP")
    headers = vendors.form_headers(PUBLIC_URL + INBOUND, form)
    for again in ("&Body=STOP", "&Body=other", "&From=%2B16195550101"):
        answer = caller.post(
            INBOUND, data=urlencode(form) + again, headers=headers, content_type=FORM
        )
        assert answer.status_code == 403
    assert count(hooked, InboundText) == 0


@pytest.mark.parametrize("signature", ["", "x", "=", "A" * 600, "ünicode", "QUJD", "QUJD\u00e9"])
def test_a_bad_signature_is_403_and_leaves_nothing(
    caller: FlaskClient, hooked: Services, signature: str
) -> None:
    _person, number = member(hooked)
    answer = caller.post(
        INBOUND,
        data=urlencode(inbound(number, "STOP")),
        headers={"X-Twilio-Signature": signature},
        content_type=FORM,
    )
    assert answer.status_code == 403
    assert count(hooked, InboundText) == 0


def test_forwarding_headers_never_decide_which_address_was_signed(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, number = member(hooked)
    form = inbound(number, "STOP")
    for url in ("https://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8000"):
        host = url.partition("://")[2]
        forged = {
            **vendors.form_headers(url + INBOUND, form),
            "X-Forwarded-Host": host,
            "X-Forwarded-Proto": url.partition(":")[0],
            "X-Forwarded-Port": "443",
            "Forwarded": f"host={host};proto=https",
            "X-Original-URL": url + INBOUND,
        }
        answer = caller.post(INBOUND, data=urlencode(form), headers=forged, content_type=FORM)
        assert answer.status_code == 403
        spoofed = {**forged, "Host": host}
        answer = caller.post(INBOUND, data=urlencode(form), headers=spoofed, content_type=FORM)
        assert answer.status_code in (400, 403)
    assert count(hooked, InboundText) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"AccountSid": "AC" + "c" * 32},
        {"MessageSid": "SM123"},
        {"From": "6195550123"},
        {"From": "+16195550123\n"},
        {"NumMedia": "many"},
        {"OptOutType": "MAYBE"},
        {"SmsStatus": "delivered"},
    ],
)
def test_a_signed_form_of_the_wrong_shape_is_refused(
    caller: FlaskClient, hooked: Services, vendors: Vendors, changes: dict[str, str]
) -> None:
    form = {**inbound("+16195550123", "STOP"), **changes}
    assert vendors.post_form(caller, INBOUND, form).status_code == 403
    assert count(hooked, InboundText) == 0


def test_a_new_parameter_of_twilios_is_no_reason_to_lose_a_stop(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    assert vendors.text(caller, number, "STOP", ChannelMetadata="{}").status_code == 200
    assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_other_content_types_and_other_tokens_are_refused(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    form = inbound("+16195550123", "STOP")
    headers = vendors.form_headers(PUBLIC_URL + INBOUND, form)
    answer = caller.post(INBOUND, data=form, headers=headers, content_type="multipart/form-data")
    assert answer.status_code == 403
    told = status(new_sid(), "delivered", "+16195550123")
    assert vendors.post_form(caller, "/webhooks/twilio/status/none", told).status_code == 403
    assert count(hooked, ProviderEvent) == 0
    assert form["AccountSid"] == ACCOUNT
