"""What counts as a click of a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.contacts import directory
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import NotFound
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.events import clicks
from campaigns.events.clicks import Visit
from campaigns.events.models import Click
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact
from tests.factories.messages import email_version, message

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
PERSON = Visit(method="GET", user_agent=BROWSER)


def sent(session: Session, now: datetime, **overrides: object) -> Message:
    """Make a message with links that a person got an hour ago."""
    make_clinic(session, now=now)
    version = email_version(session, now=now)
    contact = make_contact(session, now=now)
    return message(
        session, contact, now=now - timedelta(hours=1), version_id=version.id, **overrides
    )  # type: ignore[arg-type]


def follow(
    session: Session, found: Message, number: int, now: datetime, visit: Visit = PERSON
) -> Click | None:
    return clicks.record(session, clicks.resolve(session, found.id, number), visit, now=now)


def suspicions(session: Session) -> list[tuple[int, str | None]]:
    rows = session.execute(select(Click.link_number, Click.suspect_reason).order_by(Click.id))
    return [(row[0], row[1]) for row in rows]


def test_a_persons_click_counts_and_is_a_sign_of_life(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        found = sent(session, now)
        click = follow(session, found, 1, now)
        assert click is not None
        assert not click.suspect
        session.expire_all()
        contact = directory.get(session, found.contact_id or 0)
        assert contact.last_clicked_at == now
        assert contact.last_heard_at == now


@pytest.mark.parametrize(
    ("visit", "reason"),
    [
        (Visit(method="GET", user_agent=BROWSER, prefetch=True), "prefetch"),
        (Visit(method="GET", user_agent=""), "scanner"),
        (Visit(method="GET", user_agent="curl/8.5"), "scanner"),
        (Visit(method="GET", user_agent="Barracuda Sentinel (EE)"), "scanner"),
        (Visit(method="GET", user_agent="Mozilla/5.0 HeadlessChrome/130.0"), "scanner"),
        (Visit(method="GET", user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)"), "scanner"),
    ],
)
def test_a_machines_click_is_kept_and_counts_nowhere(
    db: Database, clock: FixedClock, visit: Visit, reason: str
) -> None:
    now = clock.now()
    with db.transaction() as session:
        found = sent(session, now)
        click = follow(session, found, 1, now, visit)
        assert click is not None
        assert (click.suspect, click.suspect_reason) == (True, reason)
        session.expire_all()
        assert directory.get(session, found.contact_id or 0).last_clicked_at is None


def test_head_requests_are_not_even_kept(db: Database, clock: FixedClock) -> None:
    with db.transaction() as session:
        found = sent(session, clock.now())
        assert follow(session, found, 1, clock.now(), Visit(method="HEAD", user_agent="x")) is None
        assert suspicions(session) == []


def test_two_links_within_ten_seconds_are_a_machine_from_the_first_on(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        found = sent(session, now)
        follow(session, found, 1, now)
        follow(session, found, 2, now + timedelta(seconds=9))
        assert suspicions(session) == [(1, "together"), (2, "together")]
        session.expire_all()
        assert directory.get(session, found.contact_id or 0).last_clicked_at is None


def test_an_earlier_click_of_a_person_stays_when_a_machine_comes_later(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        found = sent(session, now)
        follow(session, found, 1, now - timedelta(minutes=30))
        follow(session, found, 2, now)
        follow(session, found, 3, now + timedelta(seconds=1))
        assert suspicions(session) == [(1, None), (2, "together"), (3, "together")]
        session.expire_all()
        contact = directory.get(session, found.contact_id or 0)
        assert contact.last_clicked_at == now - timedelta(minutes=30)


def test_a_person_may_follow_two_links_with_time_between(db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with db.transaction() as session:
        found = sent(session, now)
        follow(session, found, 1, now)
        follow(session, found, 1, now + timedelta(seconds=2))
        follow(session, found, 2, now + timedelta(seconds=15))
        assert suspicions(session) == [(1, None), (1, None), (2, None)]


def test_right_after_delivery_a_minute_counts_as_together(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        found = sent(session, now)
        delivered = now - timedelta(hours=1)
        follow(session, found, 1, delivered + timedelta(seconds=5))
        follow(session, found, 2, delivered + timedelta(seconds=50))
        assert suspicions(session) == [(1, "together"), (2, "together")]


def test_the_trap_makes_the_clicks_around_it_suspect(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        found = sent(session, now)
        follow(session, found, 1, now)
        clicks.spring_trap(session, found.id, PERSON, now=now + timedelta(seconds=20))
        follow(session, found, 1, now + timedelta(seconds=40))
        assert suspicions(session) == [(1, "trap"), (0, "trap"), (1, "trap")]


@pytest.mark.parametrize(
    "overrides",
    [{"state": MessageState.PLANNED}, {"origin_kind": Origin.TEST}],
    ids=["not sent", "test"],
)
def test_clicks_on_what_was_not_sent_to_a_person_do_not_count(
    db: Database, clock: FixedClock, overrides: dict[str, object]
) -> None:
    with db.transaction() as session:
        found = sent(session, clock.now(), **overrides)
        assert follow(session, found, 1, clock.now()) is None
        assert suspicions(session) == []


def test_a_link_that_a_message_does_not_have_is_not_found(db: Database, clock: FixedClock) -> None:
    with db.transaction() as session:
        found = sent(session, clock.now())
        for message_id, number in ((found.id, 99), (found.id, -1), (found.id + 1, 1)):
            with pytest.raises(NotFound):
                clicks.resolve(session, message_id, number)


def test_no_address_of_the_visitor_is_kept() -> None:
    columns = set(Click.__table__.columns.keys())
    assert not {name for name in columns if "ip" in name.split("_") or "address" in name}


def test_the_same_link_five_times_in_ten_seconds_is_a_machine(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        found = sent(session, now)
        for second in range(7):
            follow(session, found, 1, now + timedelta(seconds=second))
        assert suspicions(session) == [(1, "together")] * 7
        session.expire_all()
        assert directory.get(session, found.contact_id or 0).last_clicked_at is None


def test_a_machine_that_comes_for_ever_fills_no_table(db: Database, clock: FixedClock) -> None:
    with db.transaction() as session:
        found = sent(session, clock.now())
        machine = Visit(method="GET", user_agent="curl/8")
        for _ in range(clicks.SUSPECTS_KEPT + 20):
            follow(session, found, 1, clock.now(), machine)
            clicks.spring_trap(session, found.id, machine, now=clock.now())
        assert len(suspicions(session)) == clicks.SUSPECTS_KEPT
