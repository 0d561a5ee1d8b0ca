"""The review pages: what waits, what changed, approve, ask for a change."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import Role, StaffUser
from campaigns.content import lessons, review
from campaigns.content.models import Review
from campaigns.core.actors import SYSTEM
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories import content
from tests.factories.accounts import sign_in


@pytest.fixture
def waiting(services: Services) -> int:
    """A version that waits for a signature."""
    with services.db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        lesson = content.email(session, now=NOON, name="Spring letter")
        version = content.version(session, lesson, now=NOON)
        review.request(session, SYSTEM, version.id, now=NOON)
        return version.id


def test_a_reviewer_reads_what_is_new_and_signs(
    client: FlaskClient, services: Services, waiting: int
) -> None:
    sign_in(client, services, Role.REVIEWER, name="Dana Reviewer", credential="RN")
    page = client.get("/staff/reviews/").text
    assert "Spring letter" in page
    assert "New to you" in page
    page = client.get(f"/staff/reviews/{waiting}").text
    assert "you have not signed this before" in page
    assert "Good sleep is a habit." in page
    reply = client.post(f"/staff/reviews/{waiting}/approve", follow_redirects=True)
    assert "It holds until 17 November 2027" in reply.text
    assert "Nothing waits for a signature" in reply.text
    assert (
        "Reviewed by Dana Reviewer, RN, November 2026"
        in client.get(f"/staff/reviews/{waiting}").text
    )


def test_the_second_time_only_what_changed_is_shown(
    client: FlaskClient, services: Services, waiting: int
) -> None:
    sign_in(client, services, Role.REVIEWER)
    client.post(f"/staff/reviews/{waiting}/approve")
    with services.db.transaction() as session:
        version = lessons.get_version(session, waiting)
        lesson = lessons.get(session, version.lesson_id)
        draft = content.draft(
            {"id": "t1", "type": "text", "html": "<p>Good sleep is a quiet habit.</p>"},
            {"id": "b1", "type": "book"},
        )
        lessons.save_draft(
            session, SYSTEM, lesson.id, revision=lesson.revision, draft=draft, now=NOON
        )
        newer = content.version(session, lesson, now=NOON)
        review.request(session, SYSTEM, newer.id, now=NOON)
    page = client.get(f"/staff/reviews/{newer.id}").text
    assert "What changed since you last signed" in page
    assert "<ins>quiet</ins>" in page
    assert "Your new guide" not in page.split("As it arrives")[0].split("What changed")[1]


def test_a_change_is_asked_for_on_a_block_and_the_author_sees_it(
    client: FlaskClient, services: Services, waiting: int
) -> None:
    sign_in(client, services, Role.REVIEWER)
    reply = client.post(f"/staff/reviews/{waiting}/ask", data={"comment": " ", "block_id": "t1"})
    assert reply.status_code == 422
    assert "Say what should change" in reply.text
    client.post(f"/staff/reviews/{waiting}/ask", data={"comment": "Say less", "block_id": "t1"})
    with services.db.reading() as session:
        decision = session.scalars(select(Review)).one()
        lesson_id = lessons.get_version(session, waiting).lesson_id
    assert (decision.comment, decision.block_id) == ("Say less", "t1")
    assert "Changes asked for" in client.get(f"/staff/library/{lesson_id}/").text
    assert "Say less" in client.get(f"/staff/library/{lesson_id}/?block=t1").text
    assert "Say less" in client.get(f"/staff/library/{lesson_id}/versions").text


def test_a_reviewer_without_a_credential_is_told_how_to_get_one(
    client: FlaskClient, services: Services, waiting: int
) -> None:
    user = sign_in(client, services, Role.OWNER)
    with services.db.transaction() as session:
        session.get_one(StaffUser, user.id).credential = None
    page = client.get(f"/staff/reviews/{waiting}").text
    assert "Ask the owner to enter yours" in page
    assert ">Approve<" not in page
    assert client.post(f"/staff/reviews/{waiting}/approve").status_code in (303, 403)
    with services.db.reading() as session:
        assert session.scalars(select(Review)).all() == []


def test_a_marketer_sees_reviews_and_cannot_sign(
    client: FlaskClient, services: Services, waiting: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    assert "Approve</button>" not in client.get(f"/staff/reviews/{waiting}").text
    assert client.post(f"/staff/reviews/{waiting}/approve").status_code == 403


def test_the_version_is_shown_as_it_arrives(
    client: FlaskClient, services: Services, waiting: int
) -> None:
    sign_in(client, services, Role.REVIEWER)
    reply = client.get(f"/staff/library/versions/{waiting}/preview")
    assert "Good sleep is a habit." in reply.text
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_text_points_to_the_lesson_that_must_be_signed_too(
    client: FlaskClient, services: Services, waiting: int
) -> None:
    with services.db.transaction() as session:
        lesson_id = lessons.get_version(session, waiting).lesson_id
        text = content.text(session, now=NOON, link="lesson", lesson_id=lesson_id)
        version = content.version(session, text, now=NOON)
    sign_in(client, services, Role.REVIEWER)
    page = client.get(f"/staff/reviews/{version.id}").text
    assert f"/staff/reviews/{waiting}" in page
    assert "Reply STOP to opt out" in page


def test_a_text_is_shown_to_the_reviewer_with_an_address_as_it_will_have(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        text = lessons.create(
            session,
            SYSTEM,
            channel="sms",
            name="Note",
            now=NOON,
            draft={"body": "Your note is here.", "link": "book"},
        )
        version = lessons.freeze(session, text.id, SYSTEM, NOON)
        review.request(session, SYSTEM, version.id, now=NOON)
        version_id = version.id
    sign_in(client, services, Role.REVIEWER)
    page = client.get(f"/staff/reviews/{version_id}").text
    assert "http://127.0.0.1:8000/c/xxxx" in page
    assert "#link" not in page
