"""What counts as a topic, and what then holds: agreement, one's own phone, a signed way out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience import interests, segments, sensitivity
from campaigns.audience.models import ContactInterest, Interest, Segment
from campaigns.broadcasts import checks
from campaigns.broadcasts.checks import Ways
from campaigns.clinic import profile
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.content import lessons
from campaigns.content.models import Lesson
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.delivery import frames, profiles, reach
from campaigns.delivery.facts import Frame
from campaigns.drips import authoring
from campaigns.drips.timing import Wait
from tests.conftest import NOON
from tests.factories.approved import new_lesson
from tests.factories.broadcasts import everybody, make_draft, make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.drips import make_drip, make_live_drip

OUTSIDE = Ways(email="sendgrid", sms="twilio", local=False)


def joint_pain(session: Session) -> int:
    interests.create_defaults(session)
    return session.scalars(select(Interest.id).where(Interest.code == "joint_pain")).one()


def on_topic(session: Session) -> Lesson:
    lesson = new_lesson(session, now=NOON)
    lesson.interest_id = joint_pain(session)
    return lesson


def text_to(session: Session, lesson: Lesson) -> Lesson:
    draft = {"body": "Your note is here.", "link": "lesson", "lesson_id": lesson.id}
    return lessons.create(session, SYSTEM, channel="sms", name="Note", now=NOON, draft=draft)


def with_condition(session: Session) -> Lesson:
    lesson = new_lesson(session, now=NOON)
    blocks: list[dict[str, Any]] = [dict(block) for block in lesson.draft["blocks"]]
    blocks[0]["condition"] = {"kind": "interest", "op": "has", "value": "joint_pain"}
    lesson.draft = {**lesson.draft, "blocks": blocks}
    session.flush()
    return lesson


def frame_of(session: Session, lesson: Lesson, provider: str) -> Frame:
    version = lessons.freeze(session, lesson.id, SYSTEM, NOON)
    return frames.for_people(
        session,
        channel=lesson.channel,
        version_id=version.id,
        rule={"all": []},
        provider=provider,
        now=NOON,
    )


def test_a_text_has_the_topic_of_the_lesson_that_it_leads_to(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        neutral = text_to(session, new_lesson(session, now=NOON))
        topical = text_to(session, on_topic(session))
        assert not frame_of(session, neutral, "local").topic_used
        assert frame_of(session, topical, "local").topic_used


def test_a_block_for_an_interest_is_a_topic_only_where_none_may_pass(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        interests.create_defaults(session)
        lesson = with_condition(session)
        assert not frame_of(session, lesson, "sendgrid").topic_used
        profile.update(session, SYSTEM, now=NOON, privacy_mode="strict")
        assert frame_of(session, lesson, "sendgrid").topic_used
        assert not frame_of(session, lesson, "local").topic_used


def test_strict_privacy_refuses_a_topic_in_words_that_name_what_works(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        make_member(session, now=NOON)
        profile.update(session, SYSTEM, now=NOON, privacy_mode="strict")
        draft = make_draft(session, now=NOON, channels=("email",))
        assert checks.obstacles(session, draft, ways=OUTSIDE, now=NOON) == []
        lesson = session.get_one(Lesson, draft.email_lesson_id)
        lesson.interest_id = joint_pain(session)
        found = checks.topic_obstacles(session, lesson, None, OUTSIDE)
        assert [obstacle.code for obstacle in found] == ["no_baa_email"]
        assert "Use an SMTP relay whose vendor signs one" in found[0].message
        for other in (with_condition(session), text_to(session, lesson)):
            assert checks.topic_obstacles(session, other, None, OUTSIDE)


def test_whoever_got_a_message_on_a_topic_is_chosen_by_that_topic(each_db: Database) -> None:
    """By the content, or by the group it went to, or by the group of that group's series."""
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        person = make_member(session, now=NOON)
        session.add(
            ContactInterest(contact_id=person.id, interest_id=joint_pain(session), since=NOON)
        )
        interested = segments.create(
            session,
            SYSTEM,
            name="Joint pain",
            rule={"field": "interest", "op": "has", "value": "joint_pain"},
            now=NOON,
        )
        neutral = make_scheduled(session, now=NOON, channels=("email",))
        topical = make_scheduled(session, now=NOON, channels=("email",))
        session.get_one(Lesson, topical.email_lesson_id).interest_id = joint_pain(session)
        by_group = make_scheduled(session, now=NOON, channels=("email",), segment=interested)
        series = make_drip(session, now=NOON, name="Plain")
        for_the_interested = make_live_drip(session, now=NOON, name="For them", segment=interested)
        on_it = make_drip(session, now=NOON, name="On it")
        authoring.add_step(session, on_it.id, lesson_id=on_topic(session).id, wait=Wait(), now=NOON)

        def reveals(field: str, number: int, op: str = "is") -> bool:
            rule = {"not": {"field": field, "op": op, "value": str(number)}}
            frame = frames.for_people(
                session, channel="email", version_id=None, rule=rule, provider="local", now=NOON
            )
            return frame.topic_used

        assert not reveals("received", neutral.id)
        assert reveals("received", topical.id)
        assert reveals("received", topical.id, "is_not")
        assert reveals("received", by_group.id)
        assert not reveals("in_drip", series.id)
        assert reveals("in_drip", for_the_interested.id)
        assert reveals("in_drip", on_it.id)
        in_series = segments.create(
            session,
            SYSTEM,
            name="In the series",
            rule={"field": "in_drip", "op": "is_not", "value": str(for_the_interested.id)},
            now=NOON,
        )
        twice_removed = make_scheduled(session, now=NOON, channels=("email",), segment=in_series)
        assert reveals("received", twice_removed.id)
        profile.update(session, SYSTEM, now=NOON, privacy_mode="strict")
        lesson = new_lesson(session, now=NOON)
        assert checks.topic_obstacles(session, lesson, in_series, OUTSIDE)


def test_a_series_of_its_own_group_is_looked_at_once(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        series = make_drip(session, now=NOON)
        group = session.get_one(Segment, series.segment_id)
        group.rule = {"field": "in_drip", "op": "is", "value": str(series.id)}
        session.flush()
        assert not sensitivity.reveals_topic(session, group.rule)


def test_a_phone_that_people_share_gets_no_text_on_a_topic(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        group = everybody(session, now=NOON)
        people = [
            make_member(session, now=NOON, phone=phone)
            for phone in ("+12125550177", "+12125550177", "+12125550178")
        ]
        for person in people:
            granted = ConsentStatus.GRANTED
            session.add(
                ConsentState(contact_id=person.id, channel="topic", status=granted, since=NOON)
            )
        session.flush()
        profiles.refresh(session, [person.id for person in people])

        def codes(lesson: Lesson) -> dict[str, int]:
            version = lessons.freeze(session, lesson.id, SYSTEM, NOON)
            (found,) = reach.preview(
                session,
                rule=group.rule,
                versions={"sms": version.id},
                providers={"sms": "local"},
                now=NOON,
            )
            return {"reached": found.reachable, **{r.code: r.count for r in found.left_out}}

        assert codes(text_to(session, new_lesson(session, now=NOON))) == {
            "reached": 2,
            "shared_address": 1,
        }
        assert codes(text_to(session, on_topic(session))) == {
            "reached": 1,
            "shared_phone": 1,
            "shared_address": 1,
        }
