"""1 to 4: looking changes nothing, one click is enough, and it counts at once."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import func, insert, select, text
from urllib3.filepost import encode_multipart_formdata

from campaigns.consent import ledger, optin, suppression
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.content import received
from campaigns.core.db import Base, keys_of
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message
from campaigns.delivery.ports import EmailBatch
from campaigns.events.models import Click
from campaigns.providers.smtp import SmtpSender
from tests.acceptance.conftest import House, World
from tests.cli.test_explain import run as explain
from tests.factories.broadcasts import make_scheduled
from tests.factories.consent import make_member
from tests.factories.contacts import make_contact
from tests.factories.delivery import ScriptedEmail, make_people, settle, with_ways
from tests.factories.messages import message
from tests.factories.service import free_port

ONE_CLICK = "List-Unsubscribe=One-Click"
_LINK = re.compile(r"http://127\.0\.0\.1:8000/[^\s\"'<>)&]+")


def rows(house: House, *, besides: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Everything in the database but the tables named."""
    with house.services.db.reading() as session:
        return {
            name: sorted(map(repr, session.execute(text(f"SELECT * FROM {name}"))))
            for name in sorted(Base.metadata.tables)
            if name not in besides
        }


def status(house: House, contact_id: int, channel: str = Channel.EMAIL) -> str:
    with house.services.db.reading() as session:
        return ledger.state_of(session, contact_id)[channel].status


def test_01_get_and_head_change_nothing(house: House) -> None:
    """A scanner fetches every address of every message, and two links that ask to confirm."""
    with house.services.db.transaction() as session:
        make_people(session, 1, now=house.now)
        make_scheduled(session, now=house.now, channels=("email", "sms"))
        newcomer = make_contact(session, now=house.now, email="ana@example.com", phone=None)
        asked = optin.request(
            session, contact_id=newcomer.id, channel="email", address="ana@example.com",
            entry_id=None, origin="form", now=house.now,
        )  # fmt: skip
        assert asked is not None
        confirm = f"/confirm/{house.services.tokens.issue(Purpose.CONFIRM, asked.id)}"
    house.send()
    sent = house.outbox()
    everything = " ".join(f"{m.html} {m.text} {m.headers}" for m in sent)
    urls = sorted({link.rstrip(".,") for link in _LINK.findall(everything)} | {confirm})
    kinds = {url.removeprefix("http://127.0.0.1:8000").split("/")[1] for url in urls}
    assert {"u", "c", "confirm", "p"} <= kinds
    before = rows(house, besides=("clicks",))
    for url in urls:
        for _ in range(100):
            for method in ("GET", "HEAD"):
                answer = house.http.open(method, url)
                # Number 0 is the trap that only scanners see; it leads nowhere.
                assert answer.status_code < 400 or url.endswith("/0"), url
                assert "Set-Cookie" not in answer.headers
    assert rows(house, besides=("clicks",)) == before
    with house.services.db.reading() as session:
        human = select(func.count(Click.id)).where(Click.suspect.is_(False))
        assert session.scalar(human) == 0


def test_02_one_click_posts_suppress_at_once(house: House) -> None:
    form = ("application/x-www-form-urlencoded", ONE_CLICK.encode())
    body, multipart_type = encode_multipart_formdata({"List-Unsubscribe": "One-Click"})
    for content_type, data in (form, (multipart_type, body)):
        with house.services.db.transaction() as session:
            leaver = make_member(session, now=house.now)
            address = directory.addresses_of(session, leaver.id)[Channel.EMAIL].address
            url = house.way_out(message(session, leaver, now=house.now).id)
        house.services.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        for _ in range(2):  # doing it again is answered the same
            answer = house.http.post(url, data=data, content_type=content_type)
            assert answer.status_code == 200
            assert "Set-Cookie" not in answer.headers
            assert "Location" not in answer.headers
        assert status(house, leaver.id) == ConsentStatus.WITHDRAWN
        assert status(house, leaver.id, Channel.SMS) == ConsentStatus.GRANTED
        with house.services.db.reading() as session:
            assert suppression.is_suppressed(session, Channel.EMAIL, address, house.now)
    assert house.http.post("/u/nothing-of-ours", data=ONE_CLICK).status_code == 404


def test_03_the_header_pair_stands_once_and_is_to_be_signed(world: World, tmp_path: Path) -> None:
    """In what SendGrid is handed, and in what a relay is; and as a mailbox would show it."""
    with world.services.db.transaction() as session:
        make_people(session, 3, now=world.now)
        make_scheduled(session, now=world.now, name="One")
    world.send()
    pairs = [
        person["headers"]
        for line in world.captured().splitlines()
        for person in json.loads(json.loads(line)["body"])["personalizations"]
    ]
    assert len(pairs) == 3
    for headers in pairs:
        names = [name.lower() for name in headers]
        assert names.count("list-unsubscribe") == names.count("list-unsubscribe-post") == 1
        assert headers["List-Unsubscribe-Post"] == ONE_CLICK
        assert headers["List-Unsubscribe"].count("http") == 1
    assert len({headers["List-Unsubscribe"] for headers in pairs}) == 3

    relay = Relay()
    controller = Controller(relay, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        smtp = SmtpSender(host="127.0.0.1", port=controller.port, starttls=False)
        world.services.clock.advance(timedelta(days=8))  # type: ignore[attr-defined]
        with world.services.db.transaction() as session:
            make_scheduled(session, now=world.now, name="Two")
        settle(with_ways(world.services, email=smtp))
        smtp.close()
    finally:
        controller.stop()
    assert len(relay.messages) == 3
    for source in relay.messages:
        source = source.replace(b"<http://127", b"<https://127")  # as under a public address
        found = received.read(b"DKIM-Signature: v=1; d=c.example;\r\n h=From:To\r\n" + source)
        assert [fault for fault in found.faults if "DKIM" not in fault] == []
        assert "leaves one out" in found.faults[0]
        signed = b"DKIM-Signature: v=1; a=rsa-sha256; d=c.example; s=s1;\r\n h=From:Subject:"
        signed += b"List-Unsubscribe:\r\n\tList-Unsubscribe-Post; b=x\r\n"
        assert received.read(signed + source).faults == ()
        assert received.read(
            signed + b"List-Unsubscribe: <https://x.example/u>\r\n" + source
        ).faults
    done = explain(tmp_path, "mail", "-", given=signed + source)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, b"Signed by: c.example")
    assert explain(tmp_path, "mail", "-", given=source).returncode == 1


class Relay:
    """An SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(envelope.content)
        return "250 taken"


def test_04_an_unsubscribe_in_the_middle_of_ten_thousand_holds(house: House) -> None:
    """People leave over HTTP while batches go out; nothing whose intent is later reaches them."""
    count, services = 10_000, house.services
    with services.db.transaction() as session:
        first = make_member(session, now=house.now, channels=("email",))
        agreed = ledger.state_of(session, first.id)["email"].entry_id
        ring = keys_of(session)
        new = [
            {"id": first.id + n, "first_name": "Kim", "last_name": "Sample", "status": "active",
             "adult_confirmed": True, "locale": "en", "source": "test", "postal_code": "10001",
             "state": "NY", "created_at": house.now, "updated_at": house.now}
            for n in range(1, count)
        ]  # fmt: skip
        session.execute(insert(Contact), new)
        session.execute(
            insert(Address),
            [
                {"contact_id": row["id"], "channel": "email", "address": f"k{row['id']}@e.example",
                 "address_hash": ring.address_hash("email", f"k{row['id']}@e.example"),
                 "created_at": house.now}
                for row in new
            ],
        )  # fmt: skip
        session.execute(
            insert(ConsentState),
            [
                {"contact_id": row["id"], "channel": "email", "status": "granted",
                 "since": house.now, "entry_id": agreed, "source_label": "test"}
                for row in new
            ],
        )  # fmt: skip
        leavers = [first.id + n for n in (600, 5_000, 9_998)]
        doors = {
            who: house.way_out(
                message(
                    session,
                    session.get_one(Contact, who),
                    now=house.now - timedelta(days=9),
                    origin_id=77,
                ).id
            )
            for who in leavers
        }
        make_scheduled(session, now=house.now)
    left: dict[int, int] = {}

    def script(batch: EmailBatch) -> None:
        # In the batch before her own, she presses the button in her mailbox.
        if len(provider.batches) in (1, 2, 4) and len(left) < len(leavers):
            who = leavers[len(left)]
            answer = house.http.post(doors[who], data=ONE_CLICK)
            assert answer.status_code == 200
            left[who] = len(provider.batches)

    provider = ScriptedEmail(script)
    mine = with_ways(services, email=provider)
    settle(mine, rounds=200)
    assert sorted(left) == leavers
    assert len(provider.batches) >= 20
    assert len(provider.taken) == len(set(provider.taken)) == count - len(leavers)
    with services.db.reading() as session:
        for who in leavers:
            state, reason, intent = session.execute(
                select(Message.state, Message.reason, Message.intent_at).where(
                    Message.contact_id == who, Message.due_at == house.now
                )
            ).one()
            assert (state, reason, intent) == ("suppressed", "opted_out", None)
