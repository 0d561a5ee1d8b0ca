"""Consent on which nothing was sent for 18 months: asked about once, and nothing before that."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from campaigns.consent import optin
from campaigns.consent.models import OptInRequest
from campaigns.core.clock import FixedClock
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.broadcasts import make_scheduled
from tests.factories.consent import make_member
from tests.factories.delivery import make_sending, settle, states


def send_another(services: Services, **values: object) -> dict[str, int]:
    with services.db.transaction() as session:
        broadcast = make_scheduled(session, now=services.clock.now(), **values)
    settle(services)
    return states(services, origin_kind="broadcast", origin_id=broadcast.id)


def test_after_long_silence_a_person_is_asked_once_and_then_gets_campaigns_again(
    each_services: Services, clock: FixedClock
) -> None:
    services = each_services
    make_sending(services, people=1)
    settle(services)
    clock.advance(timedelta(days=547))
    with services.db.transaction() as session:
        make_member(session, now=clock.now())
    clock.advance(timedelta(days=1, minutes=1))
    assert send_another(services) == {"delivered": 1, "suppressed:stale_consent": 1}
    assert states(services, origin_kind="confirmation") == {"delivered": 1}
    with services.db.reading() as session:
        (asked,) = session.scalars(select(OptInRequest))
    assert asked.origin == optin.STALE
    clock.advance(timedelta(days=2))
    assert send_another(services) == {"delivered": 1, "suppressed:stale_consent": 1}
    assert states(services, origin_kind="confirmation") == {"delivered": 1}
    with services.db.transaction() as session:
        optin.confirm(session, asked.id, now=clock.now())
    clock.advance(timedelta(days=2))
    assert send_another(services) == {"delivered": 2}


def test_who_got_something_meanwhile_is_not_stale(services: Services, clock: FixedClock) -> None:
    make_sending(services, people=1)
    settle(services)
    clock.advance(timedelta(days=300))
    assert send_another(services) == {"delivered": 1}
    clock.advance(timedelta(days=300))
    assert send_another(services) == {"delivered": 1}
    clock.set(NOON)
