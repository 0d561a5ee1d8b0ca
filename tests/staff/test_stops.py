"""The desk records a stop: from a person, from the list, and for an address nobody has."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.accounts.models import Role
from campaigns.app import create_app
from campaigns.consent import ledger, suppression
from campaigns.contacts import directory
from campaigns.contacts.models import Contact
from campaigns.delivery.models import Message, MessageState
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.messages import message


class Desk:
    """A signed-in front desk, and Maria who agreed to both."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.client = create_app(services).test_client()
        with services.db.transaction() as session:
            make_clinic(session, now=NOON)
            maria = make_member(
                session, now=NOON, email="maria@example.com", phone="2125550177", last_name="Lopez"
            )
            self.maria_id = maria.id
            self.waiting_id = message(session, maria, now=NOON, state=MessageState.PLANNED).id
        services.clock.advance(timedelta(minutes=5))  # type: ignore[attr-defined]
        sign_in(self.client, services, role=Role.FRONT_DESK)

    def statuses(self) -> tuple[str, str]:
        with self.services.db.reading() as session:
            found = ledger.state_of(session, self.maria_id)
            return found["email"].status, found["sms"].status

    def is_blocked(self, channel: str, address: str) -> bool:
        with self.services.db.reading() as session:
            now = self.services.clock.now()
            return suppression.is_suppressed(session, channel, address, now) is not None

    def stop(self, **data: str) -> int:
        reply = self.client.post("/staff/people/stop", data={"how": "phone", **data})
        return reply.status_code

    def page(self) -> str:
        return self.client.get(f"/staff/people/{self.maria_id}").text


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services)


@pytest.fixture
def each_desk(each_services: Services) -> Desk:
    return Desk(each_services)


def test_the_list_has_a_button_for_each_person_and_one_for_a_bare_address(desk: Desk) -> None:
    page = desk.client.get("/staff/people/").text
    assert f'href="/staff/people/{desk.maria_id}/stop"' in page
    assert 'href="/staff/people/stop"' in page
    page = desk.client.get("/staff/people/?q=(312) 555-0142").text
    assert "/staff/people/stop?address=" in page
    form = desk.client.get("/staff/people/stop?address=(312) 555-0142").text
    assert 'value="(312) 555-0142"' in form


def test_an_address_that_is_not_in_the_list_stays_stopped_when_it_comes(each_desk: Desk) -> None:
    assert each_desk.stop(address="(312) 555-0142", words="take me off") == 303
    assert each_desk.is_blocked("sms", "+13125550142")
    with each_desk.services.db.transaction() as session:
        later = make_member(
            session, now=each_desk.services.clock.now(), phone="3125550142", email="x@example.com"
        )
    page = each_desk.client.get(f"/staff/people/{later.id}").text
    assert "do-not-contact list for texts" in page
    assert "take me off" in page


@pytest.mark.parametrize("address", ["maria@example.com", " MARIA@Example.com "])
def test_a_stop_by_address_finds_who_has_it(each_desk: Desk, address: str) -> None:
    assert each_desk.stop(address=address, how="letter", words="no more") == 303
    assert each_desk.statuses() == ("withdrawn", "granted")
    with each_desk.services.db.reading() as session:
        assert session.get_one(Message, each_desk.waiting_id).state == MessageState.SUPPRESSED
    page = each_desk.page()
    assert "in a letter: “no more”" in page
    assert "Email no, said stop on 17 Nov 2026" in page


def test_a_stop_by_address_can_stop_everything(desk: Desk) -> None:
    assert desk.stop(address="212-555-0177", everything="yes") == 303
    assert desk.statuses() == ("withdrawn", "withdrawn")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"address": ""}, "Type the email address"),
        ({"address": "no address"}, ""),
        ({"address": "555"}, ""),
        ({"address": "a@b@c"}, ""),
        ({"address": "+44 20 7946 0000"}, ""),
        ({"address": "maria@example.com", "how": "telepathy"}, "Choose how it was said."),
        ({"address": "x\0y"}, ""),
        ({"address": "é" * 5000}, ""),
    ],
)
def test_what_cannot_be_an_address_is_said_beside_the_field(
    desk: Desk, data: dict[str, str], words: str
) -> None:
    reply = desk.client.post("/staff/people/stop", data={"how": "phone", **data})
    assert reply.status_code == 422
    assert words in reply.text
    assert desk.statuses() == ("granted", "granted")


def test_words_with_signs_that_no_database_keeps_do_no_harm(each_desk: Desk) -> None:
    data = {"channels": ["email"], "how": "phone", "words": "st\0op <b>now</b>" + "x" * 900}
    reply = each_desk.client.post(f"/staff/people/{each_desk.maria_id}/stop", data=data)
    assert reply.status_code == 303
    assert "stop &lt;b&gt;now" in each_desk.page()


def test_a_hold_needs_no_reason_and_lasts_until_it_is_released(each_desk: Desk) -> None:
    url = f"/staff/people/{each_desk.maria_id}"
    with each_desk.services.db.transaction() as session:
        maria = session.get_one(Contact, each_desk.maria_id)
        held = message(session, maria, now=NOON, origin_id=4, state=MessageState.HELD).id
        row = session.get_one(Message, held)
        row.reason, row.held_until = "on_hold", directory.UNTIL_RELEASED
    assert each_desk.client.post(f"{url}/hold", data={"days": "released"}).status_code == 303
    assert "No marketing until released" in each_desk.page()
    assert "held until released" in each_desk.page()
    each_desk.client.post(f"{url}/release")
    assert "Email yes; text yes." in each_desk.page()
    with each_desk.services.db.reading() as session:
        woken = session.get_one(Message, held).held_until
        assert woken == each_desk.services.clock.now()


def test_a_hold_to_a_day_counts_the_whole_day(desk: Desk) -> None:
    url = f"/staff/people/{desk.maria_id}/hold"
    data = {"days": "date", "until": "2026-12-24"}
    assert desk.client.post(url, data=data).status_code == 303
    assert "No marketing until 24 Dec 2026" in desk.page()
    for faulty in ("", "soon", "2026-11-16", "9999-12-31", "2026-13-01"):
        assert desk.client.post(url, data={"days": "date", "until": faulty}).status_code == 422
    with desk.services.db.reading() as session:
        until = session.scalars(select(Contact.hold_until)).one()
        assert until is not None
        assert f"{until:%Y-%m-%d %H:%M}" == "2026-12-25 04:59"
