"""Email through SendGrid, against the stand-in in a process of its own."""

from __future__ import annotations

import json
import random
import socket
import time
from datetime import timedelta
from typing import Any

import pytest

from campaigns.delivery.ports import (
    Accepted,
    Deadline,
    EmailBatch,
    EmailRecipient,
    RefusalKind,
    Refused,
    Uncertain,
)
from campaigns.providers.sendgrid import SendGridSender
from campaigns.providers.transport import Transport
from tests.providers.standin import StandIn

K1, K2 = "\u27e61a\u27e7", "\u27e62b\u27e7"


def person(number: int, **values: Any) -> EmailRecipient:
    fields: dict[str, Any] = {
        "message_token": f"token-{number}",
        "address": f"person{number}@example.com",
        "holes": {K1: f"Name{number}", K2: f"https://clinic.example/c/{number}"},
        "headers": {
            "List-Unsubscribe": f"<https://clinic.example/u/{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    }
    return EmailRecipient(**{**fields, **values})


def batch(*people: EmailRecipient, **values: Any) -> EmailBatch:
    fields: dict[str, Any] = {
        "sender_name": "Deeply Vital Medical",
        "sender_email": "hello@clinic.example",
        "reply_to": "desk@clinic.example",
        "subject": f"A note for you, {K1}",
        "html": f"<p>Hello {K1}</p><a href='{K2}'>Read</a>",
        "text": f"Hello {K1}\n{K2}",
        "headers": {"Precedence": "bulk"},
        "recipients": people or (person(1),),
    }
    return EmailBatch(**{**fields, **values})


def sender(vendor: StandIn, **values: Any) -> SendGridSender:
    fields: dict[str, Any] = {
        "api_key": vendor.api_key,
        "api_url": vendor.url,
        "transport": Transport(connect_seconds=1, read_seconds=0.6),
    }
    return SendGridSender(**{**fields, **values})


def soon() -> Deadline:
    return Deadline(monotonic=time.monotonic() + 30)


def test_a_batch_is_accepted_and_each_person_gets_her_own_values(vendor: StandIn) -> None:
    outcome = sender(vendor).send(batch(person(1), person(2)), soon())

    assert isinstance(outcome, Accepted)
    assert outcome.status_code == 202
    first, second = vendor.accepted("email")
    assert outcome.provider_id == first["request_id"] == second["request_id"]
    assert first["subject"] == "A note for you, Name1"
    assert second["html"] == "<p>Hello Name2</p><a href='https://clinic.example/c/2'>Read</a>"
    assert second["headers"]["List-Unsubscribe"] == "<https://clinic.example/u/2>"
    assert second["headers"]["Precedence"] == "bulk"
    assert second["custom_args"] == {"mid": "token-2"}
    assert second["reply_to"] == {"email": "desk@clinic.example"}


def test_all_tracking_is_sent_as_off_and_list_management_is_never_bypassed(
    vendor: StandIn,
) -> None:
    sender(vendor).send(batch(), soon())

    request = json.loads(json.loads(vendor.requests.read_text())["body"])
    assert request["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }
    assert request["mail_settings"] == {"bypass_list_management": {"enable": False}}
    assert "categories" not in request
    assert "custom_args" not in request


def test_a_thousand_people_in_one_request_never_see_each_others_values(vendor: StandIn) -> None:
    people = []
    for number in range(1000):
        canary = f"canary{number:04d}x{random.getrandbits(64):016x}"
        people.append(
            person(
                number,
                message_token=f"mid-{canary}",
                holes={K1: f"$1 \\1 {{{{x}}}} {canary}", K2: f"https://clinic.example/{canary}"},
                headers={"List-Unsubscribe": f"<https://clinic.example/u/{canary}>"},
            )
        )
    outcome = sender(vendor).send(batch(*people), soon())

    assert isinstance(outcome, Accepted)
    entries = vendor.accepted("email")
    assert len(entries) == 1000
    assert vendor.stats()["requests"] == {"sendgrid": 1}
    for one, entry in zip(people, entries, strict=True):
        own = one.message_token.removeprefix("mid-")
        everything = json.dumps(entry)
        assert entry["to"] == one.address
        # subject, text twice, html twice, header, mid and custom_args: all hers
        assert everything.count("canary") == everything.count(own) == 8


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fault": "refuse", "status": 429}, ("temporary", "429")),
        ({"fault": "refuse", "status": 400}, ("content", "400")),
        ({"fault": "refuse", "status": 401}, ("configuration", "401")),
        ({"fault": "refuse", "status": 403}, ("configuration", "403")),
        ({"fault": "refuse", "status": 413}, ("content", "413")),
        ({"fault": "error_before"}, "uncertain"),
        ({"fault": "error_after"}, "uncertain"),
        ({"fault": "timeout_before", "seconds": 0.9}, "uncertain"),
        ({"fault": "timeout_after", "seconds": 0.9}, "uncertain"),
        ({"fault": "reset_before"}, "uncertain"),
        ({"fault": "reset_after"}, "uncertain"),
        ({"fault": "redirect"}, "uncertain"),
        ({"fault": "truncated"}, "uncertain"),
        ({"fault": "malformed_refusal"}, "uncertain"),
        ({"fault": "malformed"}, "accepted"),
        ({"fault": "slow", "seconds": 0.2}, "accepted"),
    ],
    ids=lambda value: value.get("fault") if isinstance(value, dict) else None,
)
def test_each_fault_gets_its_class_and_exactly_one_post(
    vendor: StandIn, fault: dict[str, Any], expected: Any
) -> None:
    vendor.script(fault)

    outcome = sender(vendor).send(batch(person(1), person(2)), soon())

    if expected == "accepted":
        assert isinstance(outcome, Accepted)
    elif expected == "uncertain":
        assert isinstance(outcome, Uncertain)
    else:
        assert isinstance(outcome, Refused)
        assert (outcome.kind, outcome.code) == expected
    assert vendor.stats()["requests"] == {"sendgrid": 1}


@pytest.mark.parametrize(
    ("hint", "low", "high"),
    [({"retry_after": 17}, 17, 17), ({"reset": 40}, 35, 41), ({"retry_after": 90_000}, 3600, 3600)],
)
def test_a_rate_limit_says_when_to_come_back(
    vendor: StandIn, hint: dict[str, int], low: int, high: int
) -> None:
    vendor.script({"fault": "refuse", "status": 429, **hint})

    outcome = sender(vendor).send(batch(), soon())

    assert isinstance(outcome, Refused)
    assert outcome.retry_after is not None
    assert timedelta(seconds=low) <= outcome.retry_after <= timedelta(seconds=high)


def test_a_rate_limit_without_a_hint_is_still_temporary(vendor: StandIn) -> None:
    vendor.script({"fault": "refuse", "status": 429})
    outcome = sender(vendor).send(batch(), soon())
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.retry_after) == (RefusalKind.TEMPORARY, None)


def test_a_wrong_key_is_a_fault_of_the_configuration(vendor: StandIn) -> None:
    outcome = sender(vendor, api_key="SG.wrong").send(batch(), soon())
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.CONFIGURATION
    assert "authorization grant" in outcome.reason
    assert vendor.accepted() == []


def test_nothing_is_written_after_the_deadline(vendor: StandIn) -> None:
    outcome = sender(vendor).send(batch(), Deadline(monotonic=time.monotonic() - 0.001))
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (RefusalKind.TEMPORARY, "deadline")
    assert vendor.stats()["requests"] == {}


def test_a_refused_connection_is_certain(vendor: StandIn) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        outcome = sender(vendor, api_url=url).send(batch(), soon())
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (RefusalKind.TEMPORARY, "connect_failed")


def test_a_server_that_takes_the_connection_and_says_nothing_is_uncertain(
    vendor: StandIn,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        outcome = sender(vendor, api_url=url).send(batch(), soon())
    assert isinstance(outcome, Uncertain)


def test_a_failed_tls_handshake_is_certain(vendor: StandIn) -> None:
    url = vendor.url.replace("http://", "https://")
    outcome = sender(vendor, api_url=url).send(batch(), soon())
    assert isinstance(outcome, Refused)
    assert outcome.code == "connect_failed"


def test_the_connection_is_kept_and_proxies_of_the_environment_are_ignored(
    vendor: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    one = sender(vendor)
    for _ in range(5):
        assert isinstance(one.send(batch(), soon()), Accepted)


@pytest.mark.parametrize(
    ("faulty", "code"),
    [
        (lambda: batch(person(1), person(1, address="PERSON1@example.com")), "duplicate_address"),
        (lambda: batch(person(1, address="a@example.com\r\nBcc: b@example.com")), "address"),
        (lambda: batch(person(1, address="two words@example.com")), "address"),
        (lambda: batch(person(1, headers={"List-Id": "x\r\nBcc: b@example.com"})), "header_value"),
        (lambda: batch(person(1, headers={"Subject": "x"})), "header_name"),
        (lambda: batch(headers={"X-Bad Name": "x"}), "header_name"),
        (lambda: batch(headers={"List-Id": "Ærø"}), "header_value"),
        (lambda: batch(subject="One\nTwo"), "subject"),
        (lambda: batch(subject=" "), "subject"),
        (lambda: batch(html="", text=""), "no_content"),
        (lambda: batch(person(1, holes={K1: "x" * 10_001, K2: ""})), "substitutions_too_large"),
        (lambda: batch(person(1, holes={K1: f"{K2}", K2: "x"})), "hole_key_in_value"),
        (lambda: batch(person(1), person(2, holes={K1: "x"})), "holes_differ"),
        (lambda: batch(person(1, holes={K1: "a\nb", K2: "x"})), "subject_line_break"),
        (lambda: batch(person(1, holes={K1: "a", K1 + "b": "x"})), "hole_keys"),
        (lambda: batch(*[person(n) for n in range(1001)]), "recipients"),
        (lambda: batch(sender_email="nobody"), "sender_email"),
        (lambda: batch(sender_name="診療所"), "sender_name"),
        (lambda: batch(html="x" * (30 * 1024 * 1024)), "request_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_sendgrid_would_refuse_whole_never_leaves(
    vendor: StandIn, faulty: Any, code: str
) -> None:
    outcome = sender(vendor).send(faulty(), soon())
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert vendor.stats()["requests"] == {}


def test_an_accent_in_the_senders_name_is_written_plainly(vendor: StandIn) -> None:
    assert isinstance(sender(vendor).send(batch(sender_name="Clínica Ñ"), soon()), Accepted)
    assert vendor.accepted()[0]["from"]["name"] == "Clinica N"
