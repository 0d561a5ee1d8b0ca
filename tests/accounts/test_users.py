"""Members of staff: made, changed, switched off; links that work once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.accounts import setup, users
from campaigns.accounts.models import AuditEntry, Role, StaffUser
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.wiring import Services
from tests.factories.accounts import staff_user

PASSWORD = "copper lantern river"


def _set_up(services: Services, token: str, **values: str) -> StaffUser:
    details = {"name": "Maya Lindqvist", "email": "maya@example.com", **values}
    with services.db.transaction() as session:
        return setup.make_owner(
            session, token, password=PASSWORD, now=services.clock.now(), **details
        )


def _issue(services: Services) -> str:
    with services.db.transaction() as session:
        token = setup.issue_link(session, now=services.clock.now())
    assert token is not None
    return token


def test_a_fresh_database_has_no_account_at_all(each_services: Services) -> None:
    with each_services.db.reading() as session:
        assert not users.any_exist(session)


def test_the_set_up_link_makes_one_owner_and_then_no_link_is_printed(
    each_services: Services,
) -> None:
    first = _issue(each_services)
    later = _issue(each_services)
    owner = _set_up(each_services, later)
    assert owner.role == Role.OWNER
    assert owner.email == "maya@example.com"
    for token in (first, later):
        with pytest.raises(Conflict):
            _set_up(each_services, token, email="other@example.com")
    with each_services.db.transaction() as session:
        assert setup.issue_link(session, now=each_services.clock.now()) is None


def test_a_set_up_link_is_good_for_a_day(services: Services, clock: FixedClock) -> None:
    token = _issue(services)
    clock.advance(timedelta(hours=24))
    with pytest.raises(InvalidInput, match="prints a new one"):
        _set_up(services, token)


def test_a_wrong_token_makes_nobody(services: Services) -> None:
    _issue(services)
    with pytest.raises(InvalidInput):
        _set_up(services, "x" * 43)


def test_all_faults_of_a_form_come_together(services: Services) -> None:
    with pytest.raises(InvalidInput) as refusal, services.db.transaction() as session:
        users.create(
            session,
            SYSTEM,
            email="nobody",
            name=" ",
            role=Role.REVIEWER,
            password="short",
            license_state="New York",
            now=services.clock.now(),
        )
    assert set(refusal.value.fields) == {
        "email",
        "name",
        "password",
        "credential",
        "license_state",
    }


def test_an_address_is_taken_once_whatever_its_case(services: Services) -> None:
    staff_user(services, email="maya@example.com")
    with pytest.raises(InvalidInput) as refusal:
        staff_user(services, email="  MAYA@example.com ")
    assert "email" in refusal.value.fields


def test_the_only_owner_stays_one(services: Services) -> None:
    owner = staff_user(services)
    with pytest.raises(Conflict, match="only owner"), services.db.transaction() as session:
        users.switch_off(session, SYSTEM, owner.id, now=services.clock.now())
    with pytest.raises(Conflict, match="only owner"), services.db.transaction() as session:
        users.change(
            session,
            SYSTEM,
            owner.id,
            name=owner.name,
            role=Role.VIEWER,
            credential=None,
            license_number=None,
            license_state=None,
            now=services.clock.now(),
        )


def test_an_invited_person_chooses_a_password_once(
    each_services: Services, clock: FixedClock
) -> None:
    user = staff_user(each_services, Role.MARKETER)
    with each_services.db.transaction() as session:
        old = users.issue_link(session, SYSTEM, user.id, now=clock.now())
        new = users.issue_link(session, SYSTEM, user.id, now=clock.now())
    for token, works in ((old, False), (new, True), (new, False)):
        try:
            with each_services.db.transaction() as session:
                users.accept_link(session, token, PASSWORD, now=clock.now())
            assert works
        except InvalidInput:
            assert not works
    with each_services.db.reading() as session:
        stored = session.get_one(StaffUser, user.id).password
    assert stored is not None
    assert stored.startswith("$argon2id$")


def test_a_weak_password_leaves_the_link_usable(services: Services, clock: FixedClock) -> None:
    user = staff_user(services, Role.MARKETER)
    with services.db.transaction() as session:
        token = users.issue_link(session, SYSTEM, user.id, now=clock.now())
    with pytest.raises(InvalidInput), services.db.transaction() as session:
        users.accept_link(session, token, "short", now=clock.now())
    with services.db.transaction() as session:
        users.accept_link(session, token, PASSWORD, now=clock.now())


def test_a_reset_link_is_good_for_an_hour_and_an_invitation_for_a_week(
    services: Services, clock: FixedClock
) -> None:
    invited = staff_user(services, Role.MARKETER)
    old_hand = staff_user(services, Role.MARKETER, password=PASSWORD)
    with services.db.transaction() as session:
        invitation = users.issue_link(session, SYSTEM, invited.id, now=clock.now())
        reset = users.issue_link(session, SYSTEM, old_hand.id, now=clock.now())
    clock.advance(timedelta(hours=1))
    with services.db.reading() as session:
        assert users.of_link(session, invitation, now=clock.now()).id == invited.id
        with pytest.raises(InvalidInput):
            users.of_link(session, reset, now=clock.now())


def test_what_happens_to_accounts_stands_in_the_trail(services: Services) -> None:
    staff_user(services)
    user = staff_user(services, Role.MARKETER)
    with services.db.transaction() as session:
        users.switch_off(session, SYSTEM, user.id, now=services.clock.now())
        users.switch_on(session, SYSTEM, user.id, now=services.clock.now())
    with services.db.reading() as session:
        actions = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.subject_kind == "staff_user", AuditEntry.subject_id == user.id)
            .order_by(AuditEntry.id)
        ).all()
    assert actions == ["staff.created", "staff.switched_off", "staff.switched_on"]
