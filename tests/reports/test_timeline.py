"""What happened between the clinic and one person."""

from __future__ import annotations

from datetime import timedelta

from campaigns.consent import ledger
from campaigns.consent.models import Method
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.reports import timeline
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree, agree_to_topics
from tests.factories.contacts import make_contact
from tests.factories.messages import message
from tests.reports.test_funnel import book, broadcast, click


def test_a_timeline_tells_the_story_newest_first(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=now)
        stranger = make_contact(session, now=now)
        agree(session, contact, now=now)
        agree_to_topics(session, contact, now=now + timedelta(minutes=1))
        sent = broadcast(session, now, "March news")
        arrived = message(session, contact, now=now + timedelta(hours=1), origin_id=sent.id)
        click(session, arrived, now + timedelta(hours=2))
        click(session, arrived, now + timedelta(hours=2), suspect=True)
        book(session, contact, now + timedelta(hours=3), recorded_by="Robin")
        ledger.withdraw(
            session, contact_id=contact.id, channel="email", method=Method.ONE_CLICK,
            actor=SYSTEM, now=now + timedelta(hours=4),
        )  # fmt: skip
        message(session, stranger, now=now, origin_id=sent.id)
    with each_db.reading() as session:
        found = timeline.of_person(session, contact.id)
        assert [h.title for h in found] == [
            "Said stop to emails",
            "Booked a visit",
            "Followed a link",
            "Email: “March news”, delivered",
            "Agreed that we store topics",
            "Agreed to emails",
        ]
        assert all(h.at.tzinfo is not None for h in found)
        assert found[0].detail == "with the mailbox's unsubscribe button"
        assert (found[3].subject_kind, found[3].subject_id) == ("broadcast", sent.id)
        only = timeline.of_person(session, contact.id, kinds=frozenset({"booking"}))
        assert [h.kind for h in only] == ["booking"]
        older = timeline.of_person(session, contact.id, before=now + timedelta(hours=2))
        assert [h.kind for h in older] == ["message", "consent", "consent"]
        assert len(timeline.of_person(session, contact.id, limit=2)) == 2


def test_a_message_that_was_not_sent_says_why(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=now)
        message(
            session, contact, now=now, origin_id=broadcast(session, now).id, channel="sms",
            state="suppressed", reason="opted_out",
        )  # fmt: skip
    with each_db.reading() as session:
        (happening,) = timeline.of_person(session, contact.id)
    assert happening.title == "Text: “March news”, not sent"
    assert "stop" in happening.detail
