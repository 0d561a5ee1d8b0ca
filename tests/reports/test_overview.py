"""The figures of the last 30 days."""

from __future__ import annotations

from datetime import timedelta

from campaigns.audience import interests
from campaigns.consent import ledger
from campaigns.consent.models import Action, Method
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.reports import overview
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree
from tests.factories.contacts import make_contact
from tests.factories.messages import email_version, message
from tests.reports.test_funnel import book, broadcast, click

ZONE = "America/New_York"


def test_the_figures_agree_with_their_days_and_their_campaigns(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    sent_at = now - timedelta(days=3)
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, sent_at, "March news")
        people = [make_contact(session, now=sent_at) for _ in range(4)]
        for contact in people:
            agree(session, contact, now=sent_at)
        messages = [message(session, c, now=sent_at, origin_id=sent.id) for c in people]
        for at in (sent_at + timedelta(hours=1), sent_at + timedelta(hours=2)):
            click(session, messages[0], at)
        click(session, messages[1], sent_at + timedelta(days=1))
        click(session, messages[2], sent_at, suspect=True)
        book(session, people[0], sent_at + timedelta(days=1))
        book(session, make_contact(session, now=now), now - timedelta(days=2))
        ledger.withdraw(
            session, contact_id=people[3].id, channel="email", method=Method.ONE_CLICK,
            actor=SYSTEM, now=now - timedelta(days=1),
        )  # fmt: skip
    with each_db.reading() as session:
        found = overview.last_days(session, now=now, zone=ZONE)
        assert len(found.days) == 30
        assert (found.emails_sent, found.texts_sent, found.delivered) == (4, 0, 4)
        assert (found.clicked, found.booked, found.bookings, found.left) == (2, 1, 2, 1)
        assert found.people_added == 5
        assert found.people_agreed == 4
        assert sum(day.booked for day in found.days) == 1
        assert sum(day.clicked for day in found.days) == 2
        assert sum(day.left for day in found.days) == 1
        (source,) = found.sources
        assert (source.name, source.sent, source.delivered) == ("March news", 4, 4)
        assert (source.clicked, source.booked, source.left) == (2, 1, 1)


def test_a_day_is_the_clinics_day(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    late = now.replace(hour=2)  # 21:00 of the day before, in New York
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=now)
        message(
            session, contact, now=late - timedelta(hours=1), origin_id=broadcast(session, now).id
        )
        book(session, contact, late)
    with each_db.reading() as session:
        days = {
            d.on.isoformat(): d.booked for d in overview.last_days(session, now=now, zone=ZONE).days
        }
    assert days["2026-11-16"] == 1
    assert days["2026-11-17"] == 0


def test_what_lies_before_the_thirty_days_does_not_count(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    long_ago = now - timedelta(days=31)
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=long_ago)
        message(session, contact, now=long_ago, origin_id=broadcast(session, long_ago).id)
        book(session, contact, long_ago + timedelta(hours=1))
    with each_db.reading() as session:
        found = overview.last_days(session, now=now, zone=ZONE)
    assert (found.booked, found.bookings, found.emails_sent, found.people_added) == (0, 0, 0, 0)
    assert found.sources == ()


def test_bookings_are_counted_by_the_topic_of_the_message(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        interests.create_defaults(session)
        topic = next(i for i in interests.list_all(session) if i.code == "joint_pain")
        version = email_version(session, now=now, interest_id=topic.id)
        contact = make_contact(session, now=now)
        message(
            session, contact, now=now - timedelta(days=1), origin_id=broadcast(session, now).id,
            version_id=version.id,
        )  # fmt: skip
        book(session, contact, now - timedelta(hours=1))
    with each_db.reading() as session:
        found = overview.last_days(session, now=now, zone=ZONE)
        assert overview.booked_by_topic(session, found) == [("Joint pain", 1)]


def test_who_came_as_stopped_did_not_leave_us(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        imported, reached, unconfirmed, twice = (make_contact(session, now=now) for _ in range(4))

        def leave(contact: Contact, method: Method) -> None:
            ledger.record(
                session,
                contact_id=contact.id,
                channel="email",
                action=Action.OPT_OUT,
                method=method,
                actor=SYSTEM,
                now=now,
            )

        leave(imported, Method.IMPORT)  # the file said so, and we never reached her
        agree(session, reached, now=now - timedelta(days=1))
        leave(reached, Method.IMPORT)  # a later file says so of somebody whom we reached
        leave(unconfirmed, Method.ONE_CLICK)  # by her own hand
        agree(session, twice, now=now - timedelta(days=40))
        ledger.record(
            session,
            contact_id=twice.id,
            channel="email",
            action=Action.OPT_OUT,
            method=Method.REPLY,
            actor=SYSTEM,
            now=now - timedelta(days=35),
        )
        leave(twice, Method.STAFF)
    with each_db.reading() as session:
        found = overview.last_days(session, now=now, zone=ZONE)
        assert found.left == 2
        assert sum(day.left for day in found.days) == 2
