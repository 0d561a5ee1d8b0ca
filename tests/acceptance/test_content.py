"""13 and 15 to 17: texts are counted rightly; what is not signed, or reveals, does not leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from campaigns.audience import interests, segments
from campaigns.broadcasts import checks, drafts, lifecycle
from campaigns.broadcasts.checks import Ways
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.clinic import profile, transports
from campaigns.content import lessons, review, sms
from campaigns.content.models import Lesson
from campaigns.core.actors import SYSTEM
from campaigns.core.errors import InvalidInput
from tests.acceptance.conftest import House, World
from tests.cli.test_explain import ask
from tests.content.test_lint import words
from tests.factories.approved import approved_lesson, reviewer
from tests.factories.broadcasts import make_draft, make_scheduled
from tests.factories.consent import agree_to_topics, make_member
from tests.factories.delivery import make_people, states

TABLE = [
    ("a" * 160, "GSM-7", 160, 1),
    ("a" * 161, "GSM-7", 161, 2),
    ("a" * 306, "GSM-7", 306, 2),
    ("a" * 307, "GSM-7", 307, 3),
    ("a" * 152 + "€" + "a" * 20, "GSM-7", 174, 2),
    ("é" * 160, "GSM-7", 160, 1),
    ("ê" * 70, "UCS-2", 70, 1),
    ("ê" * 71, "UCS-2", 71, 2),
    ("😀" * 35, "UCS-2", 70, 1),
    ("😀" * 36, "UCS-2", 72, 2),
    ("a" * 70 + "’", "UCS-2", 71, 2),
    ("a" * 1530, "GSM-7", 1530, 10),
    ("a" * 1531, "GSM-7", 1531, 11),
]
BLOCKED = (
    "Light cures tired legs.", "This heals.", "Results are guaranteed.", "It treats arthritis.",
    "It prevents cramps.", "Get rid of spots.", "Clinically proven.", "A miracle.",
    "Safe for everyone.", "It replaces your medicine.", "A detox for you.", "FDA approved.",
)  # fmt: skip
PASSING = ("A healthy habit.", "Stretching is a habit.", "Ask our clinicians whether it fits you.")


def test_13_the_table_of_segments_holds(house: House, tmp_path: Path) -> None:
    """By what the composer uses, and by the command line."""
    assert house.http.get("/healthz").status_code == 200
    for text, encoding, units, parts in TABLE:
        found = sms.measure(text)
        assert (found.encoding, found.units, found.parts) == (encoding, units, parts), text[:5]
    answers = ask(tmp_path, "text", *({"text": row[0]} for row in TABLE))
    assert answers == [
        {"segments": parts, "encoding": encoding, "units": units}
        for _, encoding, units, parts in TABLE
    ]


def test_15_strict_mode_refuses_a_topic_without_a_signed_agreement(world: World) -> None:
    ways = Ways(email="sendgrid", sms="twilio", local=False)
    with world.services.db.transaction() as session:
        profile.update(session, SYSTEM, now=world.now, privacy_mode="strict")
        interests.create_defaults(session)
        person = make_member(session, now=world.now)
        agree_to_topics(session, person, now=world.now)
        interests.set_for_contact(
            session, person.id, ["joint_pain"], actor=SYSTEM, source="test", now=world.now
        )
        rule = {"field": "interest", "op": "has", "value": "joint_pain"}
        group = segments.create(session, SYSTEM, name="Readers", rule=rule, now=world.now)
        draft = make_draft(session, now=world.now, segment=group, channels=("email",))
        codes = {
            o.code
            for o in checks.obstacles(session, draft, ways=ways, now=world.now, sender_id=None)
        }
        assert "no_baa_email" in codes
        with pytest.raises(InvalidInput):
            lifecycle.schedule(session, SYSTEM, draft.id, now=world.now, ways=ways)
        # Past every check before, the gate refuses it all the same.
        lifecycle.schedule(session, SYSTEM, draft.id, now=world.now, ways=Ways())
    world.send()
    assert states(world.services) == {"suppressed:transport_uncovered": 1}
    assert world.captured() == ""
    with world.services.db.transaction() as session:
        transports.record_baa(
            session, SYSTEM, "twilio", signed_on=world.now.date(), reference="A-1", now=world.now
        )
        make_scheduled(session, now=world.now, segment=group, channels=("sms",))
    world.send()
    assert len(world.vendor.accepted("sms")) == 1


def test_16_content_edited_after_approval_cannot_be_sent(house: House) -> None:
    with house.services.db.transaction() as session:
        make_people(session, 2, now=house.now)
        draft = make_draft(session, now=house.now)
        lesson = session.get_one(Lesson, draft.email_lesson_id)
        changed = json.loads(json.dumps(lesson.draft).replace("habit", "good habit"))
        lessons.save_draft(
            session, SYSTEM, lesson.id, revision=lesson.revision, draft=changed, now=house.now
        )
        with pytest.raises(InvalidInput, match="review"):
            lifecycle.schedule(session, SYSTEM, draft.id, now=house.now, ways=Ways())
    house.send()
    assert house.outbox() == []
    # And past the check: a version that nobody signed waits at the gate.
    with house.services.db.transaction() as session:
        good = make_scheduled(session, now=house.now, name="Signed")
        unsigned = lessons.freeze(session, lesson.id, SYSTEM, house.now)
        session.execute(
            update(Broadcast).where(Broadcast.id == good.id).values(email_version_id=unsigned.id)
        )
    house.send()
    assert house.outbox() == []
    assert states(house.services) == {"planned": 2}
    with house.services.db.reading() as session:
        assert session.get_one(Broadcast, good.id).state == BroadcastState.PAUSED
    with house.services.db.transaction() as session:
        review.approve(session, reviewer(session, now=house.now), unsigned.id, now=house.now)
        lifecycle.resume(session, SYSTEM, good.id, now=house.now)
    house.send()
    assert len(house.outbox()) == 2


def test_17_the_lexicon_blocks_and_passes(house: House) -> None:
    for sentence in BLOCKED:
        found = words(sentence)
        assert any(one.level == "block" for one in found), sentence
    for sentence in PASSING:
        assert not any(one.level == "block" for one in words(sentence)), sentence
    # What is blocked cannot be signed, so it cannot be sent.
    with house.services.db.transaction() as session:
        lesson = approved_lesson(session, now=house.now)
        body: dict[str, Any] = json.loads(
            json.dumps(lesson.draft).replace("Stretching is a habit", "Light heals")
        )
        lessons.save_draft(
            session, SYSTEM, lesson.id, revision=lesson.revision, draft=body, now=house.now
        )
        version = lessons.freeze(session, lesson.id, SYSTEM, house.now)
        with pytest.raises(InvalidInput):
            review.approve(session, reviewer(session, now=house.now), version.id, now=house.now)
        assert drafts.list_all(session, limit=1) == []
