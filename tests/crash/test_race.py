"""A stop that another process commits before the intent is honoured; later ones wait."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.broadcasts import lifecycle
from campaigns.clinic import profile
from campaigns.contacts.models import Contact
from campaigns.core import faults
from campaigns.core.actors import SYSTEM
from campaigns.delivery import work
from campaigns.wiring import Services
from tests.factories.consent import leave
from tests.factories.delivery import make_sending, messages, states
from tests.factories.workers import Workers, taken


@pytest.fixture(autouse=True)
def no_faults_left() -> Iterator[None]:
    yield
    faults.clear()


def leave_by_stop(services: Services, contact_id: int) -> None:
    with services.db.transaction() as session:
        leave(session, session.get_one(Contact, contact_id), "email", now=services.clock.now())


def leave_when_told(services: Services, go: Any, contact_id: int) -> None:
    go.wait(30)
    leave_by_stop(services, contact_id)


def stop_everything(services: Services) -> None:
    with services.db.transaction() as session:
        profile.stop_everything(session, SYSTEM, reason="a storm", now=services.clock.now())


def pause(services: Services, broadcast_id: int) -> None:
    with services.db.transaction() as session:
        lifecycle.pause(session, SYSTEM, broadcast_id, now=services.clock.now())


def at_point(name: str, workers: Workers, target: Any, *args: Any) -> None:
    """Let another process do something, to the end, when the worker passes a point."""
    done: list[bool] = []

    def act() -> None:
        if not done:
            done.append(True)
            other = workers.run(target, *args)
            other.join(30)
            assert other.exitcode == 0

    faults.install(name, act)


@pytest.mark.parametrize("point", ["claim.after_commit", "intent.before"])
def test_a_stop_between_claim_and_intent_is_honoured(each_workers: Workers, point: str) -> None:
    workers = each_workers
    services = workers.services
    make_sending(services, people=3)
    with services.db.reading() as session:
        leaver = session.query(Contact.id).order_by(Contact.id).offset(1).limit(1).scalar()
    at_point(point, workers, leave_by_stop, leaver)
    work.run_once(services)
    assert states(services) == {"accepted": 2, "suppressed:opted_out": 1}
    (stopped,) = messages(services, contact_id=leaver)
    assert stopped.address not in taken(workers.log)
    assert len(taken(workers.log)) == 2


@pytest.mark.parametrize("what", ["everything", "broadcast"])
def test_a_switch_turned_between_claim_and_intent_holds_everybody(
    each_workers: Workers, what: str
) -> None:
    workers = each_workers
    services = workers.services
    broadcast = make_sending(services, people=3)
    if what == "everything":
        at_point("claim.after_commit", workers, stop_everything)
    else:
        at_point("claim.after_commit", workers, pause, broadcast.id)
    work.run_once(services)
    assert states(services) == {"planned": 3}
    assert taken(workers.log) == []


def test_a_stop_that_comes_while_the_gate_decides_waits_for_its_commit(
    each_workers: Workers,
) -> None:
    workers = each_workers
    services = workers.services
    make_sending(services, people=1)
    with services.db.reading() as session:
        leaver = session.query(Contact.id).scalar()
    # Started before the transaction: a process must not be forked while SQLite is open.
    go = multiprocessing.get_context("fork").Event()
    other = workers.run(leave_when_told, go, leaver)

    def let_it_try() -> None:
        go.set()
        time.sleep(0.4)
        assert other.is_alive(), "the stop was committed while the gate held the person"

    faults.install("intent.before_commit", let_it_try)
    work.run_once(services)
    other.join(30)
    assert other.exitcode == 0
    assert states(services) == {"accepted": 1}
