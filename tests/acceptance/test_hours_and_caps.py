"""9 to 12: lawful hours for every place a person may be, and caps that nothing raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from campaigns.clinic import profile
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.db import is_sqlite
from campaigns.delivery import facts, frames, gate, profiles
from campaigns.eligibility.gate import Kind
from tests.acceptance.conftest import House
from tests.factories.broadcasts import make_scheduled
from tests.factories.consent import make_member
from tests.factories.delivery import messages

WIDE = {"mf": ["08:00", "20:00"], "sat": ["08:00", "20:00"], "sun": ["08:00", "20:00"],
        "holidays": "open"}  # fmt: skip
EASTERN, CENTRAL, MOUNTAIN, PHOENIX = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
)  # fmt: skip


def may_leave(house: House, person: Contact, moment: datetime) -> bool:
    """Ask the gate itself, in the database, about a text at a moment."""
    at = moment.astimezone(UTC)
    with house.services.db.transaction() as session:
        profiles.refresh(session, [person.id])
        frame = frames.for_people(
            session, channel="sms", version_id=None, rule=None, provider="local", now=at
        )
        row = session.execute(
            gate.judge(
                facts.of_people(select(Contact.id).where(Contact.id == person.id)),
                Kind.BROADCAST,
                sqlite_form=is_sqlite(session),
            ),
            frame.parameters(),
        ).one()
    assert row.code in (None, "outside_hours", "no_window")
    return row.code is None


def set_clinic(house: House, **values: Any) -> None:
    with house.services.db.transaction() as session:
        profile.update(session, SYSTEM, now=house.now, **values)


def test_09_hours_are_the_strictest_of_all_places(house: House) -> None:
    set_clinic(house, sms_window=WIDE)
    with house.services.db.transaction() as session:
        people = {
            name: make_member(session, now=house.now, **values)
            for name, values in {
                "florida": {"phone": "+13055550142", "postal_code": "33101", "state": "FL"},
                "texas": {"phone": "+15125550142", "postal_code": "78701", "state": "TX"},
                "panhandle": {"phone": "+18505550142", "postal_code": None, "state": None},
                "phoenix": {"phone": "+16025550142", "postal_code": "85001", "state": "AZ"},
                "arizona": {"phone": "+16025550143", "postal_code": None, "state": "AZ"},
                "new_york": {"phone": "+12125550142", "postal_code": "10001", "state": "NY"},
            }.items()
        }
    cases: list[tuple[str, str, tuple[int, ...], bool]] = [
        ("florida", EASTERN, (2026, 11, 18, 20, 0), False),
        ("florida", EASTERN, (2026, 11, 18, 19, 44), True),
        ("florida", EASTERN, (2026, 11, 18, 19, 45), False),
        ("texas", CENTRAL, (2026, 11, 22, 11, 59), False),
        ("texas", CENTRAL, (2026, 11, 22, 12, 0), True),
        ("panhandle", EASTERN, (2026, 11, 18, 8, 30), False),  # 07:30 Central
        ("panhandle", EASTERN, (2026, 11, 18, 9, 0), True),
        # Summer: Phoenix stays on standard time, the Navajo Nation does not.
        ("phoenix", PHOENIX, (2026, 7, 15, 8, 0), True),
        ("phoenix", PHOENIX, (2026, 7, 15, 7, 59), False),
        ("arizona", PHOENIX, (2026, 7, 15, 19, 0), False),  # 20:00 in Denver's zone
        ("arizona", MOUNTAIN, (2026, 7, 15, 8, 30), False),  # 07:30 in Phoenix
        ("arizona", PHOENIX, (2026, 7, 15, 18, 0), True),
        # Days on which clocks change; Sundays are open in this window.
        ("new_york", EASTERN, (2027, 3, 14, 7, 59), False),
        ("new_york", EASTERN, (2027, 3, 14, 8, 0), True),
        ("new_york", EASTERN, (2026, 11, 1, 7, 59), False),
        ("new_york", EASTERN, (2026, 11, 1, 8, 0), True),
        ("new_york", EASTERN, (2026, 11, 1, 19, 44), True),
        ("arizona", PHOENIX, (2027, 3, 14, 8, 0), True),
        ("arizona", PHOENIX, (2027, 3, 14, 18, 50), False),  # 19:50 with daylight time
    ]
    for name, zone, local, expected in cases:
        moment = datetime(*local, tzinfo=ZoneInfo(zone))  # type: ignore[misc, arg-type]
        assert may_leave(house, people[name], moment) is expected, (name, moment)


def test_10_a_number_of_the_436_overlay_is_texted(house: House) -> None:
    with house.services.db.transaction() as session:
        make_member(session, now=house.now, phone="(436) 555-0142", state="OH", postal_code="44101")
        make_scheduled(session, now=house.now, channels=("sms",))
    house.send()
    assert [text.to for text in house.outbox("sms")] == ["+14365550142"]


def test_11_a_fourth_text_in_24_hours_to_oklahoma_is_refused(house: House) -> None:
    set_clinic(house, sms_window=WIDE, sms_per_day=50, sms_per_week=50)
    with house.services.db.transaction() as session:
        tulsa = make_member(
            session, now=house.now, phone="+19185550142", state="OK", postal_code="74103"
        )
        others = make_member(session, now=house.now)
    for _ in range(4):
        with house.services.db.transaction() as session:
            make_scheduled(session, now=house.now, channels=("sms",))
        house.send()
        house.services.clock.advance(timedelta(minutes=30))  # type: ignore[attr-defined]
    found = messages(house.services, contact_id=tulsa.id)
    assert [m.intent_at is not None for m in found] == [True, True, True, False]
    assert (found[-1].state, found[-1].reason) == ("suppressed", "cap_state")
    assert len(messages(house.services, contact_id=others.id)) == 4
    assert len(house.outbox("sms")) == 7


@pytest.mark.parametrize("channel", ["sms"])
def test_12_what_was_promised_for_a_month_holds_over_all_campaigns(
    house: House, channel: str
) -> None:
    set_clinic(house, sms_window=WIDE, sms_per_day=50, sms_per_week=50)
    with house.services.db.transaction() as session:
        make_member(session, now=house.now)
    promised = 6  # of the wording that everybody agreed to
    for _ in range(promised + 2):
        with house.services.db.transaction() as session:
            make_scheduled(session, now=house.now, channels=(channel,))
        house.send()
        house.services.clock.advance(timedelta(minutes=20))  # type: ignore[attr-defined]
    rows = messages(house.services)
    assert [row.reason for row in rows] == [None] * promised + ["cap_promised"] * 2
    house.at(datetime(2026, 12, 1, 18, 0, tzinfo=UTC))
    with house.services.db.transaction() as session:
        make_scheduled(session, now=house.now, channels=(channel,))
    house.send()
    assert messages(house.services)[-1].intent_at == house.now
