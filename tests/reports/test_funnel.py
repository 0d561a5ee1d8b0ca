"""A broadcast's figures add up, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import cycle

import pytest
from sqlalchemy.orm import Session

from campaigns.bookings.models import Booking
from campaigns.broadcasts.models import Broadcast
from campaigns.consent import ledger
from campaigns.consent.models import Method
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import NotFound
from campaigns.delivery.models import Message, MessageState
from campaigns.events.models import Click
from campaigns.reports import funnel, people
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree
from tests.factories.contacts import make_contact
from tests.factories.messages import message


def broadcast(session: Session, now: datetime, name: str = "March news") -> Broadcast:
    row = Broadcast(
        name=name, state="sent", created_by="Test", created_at=now, updated_at=now,
        started_at=now, finished_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def book(session: Session, contact: Contact, at: datetime, **values: object) -> Booking:
    row = Booking(
        contact_id=contact.id, source="test", external_id=f"{contact.id}-{at}", booked_at=at,
        recorded_at=at, **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def click(session: Session, sent: Message, at: datetime, **values: object) -> None:
    session.add(Click(message_id=sent.id, link_number=1, kind="url", at=at, **values))


def test_every_message_is_in_exactly_one_row(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    states = cycle(MessageState)
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now)
        for number in range(30):
            contact = make_contact(session, now=now)
            for channel in (Channel.EMAIL, Channel.SMS):
                message(
                    session, contact, now=now, channel=channel, state=next(states),
                    origin_id=sent.id, reason="opted_out" if number % 2 else "cap_week",
                )  # fmt: skip
    with each_db.reading() as session:
        figures = funnel.of_broadcast(session, sent.id)
        assert figures.people == 30
        assert {c.channel for c in figures.channels} == {"email", "sms"}
        for channel in figures.channels:
            assert channel.total == 30
            assert sum(line.count for line in channel.lines) == channel.total
            for state in ("suppressed", "held"):
                reasons = [r.count for r in channel.reasons if r.state == state]
                assert sum(reasons) == channel.count(state)
            for line in channel.lines:
                rows = people.behind(
                    session, sent.id, figure=line.code, channel=channel.channel, limit=100
                )
                assert len(rows) == line.count


def test_every_state_has_its_row() -> None:
    held = [state for states in funnel.STATES_OF.values() for state in states]
    assert sorted(held) == sorted(MessageState)


def test_only_people_count_as_clickers_and_each_once(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now)
        first, second, third = (
            message(session, make_contact(session, now=now), now=now, origin_id=sent.id)
            for _ in range(3)
        )
        for _ in range(3):
            click(session, first, now)
        click(session, second, now, suspect=True)
        assert third.id
    with each_db.reading() as session:
        figures = funnel.of_broadcast(session, sent.id)
        assert figures.clicked == 1
        (row,) = people.behind(session, sent.id, figure="clicked")
        assert row.message_id == first.id
        assert row.clicked_at == now


@pytest.mark.parametrize(
    ("after", "state", "counts"),
    [
        (timedelta(days=7, seconds=-1), "booked", True),
        (timedelta(days=7, seconds=1), "booked", False),
        (timedelta(seconds=-1), "booked", False),
        (timedelta(days=1), "cancelled", False),
    ],
)
def test_a_booking_counts_within_seven_days(
    each_db: Database, clock: FixedClock, after: timedelta, state: str, counts: bool
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now)
        contact = make_contact(session, now=now)
        message(session, contact, now=now, origin_id=sent.id)
        book(session, contact, now + after, state=state)
    with each_db.reading() as session:
        assert funnel.of_broadcast(session, sent.id).booked == int(counts)
        rows = people.behind(session, sent.id, figure="booked")
        assert [row.booked_at for row in rows] == ([now + after] if counts else [])


def test_a_booking_counts_once_for_the_last_message_before_it(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=now)
        older, newer = broadcast(session, now, "Older"), broadcast(session, now, "Newer")
        message(session, contact, now=now, origin_id=older.id)
        message(session, contact, now=now + timedelta(days=2), origin_id=newer.id)
        book(session, contact, now + timedelta(days=3))
    with each_db.reading() as session:
        assert funnel.of_broadcast(session, older.id).booked == 0
        assert funnel.of_broadcast(session, newer.id).booked == 1


def test_a_booking_counts_for_the_message_whose_link_was_followed(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=now)
        older, newer = broadcast(session, now, "Older"), broadcast(session, now, "Newer")
        followed = message(session, contact, now=now, origin_id=older.id)
        message(session, contact, now=now + timedelta(days=2), origin_id=newer.id)
        book(session, contact, now + timedelta(days=3), message_id=followed.id)
    with each_db.reading() as session:
        assert funnel.of_broadcast(session, older.id).booked == 1
        assert funnel.of_broadcast(session, newer.id).booked == 0


def test_a_message_that_did_not_arrive_brought_no_booking(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now)
        contact = make_contact(session, now=now)
        message(session, contact, now=now, origin_id=sent.id, state=MessageState.BOUNCED)
        book(session, contact, now + timedelta(days=1))
    with each_db.reading() as session:
        assert funnel.of_broadcast(session, sent.id).booked == 0


def test_who_left_counts_for_the_last_message_on_that_channel(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=now)
        agree(session, contact, now=now)
        emailed, texted = broadcast(session, now, "Email"), broadcast(session, now, "Text")
        message(session, contact, now=now, origin_id=emailed.id)
        message(
            session, contact, now=now + timedelta(hours=1), origin_id=texted.id,
            channel=Channel.SMS,
        )  # fmt: skip
        ledger.withdraw(
            session, contact_id=contact.id, channel="email", method=Method.ONE_CLICK,
            actor=SYSTEM, now=now + timedelta(days=1),
        )  # fmt: skip
    with each_db.reading() as session:
        assert funnel.of_broadcast(session, emailed.id).left == 1
        assert funnel.of_broadcast(session, texted.id).left == 0


def test_an_unknown_broadcast_or_figure_is_not_found(db: Database, clock: FixedClock) -> None:
    with db.transaction() as session:
        sent = broadcast(session, clock.now())
    with db.reading() as session:
        with pytest.raises(NotFound):
            funnel.of_broadcast(session, 99)
        with pytest.raises(NotFound):
            people.behind(session, sent.id, figure="made_up")
