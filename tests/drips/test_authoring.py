"""Writing a series: steps, order, versions, what stands in the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from campaigns.content import lessons
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.drips import authoring, forecast, lifecycle, simulation
from campaigns.drips.models import Drip, DripState
from campaigns.drips.timing import Wait
from tests.conftest import NOON
from tests.factories.approved import approved_lesson, new_lesson
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.drips import DAY, LOCAL, make_drip, make_live_drip

LATER = NOON + timedelta(hours=1)


def order(session: Session, drip: Drip) -> list[int]:
    return [step.wait_days for step in authoring.draft_steps(session, drip.id)]


@pytest.fixture
def drip(db: Database) -> Drip:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        waits = (Wait(), Wait(days=1), Wait(days=2))
        return make_drip(session, now=NOON, waits=waits)


def test_steps_move_and_the_others_make_room(db: Database, drip: Drip) -> None:
    with db.transaction() as session:
        last = authoring.draft_steps(session, drip.id)[2]
        authoring.move_step(session, drip.id, last.id, position=1, now=LATER)
        assert order(session, drip) == [2, 0, 1]
        authoring.move_step(session, drip.id, last.id, position=99, now=LATER)
        assert order(session, drip) == [0, 1, 2]


def test_a_step_is_put_between_two_others(db: Database, drip: Drip) -> None:
    with db.transaction() as session:
        lesson = approved_lesson(session, now=NOON)
        authoring.add_step(
            session, drip.id, lesson_id=lesson.id, wait=Wait(days=9), position=2, now=LATER
        )
        assert order(session, drip) == [0, 9, 1, 2]


def test_a_removed_step_can_be_put_back_where_it_was(db: Database, drip: Drip) -> None:
    with db.transaction() as session:
        middle = authoring.draft_steps(session, drip.id)[1]
        spec = authoring.remove_step(session, drip.id, middle.id, now=LATER)
        assert order(session, drip) == [0, 2]
        authoring.add_step(
            session,
            drip.id,
            lesson_id=spec.lesson_id,
            wait=spec.wait,
            position=spec.position,
            now=LATER,
        )
        assert order(session, drip) == [0, 1, 2]


def test_a_second_editor_is_told_instead_of_overwriting(db: Database, drip: Drip) -> None:
    with db.transaction() as session:
        seen = authoring.get(session, drip.id).revision
        authoring.edit(session, SYSTEM, drip.id, revision=seen, name="First", now=LATER)
        with pytest.raises(Conflict, match="Somebody else"):
            authoring.edit(session, SYSTEM, drip.id, revision=seen, name="Second", now=LATER)
        assert authoring.get(session, drip.id).name == "First"


def test_everything_in_the_way_is_named_at_once(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = authoring.create(session, SYSTEM, now=NOON, name="Empty")
        with pytest.raises(InvalidInput) as caught:
            lifecycle.go_live(session, SYSTEM, drip.id, now=NOON, ways=LOCAL)
        assert {"no_group", "no_steps"} <= set(caught.value.fields)


def test_unreviewed_content_keeps_a_series_from_going_live(db: Database, drip: Drip) -> None:
    with db.transaction() as session:
        lesson = new_lesson(session, now=NOON)
        authoring.add_step(session, drip.id, lesson_id=lesson.id, wait=Wait(), now=NOON)
        with pytest.raises(InvalidInput, match="has not been reviewed"):
            lifecycle.go_live(session, SYSTEM, drip.id, now=NOON, ways=LOCAL)
        assert authoring.get(session, drip.id).state == DripState.DRAFT


def test_a_published_version_keeps_its_content_when_the_lesson_changes(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        assert drip.version_id is not None
        (first, *_) = authoring.steps_of(session, drip.version_id)
        assert first.lesson_version_id is not None
        before = lessons.get_version(session, first.lesson_version_id).source
        assert not authoring.has_unpublished_changes(session, drip)
        lesson = lessons.get(session, first.lesson_id)
        changed = {**lesson.draft, "subject": "Another subject"}
        lessons.save_draft(
            session, SYSTEM, lesson.id, revision=lesson.revision, draft=changed, now=LATER
        )
        assert authoring.has_unpublished_changes(session, drip)
        assert lessons.get_version(session, first.lesson_version_id).source == before


def test_a_series_cannot_go_live_twice_nor_resume_unless_paused(db: Database, drip: Drip) -> None:
    with db.transaction() as session:
        lifecycle.go_live(session, SYSTEM, drip.id, now=NOON, ways=LOCAL)
        with pytest.raises(Conflict, match="live now"):
            lifecycle.go_live(session, SYSTEM, drip.id, now=NOON, ways=LOCAL)
        with pytest.raises(Conflict, match="live now"):
            lifecycle.resume(session, SYSTEM, drip.id, now=NOON)


def test_an_archived_series_is_copied_and_not_edited(db: Database, drip: Drip) -> None:
    with db.transaction() as session:
        lifecycle.archive(session, SYSTEM, drip.id, now=NOON)
        with pytest.raises(Conflict):
            authoring.edit(session, SYSTEM, drip.id, now=NOON, name="New")
        copy = authoring.duplicate(session, SYSTEM, drip.id, now=NOON)
        assert copy.state == DripState.DRAFT
        assert order(session, copy) == [0, 1, 2]


def test_a_simulation_names_each_date_and_who_would_be_left_out(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        waits = (Wait(), Wait(days=1, at_local_time="09:00"))
        drip = make_drip(session, now=NOON, waits=waits, channels=("email", "sms"))
        person = make_member(session, now=NOON, channels=("email",))
        first, second = simulation.simulate(session, drip, person.id, NOON)
        assert first.at == NOON
        assert first.left_out is None
        assert second.at == (NOON + DAY).replace(hour=14)
        assert second.left_out == "Would not get it: has not agreed to texts."


def test_the_forecast_follows_people_through_the_steps(each_db: Database) -> None:
    from campaigns.drips import enrolment

    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        waits = (Wait(), Wait(days=2), Wait(days=3))
        drip = make_live_drip(session, now=NOON, waits=waits)
        for _ in range(3):
            make_member(session, now=LATER)
        enrolment.tick(session, now=LATER)
        today = NOON.date()
        found = forecast.by_day(session, first=today, days=14, zone="America/New_York")
        assert found == {
            (drip.id, today): 3,
            (drip.id, today + 2 * DAY): 3,
            (drip.id, today + 5 * DAY): 3,
        }
        assert forecast.due_within(session, now=LATER, days=3) == {drip.id: 6}
        assert forecast.standings(session, [drip.id])[drip.id].active == 3
        assert forecast.next_sends(session, drip)[1] == (LATER, 3)
