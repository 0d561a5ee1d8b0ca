"""The embedded engine runs what is due, survives failures, and stops in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from campaigns.core.clock import SystemClock
from campaigns.jobs import leases
from campaigns.jobs.embedded import LEASE, LEASE_LASTS, Worker
from campaigns.jobs.models import TaskRun
from campaigns.jobs.schedule import TASKS, Task
from campaigns.wiring import Services

OFTEN = timedelta(milliseconds=50)


@contextmanager
def working(services: Services, *tasks: Task) -> Iterator[Worker]:
    worker = Worker(services, tasks)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(timeout=20)
        assert not thread.is_alive()


def wait_for(event: threading.Event) -> None:
    assert event.wait(20), "the worker did not get to it"


def test_a_task_runs_until_nothing_is_left(services: Services) -> None:
    left = [3, 2, 1, 0]
    done = threading.Event()

    def run(_: Services) -> int:
        amount = left.pop(0) if left else 0
        if not left:
            done.set()
        return amount

    with working(services, Task(name="t", run=run, every=timedelta(hours=1), single=True)):
        wait_for(done)


def test_a_failing_task_is_recorded_and_comes_again(services: Services) -> None:
    again = threading.Event()
    calls: list[int] = []

    def run(_: Services) -> int:
        calls.append(1)
        if len(calls) > 2:
            again.set()
        raise ValueError("maria@example.com could not be read")

    with working(services, Task(name="shaky", run=run, every=OFTEN, single=False)):
        wait_for(again)
    with services.db.reading() as session:
        trail = session.get(TaskRun, "shaky")
        assert trail is not None
        assert trail.error == "ValueError: [email] could not be read"


def test_a_single_task_waits_while_another_worker_leads(services: Services) -> None:
    shared_ran = threading.Event()
    single_ran = threading.Event()

    def single(_: Services) -> int:
        single_ran.set()
        return 0

    def shared(_: Services) -> int:
        shared_ran.set()
        return 0

    with services.db.transaction() as session:
        leases.take(session, LEASE, "another", now=SystemClock().now(), lasts=LEASE_LASTS * 10)
    tasks = (
        Task(name="single", run=single, every=OFTEN, single=True),
        Task(name="shared", run=shared, every=OFTEN, single=False),
    )
    with working(services, *tasks):
        wait_for(shared_ran)
        time.sleep(0.3)
        assert not single_ran.is_set()
        with services.db.transaction() as session:
            leases.release(session, LEASE, "another", now=SystemClock().now())
        wait_for(single_ran)


def test_every_task_of_the_schedule_has_its_own_name() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
