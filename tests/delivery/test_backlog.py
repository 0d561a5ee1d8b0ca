"""After a stop: what waited is shown by what it comes from, and staff may give it up."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from campaigns.accounts.models import AuditEntry
from campaigns.clinic import profile
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.clock import FixedClock
from campaigns.delivery import backlog, outbox
from campaigns.drips import enrolment
from campaigns.drips.models import Enrolment
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.delivery import make_sending, settle, states
from tests.factories.drips import make_live_drip

ROBIN = Actor(kind=ActorKind.STAFF, id=7, name="Robin")


def stop(services: Services) -> None:
    with services.db.transaction() as session:
        profile.stop_everything(session, ROBIN, reason="Wrong link", now=services.clock.now())


def heaps(services: Services) -> dict[str, backlog.Heap]:
    with services.db.reading() as session:
        found = backlog.heaps(session, now=services.clock.now())
    return {heap.key: heap for heap in found}


def test_what_waits_is_counted_by_campaign_and_channel(
    each_services: Services, clock: FixedClock
) -> None:
    broadcast = make_sending(each_services, people=3, channels=("email", "sms"))
    stop(each_services)
    settle(each_services)
    found = heaps(each_services)
    assert {key: heap.count for key, heap in found.items()} == {
        f"broadcast-{broadcast.id}-email": 3,
        f"broadcast-{broadcast.id}-sms": 3,
    }
    one = found[f"broadcast-{broadcast.id}-email"]
    assert (one.label, one.due_since, one.is_stale) == (broadcast.name, NOON, False)
    assert one.gives_up_at == NOON + timedelta(days=7)
    clock.advance(timedelta(hours=25))
    assert all(heap.is_stale for heap in heaps(each_services).values())


def test_what_staff_give_up_is_taken_back_with_the_reason_and_the_rest_goes_out(
    each_services: Services,
) -> None:
    services = each_services
    first = make_sending(services, people=2)
    with services.db.transaction() as session:
        now = services.clock.now()
        second = make_scheduled(session, now=now, name="Later", channels=("sms",))
    stop(services)
    settle(services)
    with services.db.transaction() as session:
        keys = [f"broadcast-{first.id}-email", "broadcast-999-email", "nonsense"]
        assert backlog.discard(session, ROBIN, keys, now=services.clock.now()) == 2
        profile.allow_again(session, ROBIN, now=services.clock.now())
        kept = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [entry.action for entry in kept[-2:]] == ["messages.discarded", "sending.allowed"]
        assert kept[-2].detail["messages"] == 2
    settle(services)
    assert states(services, origin_id=first.id) == {"cancelled:discarded": 2}
    assert states(services, origin_id=second.id) == {"delivered": 2}


def test_an_answer_is_stale_after_an_hour(services: Services, clock: FixedClock) -> None:
    make_sending(services, people=1)
    with services.db.transaction() as session:
        contact = make_member(session, now=NOON)
        outbox.enqueue(
            session, origin_kind="reply", origin_id=0, subject_id=1, channel="sms",
            contact_id=contact.id, body={"text": "Hello."}, due_at=NOON, now=NOON,
        )  # fmt: skip
    stop(services)
    settle(services)
    assert not heaps(services)["reply-0-sms"].is_stale
    clock.advance(timedelta(hours=1))
    assert heaps(services)["reply-0-sms"].is_stale


def test_time_stands_still_in_every_series_while_everything_is_stopped(
    each_services: Services, clock: FixedClock
) -> None:
    services = each_services
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        make_live_drip(session, now=NOON)
    clock.advance(timedelta(hours=1))
    with services.db.transaction() as session:
        make_member(session, now=clock.now())
        enrolment.tick(session, now=clock.now())
    look(services)
    assert positions(services) == [1]
    stop(services)
    for _ in range(3):
        clock.advance(timedelta(days=10))
        look(services)
    assert positions(services) == [1]
    with services.db.reading() as session:
        assert backlog.steps_due(session, now=clock.now()) == 1
    with services.db.transaction() as session:
        profile.allow_again(session, ROBIN, now=clock.now())
    settle(services)
    assert positions(services) == [2]


def look(services: Services) -> None:
    with services.db.transaction() as session:
        enrolment.tick(session, now=services.clock.now())
    settle(services)


def positions(services: Services) -> list[int]:
    with services.db.reading() as session:
        return list(session.scalars(select(Enrolment.position)))
