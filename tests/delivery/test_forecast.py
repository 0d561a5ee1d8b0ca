"""What reach says before a campaign goes out is what then happens, whoever is in the group."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from campaigns.bookings import ledger as bookings
from campaigns.consent import suppression
from campaigns.consent.models import SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Contact, ContactStatus
from campaigns.delivery import profiles, reach
from campaigns.delivery.models import MessageState
from campaigns.wiring import Services
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree, leave
from tests.factories.contacts import make_contact, new_email, new_phone
from tests.factories.delivery import messages, settle, with_ways
from tests.factories.messages import message

WAYS = {"email": "local", "sms": "local"}
PLACES = (
    {"state": "NY", "postal_code": "10001"},
    {"state": "HI", "postal_code": "96813"},
    {"state": None, "postal_code": None},
    {"state": "OK", "postal_code": "74103"},
)


def somebody(session: Any, chance: random.Random, shared: list[Any], now: Any) -> Contact:
    """Make a person with whatever may be true of one."""
    email, phone = new_email(), new_phone(chance.choice(["212", "808", "918", "850"]))
    if chance.random() < 0.3:
        email, phone = chance.choice(shared)
    person = make_contact(
        session,
        now=now,
        email=email if chance.random() < 0.9 else None,
        phone=phone,
        **chance.choice(PLACES),
    )
    held = directory.addresses_of(session, person.id)
    for channel in held:
        if chance.random() < 0.75:
            agree(session, person, channel, now=now - timedelta(days=30))
            if chance.random() < 0.15:
                leave(session, person, channel, now=now - timedelta(days=5))
        if chance.random() < 0.1:
            suppression.add(
                session, channel=channel, address=held[channel].address,
                reason=SuppressionReason.HARD_BOUNCE, now=now,
            )  # fmt: skip
        for number in range(chance.choice([0, 0, 0, 1, 3])):
            earlier = now - timedelta(hours=chance.choice([2, 30, 100, 500]))
            message(session, person, now=earlier, channel=channel, origin_id=500 + number)
    if chance.random() < 0.15:
        directory.hold(session, person.id, until=now + timedelta(days=2), reason="asked", now=now)
    if chance.random() < 0.1:
        status = chance.choice([ContactStatus.DECEASED, ContactStatus.MINOR])
        directory.set_status(session, person.id, status, now=now)
    if chance.random() < 0.2:
        bookings.record(
            session, source="desk", external_id=str(person.id), contact_id=person.id,
            booked_at=now, now=now, recorded_by="test",
        )  # fmt: skip
    return person


@pytest.mark.parametrize("seed", range(2))
def test_the_forecast_is_what_happens(each_services: Services, seed: int) -> None:
    services = with_ways(each_services)
    chance, now = random.Random(seed), services.clock.now()
    shared = [(new_email(), new_phone()) for _ in range(4)]
    with services.db.transaction() as session:
        make_clinic(session, now=now, sms_per_day=2, sms_per_week=3)
        ids = [somebody(session, chance, shared, now).id for _ in range(45)]
        profiles.refresh(session, ids)
    with services.db.reading() as session:
        before = reach.preview(
            session,
            rule={"all": []},
            versions={"email": None, "sms": None},
            providers=WAYS,
            now=now,
        )
        who = {
            (channel.channel, code): {
                person.id
                for person in reach.people(
                    session, rule={"all": []}, channel=channel.channel, version_id=None,
                    providers=WAYS, code=code, now=now, limit=100,
                )
            }
            for channel in before
            for code in [None, *(r.code for r in (*channel.left_out, *channel.later))]
        }  # fmt: skip
    with services.db.transaction() as session:
        broadcast = make_scheduled(session, now=now, channels=("email", "sms"))
    settle(services)
    for channel in before:
        rows = messages(
            services, origin_kind="broadcast", origin_id=broadcast.id, channel=channel.channel
        )
        assert len(rows) == channel.members
        left = {MessageState.ACCEPTED, MessageState.DELIVERED}
        happened: dict[tuple[str, str | None], set[int | None]] = {}
        for row in rows:
            key = (channel.channel, None if row.state in left else row.reason)
            happened.setdefault(key, set()).add(row.contact_id)
        expected = {k: v for k, v in who.items() if k[0] == channel.channel and v}
        assert happened == expected
        counted = Counter({r.code: r.count for r in (*channel.left_out, *channel.later)})
        assert counted.total() + channel.reachable == channel.members
        assert {k[1]: len(v) for k, v in expected.items() if k[1]} == dict(counted)
