"""The worker's round: everything that is due, once; and the loop around it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from campaigns.core import faults, logs
from campaigns.delivery import (
    confirmations,
    fanout,
    finish,
    profiles,
    reconcile,
    regroup,
    steps,
    sweep,
)
from campaigns.delivery.dispatcher import Dispatcher
from campaigns.delivery.parts import Parts

log = logs.get(__name__)

IDLE = 0.5
"""Seconds between rounds that found nothing to do."""
SLICE = 10.0
"""Longest time of sending before the round looks at everything else again."""

TICKS: tuple[Callable[[Parts], int], ...] = (
    sweep.tick,
    profiles.tick,
    fanout.tick,
    steps.tick,
    confirmations.tick,
    regroup.tick,
)


def run_once(parts: Parts, *, dispatcher: Dispatcher | None = None) -> int:
    """Do one round of everything that is due; return how much was done, 0 when idle."""
    if parts.settings.fault:
        faults.install_from(parts.settings.fault)
    own = dispatcher or Dispatcher(parts)
    try:
        done = sum(tick(parts) for tick in TICKS)
        done += own.run(seconds=SLICE)
        done += reconcile.tick(parts)
        done += finish.tick(parts)
    finally:
        if dispatcher is None:
            own.close()
    return done


def loop(parts: Parts, stop: threading.Event) -> None:
    """Work until told to stop. An error ends a round, not the worker."""
    dispatcher = Dispatcher(parts)
    try:
        while not stop.is_set():
            try:
                done = run_once(parts, dispatcher=dispatcher)
            except Exception:
                log.exception("round_failed")
                stop.wait(5.0)
                continue
            if not done:
                stop.wait(IDLE)
    finally:
        dispatcher.close()
