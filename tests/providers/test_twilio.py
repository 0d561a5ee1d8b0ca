"""Texts through Twilio, against the stand-in in a process of its own."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from campaigns.delivery.ports import (
    Accepted,
    Deadline,
    Found,
    RefusalKind,
    Refused,
    SmsLookup,
    TextMessage,
    Uncertain,
    digest_of,
)
from campaigns.providers import twilio_codes
from campaigns.providers.transport import NotSent, Transport
from campaigns.providers.twilio import PooledClient, TwilioSender
from tests.providers.standin import StandIn

TO = "+16195550123"


def text(**values: Any) -> TextMessage:
    fields: dict[str, Any] = {
        "message_token": "tok-1",
        "to": TO,
        "body": "Clinic: a note for you https://clinic.example/c/1",
        "validity": timedelta(minutes=15),
    }
    return TextMessage(**{**fields, **values})


def sender(vendor: StandIn, **values: Any) -> TwilioSender:
    fields: dict[str, Any] = {
        "account_sid": vendor.account,
        "auth_token": vendor.token,
        "api_url": vendor.url,
        "status_url": "http://127.0.0.1:9/webhooks/twilio/status/",
        "messaging_service_sid": "MG" + "1" * 32,
        "transport": Transport(connect_seconds=1, read_seconds=0.6),
    }
    return TwilioSender(**{**fields, **values})


def soon() -> Deadline:
    return Deadline(monotonic=time.monotonic() + 30)


def form_of(vendor: StandIn) -> dict[str, list[str]]:
    return parse_qs(json.loads(vendor.requests.read_text().splitlines()[-1])["body"])


def test_a_text_is_accepted_with_its_callback_and_validity(vendor: StandIn) -> None:
    outcome = sender(vendor).send(text(), soon())

    assert isinstance(outcome, Accepted)
    entry = vendor.accepted("sms")[0]
    assert entry["sid"] == outcome.provider_id
    assert entry["mid"] == "tok-1"
    assert form_of(vendor) == {
        "To": [TO],
        "MessagingServiceSid": ["MG" + "1" * 32],
        "Body": ["Clinic: a note for you https://clinic.example/c/1"],
        "StatusCallback": ["http://127.0.0.1:9/webhooks/twilio/status/tok-1"],
        "ValidityPeriod": ["900"],
        "SmartEncoded": ["true"],
    }


def test_without_a_service_the_number_is_named(vendor: StandIn) -> None:
    one = sender(vendor, messaging_service_sid=None, sender="+16195550199")
    assert isinstance(one.send(text(), soon()), Accepted)
    assert form_of(vendor)["From"] == ["+16195550199"]
    assert "MessagingServiceSid" not in form_of(vendor)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fault": "refuse", "status": 429, "retry_after": 3}, ("temporary", "20429")),
        ({"fault": "refuse", "status": 400, "code": 21610}, ("opted_out", "21610")),
        ({"fault": "refuse", "status": 400, "code": 21211}, ("recipient", "21211")),
        ({"fault": "refuse", "status": 400, "code": 21614}, ("recipient", "21614")),
        ({"fault": "refuse", "status": 400, "code": 21612}, ("recipient_soft", "21612")),
        ({"fault": "refuse", "status": 400, "code": 21611}, ("temporary", "21611")),
        ({"fault": "refuse", "status": 400, "code": 21617}, ("content", "21617")),
        ({"fault": "refuse", "status": 400, "code": 21606}, ("configuration", "21606")),
        ({"fault": "refuse", "status": 401, "code": 20003}, ("configuration", "20003")),
        ({"fault": "refuse", "status": 403, "code": 20003}, ("configuration", "20003")),
        ({"fault": "refuse", "status": 400, "code": 29999}, ("recipient_soft", "29999")),
        ({"fault": "error_before"}, "uncertain"),
        ({"fault": "error_after"}, "uncertain"),
        ({"fault": "timeout_after", "seconds": 0.9}, "uncertain"),
        ({"fault": "reset_before"}, "uncertain"),
        ({"fault": "reset_after"}, "uncertain"),
        ({"fault": "redirect"}, "uncertain"),
        ({"fault": "truncated"}, "uncertain"),
        ({"fault": "malformed_refusal"}, "uncertain"),
        ({"fault": "malformed"}, "accepted"),
        ({"fault": "slow", "seconds": 0.2}, "accepted"),
    ],
)
def test_each_fault_gets_its_class_and_exactly_one_post(
    vendor: StandIn, fault: dict[str, Any], expected: Any
) -> None:
    vendor.script(fault)

    outcome = sender(vendor).send(text(), soon())

    if expected == "accepted":
        assert isinstance(outcome, Accepted)
    elif expected == "uncertain":
        assert isinstance(outcome, Uncertain)
    else:
        assert isinstance(outcome, Refused)
        assert (outcome.kind, outcome.code) == expected
    assert vendor.stats()["requests"] == {"twilio": 1}


def test_the_wait_that_the_sdk_drops_is_kept(vendor: StandIn) -> None:
    vendor.script({"fault": "refuse", "status": 429, "retry_after": 23})
    outcome = sender(vendor).send(text(), soon())
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == timedelta(seconds=23)


def test_a_problem_document_is_understood_too(vendor: StandIn) -> None:
    vendor.script({"fault": "refuse", "status": 400, "code": 21610, "message": "stopped"})
    outcome = sender(vendor).send(text(), soon())
    assert isinstance(outcome, Refused)
    assert outcome.reason == "stopped"


def test_a_wrong_token_is_a_fault_of_the_configuration(vendor: StandIn) -> None:
    outcome = sender(vendor, auth_token="wrong").send(text(), soon())
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (RefusalKind.CONFIGURATION, "20003")


def test_nothing_is_written_after_the_deadline(vendor: StandIn) -> None:
    outcome = sender(vendor).send(text(), Deadline(monotonic=time.monotonic() - 1))
    assert isinstance(outcome, Refused)
    assert outcome.code == "deadline"
    assert vendor.stats()["requests"] == {}


@pytest.mark.parametrize("body", ["", "x" * 1601])
def test_a_text_of_impossible_length_never_leaves(vendor: StandIn, body: str) -> None:
    outcome = sender(vendor).send(text(body=body), soon())
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.CONTENT
    assert vendor.stats()["requests"] == {}


def test_no_other_host_than_the_configured_one_is_ever_asked(vendor: StandIn) -> None:
    client = PooledClient(api_url=vendor.url, transport=Transport())
    with pytest.raises(NotSent, match="not allowed"):
        client.request("GET", "https://evil.example/2010-04-01/Accounts.json")


def test_the_region_of_the_environment_changes_nothing(
    vendor: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    assert isinstance(sender(vendor).send(text(), soon()), Accepted)


def test_a_text_whose_answer_was_lost_is_found_by_its_body(vendor: StandIn) -> None:
    vendor.script({"fault": "reset_after"})
    one = sender(vendor)
    body = "Clinic: it’s time – read https://clinic.example/c/7"
    assert isinstance(one.send(text(body=body), soon()), Uncertain)

    found = one.find(SmsLookup(to=TO, digest=digest_of(body)))

    assert found == Found(provider_id=vendor.accepted("sms")[0]["sid"])
    assert one.find(SmsLookup(to=TO, digest=digest_of(body + "8"))) is None
    assert one.find(SmsLookup(to="+16195550199", digest=digest_of(body))) is None


def test_a_look_up_that_cannot_be_made_says_so(vendor: StandIn) -> None:
    with pytest.raises(OSError, match="cannot be read"):
        sender(vendor, auth_token="wrong").find(SmsLookup(to=TO, digest=digest_of("x")))


def test_a_number_that_said_stop_to_twilio_is_refused_until_it_says_start(
    vendor: StandIn,
) -> None:
    one = sender(vendor)
    vendor.control("inbound", **{"from": TO, "body": "Stop"})
    refused = one.send(text(), soon())
    assert isinstance(refused, Refused)
    assert refused.kind is RefusalKind.OPTED_OUT
    vendor.control("inbound", **{"from": TO, "body": "START"})
    assert isinstance(one.send(text(), soon()), Accepted)


def test_many_threads_keep_their_own_answers(vendor: StandIn) -> None:
    one = sender(vendor)

    def send(number: int) -> tuple[str, str | None]:
        body = f"Clinic: note {number}"
        outcome = one.send(text(body=body, message_token=f"tok-{number}"), soon())
        assert isinstance(outcome, Accepted)
        return f"tok-{number}", outcome.provider_id

    with ThreadPoolExecutor(16) as pool:
        sent = dict(pool.map(send, range(200)))
    assert {entry["mid"]: entry["sid"] for entry in vendor.accepted("sms")} == sent


def test_every_code_of_the_table_leads_to_a_kind_of_refusal() -> None:
    assert twilio_codes.refusal(30034) is RefusalKind.CONFIGURATION
    assert twilio_codes.look_up(30640).suppress_as == "legal"
    assert twilio_codes.refusal(31999) is RefusalKind.RECIPIENT_SOFT
    for code in twilio_codes.CODES:
        assert twilio_codes.refusal(code) in RefusalKind
