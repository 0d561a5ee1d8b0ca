"""Fields that later stages bring: who received a campaign, who is in a series."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from campaigns.audience import fields, segments
from campaigns.contacts.models import Contact
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.delivery.models import Message
from campaigns.drips.models import Drip, DripVersion, Enrolment
from tests.factories.audience import make_segment
from tests.factories.contacts import make_contact


def member_ids(session: Session, rule: dict[str, object], now: datetime) -> list[int]:
    return [person.id for person in segments.sample(session, {"all": [rule]}, now)]


def test_both_are_offered_once_the_service_is_wired() -> None:
    import campaigns.wiring  # noqa: F401 - wiring registers them

    assert {"received", "in_drip"} <= {spec.code for spec in fields.all_fields()}


def test_who_is_in_a_series(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        inside, outside = make_contact(session, now=now), make_contact(session, now=now)
        drip = Drip(name="Welcome", state="live", created_by="t", created_at=now, updated_at=now)
        session.add(drip)
        session.flush()
        version = DripVersion(drip_id=drip.id, number=1, published_at=now)
        session.add(version)
        session.flush()
        session.add(
            Enrolment(
                drip_id=drip.id,
                version_id=version.id,
                contact_id=inside.id,
                enrolled_at=now,
                waits_from=now,
            )
        )
        session.flush()
        rule = {"field": "in_drip", "op": "is", "value": str(drip.id)}
        assert member_ids(session, rule, now) == [inside.id]
        assert member_ids(session, {**rule, "op": "is_not"}, now) == [outside.id]
        kept = make_segment(session, {"all": [rule]}, now=now)
        assert segments.sentence(session, kept.rule) == "People who are in the series “Welcome”"


def test_who_received_a_campaign(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        got, held, other = (make_contact(session, now=now) for _ in range(3))

        def put(person: Contact, state: str) -> None:
            session.execute(
                insert(Message).values(
                    origin_kind="broadcast",
                    origin_id=7,
                    subject_id=person.id,
                    channel="email",
                    contact_id=person.id,
                    state=state,
                    due_at=now,
                    created_at=now,
                )
            )

        put(got, "delivered")
        put(held, "held")
        rule = {"field": "received", "op": "is", "value": "7"}
        assert member_ids(session, rule, now) == [got.id]
        assert member_ids(session, {**rule, "op": "is_not"}, now) == [other.id, held.id]
