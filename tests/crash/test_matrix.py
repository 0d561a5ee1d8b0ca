"""Every named point of the code, failed in every way; afterwards every promise still holds.

On SQLite here; on Postgres, where the database also goes away, with ``make matrix``. A
point that is added to the code without a scenario fails the first test.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text, update
from sqlalchemy.engine import make_url

from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.core import faults, logs
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.delivery import work
from campaigns.delivery.dispatcher import Dispatcher
from campaigns.delivery.models import Batch, Message
from campaigns.delivery.parts import MACHINE
from campaigns.delivery.ports import Accepted, Deadline, Outcome, RefusalKind, Refused, TextMessage
from campaigns.drips import enrolment
from campaigns.drips.timing import Wait
from campaigns.reports import invariants
from campaigns.wiring import Services
from tests.conftest import NOON, make_services
from tests.factories.clinic import make_clinic
from tests.factories.delivery import make_people, make_sending
from tests.factories.drips import make_live_drip
from tests.factories.service import ROOT
from tests.factories.workers import FileEmail, taken

_fork = multiprocessing.get_context("fork")
PEOPLE = 6
IN_TRANSACTION = frozenset(
    {
        "fanout.before_commit",
        "steps.before_commit",
        "intent.before_commit",
        "record.before_commit",
        "finish.before_commit",
    }
)
"""Points that hold locks: a process that stalls there holds up the others, and no more."""
CAMPAIGN = (
    "fanout.before_commit",
    "fanout.after_page",
    "claim.after_commit",
    "intent.before",
    "intent.before_commit",
    "intent.after_commit",
    "send.before_post",
    "send.after_post",
    "record.before_commit",
    "record.after_commit",
    "finish.before_commit",
)
SERIES = ("steps.before_commit",)
ELSEWHERE = {"scan.half_written": "tests/consent/test_scans.py"}
"""Points of other work, with the test that fails them."""
FAULTS = ("kill", "raise", "stall", "full")


class FileSms:
    """A way out for texts that appends each number to the file."""

    name = "twilio"

    def __init__(self, log: Path) -> None:
        self._log = log

    def send(self, text_message: TextMessage, deadline: Deadline) -> Outcome:
        """Write the number in one piece."""
        if time.monotonic() >= deadline.monotonic:
            return Refused(kind=RefusalKind.TEMPORARY, code="deadline", reason="too late")
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{text_message.to}\n".encode())
        os.close(descriptor)
        return Accepted(provider_id=None, status_code=201)


def named_in_code() -> set[str]:
    """Every name that stands in a ``faults.point`` of the code."""
    sources = (ROOT / "campaigns").rglob("*.py")
    pattern = re.compile(r'faults\.point\("([^"]+)"\)')
    return {name for source in sources for name in pattern.findall(source.read_text())}


def test_every_point_of_the_code_has_its_scenario() -> None:
    assert named_in_code() == {*CAMPAIGN, *SERIES, *ELSEWHERE}
    for name, where in ELSEWHERE.items():
        assert name in (ROOT / where).read_text()


def _services(database: Database, folder: Path) -> Services:
    own = Database(database.url, keys=database.keys)
    services = make_services(
        own,
        FixedClock(NOON),
        folder,
        CAMPAIGNS_EMAIL_BATCH_SIZE="3",
        CAMPAIGNS_SMS_PER_SECOND="1000",
    )
    log = folder / "went-out.txt"
    return replace(services, email=FileEmail(log), sms=FileSms(log))


def _start(database: Database, folder: Path, fault: str | None = None) -> Any:
    process = _fork.Process(target=_child, args=(database, folder, fault))
    process.start()
    return process


def _child(database: Database, folder: Path, fault: str | None) -> None:
    gc.freeze()  # what the parent left open is the parent's to close
    logs.configure(level="CRITICAL")
    services = _services(database, folder)
    if fault:
        _install(fault, services)
    dispatcher = Dispatcher(services)
    idle = 0
    while idle < 3:
        try:
            idle = 0 if work.run_once(services, dispatcher=dispatcher) else idle + 1
        except Exception:  # noqa: BLE001  # as the worker's loop does: a round ends, not the worker
            idle += 1
            time.sleep(0.2)
        time.sleep(0.02)
    dispatcher.close()
    services.db.dispose()


def _install(fault: str, services: Services) -> None:
    name, _, what = fault.partition(":")
    if what in ("kill", "raise", "stall"):
        # Raising goes on for ever with the plain setting: here it happens once.
        faults.install_from(fault) if what != "raise" else faults.install(name, _once(_fail))
    elif what == "full":
        faults.install(name, _once(lambda: _fill_disk(services)))
    else:
        faults.install(name, _once(lambda: _cut_connections(services)))


def _once(act: Callable[[], None]) -> Callable[[], None]:
    left = [act]

    def do() -> None:
        if left:
            left.pop()()

    return do


def _fail() -> None:
    raise faults.InjectedFault("on request")


def _fill_disk(services: Services) -> None:
    """No file of the database may grow from here on; in half a second there is room again."""
    wal = Path(f"{services.db.url.database}-wal")
    size = max(wal.stat().st_size if wal.exists() else 0, 8192)
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    room = threading.Timer(0.5, resource.setrlimit, (resource.RLIMIT_FSIZE, (hard, hard)))
    room.daemon = True
    room.start()


def _cut_connections(services: Services) -> None:
    """Lose every connection of every process to this database, as in a fail-over."""
    admin = create_engine(
        make_url(services.db.url).set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": services.db.url.database},
        )
    admin.dispose()


def _is_stopped(process: Any) -> bool:
    stat = Path(f"/proc/{process.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def _stall(database: Database, folder: Path, point: str) -> None:
    """Let a worker sleep past its lease while another does its work; then it wakes."""
    sleeper = _start(database, folder, f"{point}:stall")
    until = time.monotonic() + 60
    while not _is_stopped(sleeper):
        assert sleeper.is_alive(), "the point was not passed"
        assert time.monotonic() < until
        time.sleep(0.01)
    other = None
    try:
        if point in IN_TRANSACTION:
            other = _start(database, folder)
            time.sleep(0.3)
        else:
            own = Database(database.url, keys=database.keys)
            with own.transaction() as session:
                session.execute(
                    update(Batch)
                    .where(Batch.lease_until.is_not(None))
                    .values(lease_until=MACHINE.now() - timedelta(seconds=1))
                )
            own.dispose()
            other = _start(database, folder)
            other.join(60)
    finally:
        os.kill(sleeper.pid, signal.SIGCONT)
    other.join(60)
    sleeper.join(60)
    assert sleeper.exitcode == other.exitcode == 0


def _break(database: Database, folder: Path, point: str, fault: str) -> None:
    if fault == "stall":
        _stall(database, folder, point)
    else:
        doomed = _start(database, folder, f"{point}:{fault}")
        doomed.join(100)
        assert doomed.exitcode == (-signal.SIGKILL if fault == "kill" else 0)
    rest = _start(database, folder)
    rest.join(60)
    assert rest.exitcode == 0


def _account_for_everybody(services: Services, folder: Path, *, origin: str, rows: int) -> None:
    went_out = taken(folder / "went-out.txt")
    assert len(went_out) == len(set(went_out)), "somebody got two"
    with services.db.reading() as session:
        found = session.scalars(select(Message).where(Message.origin_kind == origin)).all()
        assert invariants.find_faults(session, services.clock.now()) == {}
    assert len(found) == rows
    assert {row.state for row in found} <= {"accepted", "uncertain"}
    settled = {row.address: row.state for row in found}
    assert set(went_out) <= settled.keys(), "the report knows nothing of one who got it"
    for address, state in settled.items():
        assert state == "uncertain" or address in went_out, "the report invents one"
    services.db.dispose()


def _campaign(database: Database, folder: Path, point: str, fault: str) -> None:
    database.dispose()
    services = _services(database, folder)
    make_sending(services, people=PEOPLE, channels=("email", "sms"))
    services.db.dispose()
    _break(database, folder, point, fault)
    _account_for_everybody(services, folder, origin="broadcast", rows=2 * PEOPLE)
    with services.db.reading() as session:
        assert session.scalar(select(Broadcast.state)) == BroadcastState.SENT
    services.db.dispose()


def _series(database: Database, folder: Path, point: str, fault: str) -> None:
    database.dispose()
    services = _services(database, folder)
    _make_series(services)
    services.db.dispose()
    _break(database, folder, point, fault)
    with services.db.reading() as session:
        rows = session.scalar(select(func.count()).select_from(Message)) or 0
    assert rows == PEOPLE
    _account_for_everybody(services, folder, origin="drip_step", rows=PEOPLE)


def _make_series(services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        before = NOON - timedelta(days=1)
        make_people(session, PEOPLE, now=before)
        make_live_drip(session, now=before, waits=(Wait(),), enrol_existing=True)
        for _ in range(3):
            enrolment.tick(session, now=NOON)


SCENARIOS = {**dict.fromkeys(CAMPAIGN, _campaign), **dict.fromkeys(SERIES, _series)}


@pytest.mark.parametrize(
    "fault", [pytest.param(f, marks=[pytest.mark.long] if f != "kill" else []) for f in FAULTS]
)
@pytest.mark.parametrize("point", SCENARIOS)
def test_a_failure_at_any_point_neither_doubles_nor_loses(
    db: Database, tmp_path: Path, point: str, fault: str
) -> None:
    SCENARIOS[point](db, tmp_path, point, fault)


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.parametrize("fault", ["kill", "raise", "stall", "lost"])
@pytest.mark.parametrize("point", SCENARIOS)
def test_nor_on_postgres_nor_when_the_database_goes_away(
    postgres_db: Database, tmp_path: Path, point: str, fault: str
) -> None:
    SCENARIOS[point](postgres_db, tmp_path, point, fault)
