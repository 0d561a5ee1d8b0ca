"""A whole service that really listens, on each database, and the vendors around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from sqlalchemy import select
from werkzeug.serving import make_server

from campaigns.app import create_app
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.signing import Purpose
from campaigns.providers.models import LocalDelivery
from campaigns.providers.sendgrid import SendGridSender
from campaigns.providers.transport import Transport
from campaigns.providers.twilio import TwilioSender
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.clinic import make_clinic
from tests.factories.delivery import settle, with_ways
from tests.factories.service import free_port
from tests.providers import standin
from tests.providers.standin import StandIn
from tests.webhooks.signing import PUBLIC_URL, Vendors


@dataclass(frozen=True)
class Reply:
    """An answer over the wire, with the names that the factories of requests expect."""

    status_code: int
    data: bytes
    headers: Any

    @property
    def mimetype(self) -> str:
        return str(self.headers.get("Content-Type", "")).partition(";")[0]


@dataclass
class Http:
    """Asks a server on loopback; no cookies, no redirects followed."""

    port: int
    host: str = PUBLIC_URL.removeprefix("http://")
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def open(self, method: str, url: str, **values: Any) -> Reply:
        path = url.removeprefix(PUBLIC_URL)
        headers = {"Host": self.host, **values.pop("headers", {})}
        answer = self.pool.request(
            method, f"http://127.0.0.1:{self.port}{path}",
            headers=headers, redirect=False, timeout=60, **values,
        )  # fmt: skip
        return Reply(answer.status, answer.data, answer.headers)

    def get(self, url: str) -> Reply:
        return self.open("GET", url)

    def post(
        self,
        url: str,
        *,
        data: Any = b"",
        headers: dict[str, str] | None = None,
        content_type: str = "application/x-www-form-urlencoded",
    ) -> Reply:
        if isinstance(data, dict):
            data = urlencode(data)
        return self.open(
            "POST", url, body=data, headers={**(headers or {}), "Content-Type": content_type}
        )


@dataclass(frozen=True)
class House:
    """The service with local ways out; the vendors of the webhooks are the test itself."""

    services: Services
    http: Any
    vendors: Vendors

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    def at(self, moment: datetime) -> None:
        self.services.clock.set(moment)  # type: ignore[attr-defined]

    def send(self) -> None:
        settle(self.services)

    def outbox(self, channel: str | None = None) -> list[LocalDelivery]:
        with self.services.db.reading() as session:
            rows = session.scalars(select(LocalDelivery).order_by(LocalDelivery.id)).all()
            return [row for row in rows if channel in (None, row.channel)]

    def way_out(self, message_id: int) -> str:
        """The address at which somebody leaves by one of her messages."""
        return f"/u/{self.services.tokens.issue(Purpose.UNSUBSCRIBE, message_id)}"


@contextmanager
def listening(services: Services, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, create_app(services), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


@pytest.fixture
def house(each_db: Database, clock: FixedClock, tmp_path: Path) -> Iterator[House]:
    """A clinic's service on loopback that knows the vendors' keys."""
    vendors, port = Vendors(), free_port()
    services = with_ways(make_services(each_db, clock, tmp_path, **vendors.settings))
    with services.db.transaction() as session:
        make_clinic(session, now=clock.now())
    with listening(services, port):
        yield House(services, Http(port), vendors)


@dataclass(frozen=True)
class World:
    """The service and stand-ins of SendGrid and Twilio in a process of their own."""

    services: Services
    vendor: StandIn

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    def send(self) -> None:
        settle(self.services)

    def flush(self) -> dict[str, int]:
        """Wait until the vendors have told everything; how the service answered them."""
        answer = self.vendor.control("flush", seconds=60)
        assert answer["done"]
        counts: dict[str, int] = answer["counts"]
        return counts

    def captured(self) -> str:
        """Every request that reached a vendor, as it was."""
        return self.vendor.requests.read_text()


@pytest.fixture(scope="package")
def world_port() -> int:
    return free_port()


@pytest.fixture(scope="package")
def vendor_process(tmp_path_factory: pytest.TempPathFactory, world_port: int) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("vendors")
    with standin.run(folder, webhook_url=f"http://127.0.0.1:{world_port}") as one:
        yield one


@pytest.fixture
def world(
    each_db: Database, clock: FixedClock, tmp_path: Path, vendor_process: StandIn, world_port: int
) -> Iterator[World]:
    """The service between the stand-ins: what it sends they take, what they tell it hears."""
    vendor = vendor_process
    services = make_services(
        each_db,
        clock,
        tmp_path,
        **vendor.settings(f"http://127.0.0.1:{world_port}"),
    )
    services = replace(
        services,
        email=SendGridSender(
            api_key=vendor.api_key, api_url=vendor.url, transport=Transport(read_seconds=20)
        ),
        sms=TwilioSender.from_settings(services.settings),
    )
    with services.db.transaction() as session:
        make_clinic(session, now=clock.now())
    with listening(services, world_port):
        vendor.reset()
        vendor.control("defaults", delay=0.0)
        vendor.log.write_bytes(b"")
        vendor.requests.write_bytes(b"")
        yield World(services, vendor)
        vendor.reset()
        vendor.control("flush", seconds=30)
