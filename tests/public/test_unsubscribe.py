"""Leaving by a link: at once, by anybody's mailbox, and never by a look."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from campaigns.app import create_app
from campaigns.consent import ledger, suppression
from campaigns.consent.merging import merge
from campaigns.consent.models import Action, ConsentEntry, ConsentStatus, Method, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, ContactStatus
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Base, Database
from campaigns.core.keys import Key
from campaigns.core.signing import Purpose, Tokens
from campaigns.delivery.models import Message, MessageState
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree
from tests.factories.contacts import make_contact
from tests.factories.messages import message

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Case:
    """One person with a message that arrived and one that waits."""

    def __init__(self, services: Services) -> None:
        self.services = services
        now = services.clock.now()
        with services.db.transaction() as session:
            make_clinic(session, now=now)
            contact = make_contact(session, now=now)
            agree(session, contact, Channel.EMAIL, now=now)
            agree(session, contact, Channel.SMS, now=now)
            arrived = message(session, contact, now=now)
            waiting = message(session, contact, now=now, origin_id=2, state=MessageState.PLANNED)
            self.contact_id, self.message_id, self.waiting_id = contact.id, arrived.id, waiting.id
            self.address = str(arrived.address)
        services.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        self.token = services.tokens.issue(Purpose.UNSUBSCRIBE, self.message_id)
        self.url = f"/u/{self.token}"

    def status(self, channel: str = Channel.EMAIL) -> str:
        with self.services.db.reading() as session:
            return ledger.state_of(session, self.contact_id)[channel].status

    def stops(self) -> int:
        with self.services.db.reading() as session:
            query = select(func.count()).where(ConsentEntry.action == Action.OPT_OUT)
            return session.scalar(query) or 0

    def is_suppressed(self) -> bool:
        with self.services.db.reading() as session:
            found = suppression.is_suppressed(
                session, Channel.EMAIL, self.address, self.services.clock.now()
            )
            return found is not None


@pytest.fixture
def case(services: Services) -> Case:
    return Case(services)


@pytest.fixture
def each_client(each_services: Services) -> tuple[FlaskClient, Case]:
    made = Case(each_services)
    return create_app(each_services).test_client(), made


def content_of(services: Services) -> dict[str, list[object]]:
    with services.db.reading() as session:
        return {
            name: list(session.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")))
            for name in sorted(Base.metadata.tables)
            if len(Base.metadata.tables[name].columns) > 1
        }


def test_looking_a_hundred_times_changes_nothing(
    client: FlaskClient, services: Services, case: Case
) -> None:
    before = content_of(services)
    for _ in range(34):
        for method in ("GET", "HEAD", "OPTIONS"):
            reply = client.open(case.url, method=method)
            assert reply.status_code == 200
            assert "Set-Cookie" not in reply.headers
    assert content_of(services) == before


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_mailbox_can_unsubscribe_with_one_click(
    each_client: tuple[FlaskClient, Case], content_type: str
) -> None:
    client, case = each_client
    reply = client.post(case.url, data=ONE_CLICK, content_type=content_type)
    assert reply.status_code == 200
    assert reply.mimetype == "text/plain"
    assert len(reply.data) < 100
    assert "Set-Cookie" not in reply.headers
    assert case.status() == ConsentStatus.WITHDRAWN
    assert case.status(Channel.SMS) == ConsentStatus.GRANTED
    assert case.is_suppressed()
    with case.services.db.reading() as session:
        entry = ledger.history(session, case.contact_id)[0]
        assert entry.method == Method.ONE_CLICK
        waiting = session.get_one(Message, case.waiting_id)
        assert (waiting.state, waiting.reason) == (MessageState.SUPPRESSED, "opted_out")


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream"])
def test_a_mailbox_with_an_odd_content_type_is_understood_too(
    client: FlaskClient, case: Case, content_type: str
) -> None:
    reply = client.post(
        case.url, data=b"List-Unsubscribe=One-Click", headers={"Content-Type": content_type}
    )
    assert reply.status_code == 200
    assert case.status() == ConsentStatus.WITHDRAWN


def test_a_foreign_origin_does_not_keep_anybody_from_leaving(
    client: FlaskClient, case: Case
) -> None:
    headers = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(case.url, data=ONE_CLICK, headers=headers).status_code == 200
    assert case.status() == ConsentStatus.WITHDRAWN


def test_leaving_twice_is_answered_the_same_and_recorded_once(
    client: FlaskClient, case: Case
) -> None:
    replies = [client.post(case.url, data=ONE_CLICK) for _ in range(3)]
    assert {(reply.status_code, reply.data) for reply in replies} == {(200, replies[0].data)}
    assert case.stops() == 1


def test_the_address_that_the_message_went_to_is_stopped_even_if_it_changed_since(
    client: FlaskClient, services: Services, case: Case
) -> None:
    with services.db.transaction() as session:
        directory.set_address(
            session, case.contact_id, Channel.EMAIL, "new@example.com", now=services.clock.now()
        )
    client.post(case.url, data=ONE_CLICK)
    assert case.is_suppressed()
    with services.db.reading() as session:
        assert suppression.is_suppressed(
            session, Channel.EMAIL, "new@example.com", services.clock.now()
        )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"something=else", "application/x-www-form-urlencoded"),
        (b"list-unsubscribe=one-click", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00=\x00", "application/x-www-form-urlencoded"),
        (b"not a multipart body", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
    ],
)
def test_nobody_is_left_on_the_list_for_the_form_of_the_press(
    client: FlaskClient, case: Case, body: bytes, content_type: str
) -> None:
    reply = client.post(case.url, data=body, content_type=content_type)
    assert (reply.status_code, reply.mimetype) == (200, "text/plain")
    assert case.status() == ConsentStatus.WITHDRAWN


def test_the_hundredth_press_writes_nothing_and_is_answered_as_the_first(
    each_client: tuple[FlaskClient, Case],
) -> None:
    client, case = each_client
    first = client.post(case.url, data=ONE_CLICK)
    before = content_of(case.services)
    for _ in range(50):
        again = client.post(case.url, data=ONE_CLICK)
        assert (again.status_code, again.data) == (200, first.data)
        assert client.post(case.url, data={"confirm": "1"}).status_code == 200
    assert content_of(case.services) == before


def test_what_was_planned_since_the_first_press_goes_with_the_second(
    client: FlaskClient, services: Services, case: Case
) -> None:
    client.post(case.url, data=ONE_CLICK)
    with services.db.transaction() as session:
        contact = directory.get(session, case.contact_id)
        late = message(
            session, contact, now=services.clock.now(), origin_id=7, state=MessageState.HELD
        ).id
    client.post(case.url, data=ONE_CLICK)
    with services.db.reading() as session:
        assert session.get_one(Message, late).state == MessageState.SUPPRESSED


def test_a_message_whose_intent_is_on_record_is_not_called_back(
    client: FlaskClient, services: Services, case: Case
) -> None:
    with services.db.transaction() as session:
        contact = directory.get(session, case.contact_id)
        now = services.clock.now()
        leaving = message(session, contact, now=now, origin_id=8, state=MessageState.SENDING).id
    client.post(case.url, data=ONE_CLICK)
    with services.db.reading() as session:
        assert session.get_one(Message, leaving).state == MessageState.SENDING


def test_a_link_works_after_its_key_was_rotated(each_services: Services) -> None:
    services = each_services
    case = Case(services)
    old = services.keys
    fresh = {
        purpose: (Key(max(k.kid for k in old.all(purpose)) + 1, os.urandom(32)), *old.all(purpose))
        for purpose in old.keys
    }
    ring = replace(old, keys=fresh)
    rotated = replace(
        services, keys=ring, tokens=Tokens(ring), db=Database(services.db.url, keys=ring)
    )
    client = create_app(rotated).test_client()
    assert rotated.tokens.issue(Purpose.UNSUBSCRIBE, case.message_id) != case.token
    assert client.post(case.url, data=ONE_CLICK).status_code == 200
    assert case.status() == ConsentStatus.WITHDRAWN
    with rotated.db.reading() as session:
        now = services.clock.now()
        assert suppression.is_suppressed(session, Channel.EMAIL, case.address, now)
    rotated.db.dispose()


def test_a_link_of_a_merged_record_acts_on_the_one_that_was_kept(
    each_client: tuple[FlaskClient, Case],
) -> None:
    client, case = each_client
    services = case.services
    now = services.clock.now()
    with services.db.transaction() as session:
        kept = make_contact(session, now=now, email="kept@example.com", phone=None)
        agree(session, kept, Channel.EMAIL, now=now)
        merge(session, keep_id=kept.id, drop_id=case.contact_id, actor=SYSTEM, now=now)
        planned = message(session, kept, now=now, origin_id=5, state=MessageState.PLANNED).id
    assert client.post(case.url, data=ONE_CLICK).status_code == 200
    with services.db.reading() as session:
        assert ledger.state_of(session, kept.id)[Channel.EMAIL].status == ConsentStatus.WITHDRAWN
        assert suppression.is_suppressed(session, Channel.EMAIL, "kept@example.com", now)
        assert session.get_one(Message, planned).state == MessageState.SUPPRESSED
    assert case.is_suppressed()


def test_a_link_of_somebody_who_was_erased_still_answers_and_keeps_the_stop(
    each_client: tuple[FlaskClient, Case],
) -> None:
    client, case = each_client
    services = case.services
    with services.db.transaction() as session:
        now = services.clock.now()
        suppression.add(
            session, channel=Channel.EMAIL, address=case.address,
            reason=SuppressionReason.ERASED, now=now,
        )  # fmt: skip
        directory.set_address(session, case.contact_id, Channel.EMAIL, None, now=now)
        directory.set_status(session, case.contact_id, ContactStatus.ERASED, now=now)
        session.execute(update(Message).values(address=None))
    assert client.get(case.url).status_code == 200
    for data in (ONE_CLICK, {"confirm": "1"}):
        assert client.post(case.url, data=data).status_code == 200
    with services.db.reading() as session:
        blocks = suppression.active_for(session, Channel.EMAIL, case.address, services.clock.now())
        assert [row.reason for row in blocks] == [SuppressionReason.ERASED]


def test_the_page_has_one_button_and_the_way_to_the_preferences(
    client: FlaskClient, case: Case
) -> None:
    page = client.get(case.url).get_data(as_text=True)
    assert page.count("<button") == 1
    assert "Unsubscribe from all marketing email" in page
    assert "/p/" in page
    assert case.address not in page
    assert "<script" not in page


def test_unknown_and_malformed_tokens_get_the_same_page(
    client: FlaskClient, services: Services, case: Case
) -> None:
    unknown = services.tokens.issue(Purpose.UNSUBSCRIBE, 999_999)
    other_purpose = services.tokens.issue(Purpose.CLICK, case.message_id)
    tokens = [unknown, other_purpose, "x", "a" * 34, case.token[:-1], case.token + "A", "%00", "ü"]
    for method in ("GET", "POST"):
        replies = [
            client.open(f"/u/{token}", method=method, data=ONE_CLICK if method == "POST" else None)
            for token in tokens
        ]
        assert {reply.status_code for reply in replies} == {404}
        assert len({reply.data for reply in replies}) == 1
    assert case.status() == ConsentStatus.GRANTED


def test_every_flipped_bit_of_a_token_leads_nowhere(client: FlaskClient, case: Case) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place in range(len(case.token)):
        value = alphabet.index(case.token[place])
        for bit in range(6):
            flipped = case.token[:place] + alphabet[value ^ (1 << bit)] + case.token[place + 1 :]
            assert case.services.tokens.read(Purpose.UNSUBSCRIBE, flipped) is None
    assert client.get(f"/u/{flipped}").status_code == 404


def test_a_leaver_by_text_link_leaves_texts_only(
    client: FlaskClient, services: Services, case: Case
) -> None:
    with services.db.transaction() as session:
        contact = directory.get(session, case.contact_id)
        sent = message(session, contact, now=services.clock.now(), channel=Channel.SMS)
        token = services.tokens.issue(Purpose.UNSUBSCRIBE, sent.id)
    assert "Stop all marketing texts" in client.get(f"/u/{token}").get_data(as_text=True)
    client.post(f"/u/{token}", data={"confirm": "1"})
    assert case.status(Channel.SMS) == ConsentStatus.WITHDRAWN
    assert case.status(Channel.EMAIL) == ConsentStatus.GRANTED
