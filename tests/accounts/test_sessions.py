"""Sessions end by time, and whenever the standing of their person changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.accounts import second_factor, sessions, users
from campaigns.accounts.models import Role, StaffSession, StaffUser
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.wiring import Services
from tests.factories.accounts import staff_user

IDLE = sessions.IDLE


def _open(services: Services, user: StaffUser) -> str:
    with services.db.transaction() as session:
        return sessions.open_for(session, user, now=services.clock.now())


def _find(services: Services, raw: str) -> sessions.Found | None:
    with services.db.reading() as session:
        return sessions.find(session, raw, now=services.clock.now(), idle=IDLE)


def test_a_session_knows_its_person_and_keeps_values(each_services: Services) -> None:
    user = staff_user(each_services, name="Maya Lindqvist")
    raw = _open(each_services, user)
    with each_services.db.transaction() as session:
        sessions.save(session, raw, {"note": "ü"}, now=each_services.clock.now())
    found = _find(each_services, raw)
    assert found is not None
    assert found.person is not None
    assert (found.person.id, found.person.name) == (user.id, "Maya Lindqvist")
    assert found.data == {"note": "ü"}


def test_the_database_holds_only_a_hash_of_the_cookie(services: Services) -> None:
    raw = _open(services, staff_user(services))
    with services.db.reading() as session:
        kept = session.scalars(select(StaffSession.id_hash)).one()
    assert raw not in kept
    assert len(kept) == 64


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_request(
    services: Services, clock: FixedClock
) -> None:
    raw = _open(services, staff_user(services))
    clock.advance(IDLE - timedelta(seconds=1))
    assert _find(services, raw) is not None
    clock.advance(timedelta(seconds=1))
    assert _find(services, raw) is None


def test_a_session_ends_after_twelve_hours_however_busy(
    services: Services, clock: FixedClock
) -> None:
    raw = _open(services, staff_user(services))
    for _ in range(71):
        clock.advance(timedelta(minutes=10))
        with services.db.transaction() as session:
            sessions.save(session, raw, {}, now=clock.now())
        assert _find(services, raw) is not None
    clock.advance(timedelta(minutes=10))
    assert _find(services, raw) is None


def _change_password(session: Any, user: StaffUser, services: Services) -> None:
    users.set_password(session, SYSTEM, user, "copper lantern river", now=services.clock.now())


def _change_role(session: Any, user: StaffUser, services: Services) -> None:
    users.change(
        session,
        SYSTEM,
        user.id,
        name=user.name,
        role=Role.VIEWER,
        credential=None,
        license_number=None,
        license_state=None,
        now=services.clock.now(),
    )


def _switch_off(session: Any, user: StaffUser, services: Services) -> None:
    users.switch_off(session, SYSTEM, user.id, now=services.clock.now())


def _remove_second_factor(session: Any, user: StaffUser, services: Services) -> None:
    second_factor.remove(session, SYSTEM, user, now=services.clock.now())


@pytest.mark.parametrize(
    "change", [_change_password, _change_role, _switch_off, _remove_second_factor]
)
def test_a_change_of_standing_kills_all_five_sessions(
    services: Services, change: Callable[[Any, StaffUser, Services], None]
) -> None:
    staff_user(services)
    user = staff_user(services, Role.MANAGER)
    opened = [_open(services, user) for _ in range(5)]
    with services.db.transaction() as session:
        change(session, session.get_one(StaffUser, user.id), services)
    assert [_find(services, raw) for raw in opened] == [None] * 5


def test_closing_all_but_one_leaves_that_one(services: Services) -> None:
    user = staff_user(services)
    kept, other = _open(services, user), _open(services, user)
    with services.db.transaction() as session:
        sessions.close_all_of(session, user.id, but=kept)
    assert _find(services, kept) is not None
    assert _find(services, other) is None


def test_ended_sessions_are_cleared_away(services: Services, clock: FixedClock) -> None:
    _open(services, staff_user(services))
    clock.advance(sessions.LONGEST)
    with services.db.transaction() as session:
        assert sessions.purge(session, now=clock.now()) == 1
        assert sessions.purge(session, now=clock.now()) == 0
