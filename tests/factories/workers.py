"""Real worker processes for tests: they send into a file, and can be killed."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from campaigns.core import faults
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.delivery import work
from campaigns.delivery.ports import Accepted, Deadline, EmailBatch, Outcome, RefusalKind, Refused
from campaigns.wiring import Services
from tests.conftest import NOON, make_services

_fork = multiprocessing.get_context("fork")


class FileEmail:
    """A way out that appends each address to a file; the file is the witness."""

    name = "sendgrid"
    max_recipients = 1000
    in_flight = 1

    def __init__(self, log: Path, *, pause: float = 0.0) -> None:
        self._log = log
        self.pause = pause

    def send(self, batch: EmailBatch, deadline: Deadline) -> Outcome:
        """Write half, pass a point, write the other half."""
        if time.monotonic() >= deadline.monotonic:
            return Refused(kind=RefusalKind.TEMPORARY, code="deadline", reason="too late")
        addresses = [person.address for person in batch.recipients]
        middle = len(addresses) // 2
        self._append(addresses[:middle])
        faults.point("post.half")
        time.sleep(self.pause)
        self._append(addresses[middle:])
        return Accepted(provider_id="file", status_code=202)

    def _append(self, addresses: list[str]) -> None:
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, "".join(f"{address}\n" for address in addresses).encode())
        os.close(descriptor)


def taken(log: Path) -> list[str]:
    """Return the addresses that went out, in order."""
    return log.read_text().splitlines() if log.exists() else []


class Workers:
    """Starts worker processes on one database."""

    def __init__(self, database: Database, folder: Path, *, batch_size: int = 20) -> None:
        self._database = database
        self._folder = folder
        self._batch_size = batch_size
        self.log = folder / "went-out.txt"
        self.services = _services(database, folder, self.log, batch_size)
        """What the workers have; for the test's own process."""

    def close(self) -> None:
        """Close the connections of this process."""
        self.services.db.dispose()

    def start(self, *, fault: str | None = None, pause: float = 0.0) -> Any:
        """Start a worker that ends when nothing is left to do."""
        return self.run(_work, fault, pause)

    def run(self, target: Callable[..., None], *args: Any) -> Any:
        """Run a function in a process of its own, on services of its own."""
        self.services.db.dispose()  # no idle connection may be shared with the child
        process = _fork.Process(
            target=_child,
            args=(self._database, self._folder, self.log, self._batch_size, target, args),
        )
        process.start()
        return process


def _services(database: Database, folder: Path, log: Path, batch_size: int) -> Services:
    own = Database(database.url, keys=database.keys)
    services = make_services(
        own, FixedClock(NOON), folder, CAMPAIGNS_EMAIL_BATCH_SIZE=str(batch_size)
    )
    return replace(services, email=FileEmail(log))


def _child(
    database: Database, folder: Path, log: Path, batch_size: int, target: Any, args: Any
) -> None:
    gc.freeze()  # what the parent left open is the parent's to close
    services = _services(database, folder, log, batch_size)
    target(services, *args)
    services.db.dispose()


def _work(services: Services, fault: str | None, pause: float) -> None:
    if fault:
        faults.install_from(fault)
    services.email.pause = pause  # type: ignore[attr-defined]
    idle = 0
    while idle < 3:
        if work.run_once(services):
            idle = 0
        else:
            idle += 1
            time.sleep(0.05)
