"""What follows from a provider's answer: accepted, refused for certain, or unclear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from campaigns.broadcasts import lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.clinic import profile
from campaigns.consent.models import Suppression
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.delivery import breakers, outcome, reconcile, work
from campaigns.delivery.models import Attempt, Message, MessageState
from campaigns.delivery.ports import (
    EmailBatch,
    Outcome,
    RefusalKind,
    Refused,
    TextMessage,
    Uncertain,
)
from campaigns.providers.models import LocalDelivery
from campaigns.wiring import Services
from tests.factories.delivery import (
    ScriptedEmail,
    ScriptedSms,
    make_sending,
    messages,
    settle,
    states,
    with_ways,
)

LOST = Uncertain(reason="read timed out")


def refused(kind: RefusalKind, code: str = "400", **values: object) -> Refused:
    return Refused(kind=kind, code=code, reason="no", **values)  # type: ignore[arg-type]


def once(answer: Outcome) -> object:
    """Answer so the first time, then accept."""
    left = [answer]
    return lambda _: left.pop() if left else None


def test_an_unclear_answer_is_never_posted_again(each_services: Services) -> None:
    email = ScriptedEmail(lambda _: LOST)
    services = with_ways(each_services, email=email)
    broadcast = make_sending(services, people=3)
    settle(services)
    settle(services)
    assert len(email.batches) == 1
    assert states(services) == {"uncertain": 3}
    with services.db.reading() as session:
        found = session.get_one(Broadcast, broadcast.id)
        (attempt,) = session.scalars(select(Attempt)).all()
    assert found.state == BroadcastState.SENT  # sent, three being checked
    assert (attempt.outcome, attempt.messages) == ("uncertain", 3)


def test_an_event_settles_what_was_unclear(services: Services) -> None:
    services = with_ways(services, email=ScriptedEmail(lambda _: LOST))
    make_sending(services, people=2)
    settle(services)
    first, second = messages(services)
    now = services.clock.now()
    with services.db.transaction() as session:
        assert outcome.note_delivered(session, [first.id], now=now) == 1
        assert outcome.note_accepted(session, [first.id, second.id], now=now) == 1
    assert states(services) == {"accepted": 1, "delivered": 1}


def test_a_text_is_looked_up_twice_and_found_or_not_accepted(
    services: Services, clock: FixedClock
) -> None:
    arrived: list[TextMessage] = []
    sms = ScriptedSms()

    def lose_all(text: TextMessage) -> Outcome:
        if not arrived:  # the first reached the provider, its answer was lost
            arrived.append(text)
            sms.listed.append(text)
        return LOST

    sms.script = lose_all
    services = with_ways(services, sms=sms)
    make_sending(services, people=2, channels=("sms",))
    settle(services)
    assert states(services) == {"uncertain": 2}
    clock.advance(timedelta(minutes=2))
    settle(services)
    assert states(services) == {"accepted": 1, "uncertain": 1}
    clock.advance(timedelta(minutes=13))
    settle(services)
    assert states(services) == {"accepted": 1, "not_accepted": 1}
    assert len(sms.texts) == 2


def test_what_was_not_accepted_is_sent_again_only_by_staff_and_in_the_same_row(
    services: Services, clock: FixedClock
) -> None:
    sms = ScriptedSms(once(LOST))  # type: ignore[arg-type]
    services = with_ways(services, sms=sms)
    broadcast = make_sending(services, people=1, channels=("sms",))
    settle(services)
    clock.advance(timedelta(minutes=2))
    settle(services)
    clock.advance(timedelta(minutes=20))
    settle(services)
    assert states(services) == {"not_accepted": 1}
    with services.db.transaction() as session:
        again = reconcile.send_now(
            session, SYSTEM, origin_kind="broadcast", origin_id=broadcast.id, now=clock.now()
        )
    assert again == 1
    settle(services)
    assert states(services) == {"accepted": 1}
    assert len(messages(services)) == 1


def test_email_waits_a_day_and_silence_counts_only_when_events_came(
    services: Services, clock: FixedClock
) -> None:
    answers: list[Outcome | None] = [LOST, None]
    services = with_ways(services, email=ScriptedEmail(lambda _: answers.pop(0), max_recipients=1))
    make_sending(services, people=2)
    settle(services)
    assert states(services) == {"accepted": 1, "uncertain": 1}
    clock.advance(timedelta(hours=26))
    settle(services)
    assert states(services) == {"accepted": 1, "uncertain": 1}  # no event came for anybody
    (accepted,) = messages(services, state=MessageState.ACCEPTED)
    with services.db.transaction() as session:
        outcome.note_delivered(session, [accepted.id], now=clock.now())
    clock.advance(timedelta(hours=7))
    settle(services)
    assert states(services) == {"delivered": 1, "not_accepted": 1}


def test_a_refusal_for_a_time_is_tried_again_later(services: Services, clock: FixedClock) -> None:
    email = ScriptedEmail(
        once(refused(RefusalKind.TEMPORARY, "429", retry_after=timedelta(minutes=7)))  # type: ignore[arg-type]
    )
    services = with_ways(services, email=email)
    make_sending(services, people=2)
    settle(services)
    assert states(services) == {"held:retry": 2}
    clock.advance(timedelta(minutes=6))
    settle(services)
    assert len(email.batches) == 1
    clock.advance(timedelta(minutes=1))
    settle(services)
    assert states(services) == {"accepted": 2}
    assert {message.tries for message in messages(services)} == {1}


def test_refusals_without_end_become_a_failure(services: Services, clock: FixedClock) -> None:
    email = ScriptedEmail(lambda _: refused(RefusalKind.TEMPORARY, "429"))
    services = with_ways(services, email=email)
    make_sending(services, people=1)
    for _ in range(12):
        settle(services)
        clock.advance(timedelta(hours=3))
    assert states(services) == {"failed:429": 1}
    assert len(email.batches) == 8


@pytest.mark.parametrize(
    ("kind", "code", "state", "reason"),
    [
        (RefusalKind.RECIPIENT, "21211", "failed:21211", "invalid"),
        (RefusalKind.RECIPIENT, "21614", "failed:21614", "not_mobile"),
        (RefusalKind.OPTED_OUT, "21610", "suppressed:opted_out", "provider_optout"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_contacted_again(
    services: Services, kind: RefusalKind, code: str, state: str, reason: str
) -> None:
    services = with_ways(services, sms=ScriptedSms(lambda _: refused(kind, code)))
    make_sending(services, people=1, channels=("sms",))
    settle(services)
    assert states(services) == {state: 1}
    with services.db.reading() as session:
        assert [row.reason for row in session.scalars(select(Suppression))] == [reason]


def test_one_bad_address_does_not_stop_the_others(services: Services) -> None:
    make_sending(services, people=9)
    with services.db.reading() as session:
        from campaigns.contacts.models import Address

        bad = session.scalars(select(Address.address).where(Address.channel == "email")).all()[4]

    def refuse_bad(batch: EmailBatch) -> Outcome | None:
        if all(person.address != bad for person in batch.recipients):
            return None
        alone = len(batch.recipients) == 1
        return refused(RefusalKind.RECIPIENT if alone else RefusalKind.CONTENT)

    email = ScriptedEmail(refuse_bad)
    services = with_ways(services, email=email)
    settle(services)
    assert states(services) == {"accepted": 8, "failed:400": 1}
    assert len(email.taken) == len(set(email.taken)) == 8


def test_content_that_the_provider_refuses_pauses_the_broadcast(services: Services) -> None:
    email = ScriptedEmail(lambda _: refused(RefusalKind.CONTENT))
    services = with_ways(services, email=email)
    broadcast = make_sending(services, people=1)
    settle(services)
    with services.db.reading() as session:
        found = session.get_one(Broadcast, broadcast.id)
    assert found.state == BroadcastState.PAUSED
    assert "refused the content" in (found.pause_reason or "")
    assert states(services) == {"planned": 1}
    email.script = None
    with services.db.transaction() as session:
        lifecycle.resume(session, SYSTEM, broadcast.id, now=services.clock.now())
    settle(services)
    assert states(services) == {"accepted": 1}


def test_a_refused_account_stops_the_channel_and_loses_nobody(services: Services) -> None:
    email = ScriptedEmail(lambda _: refused(RefusalKind.CONFIGURATION, "401"))
    services = with_ways(services, email=email)
    make_sending(services, people=3)
    settle(services)
    assert len(email.batches) == 1
    assert states(services) == {"planned": 3}
    with services.db.reading() as session:
        (stopped,) = breakers.stopped(session, now=services.clock.now())
    assert "refused our account" in (stopped.reason or "")
    email.script = None
    with services.db.transaction() as session:
        breakers.try_again(session, SYSTEM, "email", now=services.clock.now())
    settle(services)
    assert states(services) == {"accepted": 3}


def test_five_unclear_answers_in_a_row_let_the_channel_rest(
    services: Services, clock: FixedClock
) -> None:
    email = ScriptedEmail(lambda _: LOST, max_recipients=1)
    settings = services.settings.model_copy(update={"email_batch_size": 1})
    services = with_ways(services, email=email, settings=settings)
    make_sending(services, people=8)
    settle(services)
    assert len(email.batches) == 5
    assert states(services) == {"planned": 3, "uncertain": 5}
    email.script = None
    clock.advance(timedelta(minutes=16))
    settle(services)
    assert states(services) == {"accepted": 3, "uncertain": 5}


def test_a_sender_that_raises_counts_as_unclear(services: Services) -> None:
    def burst(_batch: EmailBatch) -> Outcome:
        raise ValueError("against its promise")

    services = with_ways(services, email=ScriptedEmail(burst))
    make_sending(services, people=1)
    settle(services)
    assert states(services) == {"uncertain": 1}


def test_the_commit_is_tried_again_and_never_the_post(services: Services) -> None:
    from sqlalchemy.exc import OperationalError

    from campaigns.core import faults

    left = [1, 2]

    def away() -> None:
        if left:
            left.pop()
            raise OperationalError("commit", {}, Exception("disk I/O error"))

    email = ScriptedEmail()
    services = with_ways(services, email=email)
    make_sending(services, people=2)
    faults.install("record.before_commit", away)
    try:
        work.run_once(services)
    finally:
        faults.clear()
    assert len(email.batches) == 1
    assert states(services) == {"accepted": 2}


def test_events_in_any_order_end_in_the_same_state(services: Services) -> None:
    make_sending(services, people=2)
    settle(services)
    one, two = (message.id for message in messages(services))
    now = services.clock.now()
    with services.db.transaction() as session:
        outcome.note_delivered(session, [one], now=now)
        outcome.note_bounced(session, [one], now=now, reason="550")
        outcome.note_bounced(session, [two], now=now, reason="550")
        outcome.note_delivered(session, [two], now=now)
        outcome.note_accepted(session, [one, two], now=now)
    assert states(services) == {"bounced:550": 2}


def test_an_event_for_a_message_that_was_never_tried_changes_nothing(services: Services) -> None:
    make_sending(services, people=1, at=services.clock.now())
    from campaigns.delivery import fanout

    fanout.tick(services)
    (message,) = messages(services)
    with services.db.transaction() as session:
        assert outcome.note_delivered(session, [message.id], now=services.clock.now()) == 0


def test_a_text_is_known_again_after_the_person_and_the_clinic_changed(
    services: Services, clock: FixedClock
) -> None:
    sms = ScriptedSms()

    def lose(text: TextMessage) -> Outcome:
        sms.listed.append(text)
        return LOST

    sms.script = lose
    services = with_ways(services, sms=sms)
    make_sending(services, people=1, channels=("sms",))
    settle(services)
    with services.db.transaction() as session:
        (message,) = session.scalars(select(Message))
        session.get_one(Contact, message.contact_id).first_name = "Somebody"
        profile.update(session, SYSTEM, now=clock.now(), brand="Another name", sms_per_week=1)
    clock.advance(timedelta(minutes=2))
    settle(services)
    assert states(services) == {"accepted": 1}


def test_what_lands_in_the_local_outbox_is_delivered(each_services: Services) -> None:
    make_sending(each_services, people=2, channels=("email", "sms"))
    settle(each_services)
    assert states(each_services) == {"delivered": 4}
    assert all(m.delivered_at and m.settled_at and m.accepted_at for m in messages(each_services))


def test_the_local_outbox_settles_what_a_crash_left_unclear(
    services: Services, clock: FixedClock
) -> None:
    make_sending(services, people=2)
    settle(services)
    with services.db.transaction() as session:
        first, second = session.scalars(select(Message).order_by(Message.id))
        for message in (first, second):
            message.state, message.check_at = MessageState.UNCERTAIN, clock.now()
        token = services.tokens.issue(Purpose.MESSAGE, second.id)
        session.execute(delete(LocalDelivery).where(LocalDelivery.message_token == token))
    settle(services)
    assert states(services) == {"delivered": 1, "not_accepted": 1}
