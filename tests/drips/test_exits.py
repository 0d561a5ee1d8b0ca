"""Leaving a series: booking, stop, staff, archive; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.bookings import ledger as bookings
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import NotFound
from campaigns.drips import enrolment, exits, lifecycle
from campaigns.drips.models import Drip, EndReason, Enrolment, EnrolmentState
from tests.conftest import NOON
from tests.factories.clinic import make_clinic
from tests.factories.consent import leave, make_member
from tests.factories.drips import DAY, enrolment_of, make_live_drip

LATER = NOON + timedelta(hours=1)
SOON = LATER + timedelta(hours=1)


def start(session: Session, **values: object) -> tuple[Drip, Contact]:
    make_clinic(session, now=NOON)
    drip = make_live_drip(session, now=NOON, **values)
    person = make_member(session, now=LATER)
    enrolment.tick(session, now=LATER)
    return drip, person


def book(session: Session, person: Contact, *, at: object = SOON, number: int = 1) -> None:
    bookings.record(
        session,
        source="front_desk",
        external_id=f"b{number}",
        contact_id=person.id,
        booked_at=at,  # type: ignore[arg-type]
        now=SOON,
    )


def state_of(session: Session, drip: Drip, person: Contact) -> tuple[str, str | None]:
    found = enrolment_of(session, drip, person)
    assert found is not None
    return found.state, found.end_reason


def has_left(session: Session, drip: Drip, person: Contact) -> bool:
    found = enrolment_of(session, drip, person)
    assert found is not None
    query = select(Enrolment.id).where(Enrolment.id == found.id, exits.has_left(Enrolment.id))
    return session.scalar(query) is not None


def test_whoever_books_leaves_and_stays_out(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session)
        book(session, person)
        assert exits.exit_booked(session, now=SOON) == 1
        assert exits.exit_booked(session, now=SOON) == 0
        assert state_of(session, drip, person) == (EnrolmentState.EXITED, EndReason.BOOKED)
        enrolment.tick(session, now=SOON + DAY)
        assert enrolment.due_steps(session, now=SOON + 30 * DAY) == []


def test_a_booking_of_before_ends_nothing(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session)
        book(session, person, at=NOON - DAY)
        assert exits.exit_booked(session, now=SOON) == 0
        assert state_of(session, drip, person) == (EnrolmentState.ACTIVE, None)


def test_a_series_that_does_not_end_on_booking_goes_on(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session, ends_on_booking=False)
        book(session, person)
        assert exits.exit_booked(session, now=SOON) == 0
        assert not has_left(session, drip, person)


def test_the_gate_knows_of_a_booking_before_any_tick_does(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session)
        enrolment.advance(session, enrolment.due_steps(session, now=LATER), now=LATER)
        assert not has_left(session, drip, person)
        book(session, person)
        assert has_left(session, drip, person)


def test_the_last_message_is_dropped_too_when_its_person_booked(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session)
        for at in (LATER, LATER + 5 * DAY):
            enrolment.advance(session, enrolment.due_steps(session, now=at), now=at)
        assert state_of(session, drip, person) == (EnrolmentState.COMPLETED, EndReason.FINISHED)
        assert not has_left(session, drip, person)
        book(session, person)
        assert has_left(session, drip, person)


def test_leaving_the_only_channel_of_a_series_ends_it(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session, channels=("email",))
        leave(session, person, Channel.EMAIL, now=SOON)
        assert exits.exit_opted_out(session, now=SOON) == 1
        assert state_of(session, drip, person) == (EnrolmentState.EXITED, EndReason.OPTED_OUT)


def test_leaving_one_of_two_channels_keeps_a_person_in(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session, channels=("email", "sms"))
        leave(session, person, Channel.SMS, now=SOON)
        assert exits.exit_opted_out(session, now=SOON) == 0
        leave(session, person, Channel.EMAIL, now=SOON)
        assert exits.exit_opted_out(session, now=SOON) == 1
        assert state_of(session, drip, person)[1] == EndReason.OPTED_OUT


def test_staff_take_a_person_out_and_put_her_back(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session)
        found = enrolment_of(session, drip, person)
        assert found is not None
        exits.remove(session, SYSTEM, found.id, now=SOON)
        assert state_of(session, drip, person) == (EnrolmentState.EXITED, EndReason.REMOVED)
        assert enrolment.due_steps(session, now=SOON) == []
        exits.put_back(session, SYSTEM, found.id, now=SOON + DAY)
        enrolment.work_out_due(session, now=SOON + DAY)
        assert state_of(session, drip, person) == (EnrolmentState.ACTIVE, None)
        assert len(enrolment.due_steps(session, now=SOON + DAY)) == 1


def test_only_a_removed_person_can_be_put_back(db: Database) -> None:
    with db.transaction() as session:
        drip, person = start(session)
        found = enrolment_of(session, drip, person)
        assert found is not None
        with pytest.raises(NotFound):
            exits.put_back(session, SYSTEM, found.id, now=SOON)


def test_archiving_ends_a_series_for_everybody(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session)
        lifecycle.archive(session, SYSTEM, drip.id, now=SOON)
        assert state_of(session, drip, person) == (EnrolmentState.EXITED, EndReason.ARCHIVED)
        assert has_left(session, drip, person)


def test_a_paused_series_says_so_to_the_gate(each_db: Database) -> None:
    with each_db.transaction() as session:
        drip, person = start(session)
        found = enrolment_of(session, drip, person)
        assert found is not None
        query = select(Enrolment.id).where(exits.is_paused(Enrolment.id))
        assert session.scalar(query) is None
        lifecycle.pause(session, SYSTEM, drip.id, now=SOON)
        assert session.scalar(query) == found.id
