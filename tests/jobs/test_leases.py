"""A lease has one holder at a time."""

from __future__ import annotations

from datetime import timedelta

from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.jobs import leases

MINUTE = timedelta(minutes=1)


def take(db: Database, holder: str, clock: FixedClock) -> bool:
    with db.transaction() as session:
        return leases.take(session, "scheduler", holder, now=clock.now(), lasts=MINUTE)


def test_only_one_holds_it_and_may_renew(each_db: Database, clock: FixedClock) -> None:
    assert take(each_db, "first", clock)
    assert not take(each_db, "second", clock)
    clock.advance(MINUTE / 2)
    assert take(each_db, "first", clock)
    clock.advance(MINUTE / 2)
    assert not take(each_db, "second", clock)


def test_after_a_holder_died_another_takes_over(each_db: Database, clock: FixedClock) -> None:
    assert take(each_db, "first", clock)
    clock.advance(MINUTE)
    assert take(each_db, "second", clock)
    assert not take(each_db, "first", clock)


def test_a_released_lease_is_free_at_once(each_db: Database, clock: FixedClock) -> None:
    assert take(each_db, "first", clock)
    with each_db.transaction() as session:
        leases.release(session, "scheduler", "second", now=clock.now())
    assert not take(each_db, "second", clock)
    with each_db.transaction() as session:
        leases.release(session, "scheduler", "first", now=clock.now())
    assert take(each_db, "second", clock)
