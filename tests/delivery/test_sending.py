"""The sending path from a due broadcast to the local provider, on both databases."""

from __future__ import annotations

from sqlalchemy import select

from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.providers.models import LocalDelivery
from campaigns.wiring import Services
from tests.factories.delivery import make_sending, messages, settle, states


def test_everybody_in_the_group_gets_the_broadcast_once(each_services: Services) -> None:
    broadcast = make_sending(each_services, people=5, channels=("email", "sms"))
    settle(each_services)
    assert states(each_services) == {"delivered": 10}
    with each_services.db.reading() as session:
        kept = session.scalars(select(LocalDelivery)).all()
        found = session.get_one(Broadcast, broadcast.id)
    assert len({(one.channel, one.to) for one in kept}) == len(kept) == 10
    assert found.state == BroadcastState.SENT
    assert found.fanned_out_at is not None


def test_what_left_names_its_address_consent_and_moment(each_services: Services) -> None:
    make_sending(each_services, people=1)
    settle(each_services)
    (message,) = messages(each_services)
    assert message.address
    assert message.consent_entry_id
    assert message.intent_at == each_services.clock.now()
    assert message.provider == "local"
