"""Codes from the app and recovery codes: right ones work once."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from campaigns.accounts import second_factor
from campaigns.accounts.models import StaffUser
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput
from campaigns.wiring import Services
from tests.factories.accounts import staff_user


def _enrol(services: Services) -> tuple[int, str, list[str]]:
    user = staff_user(services)
    secret = second_factor.new_secret()
    now = services.clock.now()
    with services.db.transaction() as session:
        codes = second_factor.enrol(
            session,
            SYSTEM,
            session.get_one(StaffUser, user.id),
            secret=secret,
            code=pyotp.TOTP(secret).at(now),
            now=now,
        )
    return user.id, secret, codes


def _accept(services: Services, user_id: int, code: str) -> bool:
    with services.db.transaction() as session:
        user = session.get_one(StaffUser, user_id)
        return second_factor.accept(session, user, code, now=services.clock.now())


def test_a_code_works_once_and_the_next_one_works_too(
    each_services: Services, clock: FixedClock
) -> None:
    user_id, secret, _ = _enrol(each_services)
    totp = pyotp.TOTP(secret)
    assert not _accept(each_services, user_id, totp.at(clock.now())), "used while enrolling"
    clock.advance(timedelta(seconds=30))
    code = totp.at(clock.now())
    assert _accept(each_services, user_id, f"{code[:3]} {code[3:]}")
    assert not _accept(each_services, user_id, code)


def test_a_phone_whose_clock_is_half_a_minute_off_still_works(
    services: Services, clock: FixedClock
) -> None:
    user_id, secret, _ = _enrol(services)
    clock.advance(timedelta(minutes=5))
    assert _accept(services, user_id, pyotp.TOTP(secret).at(clock.now() - timedelta(seconds=30)))
    assert not _accept(services, user_id, pyotp.TOTP(secret).at(clock.now() + timedelta(minutes=2)))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٠١٢٣٤٥", "abcdef", "000000 OR 1=1"])
def test_nonsense_is_refused_without_a_fault(services: Services, code: str) -> None:
    user_id, _, _ = _enrol(services)
    assert not _accept(services, user_id, code)


def test_a_recovery_code_lets_in_once(services: Services) -> None:
    user_id, _, codes = _enrol(services)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert _accept(services, user_id, codes[0].upper())
    assert not _accept(services, user_id, codes[0])
    assert _accept(services, user_id, codes[1].replace("-", " "))


def test_the_first_code_must_prove_the_app(services: Services) -> None:
    user = staff_user(services)
    with pytest.raises(InvalidInput), services.db.transaction() as session:
        second_factor.enrol(
            session,
            SYSTEM,
            session.get_one(StaffUser, user.id),
            secret=second_factor.new_secret(),
            code="000000",
            now=services.clock.now(),
        )
    with services.db.reading() as session:
        assert session.get_one(StaffUser, user.id).totp_secret is None


def test_neither_secret_nor_recovery_codes_lie_in_the_database_in_clear(
    services: Services, db: Database
) -> None:
    _, secret, codes = _enrol(services)
    with db.engine.connect() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]
    assert secret not in dump
    assert secret.encode().hex() not in dump.lower()
    for code in codes:
        assert code not in dump
        assert code.replace("-", "") not in dump
