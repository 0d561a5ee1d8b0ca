"""The stand-ins refuse what the vendors refuse, and substitute as badly as they may."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from campaigns.providers.standins import __main__ as command
from campaigns.providers.standins.mail import Substitution
from tests.providers.standin import StandIn

GOOD: dict[str, Any] = {
    "from": {"email": "a@clinic.example"},
    "personalizations": [{"to": [{"email": "b@example.com"}], "substitutions": {"-n-": "Ann"}}],
    "subject": "Hello -n-",
    "content": [{"type": "text/plain", "value": "Hi -n-"}],
}


def post(vendor: StandIn, request: Any, key: str | None = None) -> tuple[int, Any]:
    headers = {
        "Authorization": f"Bearer {key or vendor.api_key}",
        "Content-Type": "application/json",
    }
    body = json.dumps(request).encode()
    reply = vendor.http.request("POST", f"{vendor.url}/v3/mail/send", body=body, headers=headers)
    return reply.status, json.loads(reply.data) if reply.data else None


def with_person(**values: Any) -> dict[str, Any]:
    return {**GOOD, "personalizations": [{**GOOD["personalizations"][0], **values}]}


def test_a_sound_request_is_taken(vendor: StandIn) -> None:
    assert post(vendor, GOOD) == (202, None)
    assert vendor.accepted()[0]["text"] == "Hi Ann"


@pytest.mark.parametrize(
    "request_body",
    [
        {**GOOD, "personalizations": []},
        {**GOOD, "personalizations": GOOD["personalizations"] * 2},
        {**GOOD, "subject": ""},
        {**GOOD, "content": []},
        {**GOOD, "content": [{"type": "text/plain", "value": ""}]},
        {**GOOD, "colour": "red"},
        {**GOOD, "from": {"email": "a@clinic.example", "name": "Clínica"}},
        with_person(substitutions={"-n-": 1}),
        with_person(substitutions={"-n-": "x" * 10_000}),
        with_person(custom_args={"mid": "x" * 10_000}),
        with_person(headers={"Subject": "x"}),
        with_person(to=[{"email": "b@example.com", "name": "A; B"}]),
        with_person(to=[{"email": "b@example"}]),
        with_person(to=[]),
    ],
)
def test_what_sendgrid_refuses_is_refused(vendor: StandIn, request_body: Any) -> None:
    status, answer = post(vendor, request_body)
    assert status == 400
    assert answer["errors"][0]["message"]
    assert vendor.accepted() == []


def test_a_wrong_key_gets_401(vendor: StandIn) -> None:
    assert post(vendor, GOOD, key="SG.other")[0] == 401


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("Body=x&From=%2B16195550100", 21604),
        ("To=6195550123&Body=x&From=%2B16195550100", 21211),
        ("To=%2B16195550123&From=%2B16195550100", 21602),
        ("To=%2B16195550123&Body=x", 21603),
        ("To=%2B16195550123&Body=x&From=%2B16195550100&ValidityPeriod=0", 21626),
        ("To=%2B16195550123&Body=x&From=%2B16195550100&Colour=red", 20001),
        (
            "To=%2B16195550123&Body=x&From=%2B16195550100&StatusCallback=https://example.com/",
            21609,
        ),
        (f"To=%2B16195550123&From=%2B16195550100&Body={'x' * 1601}", 21617),
    ],
)
def test_what_twilio_refuses_is_refused(vendor: StandIn, form: str, code: int) -> None:
    token = base64.b64encode(f"{vendor.account}:{vendor.token}".encode()).decode()
    reply = vendor.http.request(
        "POST",
        f"{vendor.url}/2010-04-01/Accounts/{vendor.account}/Messages.json",
        body=form,
        headers={
            "Authorization": f"Basic {token}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    assert reply.status == 400
    assert json.loads(reply.data)["code"] == code


def test_substitution_goes_wrong_wherever_it_may() -> None:
    entangled = Substitution(["x1 x10"], frozenset({"x1", "x10"}))
    assert entangled.fill({"x1": "a", "x10": "b"}) == ["a a0"]
    leaking = Substitution(["Hi -n-"], frozenset({"-n-", "-secret-"}))
    assert leaking.fill({"-n-": "-secret-", "-secret-": "42"}) == ["Hi 42"]
    sound = Substitution(["Hi -n-, -m-"], frozenset({"-n-", "-m-"}))
    assert sound.fill({"-n-": "Ann", "-m-": "bye"}) == ["Hi Ann, bye"]


@pytest.mark.parametrize(
    "rule", [{"fault": "explode"}, {"outcome": "won"}, {"to": "a"}, {"fault": "slow", "x": 1}]
)
def test_a_faulty_script_is_refused_in_words(vendor: StandIn, rule: dict[str, Any]) -> None:
    body = json.dumps({"rules": [rule]}).encode()
    reply = vendor.http.request("POST", f"{vendor.url}/control/script", body=body)
    assert reply.status == 400
    assert "rule" in json.loads(reply.data)["error"] or "unknown" in str(reply.data)


def test_webhooks_to_another_machine_are_refused(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    log = str(tmp_path / "log")
    assert command.main(["--log", log, "--webhook-url", "https://example.com"]) == 2
    assert "loopback" in capsys.readouterr().err


def test_batches_pass_fast_enough_for_load_tests(vendor: StandIn) -> None:
    people = [
        {
            "to": [{"email": f"p{n}@example.com"}],
            "substitutions": {"-n-": f"N{n}", "-u-": f"https://c.example/{n}"},
            "custom_args": {"mid": str(n)},
        }
        for n in range(1000)
    ]
    body = "<p>-n- -u-</p>" + "lorem ipsum " * 300
    request = {
        **GOOD,
        "personalizations": people,
        "content": [{"type": "text/html", "value": body}],
    }
    post(vendor, request)
    started = time.monotonic()
    for _ in range(5):
        assert post(vendor, request)[0] == 202
    assert 5000 / (time.monotonic() - started) > 5000  # the aim is 20,000 on an idle machine
