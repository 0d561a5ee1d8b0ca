"""Taking back an unsubscribe: within 15 minutes, once, and never more than was there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaigns.consent import ledger, suppression
from campaigns.consent.models import ConsentStatus, Method, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.wiring import Services
from tests.factories.consent import agree, leave
from tests.factories.contacts import make_contact
from tests.public.test_unsubscribe import ONE_CLICK, Case, case, each_client

__all__ = ["case", "each_client"]


def press(client: FlaskClient, case: Case) -> str:
    """Press our button; return the field that undoes it."""
    page = client.post(case.url, data={"confirm": "1"}).get_data(as_text=True)
    return page.split('name="undo" value="')[1].split('"')[0]


def test_the_button_shows_that_it_is_done_and_can_be_undone_for_15_minutes(
    each_client: tuple[FlaskClient, Case],
) -> None:
    client, case = each_client
    page = client.post(case.url, data={"confirm": "1"}).get_data(as_text=True)
    assert "You have left" in page
    undo = page.split('name="undo" value="')[1].split('"')[0]
    case.services.clock.advance(timedelta(minutes=14))  # type: ignore[attr-defined]
    reply = client.post(case.url, data={"undo": undo})
    assert reply.status_code == 200
    assert "back on the list" in reply.get_data(as_text=True)
    assert case.status() == ConsentStatus.GRANTED
    assert not case.is_suppressed()
    with case.services.db.reading() as session:
        newest, _stop, _sms, first = ledger.history(session, case.contact_id)
        assert newest.method == Method.UNDO
        assert newest.wording_sha256 == first.wording_sha256


def test_after_15_minutes_there_is_no_way_back_but_to_sign_up(
    client: FlaskClient, clock: FixedClock, case: Case
) -> None:
    undo = press(client, case)
    clock.advance(timedelta(minutes=15, seconds=1))
    reply = client.post(case.url, data={"undo": undo})
    assert reply.status_code == 410
    assert case.status() == ConsentStatus.WITHDRAWN


def test_an_undo_from_another_message_or_made_up_is_refused(
    client: FlaskClient, case: Case
) -> None:
    undo = press(client, case)
    for forged in (undo[:-1] + ("0" if undo[-1] != "0" else "1"), "1.2.3.4.5", "", "²"):
        assert client.post(case.url, data={"undo": forged}).status_code == 410
    assert case.status() == ConsentStatus.WITHDRAWN


def test_who_was_not_on_the_list_is_offered_no_undo(client: FlaskClient, case: Case) -> None:
    client.post(case.url, data=ONE_CLICK)
    assert "undo" not in client.post(case.url, data={"confirm": "1"}).get_data(as_text=True)


def test_an_undo_works_once(each_client: tuple[FlaskClient, Case], clock: FixedClock) -> None:
    client, case = each_client
    undo = press(client, case)
    clock.advance(timedelta(minutes=1))
    assert client.post(case.url, data={"undo": undo}).status_code == 200
    clock.advance(timedelta(minutes=1))
    client.post(case.url, data=ONE_CLICK)
    clock.advance(timedelta(minutes=1))
    assert client.post(case.url, data={"undo": undo}).status_code == 410
    assert case.status() == ConsentStatus.WITHDRAWN


def test_looking_undoes_nothing(client: FlaskClient, case: Case) -> None:
    undo = press(client, case)
    for method in ("GET", "HEAD", "OPTIONS"):
        client.open(case.url, method=method, query_string={"undo": undo})
    assert client.post(case.url, query_string={"undo": undo}).status_code == 200
    assert case.status() == ConsentStatus.WITHDRAWN


def complain(services: Services, case: Case) -> None:
    with services.db.transaction() as session:
        suppression.add(
            session, channel=Channel.EMAIL, address=case.address,
            reason=SuppressionReason.COMPLAINT, now=services.clock.now(),
        )  # fmt: skip


def decide_by_hand(services: Services, case: Case) -> None:
    with services.db.transaction() as session:
        suppression.add(
            session, channel=Channel.EMAIL, address=case.address,
            reason=SuppressionReason.MANUAL, now=services.clock.now(),
        )  # fmt: skip


def tell_the_staff(services: Services, case: Case) -> None:
    with services.db.transaction() as session:
        assert ledger.withdraw(
            session, contact_id=case.contact_id, channel=Channel.EMAIL, method=Method.STAFF,
            actor=SYSTEM, now=services.clock.now(), words="never again",
        )  # fmt: skip


def tell_the_provider(services: Services, case: Case) -> None:
    with services.db.transaction() as session:
        ledger.withdraw(
            session, contact_id=case.contact_id, channel=Channel.EMAIL, method=Method.PROVIDER,
            actor=SYSTEM, now=services.clock.now(),
        )  # fmt: skip


def reply(services: Services, case: Case) -> None:
    with services.db.transaction() as session:
        ledger.withdraw(
            session, contact_id=case.contact_id, channel=Channel.EMAIL, method=Method.REPLY,
            actor=SYSTEM, now=services.clock.now(), words="STOP",
        )  # fmt: skip


def move(services: Services, case: Case) -> None:
    with services.db.transaction() as session:
        directory.set_address(
            session, case.contact_id, Channel.EMAIL, None, now=services.clock.now()
        )


@pytest.mark.parametrize(
    "act", [complain, decide_by_hand, tell_the_staff, tell_the_provider, reply, move]
)
@pytest.mark.parametrize("first", [False, True], ids=["after the press", "before it"])
def test_an_undo_lifts_nothing_that_another_road_closed(
    each_client: tuple[FlaskClient, Case],
    clock: FixedClock,
    act: Callable[[Services, Case], None],
    first: bool,
) -> None:
    client, case = each_client
    if first:
        act(case.services, case)
        clock.advance(timedelta(minutes=1))
        page = client.post(case.url, data={"confirm": "1"}).get_data(as_text=True)
        assert 'name="undo"' not in page
        return
    undo = press(client, case)
    clock.advance(timedelta(minutes=1))
    act(case.services, case)
    with case.services.db.reading() as session:
        before = len(suppression.active_for(session, Channel.EMAIL, case.address, clock.now()))
    clock.advance(timedelta(minutes=1))
    assert client.post(case.url, data={"undo": undo}).status_code == 410
    assert case.status() == ConsentStatus.WITHDRAWN
    with case.services.db.reading() as session:
        after = suppression.active_for(session, Channel.EMAIL, case.address, clock.now())
        assert len(after) == before > 0
        assert ledger.verify(session) is None


def test_an_undo_does_not_lift_the_stop_of_somebody_at_the_same_address(
    each_client: tuple[FlaskClient, Case], clock: FixedClock
) -> None:
    client, case = each_client
    with case.services.db.transaction() as session:
        other = make_contact(session, now=clock.now(), email=case.address)
        agree(session, other, Channel.EMAIL, now=clock.now())
        leave(session, other, Channel.EMAIL, now=clock.now())
    clock.advance(timedelta(minutes=1))
    page = client.post(case.url, data={"confirm": "1"}).get_data(as_text=True)
    assert 'name="undo"' not in page
    assert case.is_suppressed()
