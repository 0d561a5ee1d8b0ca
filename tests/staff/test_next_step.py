"""The composers say where the words stand, why, and what comes next."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts.models import Role
from campaigns.broadcasts import checks
from campaigns.content import lessons, review
from campaigns.content.models import Lesson, LessonVersion
from campaigns.core.actors import SYSTEM
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories import content
from tests.factories.accounts import sign_in
from tests.factories.approved import approved_lesson, new_lesson, reviewer

ASK = "Next: ask for the review"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(client: FlaskClient, services: Services) -> FlaskClient:
    """A browser of a marketer, at a clinic that is set up."""
    with services.db.transaction() as session:
        content.stored_clinic(session, now=NOON)
    sign_in(client, services, Role.MARKETER)
    return client


def sign(session: Session, lesson: Lesson) -> None:
    version = lessons.freeze(session, lesson.id, SYSTEM, NOON)
    review.approve(session, reviewer(session, now=NOON), version.id, now=NOON)


def text_to(session: Session, email: Lesson) -> Lesson:
    draft = {"body": "Your note is here.", "link": "lesson", "lesson_id": email.id}
    return lessons.create(session, SYSTEM, channel="sms", name="Note", now=NOON, draft=draft)


def change(session: Session, email: Lesson) -> None:
    draft = {**email.draft, "subject": "Another subject"}
    lessons.save_draft(session, SYSTEM, email.id, revision=email.revision, draft=draft, now=NOON)


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_main_button_follows_the_review(
    desk: FlaskClient, services: Services, channel: str
) -> None:
    with services.db.transaction() as session:
        lesson_id = new_lesson(session, now=NOON, channel=channel).id
    path = f"/staff/library/{lesson_id}/"
    assert ASK in desk.get(path).text
    desk.post(f"{path}ask-review")
    page = desk.get(path).text
    assert ASK not in page
    assert "See what waits for a signature" in page
    with services.db.transaction() as session:
        sign(session, lessons.get(session, lesson_id))
    page = desk.get(path).text
    assert ASK not in page
    assert "Next: make a campaign" in page


def test_a_reviewer_who_may_not_write_is_led_to_sign(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        lesson = new_lesson(session, now=NOON)
        version = lessons.freeze(session, lesson.id, SYSTEM, NOON)
        review.request(session, SYSTEM, version.id, now=NOON)
    sign_in(client, services, Role.REVIEWER)
    page = client.get(f"/staff/library/{lesson.id}/").text
    assert f'href="/staff/reviews/{version.id}">Next: read and sign' in page


def test_typing_brings_the_request_back_without_a_reload(
    desk: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        lesson = approved_lesson(session, now=NOON, channel="sms")
        path, revision = f"/staff/library/{lesson.id}/", lesson.revision
    reply = desk.post(
        f"{path}text", data={"body": "New", "link": "book", "revision": revision}, headers=HTMX
    ).text
    assert ASK in reply
    assert "Not reviewed" in reply


def test_a_text_says_that_its_linked_email_was_changed(
    desk: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        email = approved_lesson(session, now=NOON, name="Sleep well")
        text = text_to(session, email)
        sign(session, text)
        path = f"/staff/library/{text.id}/"
    assert "Approved" in desk.get(path).text
    with services.db.transaction() as session:
        change(session, session.get_one(Lesson, email.id))
    page = desk.get(path).text
    assert "“Sleep well”</a>, changed on 17 Nov 2026; this text needs a new signature" in page
    with services.db.transaction() as session:
        found = checks.content_obstacles(session, session.get_one(Lesson, text.id), now=NOON)
        assert "links to “Sleep well”, which was changed after this was signed" in found[0].message
        sign(session, session.get_one(Lesson, text.id))
    page = desk.get(path).text
    assert "is not; it needs a signature of its own" in page
    assert "Next: open the linked email" in page
    with services.db.transaction() as session:
        sign(session, session.get_one(Lesson, email.id))
    page = desk.get(path).text
    assert "Approved" in page
    assert "signature" not in page


def test_a_text_whose_own_words_changed_needs_no_explanation(
    desk: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        email = approved_lesson(session, now=NOON)
        text = text_to(session, email)
        sign(session, text)
        draft = {**text.draft, "body": "Other words."}
        lessons.save_draft(session, SYSTEM, text.id, revision=text.revision, draft=draft, now=NOON)
        change(session, email)
    assert "needs a new signature" not in desk.get(f"/staff/library/{text.id}/").text


def test_a_test_makes_no_version_of_the_history(desk: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        lesson_id = new_lesson(session, now=NOON).id
    path = f"/staff/library/{lesson_id}/"
    for subject in ("One", "Two", "Two"):
        with services.db.transaction() as session:
            lesson = lessons.get(session, lesson_id)
            draft = {**lesson.draft, "subject": subject}
            lessons.save_draft(
                session, SYSTEM, lesson_id, revision=lesson.revision, draft=draft, now=NOON
            )
        assert desk.post(f"{path}test").status_code == 303
    assert "Version 1" not in desk.get(f"{path}versions").text
    with services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(LessonVersion)) == 2
        assert lessons.versions(session, lesson_id) == []
    desk.post(f"{path}ask-review")
    page = desk.get(f"{path}versions").text
    assert "Version 1" in page
    assert "Version 2" not in page
    with services.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(LessonVersion)) == 3
