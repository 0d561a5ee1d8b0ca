"""The life of a broadcast, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts.models import AuditEntry
from campaigns.broadcasts import drafts, lifecycle
from campaigns.broadcasts.lifecycle import Stale
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.content import lessons
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import Conflict, InvalidInput
from tests.conftest import NOON
from tests.factories.approved import new_lesson
from tests.factories.broadcasts import LOCAL, make_draft, make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member

LATER = NOON + timedelta(hours=2)
HOUR = timedelta(hours=1)


def start(session: Session) -> None:
    make_clinic(session, now=NOON)
    make_member(session, now=NOON)


def sending(session: Session) -> Broadcast:
    start(session)
    broadcast = make_scheduled(session, now=NOON)
    assert lifecycle.mark_sending(session, broadcast.id, now=NOON)
    return broadcast


def test_scheduling_freezes_content_and_group(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        broadcast = make_scheduled(session, now=NOON, at=LATER, channels=("email", "sms"))
        assert broadcast.state == BroadcastState.SCHEDULED
        assert broadcast.rule == {"all": []}
        assert broadcast.email_version_id is not None
        assert broadcast.sms_version_id is not None
        assert broadcast.expires_at == LATER + timedelta(days=7)
        version = lessons.get_version(session, broadcast.email_version_id)
        lesson = lessons.get(session, version.lesson_id)
        lessons.save_draft(
            session,
            SYSTEM,
            lesson.id,
            revision=lesson.revision,
            draft={**lesson.draft, "subject": "Changed afterwards"},
            now=LATER,
        )
        assert lessons.get_version(session, broadcast.email_version_id).source == version.source


def test_it_starts_when_its_time_has_come_and_only_once(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        broadcast = make_scheduled(session, now=NOON, at=LATER)
        assert lifecycle.due_to_start(session, now=NOON) == []
        assert lifecycle.due_to_start(session, now=LATER) == [broadcast.id]
        assert lifecycle.mark_sending(session, broadcast.id, now=LATER)
        assert not lifecycle.mark_sending(session, broadcast.id, now=LATER)
        assert broadcast.state == BroadcastState.SENDING
        assert lifecycle.mark_sent(session, broadcast.id, now=LATER + HOUR)
        assert not lifecycle.mark_sent(session, broadcast.id, now=LATER + HOUR)
        assert broadcast.finished_at == LATER + HOUR


def test_a_time_in_the_past_is_refused_and_everything_kept(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        broadcast = make_draft(session, now=NOON, timing="at", scheduled_at=NOON - HOUR)
        with pytest.raises(InvalidInput) as caught:
            lifecycle.schedule(session, SYSTEM, broadcast.id, now=NOON, ways=LOCAL, at=NOON - HOUR)
        assert "in_the_past" in caught.value.fields
        assert broadcast.state == BroadcastState.DRAFT
        assert broadcast.scheduled_at == NOON - HOUR


def test_unreviewed_content_is_not_scheduled(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        lesson = new_lesson(session, now=NOON)
        broadcast = make_draft(session, now=NOON, email_lesson_id=lesson.id)
        with pytest.raises(InvalidInput, match="has not been reviewed"):
            lifecycle.schedule(session, SYSTEM, broadcast.id, now=NOON, ways=LOCAL)


def test_back_to_draft_thaws_what_was_frozen(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        broadcast = make_scheduled(session, now=NOON, at=LATER)
        lifecycle.unschedule(session, SYSTEM, broadcast.id, now=NOON)
        assert broadcast.state == BroadcastState.DRAFT
        assert broadcast.rule is None
        assert broadcast.email_version_id is None
        assert broadcast.scheduled_at == LATER


def test_what_has_begun_to_leave_does_not_go_back_to_draft(each_db: Database) -> None:
    with each_db.transaction() as session:
        broadcast = sending(session)
        with pytest.raises(Conflict, match="being sent"):
            lifecycle.unschedule(session, SYSTEM, broadcast.id, now=LATER)
        lifecycle.pause(session, SYSTEM, broadcast.id, now=LATER)
        with pytest.raises(Conflict, match="begun to leave"):
            lifecycle.unschedule(session, SYSTEM, broadcast.id, now=LATER)


def test_pause_and_resume_move_the_time_limit_by_the_pause(each_db: Database) -> None:
    with each_db.transaction() as session:
        broadcast = sending(session)
        limit = broadcast.expires_at
        assert limit is not None
        lifecycle.pause(session, SYSTEM, broadcast.id, now=LATER, reason="A typing error")
        assert (broadcast.state, broadcast.pause_reason) == ("paused", "A typing error")
        lifecycle.resume(session, SYSTEM, broadcast.id, now=LATER + 3 * HOUR)
        assert broadcast.state == BroadcastState.SENDING
        assert broadcast.expires_at == limit + 3 * HOUR


def test_resuming_may_discard_what_became_stale(each_db: Database) -> None:
    with each_db.transaction() as session:
        broadcast = sending(session)
        lifecycle.pause(session, SYSTEM, broadcast.id, now=LATER)
        back = LATER + 3 * HOUR
        lifecycle.resume(session, SYSTEM, broadcast.id, now=back, stale=Stale.DISCARD)
        assert broadcast.state == BroadcastState.SENDING
        assert broadcast.expires_at == back


def test_a_broadcast_paused_before_its_time_waits_for_it_again(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        broadcast = make_scheduled(session, now=NOON, at=LATER)
        lifecycle.pause(session, SYSTEM, broadcast.id, now=NOON)
        assert lifecycle.due_to_start(session, now=LATER) == []
        lifecycle.resume(session, SYSTEM, broadcast.id, now=NOON + HOUR)
        assert broadcast.state == BroadcastState.SCHEDULED


def test_a_time_that_passed_in_a_pause_can_be_given_up_for_a_new_one(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        broadcast = make_scheduled(session, now=NOON, at=LATER)
        lifecycle.pause(session, SYSTEM, broadcast.id, now=NOON)
        back = LATER + HOUR
        lifecycle.resume(session, SYSTEM, broadcast.id, now=back, stale=Stale.DISCARD)
        assert broadcast.state == BroadcastState.DRAFT


def test_cancelling_is_final_and_can_be_repeated(each_db: Database) -> None:
    with each_db.transaction() as session:
        broadcast = sending(session)
        lifecycle.cancel(session, SYSTEM, broadcast.id, now=LATER)
        lifecycle.cancel(session, SYSTEM, broadcast.id, now=LATER)
        for step in (lifecycle.pause, lifecycle.resume):
            with pytest.raises(Conflict, match="cancelled"):
                step(session, SYSTEM, broadcast.id, now=LATER)
        assert not lifecycle.mark_sent(session, broadcast.id, now=LATER)


def test_of_two_who_press_at_once_the_second_is_told(each_db: Database) -> None:
    with each_db.transaction() as session:
        start(session)
        broadcast = make_draft(session, now=NOON)
        seen = broadcast.revision
    with each_db.transaction() as session:
        lifecycle.schedule(
            session, SYSTEM, broadcast.id, now=NOON, ways=LOCAL, at=LATER, revision=seen
        )
    with each_db.transaction() as session, pytest.raises(Conflict):
        lifecycle.schedule(
            session, SYSTEM, broadcast.id, now=NOON, ways=LOCAL, at=LATER, revision=seen
        )


def test_every_step_is_in_the_trail(each_db: Database) -> None:
    with each_db.transaction() as session:
        broadcast = sending(session)
        lifecycle.pause(session, SYSTEM, broadcast.id, now=LATER)
        lifecycle.resume(session, SYSTEM, broadcast.id, now=LATER)
        lifecycle.cancel(session, SYSTEM, broadcast.id, now=LATER)
        actions = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.subject_kind == "broadcast")
            .order_by(AuditEntry.id)
        )
        assert list(actions) == [
            "broadcast.created",
            "broadcast.scheduled",
            "broadcast.sending",
            "broadcast.paused",
            "broadcast.resumed",
            "broadcast.cancelled",
        ]


def test_a_copy_starts_as_a_draft_with_the_same_content(db: Database) -> None:
    with db.transaction() as session:
        broadcast = sending(session)
        copy = drafts.duplicate(session, SYSTEM, broadcast.id, now=LATER)
        assert copy.state == BroadcastState.DRAFT
        assert copy.email_lesson_id == broadcast.email_lesson_id
        assert copy.third_party_paid is None
        assert copy.name == "November news (copy)"


def test_only_what_is_at_rest_can_be_archived(db: Database) -> None:
    with db.transaction() as session:
        broadcast = sending(session)
        with pytest.raises(Conflict, match="under way"):
            drafts.archive(session, SYSTEM, broadcast.id, now=LATER)
        lifecycle.cancel(session, SYSTEM, broadcast.id, now=LATER)
        drafts.archive(session, SYSTEM, broadcast.id, now=LATER)
        assert drafts.list_all(session) == []
        drafts.restore(session, SYSTEM, broadcast.id, now=LATER)
        assert drafts.list_all(session) == [broadcast]
