"""Editing a draft: nothing is overwritten, nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.broadcasts import checks, drafts, lifecycle
from campaigns.broadcasts.checks import Ways
from campaigns.broadcasts.models import Timing
from campaigns.clinic import profile
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import Conflict, InvalidInput
from tests.conftest import NOON
from tests.factories.approved import approved_lesson
from tests.factories.broadcasts import LOCAL, everybody, make_draft
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member

LATER = NOON + timedelta(hours=1)


def test_a_save_on_an_older_revision_is_refused(db: Database) -> None:
    with db.transaction() as session:
        draft = drafts.create(session, SYSTEM, now=NOON, name="News")
        seen = draft.revision
        drafts.edit(session, SYSTEM, draft.id, now=LATER, revision=seen, name="Mine")
        with pytest.raises(Conflict, match="Somebody else"):
            drafts.edit(session, SYSTEM, draft.id, now=LATER, revision=seen, name="Theirs")
        assert drafts.get(session, draft.id).name == "Mine"


def test_a_text_cannot_stand_where_an_email_belongs(db: Database) -> None:
    with db.transaction() as session:
        text = approved_lesson(session, now=NOON, channel="sms")
        draft = drafts.create(session, SYSTEM, now=NOON, name="News")
        with pytest.raises(InvalidInput) as caught:
            drafts.edit(session, SYSTEM, draft.id, now=NOON, email_lesson_id=text.id)
        assert "email_lesson_id" in caught.value.fields


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_name_that_cannot_be_is_refused_at_its_field(db: Database, name: str) -> None:
    with db.transaction() as session, pytest.raises(InvalidInput) as caught:
        drafts.create(session, SYSTEM, now=NOON, name=name)
    assert "name" in caught.value.fields


def test_a_scheduled_campaign_is_not_edited(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        make_member(session, now=NOON)
        draft = make_draft(session, now=NOON)
        lifecycle.schedule(session, SYSTEM, draft.id, now=NOON, ways=LOCAL)
        with pytest.raises(Conflict, match="no longer a draft"):
            drafts.edit(session, SYSTEM, draft.id, now=NOON, name="Other")


def test_an_empty_draft_names_everything_that_is_missing(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        draft = drafts.create(session, SYSTEM, now=NOON, name="News")
        codes = {o.code for o in checks.obstacles(session, draft, ways=LOCAL, now=NOON)}
        assert codes == {"no_group", "no_content", "no_time", "third_party_unanswered"}


def test_a_group_that_matches_nobody_is_named(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        draft = make_draft(session, now=NOON, segment=everybody(session, now=NOON, name="All"))
        (only,) = checks.obstacles(session, draft, ways=LOCAL, now=NOON)
        assert only.code == "group_empty"
        assert only.message == "Nobody is in the group “All” at the moment."


def test_what_the_clinic_has_not_filled_in_is_named_for_the_channels_in_use(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        make_member(session, now=NOON)
        draft = make_draft(session, now=NOON, channels=("email", "sms"))
        profile.update(session, SYSTEM, now=NOON, street="", website="")
        words = [o.message for o in checks.obstacles(session, draft, ways=LOCAL, now=NOON)]
        assert any("postal address" in sentence for sentence in words)
        assert any("website" in sentence for sentence in words)


def test_privacy_must_be_answered_before_anything_leaves_the_machine(db: Database) -> None:
    outside = Ways(email="sendgrid", sms="twilio", local=False)
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        make_member(session, now=NOON)
        draft = make_draft(session, now=NOON)
        assert checks.obstacles(session, draft, ways=LOCAL, now=NOON) == []
        (only,) = checks.obstacles(session, draft, ways=outside, now=NOON)
        assert only.code == "privacy_unanswered"
        profile.update(session, SYSTEM, now=NOON, privacy_mode="standard")
        assert checks.obstacles(session, draft, ways=outside, now=NOON) == []


def test_a_message_that_somebody_pays_for_is_not_sent(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        make_member(session, now=NOON)
        draft = make_draft(session, now=NOON, third_party_paid=True)
        (only,) = checks.obstacles(session, draft, ways=LOCAL, now=NOON)
        assert only.code == "third_party_paid"


def test_a_chosen_time_is_checked_against_the_clock(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        make_member(session, now=NOON)
        for offset, code in (
            (-timedelta(hours=1), "in_the_past"),
            (timedelta(days=500), "too_far"),
        ):
            draft = make_draft(
                session, now=NOON, timing=Timing.AT, scheduled_at=NOON + offset, name=code
            )
            assert [o.code for o in checks.obstacles(session, draft, ways=LOCAL, now=NOON)] == [
                code
            ]
