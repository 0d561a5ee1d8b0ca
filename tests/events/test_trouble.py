"""Trouble over several events: filtered texts pause their campaign; one fault holds up no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from campaigns.broadcasts import lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.consent.models import ConsentEntry, Suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.delivery.models import Message, Origin
from campaigns.events import effects, inbound, ingest, twilio_forms
from campaigns.events import work as events_work
from campaigns.events.ingest import Incoming, natural_key
from campaigns.events.models import InboundText, ProviderEvent
from campaigns.events.twilio_forms import InboundForm
from campaigns.wiring import Services
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.sent import sent_message
from tests.webhooks.signing import ACCOUNT, new_sid


def report(services: Services, message_id: int, status: str, code: int | None = None) -> None:
    form = twilio_forms.StatusForm(
        sid=new_sid(), account=ACCOUNT, status=status, error_code=code, to="+12125550142"
    )
    event = twilio_forms.status_event(form, message_id=message_id, signature_digest=form.sid)
    with services.db.transaction() as session:
        ingest.store(session, [event], now=services.clock.now())
    with services.db.transaction() as session:
        effects.apply_pending(session, now=services.clock.now())


@pytest.mark.parametrize(("filtered", "paused"), [(4, False), (5, True)])
def test_a_burst_of_filtered_texts_pauses_their_campaign(
    services: Services, filtered: int, paused: bool
) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        people = [make_member(session, now=now) for _ in range(20)]
        broadcast = make_scheduled(session, now=now, channels=("sms",))
        assert lifecycle.mark_sending(session, broadcast.id, now=now)
        ids = [
            sent_message(session, one, "sms", now=now, origin_id=broadcast.id).id for one in people
        ]
    for number, message_id in enumerate(ids):
        if number < filtered:
            report(services, message_id, "undelivered", 30007)
        else:
            report(services, message_id, "delivered")
    with services.db.reading() as session:
        found = session.get_one(Broadcast, broadcast.id)
        assert (found.state == BroadcastState.PAUSED) is paused
        assert session.scalar(select(func.count(Suppression.id))) == 0
        if paused:
            assert "Carriers filtered 5" in (found.pause_reason or "")


def test_an_event_that_cannot_be_applied_is_noted_and_holds_up_no_other(
    each_services: Services,
) -> None:
    services = each_services
    now = services.clock.now()
    with services.db.transaction() as session:
        person = make_member(session, now=now)
        message = sent_message(session, person, now=now)
        broken = Incoming(
            provider="sendgrid",
            kind="unsubscribe",
            dedupe_key=natural_key("test", 1),
            payload=["not", "an", "object"],  # type: ignore[arg-type]
        )
        sound = Incoming(
            provider="sendgrid",
            kind="delivered",
            dedupe_key=natural_key("test", 2),
            message_id=message.id,
        )
        assert ingest.store(session, [broken, sound, sound], now=now) == 2
    assert events_work.run_once(services.db, services.clock) == 2
    assert events_work.run_once(services.db, services.clock) == 0
    with services.db.reading() as session:
        assert session.get_one(Message, message.id).state == "delivered"
        effect = session.scalar(select(ProviderEvent.effect).order_by(ProviderEvent.id).limit(1))
        assert effect is not None
        assert effect.startswith("fault:")


def test_the_same_stop_told_at_the_same_moment_counts_once(each_services: Services) -> None:
    services = each_services
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        person = make_member(session, now=now)
        number = directory.addresses_of(session, person.id)[Channel.SMS].address
    form = InboundForm(
        sid=new_sid(),
        account=ACCOUNT,
        sender=number,
        to="+16195550100",
        body="please stop",
        opt_out_type=None,
        media=0,
    )

    def tell(_turn: int) -> bool:
        with services.db.transaction() as session:
            row = inbound.receive(session, form, signature_digest="d", now=now)
            return row is not None

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(tell, range(8)))

    assert sum(told) == 1
    with services.db.reading() as session:
        assert session.scalar(select(func.count(InboundText.id))) == 1
        outs = select(func.count(ConsentEntry.id)).where(ConsentEntry.action == "opt_out")
        assert session.scalar(outs) == 1
        replies = select(func.count(Message.id)).where(Message.origin_kind == Origin.REPLY)
        assert session.scalar(replies) == 1
