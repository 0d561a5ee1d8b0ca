"""Drafts, versions, links, review."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from campaigns.accounts import users
from campaigns.accounts.models import Role
from campaigns.content import lessons, links, rendering, review
from campaigns.content.models import LessonVersion, Link, Review
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.db import Database
from campaigns.core.errors import Conflict, InvalidInput, NotPermitted
from tests.conftest import NOON
from tests.factories import content

YEAR = timedelta(days=366)


def staff(session: Any, role: Role, credential: str | None = None) -> Actor:
    user = users.create(
        session,
        SYSTEM,
        email=f"{role}{credential or ''}@example.com",
        name=f"Pat {role.value}",
        role=role,
        credential=credential,
        now=NOON,
    )
    return Actor(kind=ActorKind.STAFF, id=user.id, name=user.name)


def test_a_save_on_an_older_state_is_refused_and_loses_nothing(each_db: Database) -> None:
    with each_db.transaction() as session:
        lesson = content.email(session, now=NOON)
        lessons.save_draft(
            session, SYSTEM, lesson.id, revision=1, draft=content.draft(subject="A"), now=NOON
        )
        with pytest.raises(Conflict, match="Nothing is lost"):
            lessons.save_draft(
                session, SYSTEM, lesson.id, revision=1, draft=content.draft(subject="B"), now=NOON
            )
        assert lesson.draft["subject"] == "A"
        assert lesson.revision == 2


def test_saving_the_same_again_changes_nothing(db: Database) -> None:
    with db.transaction() as session:
        lesson = content.email(session, now=NOON)
        lessons.save_draft(session, SYSTEM, lesson.id, revision=1, draft=lesson.draft, now=NOON)
        assert lesson.revision == 1


def test_the_same_content_is_the_same_version(each_db: Database) -> None:
    with each_db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        lesson = content.email(session, now=NOON)
        first = content.version(session, lesson, now=NOON)
        assert content.version(session, lesson, now=NOON).id == first.id
        lessons.save_draft(
            session, SYSTEM, lesson.id, revision=1, draft=content.draft(subject="New"), now=NOON
        )
        second = content.version(session, lesson, now=NOON)
        assert (first.number, second.number) == (1, 2)
        lessons.save_draft(session, SYSTEM, lesson.id, revision=2, draft=first.source, now=NOON)
        assert content.version(session, lesson, now=NOON).id == first.id


@pytest.mark.parametrize("table", ["lesson_versions", "reviews"])
def test_the_database_refuses_to_change_what_was_signed(each_db: Database, table: str) -> None:
    with each_db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        version = content.version(session, content.email(session, now=NOON), now=NOON)
        review.approve(session, staff(session, Role.REVIEWER, "RN"), version.id, now=NOON)
    with pytest.raises(DBAPIError, match="append-only"), each_db.transaction() as session:
        session.execute(text(f"UPDATE {table} SET review_hash = 'x'"))


def test_an_email_and_a_text_of_a_version_can_be_loaded(each_db: Database) -> None:
    with each_db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        email = content.version(session, content.email(session, now=NOON), now=NOON)
        words = content.version(session, content.text(session, now=NOON), now=NOON)
        assert isinstance(rendering.load(session, email.id), rendering.CompiledEmail)
        assert isinstance(rendering.load(session, words.id), rendering.CompiledText)


def test_links_are_numbered_and_resolved_by_us(db: Database) -> None:
    body = content.draft(
        {
            "id": "t",
            "type": "text",
            "html": '<p><a href="https://a.example.com/">one</a> <a href="https://b.example.com/">two</a></p>',
        },
        {"id": "b", "type": "book"},
        {"id": "c", "type": "call"},
    )
    with db.transaction() as session:
        clinic = content.stored_clinic(session, now=NOON)
        version = content.version(session, content.email(session, now=NOON, body=body), now=NOON)
        found = [links.resolve(session, version.id, n, clinic) for n in (1, 2, 3, 4)]
        assert [f and (f.kind, f.url, f.phone) for f in found] == [
            ("url", "https://a.example.com/", None),
            ("url", "https://b.example.com/", None),
            ("book", "https://clinic.example.com/book", None),
            ("call", None, "+16145550123"),
        ]
        assert links.resolve(session, version.id, 5, clinic) is None
        clinic.booking_url = "https://clinic.example.com/new-booking"
        moved = links.resolve(session, version.id, 3, clinic)
        assert moved is not None
        assert moved.url == "https://clinic.example.com/new-booking"


def test_booking_on_a_topic_leads_to_a_consultation(db: Database) -> None:
    with db.transaction() as session:
        clinic = content.stored_clinic(session, now=NOON)
        topic = content.topic_id(session, "joint_pain")
        lesson = content.email(session, now=NOON, interest_id=topic)
        version = content.version(session, lesson, now=NOON)
        target = links.resolve(session, version.id, 1, clinic)
        assert target is not None
        assert target.url == "https://clinic.example.com/ask"
        cleared = lessons.freeze(
            session, lesson.id, SYSTEM, NOON, cleared=frozenset({"joint_pain"})
        )
        target = links.resolve(session, cleared.id, 1, clinic)
        assert target is not None
        assert target.url == "https://clinic.example.com/book"
        assert cleared.review_hash != version.review_hash


def test_a_text_that_leads_to_a_lesson_needs_both_signed(db: Database) -> None:
    with db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        reviewer = staff(session, Role.REVIEWER, "RN")
        email = content.email(session, now=NOON)
        words = content.version(
            session, content.text(session, now=NOON, link="lesson", lesson_id=email.id), now=NOON
        )
        page_id = links.page_version_of(session, words.id)
        assert session.get_one(LessonVersion, page_id).lesson_id == email.id
        review.approve(session, reviewer, words.id, now=NOON)
        assert review.is_approved(session, words.id, NOON) is None
        review.approve(session, reviewer, page_id, now=NOON)
        assert review.is_approved(session, words.id, NOON) is not None
        lessons.save_draft(
            session, SYSTEM, email.id, revision=1, draft=content.draft(subject="Other"), now=NOON
        )
        again = lessons.freeze(session, words.lesson_id, SYSTEM, NOON)
        assert again.id != words.id
        assert review.is_approved(session, again.id, NOON) is None


def test_a_text_without_its_lesson_cannot_be_frozen(db: Database) -> None:
    with db.transaction() as session:
        lesson = content.text(session, now=NOON, link="lesson")
        with pytest.raises(InvalidInput, match="none is chosen"):
            lessons.freeze(session, lesson.id, SYSTEM, NOON)


@pytest.fixture
def signed(db: Database) -> tuple[Database, int]:
    with db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        lesson = content.email(
            session,
            now=NOON,
            body=content.draft(
                {"id": "t", "type": "text", "html": "<p>Call {{ clinic_phone }}.</p>"},
                {"id": "u", "type": "button", "label": "Read", "url": "https://a.example.com/"},
                {"id": "i", "type": "image", "image": "one", "alt": "A lamp"},
                {"id": "s", "type": "spacer", "height": 20},
            ),
        )
        version = content.version(session, lesson, now=NOON)
        review.approve(session, staff(session, Role.REVIEWER, "RN"), version.id, now=NOON)
        assert review.is_approved(session, version.id, NOON) is not None
    return db, lesson.id


def frozen(db: Database, lesson_id: int, change: Any) -> tuple[bool, str]:
    """Change the draft, freeze, and tell whether it is approved and what the draft's state is."""
    with db.transaction() as session:
        lesson = lessons.get(session, lesson_id)
        draft = {**lesson.draft, "blocks": [dict(b) for b in lesson.draft["blocks"]]}
        change(draft)
        lessons.save_draft(
            session, SYSTEM, lesson_id, revision=lesson.revision, draft=draft, now=NOON
        )
        version = lessons.freeze(session, lesson_id, SYSTEM, NOON)
        approved = review.is_approved(session, version.id, NOON) is not None
        return approved, review.state_of(session, lesson, NOON)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(subject="Another"),
        lambda d: d.update(preheader="Another"),
        lambda d: d["blocks"][0].update(html="<p>Call {{ clinic_phone }} now.</p>"),
        lambda d: d["blocks"][1].update(url="https://b.example.com/"),
        lambda d: d["blocks"][1].update(label="Look"),
        lambda d: d["blocks"][2].update(image="two"),
        lambda d: d["blocks"][2].update(alt="Another lamp"),
        lambda d: d["blocks"][0].update(
            condition={"kind": "interest", "op": "has", "value": "skin"}
        ),
        lambda d: d["blocks"].pop(2),
        lambda d: d["blocks"].insert(0, d["blocks"].pop(1)),
        lambda d: d["blocks"].append({"id": "n", "type": "disclaimer"}),
    ],
)
def test_an_edit_to_what_patients_read_voids_the_signature(
    signed: tuple[Database, int], change: Any
) -> None:
    assert frozen(*signed, change) == (False, "none")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["blocks"][3].update(height=60),
        lambda d: d["blocks"].append({"id": "dd", "type": "divider"}),
        lambda d: d["blocks"][0].update(id="renamed"),
        lambda d: None,
    ],
)
def test_an_edit_to_the_layout_does_not(signed: tuple[Database, int], change: Any) -> None:
    assert frozen(*signed, change) == (True, "approved")


def test_the_clinics_own_facts_are_outside_the_signature(signed: tuple[Database, int]) -> None:
    db, lesson_id = signed
    with db.transaction() as session:
        clinic = session.scalars(select(content.Clinic)).one()
        clinic.phone, clinic.street = "+16145550199", "2 Other Street"
        version = lessons.freeze(session, lesson_id, SYSTEM, NOON)
        assert review.is_approved(session, version.id, NOON) is not None


def test_a_signature_ends_after_twelve_months(signed: tuple[Database, int]) -> None:
    db, lesson_id = signed
    with db.reading() as session:
        version = lessons.versions(session, lesson_id)[0]
        assert review.is_approved(session, version.id, NOON + timedelta(days=364)) is not None
        assert review.is_approved(session, version.id, NOON + YEAR) is None
        assert review.state_of(session, lessons.get(session, lesson_id), NOON + YEAR) == "expired"


def test_the_line_is_printed_only_from_a_signature(signed: tuple[Database, int]) -> None:
    db, lesson_id = signed
    with db.reading() as session:
        version = lessons.versions(session, lesson_id)[0]
        assert review.reviewed_line(session, version.id, NOON) == (
            "Reviewed by Pat reviewer, RN, November 2026"
        )
        assert review.reviewed_line(session, version.id, NOON + YEAR) == ""


def test_a_request_for_change_takes_the_signature_back(signed: tuple[Database, int]) -> None:
    db, lesson_id = signed
    with db.transaction() as session:
        version = lessons.versions(session, lesson_id)[0]
        other = staff(session, Role.REVIEWER, "MSCP")
        with pytest.raises(InvalidInput, match="Say what should change"):
            review.ask_for_change(session, other, version.id, comment=" ", block_id="t", now=NOON)
        review.ask_for_change(session, other, version.id, comment="Softer", block_id="t", now=NOON)
        assert review.is_approved(session, version.id, NOON) is None
        assert review.state_of(session, lessons.get(session, lesson_id), NOON) == "changes"


@pytest.mark.parametrize(
    ("role", "credential", "reason"),
    [
        (Role.OWNER, None, "clinical credential"),
        (Role.MARKETER, "RN", "Only a reviewer"),
        (Role.VIEWER, None, "Only a reviewer"),
    ],
)
def test_only_a_credentialed_reviewer_signs(
    db: Database, role: Role, credential: str | None, reason: str
) -> None:
    with db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        version = content.version(session, content.email(session, now=NOON), now=NOON)
        with pytest.raises(NotPermitted, match=reason):
            review.approve(session, staff(session, role, credential), version.id, now=NOON)
        with pytest.raises(NotPermitted):
            review.approve(session, SYSTEM, version.id, now=NOON)
        assert session.scalars(select(Review)).all() == []


def test_nobody_alone_writes_signs_and_sends(db: Database) -> None:
    with db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        owner, other = staff(session, Role.OWNER, "RN"), staff(session, Role.REVIEWER, "MSCP")
        version = content.version(session, content.email(session, now=NOON, actor=owner), now=NOON)
        assert _code(session, version.id, owner.id) == "not_approved"
        review.approve(session, owner, version.id, now=NOON)
        assert _code(session, version.id, owner.id) == "alone"
        assert _code(session, version.id, other.id) is None
        assert _code(session, version.id, other.id, strict=True) == "reviewed_by_author"
        review.approve(session, other, version.id, now=NOON)
        assert _code(session, version.id, owner.id) is None
        assert _code(session, version.id, owner.id, strict=True) is None


def _code(session: Any, version_id: int, sender: int | None, strict: bool = False) -> str | None:
    refusal = review.may_send(session, version_id, sender, strict, NOON)
    return refusal.code if refusal else None


def test_under_the_strict_setting_authors_do_not_sign_their_own(db: Database) -> None:
    with db.transaction() as session:
        content.stored_clinic(session, now=NOON, strict_review=True)
        owner = staff(session, Role.OWNER, "RN")
        version = content.version(session, content.email(session, now=NOON, actor=owner), now=NOON)
        with pytest.raises(NotPermitted, match="second person"):
            review.approve(session, owner, version.id, now=NOON)


def test_what_has_things_to_fix_is_neither_sent_to_review_nor_signed(db: Database) -> None:
    with db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        lesson = content.email(session, now=NOON, body=content.draft(subject="Your acne guide"))
        version = content.version(session, lesson, now=NOON)
        with pytest.raises(InvalidInput, match="to fix"):
            review.request(session, SYSTEM, version.id, now=NOON)
        with pytest.raises(InvalidInput, match="cannot be signed"):
            review.approve(session, staff(session, Role.REVIEWER, "RN"), version.id, now=NOON)


def test_only_the_newest_version_of_a_lesson_waits(db: Database) -> None:
    with db.transaction() as session:
        content.stored_clinic(session, now=NOON)
        lesson = content.email(session, now=NOON)
        first = content.version(session, lesson, now=NOON)
        review.request(session, SYSTEM, first.id, now=NOON)
        assert review.state_of(session, lesson, NOON) == "waiting"
        lessons.save_draft(
            session, SYSTEM, lesson.id, revision=1, draft=content.draft(subject="Newer"), now=NOON
        )
        second = content.version(session, lesson, now=NOON)
        review.request(session, SYSTEM, second.id, now=NOON)
        review.request(session, SYSTEM, second.id, now=NOON)
        assert [v.id for v in review.waiting(session)] == [second.id]
        review.approve(session, staff(session, Role.REVIEWER, "RN"), second.id, now=NOON)
        assert review.waiting(session) == []


def test_a_copy_keeps_the_signature_of_unchanged_words(signed: tuple[Database, int]) -> None:
    db, lesson_id = signed
    with db.transaction() as session:
        copy = lessons.duplicate(session, SYSTEM, lesson_id, now=NOON)
        version = lessons.freeze(session, copy.id, SYSTEM, NOON)
        assert review.is_approved(session, version.id, NOON) is not None
        assert session.scalar(select(Link.number).where(Link.version_id == version.id)) == 1


def test_an_archived_lesson_cannot_be_changed_until_it_is_back(db: Database) -> None:
    with db.transaction() as session:
        lesson = content.email(session, now=NOON)
        lessons.archive(session, SYSTEM, lesson.id, now=NOON)
        assert lessons.list_all(session) == []
        with pytest.raises(Conflict, match="archived"):
            lessons.save_draft(session, SYSTEM, lesson.id, revision=1, draft=lesson.draft, now=NOON)
        lessons.bring_back(session, SYSTEM, lesson.id, now=NOON)
        assert [found.id for found in lessons.list_all(session)] == [lesson.id]


def test_a_leap_day_signature_ends_a_year_later() -> None:
    leap = datetime(2028, 2, 29, tzinfo=NOON.tzinfo)
    assert review._in_a_year(leap) == datetime(2029, 2, 28, tzinfo=NOON.tzinfo)
