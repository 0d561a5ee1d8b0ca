"""Processes die with kill -9 in the middle of sending; nobody gets two, nobody is lost."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from campaigns.broadcasts.models import Broadcast, BroadcastState
from tests.factories.delivery import make_sending, messages, states
from tests.factories.workers import Workers, taken

PEOPLE = 60
POINTS = {
    "fanout.after_page": 0,
    "claim.after_commit": 0,
    "intent.before_commit": 0,
    "intent.after_commit": 20,
    "send.before_post": 20,
    "post.half": 20,
    "send.after_post": 20,
    "record.before_commit": 20,
    "record.after_commit": 0,
}
"""Each point, and how many messages a kill there leaves unclear."""


def assert_nobody_twice_and_nobody_missing(workers: Workers, broadcast_id: int) -> None:
    services = workers.services
    went_out = taken(workers.log)
    assert len(went_out) == len(set(went_out)), "somebody got two"
    rows = messages(services)
    assert len({row.contact_id for row in rows}) == len(rows)
    settled = {row.address: row.state for row in rows}
    assert set(settled.values()) <= {"accepted", "uncertain"}
    for address in went_out:
        assert address in settled, "the report knows nothing of one who got it"
    for address, state in settled.items():
        assert state == "uncertain" or address in went_out, "the report invents one"
    with services.db.reading() as session:
        assert session.get_one(Broadcast, broadcast_id).state == BroadcastState.SENT


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_neither_doubles_nor_loses(workers: Workers, point: str) -> None:
    broadcast = make_sending(workers.services, people=PEOPLE)
    doomed = workers.start(fault=f"{point}:kill")
    doomed.join(60)
    assert doomed.exitcode == -signal.SIGKILL
    rest = workers.start()
    rest.join(60)
    assert rest.exitcode == 0
    counts = states(workers.services)
    assert sum(counts.values()) == PEOPLE
    assert counts.get("uncertain", 0) == POINTS[point]
    assert_nobody_twice_and_nobody_missing(workers, broadcast.id)


def test_workers_killed_at_random_moments(each_workers: Workers) -> None:
    seed = int.from_bytes(os.urandom(4))
    chance = random.Random(seed)
    workers = each_workers
    (workers.log.parent / "seed").write_text(str(seed))
    broadcast = make_sending(workers.services, people=200)
    for _ in range(6):
        worker = workers.start(pause=0.01)
        time.sleep(chance.uniform(0.05, 0.35))
        worker.kill()
        worker.join()
    rest = workers.start()
    rest.join(90)
    assert rest.exitcode == 0
    assert_nobody_twice_and_nobody_missing(workers, broadcast.id)


def test_three_workers_at_once_share_the_work(each_workers: Workers) -> None:
    workers = each_workers
    broadcast = make_sending(workers.services, people=200)
    running = [workers.start(pause=0.005) for _ in range(3)]
    for worker in running:
        worker.join(90)
        assert worker.exitcode == 0
    assert states(workers.services) == {"accepted": 200}
    assert_nobody_twice_and_nobody_missing(workers, broadcast.id)
