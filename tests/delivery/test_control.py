"""Pause, resume, cancel, stop: what has not left obeys, what has left stays as it is."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from campaigns.broadcasts import lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.clinic import closures, profile, switches
from campaigns.consent import addressing
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.delivery import fanout, outbox, work
from campaigns.delivery.ports import EmailBatch, Outcome
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.consent import agree, leave, make_member
from tests.factories.delivery import (
    ScriptedEmail,
    make_sending,
    messages,
    settle,
    states,
    with_ways,
)


def in_small_batches(services: Services, email: ScriptedEmail) -> Services:
    settings = services.settings.model_copy(update={"email_batch_size": 2})
    return with_ways(services, email=email, settings=settings)


def test_a_pause_in_the_middle_holds_the_rest_and_resuming_sends_it(
    each_services: Services,
) -> None:
    email = ScriptedEmail()
    services = in_small_batches(each_services, email)
    broadcast = make_sending(services, people=6)

    def pause_after_first(_batch: EmailBatch) -> Outcome | None:
        if len(email.batches) == 1:
            with services.db.transaction() as session:
                lifecycle.pause(session, SYSTEM, broadcast.id, now=services.clock.now())
        return None

    email.script = pause_after_first
    settle(services)
    assert states(services) == {"accepted": 2, "planned": 4}
    with services.db.transaction() as session:
        lifecycle.resume(session, SYSTEM, broadcast.id, now=services.clock.now())
    settle(services)
    assert states(services) == {"accepted": 6}
    assert len(set(email.taken)) == len(email.taken) == 6


def test_cancelling_in_the_middle_leaves_rows_that_say_so(each_services: Services) -> None:
    email = ScriptedEmail()
    services = in_small_batches(each_services, email)
    broadcast = make_sending(services, people=6)

    def cancel_after_first(_batch: EmailBatch) -> Outcome | None:
        if len(email.batches) == 1:
            with services.db.transaction() as session:
                lifecycle.cancel(session, SYSTEM, broadcast.id, now=services.clock.now())
        return None

    email.script = cancel_after_first
    settle(services)
    assert states(services) == {"accepted": 2, "cancelled:cancelled": 4}


def test_a_stop_for_everything_keeps_messages_planned_until_it_is_lifted(
    services: Services,
) -> None:
    make_sending(services, people=2)
    now = services.clock.now()
    with services.db.transaction() as session:
        profile.stop_everything(session, SYSTEM, reason="a storm", now=now)
    settle(services)
    assert states(services) == {"planned": 2}
    with services.db.transaction() as session:
        profile.allow_again(session, SYSTEM, now=now)
    settle(services)
    assert states(services) == {"delivered": 2}


def test_who_leaves_after_fan_out_gets_nothing(each_services: Services) -> None:
    make_sending(each_services, people=2)
    fanout.tick(each_services)
    first = messages(each_services)[0]
    with each_services.db.transaction() as session:
        from campaigns.contacts.models import Contact

        contact = session.get_one(Contact, first.contact_id)
        leave(session, contact, "email", now=each_services.clock.now())
    settle(each_services)
    assert states(each_services) == {"delivered": 1, "suppressed:opted_out": 1}


def test_texts_wait_for_the_morning_and_then_leave(services: Services, clock: FixedClock) -> None:
    clock.set(NOON + timedelta(hours=9))  # ten at night in New York
    make_sending(services, people=2, channels=("sms",))
    settle(services)
    assert states(services) == {"held:outside_hours": 2}
    (held_until,) = {message.held_until for message in messages(services)}
    assert held_until == NOON.replace(hour=15) + timedelta(days=1)  # ten in the morning
    clock.set(held_until)
    settle(services)
    assert states(services) == {"delivered": 2}


def test_a_closed_day_holds_messages(services: Services, clock: FixedClock) -> None:
    with services.db.transaction() as session:
        from tests.factories.clinic import make_clinic

        make_clinic(session, now=NOON)
        closures.add(
            session, SYSTEM, starts_on=NOON.date(), ends_on=NOON.date(), label="Move", now=NOON
        )
    make_sending(services, people=1)
    settle(services)
    assert states(services) == {"held:outside_hours": 1}
    clock.advance(timedelta(days=1))
    settle(services)
    assert states(services) == {"delivered": 1}


def test_the_daily_cap_counts_over_campaigns_and_skips_a_second_broadcast(
    services: Services,
) -> None:
    make_sending(services, people=2)
    settle(services)
    now = services.clock.now()
    with services.db.transaction() as session:
        from tests.factories.broadcasts import make_scheduled

        second = make_scheduled(session, now=now, name="Another")
    settle(services)
    assert states(services, origin_id=second.id) == {"suppressed:cap_day": 2}


def test_what_found_no_moment_in_time_has_expired(services: Services, clock: FixedClock) -> None:
    now = services.clock.now()
    broadcast = make_sending(services, people=1)
    with services.db.transaction() as session:
        profile.stop_everything(session, SYSTEM, reason="a storm", now=now)
    settle(services)
    clock.advance(timedelta(days=8))
    with services.db.transaction() as session:
        profile.allow_again(session, SYSTEM, now=clock.now())
    settle(services)
    assert states(services) == {"expired:expired": 1}
    with services.db.reading() as session:
        assert session.get_one(Broadcast, broadcast.id).state == BroadcastState.SENT


def test_a_shared_address_gets_a_broadcast_once(each_services: Services) -> None:
    now = each_services.clock.now()
    make_sending(each_services, people=1, channels=("sms",))
    with each_services.db.transaction() as session:
        for _ in range(3):
            make_member(session, now=now, phone="+12125550177")
    settle(each_services)
    assert states(each_services) == {"delivered": 2, "suppressed:shared_address": 2}


def test_the_same_message_is_planned_once(each_services: Services) -> None:
    now = each_services.clock.now()
    with each_services.db.transaction() as session:
        contact = make_member(session, now=now)
        wanted = {
            "origin_kind": "reply",
            "origin_id": 0,
            "subject_id": 7,
            "channel": "sms",
            "contact_id": contact.id,
            "due_at": now,
            "now": now,
            "body": {"text": "Thank you."},
        }
        first = outbox.enqueue(session, **wanted)
        assert first is not None
        assert outbox.enqueue(session, **wanted) is None
    assert len(messages(each_services)) == 1


def test_the_answer_to_a_stop_leaves_and_nothing_else_does(services: Services) -> None:
    now = services.clock.now()
    make_sending(services, people=1, channels=("sms",))
    fanout.tick(services)
    (planned,) = messages(services)
    with services.db.transaction() as session:
        from campaigns.contacts.models import Contact

        contact = session.get_one(Contact, planned.contact_id)
        leave(session, contact, "sms", now=now)
        for number, body in enumerate(
            [{"text": "You are opted out.", "passes_stop": True}, {"text": "Hello."}]
        ):
            outbox.enqueue(
                session,
                origin_kind="reply",
                origin_id=0,
                subject_id=number,
                channel="sms",
                contact_id=contact.id,
                body=body,
                due_at=now,
                now=now,
            )
    settle(services)
    assert states(services, origin_kind="broadcast") == {"suppressed:opted_out": 1}
    assert states(services, origin_kind="reply") == {"delivered": 1, "suppressed:opted_out": 1}


def test_a_round_with_nothing_due_does_nothing(services: Services) -> None:
    with services.db.transaction() as session:
        from tests.factories.clinic import make_clinic

        make_clinic(session, now=services.clock.now())
    assert work.run_once(services) == 0


def test_what_is_important_goes_first_and_a_series_waits_its_turn(
    each_services: Services,
) -> None:
    now = each_services.clock.now()
    make_sending(each_services, people=1)
    with each_services.db.transaction() as session:
        from tests.factories.broadcasts import make_scheduled

        second = make_scheduled(session, now=now, name="Storm", important=True)
    settle(each_services)
    assert states(each_services, origin_id=second.id) == {"delivered": 1}
    assert states(each_services) == {"delivered": 1, "suppressed:cap_day": 1}


def test_a_campaign_gives_up_after_the_days_that_staff_chose(
    services: Services, clock: FixedClock
) -> None:
    clock.set(NOON + timedelta(hours=9))
    broadcast = make_sending(services, people=1, channels=("sms",), give_up_days=1)
    with services.db.reading() as session:
        kept = session.get_one(Broadcast, broadcast.id)
        assert kept.expires_at == clock.now() + timedelta(days=1)


def test_a_stopped_channel_keeps_its_messages_and_the_other_goes_on(
    each_services: Services,
) -> None:
    now = each_services.clock.now()
    make_sending(each_services, people=2, channels=("email", "sms"))
    with each_services.db.transaction() as session:
        switches.stop(session, SYSTEM, kind="channel", code="sms", reason="Wrong link", now=now)
    settle(each_services)
    assert states(each_services, channel="email") == {"delivered": 2}
    assert states(each_services, channel="sms") == {"planned": 2}
    with each_services.db.transaction() as session:
        switches.allow(session, SYSTEM, kind="channel", code="sms", now=now)
    settle(each_services)
    assert states(each_services, channel="sms") == {"delivered": 2}


def test_a_stopped_state_gets_no_text_and_others_do(
    each_services: Services, clock: FixedClock
) -> None:
    now = each_services.clock.now()
    with each_services.db.transaction() as session:
        from tests.factories.clinic import make_clinic

        make_clinic(session, now=now)
        switches.stop(session, SYSTEM, kind="state", code="LA", reason="Hurricane", now=now)
        make_member(session, now=now, phone="+15045550177", postal_code="70112")
        make_member(session, now=now, phone="+15045550178", postal_code="10001")
    make_sending(each_services, people=1, channels=("email", "sms"))
    settle(each_services)
    assert states(each_services, channel="email") == {"delivered": 3}
    assert states(each_services, channel="sms") == {"delivered": 1, "held:state_stopped": 2}
    clock.advance(timedelta(hours=1))
    settle(each_services)
    assert states(each_services, channel="sms")["held:state_stopped"] == 2
    with each_services.db.transaction() as session:
        switches.allow(session, SYSTEM, kind="state", code="LA", now=clock.now())
        assert outbox.look_again(session, reason="state_stopped", now=clock.now()) == 2
    settle(each_services)
    assert states(each_services, channel="sms") == {"delivered": 3}


def test_while_everything_is_stopped_only_the_answer_to_a_stop_leaves(
    each_services: Services,
) -> None:
    now = each_services.clock.now()
    with each_services.db.transaction() as session:
        from tests.factories.clinic import make_clinic

        make_clinic(session, now=now)
        contact = make_member(session, now=now)
        profile.stop_everything(session, SYSTEM, reason="a storm", now=now)
        for number, body in enumerate(
            [{"text": "Hello."}, {"text": "You are opted out.", "passes_stop": True}]
        ):
            outbox.enqueue(
                session,
                origin_kind="reply",
                origin_id=0,
                subject_id=number,
                channel="sms",
                contact_id=contact.id,
                body=body,
                due_at=now,
                now=now,
            )
    settle(each_services)
    assert states(each_services) == {"delivered": 1, "planned": 1}
    (kept,) = messages(each_services, state="delivered")
    assert kept.subject_id == 1


def test_an_address_that_changed_hands_gets_a_broadcast_once(
    each_services: Services, clock: FixedClock
) -> None:
    services = each_services
    make_sending(services, people=2)
    with services.db.transaction() as session:
        first, second = session.scalars(select(Contact).order_by(Contact.id))
        second.hold_until = clock.now() + timedelta(hours=1)
        first_id, second_id = first.id, second.id
    settle(services)
    assert states(services) == {"delivered": 1, "held:on_hold": 1}
    clock.advance(timedelta(minutes=30))
    with services.db.transaction() as session:
        passed_on = directory.addresses_of(session, first_id)[Channel.EMAIL].address
        addressing.change(
            session, first_id, "email", "new@example.com", actor=SYSTEM, now=clock.now()
        )
        addressing.change(session, second_id, "email", passed_on, actor=SYSTEM, now=clock.now())
        agree(session, session.get_one(Contact, second_id), Channel.EMAIL, now=clock.now())
    clock.advance(timedelta(hours=1))
    settle(services)
    assert states(services) == {"delivered": 1, "suppressed:shared_address": 1}
