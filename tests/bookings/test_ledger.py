"""A booking counts once, and cancelling the last one is seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaigns.bookings import ledger
from campaigns.bookings.models import Booking
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotFound
from tests.conftest import NOON
from tests.factories.contacts import make_contact

DAY = timedelta(days=1)


def test_the_same_report_twice_is_one_booking(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        first = ledger.record(
            session, source="calendar", external_id="a-1", contact_id=None, booked_at=NOON, now=NOON
        )
        again = ledger.record(
            session, source="calendar", external_id="a-1", contact_id=person.id, booked_at=NOON,
            now=NOON + DAY, starts_at=NOON + 3 * DAY, message_id=5,
        )  # fmt: skip
        assert first.id == again.id
        assert (again.contact_id, again.starts_at, again.message_id) == (
            person.id,
            NOON + 3 * DAY,
            5,
        )
        assert session.scalar(select(func.count(Booking.id))) == 1
        session.refresh(person)
        assert person.last_booked_at == NOON


def test_cancelling_goes_back_to_the_booking_before(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        for number, at in (("1", NOON - DAY), ("2", NOON)):
            ledger.record(
                session, source="calendar", external_id=number, contact_id=person.id,
                booked_at=at, now=NOON,
            )  # fmt: skip
        ledger.cancel(session, source="calendar", external_id="2", now=NOON)
        ledger.cancel(session, source="calendar", external_id="2", now=NOON)
        session.refresh(person)
        assert person.last_booked_at == NOON - DAY
        assert [b.state for b in ledger.list_of(session, person.id)] == ["cancelled", "booked"]


def test_a_booking_of_nobody_known_waits_to_be_assigned(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        booking = ledger.record(
            session, source="calendar", external_id="x", contact_id=None, booked_at=NOON, now=NOON
        )
        assert ledger.unmatched(session) == [booking]
        ledger.assign(session, booking.id, person.id)
        assert ledger.unmatched(session) == []
        session.refresh(person)
        assert person.last_booked_at == NOON


def test_faulty_reports_are_refused(db: Database) -> None:
    with db.transaction() as session:
        with pytest.raises(InvalidInput):
            ledger.record(
                session,
                source="calendar",
                external_id="",
                contact_id=None,
                booked_at=NOON,
                now=NOON,
            )
        with pytest.raises(NotFound):
            ledger.cancel(session, source="calendar", external_id="none", now=NOON)
        with pytest.raises(NotFound):
            ledger.record(
                session, source="calendar", external_id="1", contact_id=99, booked_at=NOON, now=NOON
            )
        with pytest.raises(NotFound):
            ledger.assign(session, 99, 1)
