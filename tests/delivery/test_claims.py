"""Who holds a batch: a worker that slept past its lease changes nothing when it wakes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from campaigns.delivery import claims, fanout, sweep
from campaigns.delivery.models import Batch
from campaigns.delivery.parts import MACHINE
from campaigns.wiring import Services
from tests.factories.delivery import make_sending

SLEEPER = OTHER = "host:1:1"
"""The same process may claim a batch again: the epoch tells its claims apart."""


def test_a_claim_that_was_taken_away_is_void(each_services: Services) -> None:
    services = each_services
    make_sending(services, people=3)
    fanout.tick(services)
    now = services.clock.now()
    with services.db.transaction() as session:
        old = claims.take(session, channel="email", holder=SLEEPER, now=now)
        assert old is not None
        session.execute(update(Batch).values(lease_until=MACHINE.now() - timedelta(seconds=1)))
    assert sweep.tick(services) == 1
    with services.db.transaction() as session:
        new = claims.take(session, channel="email", holder=OTHER, now=now)
        assert new is not None
        assert new.batch_id == old.batch_id
        assert claims.renew(session, old) is None
        claims.give_back(session, old, now=now)
        assert session.scalar(select(Batch.lease_holder)) == OTHER
        assert claims.renew(session, new) is not None
