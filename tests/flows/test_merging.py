"""Two records of one person become one: what happened to either happened to the one that stays."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.audience import interests
from campaigns.audience.models import ContactInterest, Interest
from campaigns.bookings import ledger as bookings
from campaigns.bookings.models import Booking
from campaigns.broadcasts import lifecycle
from campaigns.consent import ledger, merging
from campaigns.consent.models import ConsentStatus
from campaigns.contacts import directory, notes
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.delivery import work
from campaigns.delivery.models import Message, MessageState
from campaigns.drips import enrolment
from campaigns.drips.models import EndReason, Enrolment, EnrolmentState
from campaigns.events.models import InboundText
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.contacts import make_contact
from tests.factories.delivery import make_people, messages, settle, states
from tests.factories.drips import enrolment_of, make_live_drip

HOUR = timedelta(hours=1)


def fold(session: Session, keep: Contact, drop: Contact, clock: FixedClock) -> None:
    merging.merge(session, keep_id=keep.id, drop_id=drop.id, actor=SYSTEM, now=clock.now())


def test_everything_that_hangs_on_a_record_moves(each_services: Services) -> None:
    with each_services.db.transaction() as session:
        keep = make_member(session, now=NOON)
        drop = make_member(session, now=NOON)
        interests.create_defaults(session)
        for person, code in ((keep, "skin"), (drop, "skin"), (drop, "joint_pain")):
            number = session.scalars(select(Interest.id).where(Interest.code == code)).one()
            session.add(ContactInterest(contact_id=person.id, interest_id=number, since=NOON))
        bookings.record(
            session, source="desk", external_id="1", contact_id=drop.id, booked_at=NOON, now=NOON
        )
        notes.add(session, SYSTEM, drop.id, "Prefers mornings.", now=NOON)
        session.add(
            InboundText(
                provider_sid="SM1",
                from_address="+12125550100",
                to_address="+12125550101",
                body=b"",
                contact_id=drop.id,
                intent="other",
                rule="",
                received_at=NOON,
            )
        )
        fold(session, keep, drop, FixedClock(NOON + HOUR))
        assert session.scalar(select(Booking.contact_id)) == keep.id
        assert keep.last_booked_at == NOON
        assert session.scalar(select(InboundText.contact_id)) == keep.id
        assert [note.text for note in notes.list_of(session, keep.id)] == ["Prefers mornings."]
        assert interests.codes_of(session, keep.id) == {"skin", "joint_pain"}
        assert interests.codes_of(session, drop.id) == set()


def test_messages_to_either_count_for_the_caps_of_the_one_that_stays(
    services: Services, clock: FixedClock
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON, email_per_day=1)
        drop = make_member(session, now=NOON, phone=None, channels=(Channel.EMAIL,))
        drop_id = drop.id
        make_scheduled(session, now=NOON)
    settle(services)
    clock.advance(HOUR)
    with services.db.transaction() as session:
        keep = make_member(session, now=NOON, phone=None, channels=(Channel.EMAIL,))
        keep_id = keep.id
        fold(session, keep, session.get_one(Contact, drop_id), clock)
        make_scheduled(session, now=clock.now(), name="A second one")
    settle(services)
    assert sorted(message.reason or message.state for message in messages(services)) == [
        "cap_day",
        "delivered",
    ]
    assert {m.contact_id for m in messages(services)} == {keep_id}


def test_of_two_messages_of_a_campaign_one_leaves(
    each_services: Services, clock: FixedClock
) -> None:
    """One had it before, or neither: the one that stays gets it once, and a tap stops her."""
    services = each_services
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        keep, drop, keep_too, drop_too = make_people(session, 4, now=NOON)
        keep.hold_until = keep_too.hold_until = drop_too.hold_until = NOON + 2 * HOUR
        make_scheduled(session, now=NOON)
    settle(services)
    assert states(services) == {"delivered": 1, "held:on_hold": 3}
    with services.db.transaction() as session:
        for mine, theirs in ((keep, drop), (keep_too, drop_too)):
            one, other = session.get_one(Contact, mine.id), session.get_one(Contact, theirs.id)
            fold(session, one, other, clock)
            one.hold_until = None
    clock.advance(3 * HOUR)
    settle(services)
    assert states(services) == {"delivered": 2, "suppressed:shared_address": 2}
    with services.db.reading() as session:
        found = dict(
            session.execute(
                select(Message.contact_id, func.count())
                .where(Message.state == MessageState.DELIVERED)
                .group_by(Message.contact_id)
            ).all()
        )
    assert found == {keep.id: 1, keep_too.id: 1}


def test_a_link_of_the_merged_record_stops_the_one_that_stays(
    services: Services, client: FlaskClient, clock: FixedClock
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        drop = make_member(session, now=NOON)
        make_scheduled(session, now=NOON)
    settle(services)
    with services.db.transaction() as session:
        keep = make_member(session, now=NOON)
        keep_id = keep.id
        fold(session, keep, session.get_one(Contact, drop.id), clock)
        token = services.tokens.issue(
            Purpose.UNSUBSCRIBE, session.scalars(select(Message.id)).one()
        )
    assert client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    with services.db.reading() as session:
        assert ledger.state_of(session, keep_id)["email"].status == ConsentStatus.WITHDRAWN


def test_nobody_goes_through_a_series_twice(each_services: Services, clock: FixedClock) -> None:
    services = each_services
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        number = drip.id
    clock.advance(HOUR)
    with services.db.transaction() as session:
        drop = make_member(session, now=clock.now())
        enrolment.tick(session, now=clock.now())
    settle(services)  # the first step leaves
    clock.advance(HOUR)
    with services.db.transaction() as session:
        keep = make_member(session, now=clock.now())
        enrolment.tick(session, now=clock.now())
        fold(session, session.get_one(Contact, keep.id), session.get_one(Contact, drop.id), clock)
        again = enrolment.tick(session, now=clock.now())
        times = session.scalars(select(Enrolment).where(Enrolment.drip_id == number)).all()
        assert {time.contact_id for time in times} == {keep.id}
        (going,) = [time for time in times if time.state == EnrolmentState.ACTIVE]
        (ended,) = [time for time in times if time.state != EnrolmentState.ACTIVE]
        assert (going.position, ended.end_reason) == (1, EndReason.MERGED)
        assert again == 0
    clock.advance(timedelta(days=4))
    while work.run_once(services):
        pass
    steps = [m.origin_id for m in messages(services) if m.state == MessageState.DELIVERED]
    assert len(steps) == len(set(steps)) == 2


def test_who_booked_by_one_record_leaves_the_series_of_the_other(
    services: Services, clock: FixedClock
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        clock.advance(HOUR)
        keep = make_member(session, now=clock.now())
        drop = make_contact(session, now=clock.now())
        enrolment.tick(session, now=clock.now())
        bookings.record(
            session,
            source="desk",
            external_id="1",
            contact_id=drop.id,
            booked_at=clock.now(),
            now=clock.now(),
        )
        fold(session, keep, drop, clock)
        enrolment.tick(session, now=clock.now())
        found = enrolment_of(session, drip, keep)
        assert found is not None
        assert found.state == EnrolmentState.EXITED


def test_a_merged_record_of_a_campaign_under_way_leaves_nobody_out(
    services: Services, clock: FixedClock
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        keep = make_contact(session, now=NOON, email=None)
        drop = make_member(session, now=NOON)
        number = make_scheduled(session, now=NOON).id
        session.get_one(Contact, drop.id).hold_until = NOON + HOUR
    settle(services)
    with services.db.transaction() as session:
        one, other = session.get_one(Contact, keep.id), session.get_one(Contact, drop.id)
        fold(session, one, other, clock)
        address = directory.addresses_of(session, keep.id)[Channel.EMAIL].address
    clock.advance(2 * HOUR)
    settle(services)
    (sent,) = [m for m in messages(services) if m.state == MessageState.DELIVERED]
    assert (sent.contact_id, sent.address) == (keep.id, address)
    with services.db.reading() as session:
        assert lifecycle.drafts.get(session, number).finished_at is not None
