"""What becomes of twenty messages for each way in which a provider can misbehave.

Each row: what the stand-ins are told, and where the messages stand once everything that
can be known is known (27 hours later). Whatever happens, nobody gets two, and what the
stand-ins took is never reported as not sent.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from campaigns.app import create_app
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.delivery import breakers
from campaigns.delivery.models import Message
from campaigns.providers.sendgrid import SendGridSender
from campaigns.providers.transport import Transport
from campaigns.providers.twilio import TwilioSender
from campaigns.reports import invariants
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.delivery import make_sending, settle, states
from tests.factories.service import free_port
from tests.providers import standin
from tests.providers.standin import StandIn

PEOPLE = 20
PATIENCE = 0.6
"""Seconds for an answer; the stand-ins' slow answers take longer."""
LOST = {"lost": True}


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    rule: dict[str, Any]
    end: dict[str, int]
    manners: dict[str, Any] = field(default_factory=dict)
    mended: dict[str, int] | None = None
    """Where messages stand after staff mended the account and let the channel try again."""


def mail(name: str, end: dict[str, int], **values: Any) -> Case:
    more = {key: values.pop(key) for key in ("manners", "mended") if key in values}
    return Case(name, {"provider": "sendgrid", "request": 1, **values}, end, **more)


def text(name: str, end: dict[str, int], **values: Any) -> Case:
    more = {key: values.pop(key) for key in ("manners", "mended") if key in values}
    return Case(name, {"provider": "twilio", "request": 3, **values}, end, **more)


ALL = {"delivered": PEOPLE}
HALF = {"delivered": 10, "not_accepted": 10}
"""Of two requests the first never arrived, and the events of the second prove it."""
BUT_ONE = {"delivered": 19, "not_accepted": 1}
REVOKED = {"fault": "refuse", "message": "The provided authorization grant is revoked"}
CASES = (
    mail("429 with Retry-After", ALL, fault="refuse", status=429, retry_after=60),
    mail("429 without a word", ALL, fault="refuse", status=429),
    mail("429 with a time of reset", ALL, fault="refuse", status=429, reset=90),
    mail("a storm of 429", ALL, fault="refuse", status=429, request=None, every=1, times=4),
    mail("500 before accepting", HALF, fault="error_before"),
    mail("500 after accepting", ALL, fault="error_after"),
    mail("time-out before accepting", HALF, fault="timeout_before", seconds=1.5),
    mail("time-out after accepting", ALL, fault="timeout_after", seconds=1.5),
    mail("reset before accepting", HALF, fault="reset_before"),
    mail("reset after accepting", ALL, fault="reset_after"),
    mail("reset at the first byte", ALL, fault="reset_at", bytes=1),
    mail("reset within the headers", ALL, fault="reset_at", bytes=40),
    mail("reset within the body", ALL, fault="reset_at", bytes=120),
    mail("a redirect", HALF, fault="redirect"),
    mail("a body that is no JSON", ALL, fault="malformed"),
    mail("a refusal that is a page", HALF, fault="malformed_refusal"),
    mail("half a status line", ALL, fault="truncated"),
    mail("a body shorter than it says", ALL, fault="wrong_length"),
    mail("an answer of another type", ALL, fault="wrong_type"),
    mail("one byte at a time", ALL, fault="drip", seconds=0.02),
    mail("slow, and events come before the answer", ALL, fault="slow", seconds=0.4),
    mail(
        "the key is revoked in mid-send",
        {"delivered": 10, "planned": 10},
        **REVOKED,
        status=401,
        request=2,
        mended=ALL,
    ),
    mail(
        "the account is forbidden",
        {"delivered": 10, "planned": 10},
        **REVOKED,
        status=403,
        request=2,
        mended=ALL,
    ),
    mail(
        "events three times, shuffled, under new ids",
        ALL,
        outcome="delivered",
        manners={"repeat": 3, "shuffle": True, "fresh_ids": True},
    ),
    mail("all events lost", {"accepted": PEOPLE}, outcome="delivered", manners=LOST),
    mail(
        "time-out, and all events lost: nothing is claimed",
        {"accepted": 10, "uncertain": 10},
        fault="timeout_after",
        seconds=1.5,
        manners=LOST,
    ),
    text("429 for a text, with Retry-After", ALL, fault="refuse", status=429, retry_after=30),
    text("429 for a text", ALL, fault="refuse", status=429),
    text("500 before a text", BUT_ONE, fault="error_before"),
    text("500 after a text", ALL, fault="error_after"),
    text("time-out before a text", BUT_ONE, fault="timeout_before", seconds=1.5),
    text("time-out after a text", ALL, fault="timeout_after", seconds=1.5),
    text("reset before a text", BUT_ONE, fault="reset_before"),
    text("reset after a text", ALL, fault="reset_after"),
    text("reset within a text's answer", ALL, fault="reset_at", bytes=30),
    text("a text's answer is no JSON", ALL, fault="malformed"),
    text("half a status line for a text", ALL, fault="truncated"),
    text("a text's answer byte by byte", ALL, fault="drip", seconds=0.02),
    text("a redirect of a text", BUT_ONE, fault="redirect"),
    text(
        "a number that said STOP to the carrier",
        {"delivered": 19, "suppressed:opted_out": 1},
        fault="refuse",
        status=400,
        code=21610,
    ),
    text(
        "a number that is a landline",
        {"delivered": 19, "failed:21614": 1},
        fault="refuse",
        status=400,
        code=21614,
    ),
    text(
        "time-out after a text, callbacks lost: the provider's list tells",
        {"accepted": PEOPLE},
        fault="timeout_after",
        seconds=1.5,
        manners=LOST,
    ),
    text(
        "time-out before a text, callbacks lost: the list tells that too",
        {"accepted": 19, "not_accepted": 1},
        fault="timeout_before",
        seconds=1.5,
        manners=LOST,
    ),
)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("faulty")
    with standin.run(folder, webhook_url=f"http://127.0.0.1:{port}") as one:
        yield one


@pytest.fixture
def wired(
    db: Database, clock: FixedClock, tmp_path: Path, vendor: StandIn, port: int
) -> Iterator[Services]:
    services = make_services(
        db,
        clock,
        tmp_path,
        CAMPAIGNS_EMAIL_BATCH_SIZE="10",
        CAMPAIGNS_SMS_IN_FLIGHT="4",
        **vendor.settings(f"http://127.0.0.1:{port}"),
    )
    hasty = Transport(read_seconds=PATIENCE)
    services = replace(
        services,
        email=SendGridSender(api_key=vendor.api_key, api_url=vendor.url, transport=hasty),
        sms=TwilioSender(
            account_sid=vendor.account,
            auth_token=vendor.token,
            api_url=vendor.url,
            status_url=f"{services.public_url}/webhooks/twilio/status/",
            messaging_service_sid="MG" + "1" * 32,
            transport=hasty,
        ),
    )
    server = make_server("127.0.0.1", port, create_app(services), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    vendor.reset()
    vendor.control("defaults", delay=0.0)
    vendor.log.write_bytes(b"")
    yield services
    vendor.reset()
    vendor.control("flush", seconds=10)
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_the_table_has_enough_rows() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 25


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_ends_as_the_table_says(
    wired: Services, vendor: StandIn, clock: FixedClock, case: Case
) -> None:
    channel = "sms" if case.rule["provider"] == "twilio" else "email"
    vendor.script(case.rule)
    vendor.control("webhooks", **case.manners)
    make_sending(wired, people=PEOPLE, channels=(channel,))
    for wait in (0, 5, 15, 40, 27 * 60):
        clock.advance(timedelta(minutes=wait))
        early = case.rule.get("fault") == "slow"
        vendor.control("webhooks", paused=not early)
        settle(wired)
        clock.advance(timedelta(seconds=1))  # what comes back comes later than it left
        vendor.control("webhooks", paused=False)
        assert vendor.control("flush", seconds=50)["done"]
    assert states(wired) == case.end
    _check_against_the_log(wired, vendor)
    if case.mended is not None:
        with wired.db.transaction() as session:
            breakers.try_again(session, SYSTEM, channel, now=clock.now())
        settle(wired)
        assert vendor.control("flush", seconds=30)["done"]
        assert states(wired) == case.mended
        _check_against_the_log(wired, vendor)


def _check_against_the_log(services: Services, vendor: StandIn) -> None:
    taken = Counter(entry["to"] for entry in vendor.accepted())
    assert set(taken.values()) <= {1}, "somebody got two"
    with services.db.reading() as session:
        rows = session.execute(select(Message.address, Message.state)).all()
        faults = invariants.find_faults(session, services.clock.now())
    faults.pop("open questions are settled in time", None)  # where events are lost for good
    assert faults == {}
    assert len(rows) == PEOPLE
    for address, state in rows:
        if state in ("accepted", "delivered"):
            assert taken[address] == 1, "the report invents one"
        elif state != "uncertain":
            assert taken[address] == 0, "the report denies one"
