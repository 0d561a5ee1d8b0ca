"""The starter library: free of findings, and reviewed by nobody."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from campaigns.audience import interests
from campaigns.clinic import profile
from campaigns.content import lessons as lesson_store
from campaigns.content import lint, rendering, review
from campaigns.content.models import Lesson, Review
from campaigns.content.people import SAMPLE_URLS, PersonView
from campaigns.content.starter import create_starter
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from tests.conftest import NOON


def _make(db: Database, now: datetime = NOON) -> dict[str, Lesson]:
    with db.transaction() as session:
        clinic = profile.create_default(session, now=now)
        clinic.street, clinic.city, clinic.state = "1 Main Street", "Columbus", "OH"
        clinic.postal_code, clinic.phone = "43004", "+16145550123"
        clinic.booking_url = "https://clinic.example.com/book"
        if session.scalar(select(func.count()).select_from(interests.Interest)) == 0:
            interests.create_defaults(session)
        return create_starter(session, now=now, actor=SYSTEM)


def test_every_draft_of_the_starter_library_is_free_of_findings(db: Database) -> None:
    made = _make(db)
    assert len(made) >= 15
    with db.reading() as session:
        for key, lesson in made.items():
            found = lint.check_draft(session, session.get_one(Lesson, lesson.id))
            assert found == [], f"{key}: {found}"


def test_the_starter_library_claims_no_review(db: Database) -> None:
    made = _make(db)
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Review)) == 0
        version = lesson_store.freeze(session, made["welcome"].id, SYSTEM, NOON)
        assert review.is_approved(session, version.id, NOON) is None
        email = rendering.load(session, version.id)
        assert isinstance(email, rendering.CompiledEmail)
        shown = email.skeleton(email.variant_for(frozenset()), clinic=profile.get(session)).render(
            PersonView(), SAMPLE_URLS
        )
    assert "Reviewed by" not in shown.html + shown.text
    assert "Hello there," in shown.text


def test_making_the_starter_library_twice_changes_nothing(db: Database) -> None:
    first = _make(db)
    with db.transaction() as session:
        second = create_starter(session, now=NOON, actor=SYSTEM)
        count = session.scalar(select(func.count()).select_from(Lesson))
    assert {k: v.id for k, v in first.items()} == {k: v.id for k, v in second.items()}
    assert count == len(first)


@pytest.mark.parametrize("topic", ["joint_pain", "muscle_spasms"])
def test_a_lesson_on_a_topic_ends_in_a_question(db: Database, topic: str) -> None:
    made = _make(db)
    with db.transaction() as session:
        version = lesson_store.freeze(session, made[f"{topic}_1"].id, SYSTEM, NOON)
        assert version.booking == "consultation"
        labels = [b.get("label") for b in version.source["blocks"] if b["type"] == "book"]
    assert labels == ["Ask our clinicians"]
