"""What runs when. Every task is idempotent: running it twice, or late, does no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from campaigns.jobs import tasks
from campaigns.wiring import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A piece of periodic work."""

    name: str
    run: Callable[[Services], int]
    """Does one bounded round and returns how much it did; 0 ends the tick."""
    every: timedelta
    single: bool
    """Whether only the worker with the lease runs it (the others would repeat the work)."""


TASKS: tuple[Task, ...] = (
    Task(name="deliver", run=tasks.deliver, every=timedelta(seconds=1), single=False),
    Task(name="imports", run=tasks.run_imports, every=timedelta(seconds=1), single=True),
    Task(name="drips", run=tasks.move_drips, every=timedelta(seconds=2), single=True),
    Task(name="events", run=tasks.take_in, every=timedelta(seconds=10), single=True),
    # Not single: after a crash nobody leads for a while, and texts wait for the first look.
    Task(name="replies", run=tasks.read_replies, every=timedelta(seconds=10), single=False),
    Task(name="comparison", run=tasks.compare_lists, every=timedelta(seconds=15), single=True),
    Task(name="clean-up", run=tasks.clean_up, every=timedelta(minutes=10), single=True),
)
