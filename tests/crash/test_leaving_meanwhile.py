"""People leave while ten thousand messages go out: no intent of theirs comes after the stop.

Two worker processes send; this process is the web server: a mailbox's one click, a text
that says stop, and a stop that the desk records, all over HTTP, while the batches leave.
A trigger of the test's own notes stops and intents in the order in which they happen: both
hold the person's row (or, on SQLite, the only writer's place) until they commit.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from campaigns.app import create_app
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database, is_sqlite
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message
from campaigns.wiring import Services
from tests.conftest import NOON, make_services
from tests.factories.accounts import sign_in
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.delivery import states
from tests.factories.workers import Workers, taken
from tests.webhooks.conftest import calling
from tests.webhooks.signing import Vendors

PEOPLE = 10_000
LEAVERS = 90

SQLITE = """
CREATE TABLE witness (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, contact_id BIGINT)
/
CREATE TRIGGER saw_intent AFTER UPDATE OF intent_at ON messages
WHEN OLD.intent_at IS NULL AND NEW.intent_at IS NOT NULL AND NEW.channel = 'email'
BEGIN INSERT INTO witness (kind, contact_id) VALUES ('intent', NEW.contact_id); END
/
CREATE TRIGGER saw_stop AFTER INSERT ON consent_entries
WHEN NEW.action = 'opt_out' AND NEW.channel = 'email'
BEGIN INSERT INTO witness (kind, contact_id) VALUES ('stop', NEW.contact_id); END
"""
POSTGRES = """
CREATE TABLE witness (id BIGSERIAL PRIMARY KEY, kind TEXT, contact_id BIGINT)
/
CREATE FUNCTION saw() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO witness (kind, contact_id) VALUES (TG_ARGV[0], NEW.contact_id); RETURN NULL; END $$
/
CREATE TRIGGER saw_intent AFTER UPDATE OF intent_at ON messages FOR EACH ROW
WHEN (OLD.intent_at IS NULL AND NEW.intent_at IS NOT NULL AND NEW.channel = 'email')
EXECUTE FUNCTION saw('intent')
/
CREATE TRIGGER saw_stop AFTER INSERT ON consent_entries FOR EACH ROW
WHEN (NEW.action = 'opt_out' AND NEW.channel = 'email') EXECUTE FUNCTION saw('stop')
"""


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
def web(each_db: Database, tmp_path: Path, vendors: Vendors) -> Iterator[Services]:
    own = Database(each_db.url, keys=each_db.keys)
    yield make_services(own, FixedClock(NOON), tmp_path, **vendors.settings)
    own.dispose()


@pytest.fixture
def workers(each_db: Database, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(each_db, tmp_path, batch_size=100)
    yield made
    made.close()


def fill(services: Services) -> None:
    """Put ten thousand people in, each with consent to email and a phone, and a campaign."""
    ring = services.keys
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        first = make_member(session, now=NOON)
        agreed = session.get_one(ConsentState, (first.id, "email"))
        ids = range(first.id + 1, first.id + PEOPLE)
        times = {"created_at": NOON, "updated_at": NOON}
        session.execute(insert(Contact), [{"id": n, "adult_confirmed": True, **times} for n in ids])
        addresses = []
        for n in ids:
            for channel, address in (
                (Channel.EMAIL, f"p{n}@example.com"),
                (Channel.SMS, f"+1212{2_000_000 + n}"),
            ):
                addresses.append(
                    {
                        "contact_id": n,
                        "channel": channel,
                        "address": address,
                        "address_hash": ring.address_hash(channel, address),
                        "created_at": NOON,
                    }
                )
        session.execute(insert(Address), addresses)
        session.execute(
            insert(ConsentState),
            [
                {
                    "contact_id": n,
                    "channel": "email",
                    "status": ConsentStatus.GRANTED,
                    "since": NOON,
                    "entry_id": agreed.entry_id,
                    "source_label": "",
                }
                for n in ids
            ],
        )
        make_scheduled(session, now=NOON, channels=("email",))
        if not is_sqlite(session):
            session.execute(
                text("SELECT setval(pg_get_serial_sequence('contacts', 'id'), :last)"),
                {"last": ids[-1]},
            )
        for statement in (SQLITE if is_sqlite(session) else POSTGRES).split("\n/\n"):
            session.execute(text(statement))


class Door:
    """The three ways out that are taken during the run."""

    def __init__(self, services: Services, vendors: Vendors) -> None:
        self.services, self.vendors = services, vendors
        self.client = calling(services)
        self.desk = create_app(services).test_client()
        sign_in(self.desk, services)

    def leave(self, number: int, contact_id: int, phone: str, message_id: int) -> None:
        if number % 3 == 0:
            token = self.services.tokens.issue(Purpose.UNSUBSCRIBE, message_id)
            reply = self.client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
            assert reply.status_code == 200
        elif number % 3 == 1:
            words = "Stop contacting me, no emails and no texts"
            assert self.vendors.text(self.client, phone, words).status_code == 200
        else:
            form = {"channels": ["email", "sms"], "how": "phone"}
            reply = self.desk.post(f"/staff/people/{contact_id}/stop", data=form)
            assert reply.status_code == 303


def test_nobody_who_left_gets_a_message_whose_intent_came_later(
    web: Services, workers: Workers, vendors: Vendors
) -> None:
    fill(web)
    door = Door(web, vendors)
    running = [workers.start(pause=0.03) for _ in range(2)]
    deadline = time.monotonic() + 120
    while not taken(workers.log):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with web.db.reading() as session:
        rows = session.execute(
            select(Message.contact_id, Message.id, Address.address)
            .join(Address, (Address.contact_id == Message.contact_id) & (Address.channel == "sms"))
            .where(Message.origin_kind == "broadcast")
            .order_by(Message.id)
        ).all()
    chance = random.Random(7)
    left: list[int] = []
    for number, row in enumerate(chance.sample(rows, LEAVERS)):
        door.leave(number, row.contact_id, row.address, row.id)
        left.append(row.contact_id)
    for worker in running:
        worker.join(180)
        assert worker.exitcode == 0
    with web.db.reading() as session:
        seen = session.execute(text("SELECT kind, contact_id FROM witness ORDER BY id")).all()
        mail = {
            row.contact_id: row.address
            for row in session.execute(
                select(Address.contact_id, Address.address).where(Address.channel == "email")
            )
        }
    stopped: set[int] = set()
    intents: set[int] = set()
    for kind, contact_id in seen:
        if kind == "stop":
            stopped.add(contact_id)
        else:
            assert contact_id not in stopped, "an intent was committed after the stop"
            intents.add(contact_id)
    assert stopped == set(left)
    went = taken(workers.log)
    assert len(went) == len(set(went)), "somebody got two"
    assert set(went) == {mail[contact_id] for contact_id in intents}
    assert stopped - intents, "everybody who left had got it already: the test proves nothing"
    counts = states(workers.services, origin_kind="broadcast")
    assert counts == {
        "accepted": len(intents),
        "suppressed:opted_out": PEOPLE - len(intents),
    }
