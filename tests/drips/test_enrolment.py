"""Who enters a series, what is due, and who moves on; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.contacts import directory
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.drips import authoring, enrolment, lifecycle
from campaigns.drips.models import Bystander, Enrolment, EnrolmentState
from campaigns.drips.timing import Wait
from campaigns.imports.models import Import, ImportRow, ImportState
from tests.conftest import NOON
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.drips import DAY, LOCAL, enrolment_of, make_drip, make_group, make_live_drip

LATER = NOON + timedelta(hours=1)


def enter_all(session: Session, now: datetime) -> int:
    entered = enrolment.enrol_due(session, now=now)
    enrolment.work_out_due(session, now=now)
    return entered


def hand_over(session: Session, now: datetime) -> list[enrolment.DueStep]:
    steps = enrolment.due_steps(session, now=now)
    enrolment.advance(session, steps, now=now)
    return steps


def test_people_who_come_to_match_enter_and_the_others_of_before_do_not(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        before = make_member(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        after = make_member(session, now=LATER)
        elsewhere = make_member(session, now=LATER, state="TX", postal_code="75201")
        assert enter_all(session, LATER) == 1
        assert enrolment_of(session, drip, after) is not None
        assert enrolment_of(session, drip, before) is None
        assert enrolment_of(session, drip, elsewhere) is None


def test_people_of_before_enter_when_that_was_chosen(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        before = make_member(session, now=NOON)
        drip = make_live_drip(session, now=NOON, enrol_existing=True)
        assert enter_all(session, NOON) == 1
        assert enrolment_of(session, drip, before) is not None


def test_a_second_tick_enrols_nobody_twice(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        make_live_drip(session, now=NOON)
        make_member(session, now=LATER)
        enrolment.tick(session, now=LATER)
        enrolment.tick(session, now=LATER)
        assert session.scalar(select(func.count()).select_from(Enrolment)) == 1


def test_somebody_who_leaves_the_group_and_comes_back_enters(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        person = make_member(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        person.state = "TX"
        session.flush()
        enrolment.tick(session, now=LATER)
        assert enrolment_of(session, drip, person) is None
        person.state = "NY"
        session.flush()
        enrolment.tick(session, now=LATER + DAY)
        assert enrolment_of(session, drip, person) is not None


def imported(session: Session, contact_id: int, *, now: datetime, **options: bool) -> None:
    row = Import(
        filename="old.csv",
        sha256="0" * 64,
        encoding="utf-8",
        delimiter=",",
        header=["email"],
        options=dict(options),
        state=ImportState.DONE,
        uploaded_by="Robin",
        created_at=now,
        started_at=now,
        finished_at=now,
    )
    session.add(row)
    session.flush()
    session.add(ImportRow(import_id=row.id, line=2, outcome="created", contact_id=contact_id))
    session.flush()


def test_an_import_of_old_contacts_starts_nothing(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        person = make_member(session, now=LATER)
        imported(session, person.id, now=LATER)
        enrolment.tick(session, now=LATER)
        enrolment.tick(session, now=LATER + DAY)
        assert enrolment_of(session, drip, person) is None


def test_an_import_that_was_told_to_starts_the_series(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        person = make_member(session, now=LATER)
        imported(session, person.id, now=LATER, start_drips=True)
        enrolment.tick(session, now=LATER)
        assert enrolment_of(session, drip, person) is not None


def test_a_paused_series_lets_nobody_in_and_hands_nothing_over(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        first = make_member(session, now=LATER)
        enter_all(session, LATER)
        lifecycle.pause(session, SYSTEM, drip.id, now=LATER)
        second = make_member(session, now=LATER)
        assert enter_all(session, LATER + DAY) == 0
        assert hand_over(session, LATER + DAY) == []
        held = enrolment_of(session, drip, first)
        assert held is not None
        assert held.state == EnrolmentState.ACTIVE
        lifecycle.resume(session, SYSTEM, drip.id, now=LATER + 2 * DAY)
        assert enter_all(session, LATER + 2 * DAY) == 1
        assert {step.contact_id for step in hand_over(session, LATER + 2 * DAY)} == {
            first.id,
            second.id,
        }


def test_after_a_long_pause_each_person_gets_one_step_and_never_a_burst(each_db: Database) -> None:
    waits = (Wait(), Wait(days=1, at_local_time="09:00"), Wait(days=1, at_local_time="09:00"))
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON, waits=waits)
        person = make_member(session, now=LATER)
        enter_all(session, LATER)
        assert len(hand_over(session, LATER)) == 1
        lifecycle.pause(session, SYSTEM, drip.id, now=LATER)
        back = LATER + 30 * DAY
        lifecycle.resume(session, SYSTEM, drip.id, now=back)
        assert [step.position for step in hand_over(session, back)] == [2]
        assert hand_over(session, back) == []
        state = enrolment_of(session, drip, person)
        assert state is not None
        assert state.next_due_at == datetime(2026, 12, 18, 14, tzinfo=UTC)


def test_resuming_may_let_the_wait_begin_anew(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        person = make_member(session, now=LATER)
        enter_all(session, LATER)
        hand_over(session, LATER)
        lifecycle.pause(session, SYSTEM, drip.id, now=LATER)
        back = NOON + 10 * DAY
        lifecycle.resume(session, SYSTEM, drip.id, now=back, overdue=lifecycle.Overdue.WAIT)
        assert hand_over(session, back) == []
        enrolment.work_out_due(session, now=back)
        state = enrolment_of(session, drip, person)
        assert state is not None
        assert state.next_due_at == datetime(2026, 11, 29, 14, tzinfo=UTC)


def test_a_step_is_due_in_the_zone_of_the_person(each_db: Database) -> None:
    wait = (Wait(days=1, at_local_time="09:00"),)
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON, waits=wait)
        east = make_member(session, now=LATER)
        told = make_member(session, now=LATER, timezone="America/Los_Angeles")
        enter_all(session, LATER)
        for person, hour in ((east, 14), (told, 17)):
            state = enrolment_of(session, drip, person)
            assert state is not None
            assert state.next_due_at == datetime(2026, 11, 18, hour, tzinfo=UTC)


def test_people_stay_on_the_version_with_which_they_entered(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        early = make_member(session, now=LATER)
        enter_all(session, LATER)
        last = authoring.draft_steps(session, drip.id)[-1]
        authoring.remove_step(session, drip.id, last.id, now=LATER)
        lifecycle.publish_changes(session, SYSTEM, drip.id, now=LATER, ways=LOCAL)
        late = make_member(session, now=LATER)
        enter_all(session, LATER)
        hand_over(session, LATER)
        first, second = enrolment_of(session, drip, early), enrolment_of(session, drip, late)
        assert first is not None
        assert second is not None
        assert first.state == EnrolmentState.ACTIVE
        assert second.state == EnrolmentState.COMPLETED


def test_advancing_twice_with_the_same_steps_moves_nobody_twice(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        person = make_member(session, now=LATER)
        enter_all(session, LATER)
        steps = hand_over(session, LATER)
        enrolment.advance(session, steps, now=LATER)
        state = enrolment_of(session, drip, person)
        assert state is not None
        assert state.position == 1


def test_entering_again_gets_a_new_enrolment_and_so_a_new_message_key(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON, waits=(Wait(),), reenter_after_days=30)
        person = make_member(session, now=LATER)
        enter_all(session, LATER)
        keys = {(s.step_id, s.enrolment_id) for s in hand_over(session, LATER)}
        assert enter_all(session, LATER + 29 * DAY) == 0
        assert enter_all(session, LATER + 31 * DAY) == 1
        again = {(s.step_id, s.enrolment_id) for s in hand_over(session, LATER + 31 * DAY)}
        assert len(again) == 1
        assert not keys & again
        latest = enrolment_of(session, drip, person)
        assert latest is not None
        assert latest.entry == 2


def test_the_limit_bounds_each_part_of_a_tick(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        make_live_drip(session, now=NOON)
        for _ in range(5):
            make_member(session, now=LATER)
        assert enrolment.enrol_due(session, now=LATER, limit=2) == 2
        assert enrolment.enrol_due(session, now=LATER, limit=2) == 2
        assert enrolment.enrol_due(session, now=LATER, limit=2) == 1
        assert len(enrolment.due_steps(session, now=LATER, limit=3)) == 3


def test_bystanders_are_only_those_of_the_group(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        make_member(session, now=NOON)
        make_member(session, now=NOON, state="TX", postal_code="75201")
        make_live_drip(session, now=NOON)
        assert session.scalar(select(func.count()).select_from(Bystander)) == 1


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_due_step_says_what_delivery_needs(each_db: Database, channel: str) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        group = make_group(session, now=NOON)
        drip = make_drip(session, now=NOON, segment=group, channels=(channel,))
        lifecycle.go_live(session, SYSTEM, drip.id, now=NOON, ways=LOCAL)
        person = make_member(session, now=LATER)
        enter_all(session, LATER)
        (step,) = enrolment.due_steps(session, now=LATER)
        assert (step.contact_id, step.channel, step.position) == (person.id, channel, 1)
        assert step.zone == "America/New_York"
        assert step.due_at == LATER
        assert directory.get(session, step.contact_id).id == person.id
