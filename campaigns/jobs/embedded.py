"""The embedded engine: APScheduler in the worker process wakes the tasks up.

The scheduler holds nothing but intervals in memory; what is due stands in our tables.
Several workers may run: ticks that only one should do are guarded by a lease, sending
is shared between them through batches.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from campaigns.core import logs
from campaigns.core.clock import SystemClock
from campaigns.core.processes import identity
from campaigns.events import polling
from campaigns.jobs import leases, trail
from campaigns.jobs.schedule import TASKS, Task
from campaigns.wiring import Services

log = logs.get(__name__)

LEASE = "scheduler"
LEASE_LASTS = timedelta(seconds=20)
"""Machine time: another worker takes over this long after a leader died."""


class Worker:
    """Runs the tasks of the schedule until it is told to stop."""

    def __init__(self, services: Services, tasks: Sequence[Task] = TASKS) -> None:
        self._services = services
        self._holder = identity()
        self._stopping = threading.Event()
        self._machine_clock = SystemClock()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(len(tasks))},
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
            timezone=UTC,
        )
        at_once: datetime = self._machine_clock.now()
        for task in tasks:
            self._scheduler.add_job(
                partial(self._run, task),
                "interval",
                seconds=task.every.total_seconds(),
                id=task.name,
                next_run_time=at_once,
            )

    def run(self) -> None:
        """Work until ``stop`` is called; lets tasks under way finish."""
        polling.begin(self._services)
        self._scheduler.start()
        log.info("worker_started", holder=self._holder)
        self._stopping.wait()
        self._scheduler.shutdown(wait=True)
        with self._services.db.transaction() as session:
            leases.release(session, LEASE, self._holder, now=self._machine_clock.now())
        log.info("worker_stopped", holder=self._holder)

    def stop(self) -> None:
        """Ask the worker to end after the tasks under way."""
        self._stopping.set()

    def _run(self, task: Task) -> None:
        """Run one tick; a failure is logged and recorded, and the next tick comes anyway."""
        try:
            if task.single and not self._leads():
                return
            while task.run(self._services) and not self._stopping.is_set():
                pass
        except Exception as error:
            log.exception("task_failed", task=task.name)
            trail.note(self._services, task.name, error=f"{type(error).__name__}: {error}")
        else:
            trail.note(self._services, task.name, error=None)

    def _leads(self) -> bool:
        with self._services.db.transaction() as session:
            return leases.take(
                session, LEASE, self._holder, now=self._machine_clock.now(), lasts=LEASE_LASTS
            )
