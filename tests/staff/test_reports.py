"""The report pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry, Role
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact
from tests.factories.messages import message
from tests.reports.test_funnel import book, broadcast, click


@pytest.fixture
def broadcast_id(services: Services) -> int:
    """A broadcast to four people: one booked, one clicked, one came back, one was not sent."""
    now = services.clock.now() - timedelta(days=2)
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now, "March news")
        people = [make_contact(session, now=now, last_name=f"Sample{n}") for n in range(4)]
        states = ("delivered", "delivered", "bounced", "suppressed")
        for contact, state in zip(people, states, strict=True):
            made = message(
                session, contact, now=now, origin_id=sent.id, state=state,
                reason="opted_out" if state == "suppressed" else None,
            )  # fmt: skip
            if contact is people[1]:
                click(session, made, now + timedelta(hours=1))
        book(session, people[0], now + timedelta(days=1))
        return sent.id


def test_the_overview_begins_with_a_sentence(
    client: FlaskClient, services: Services, broadcast_id: int
) -> None:
    sign_in(client, services, Role.VIEWER)
    page = client.get("/staff/reports/").get_data(as_text=True)
    assert "1 person booked within 7 days of a message." in page
    assert f"/staff/reports/campaigns/{broadcast_id}" in page
    assert "A booking counts for the message whose booking link" in page


def test_the_overview_works_before_anything_was_sent(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    sign_in(client, services)
    page = client.get("/staff/reports/").get_data(as_text=True)
    assert "Nothing was sent yet" in page


def test_every_figure_leads_to_as_many_people_as_it_says(
    client: FlaskClient, services: Services, broadcast_id: int
) -> None:
    sign_in(client, services)
    page = client.get(f"/staff/reports/campaigns/{broadcast_id}").get_data(as_text=True)
    links = re.findall(r'href="([^"]+/people\?[^"]+)"[^>]*>([\d,]+)<', page)
    assert len(links) >= 10
    for address, figure in links:
        reply = client.get(address.replace("&amp;", "&"))
        assert reply.status_code == 200
        rows = reply.get_data(as_text=True).count('<th scope="row">')
        assert rows == int(figure), address


def test_a_reason_is_a_sentence(client: FlaskClient, services: Services, broadcast_id: int) -> None:
    sign_in(client, services)
    page = client.get(f"/staff/reports/campaigns/{broadcast_id}").get_data(as_text=True)
    assert "opted_out" not in re.sub(r'(href|aria-label)="[^"]*"', "", page)


def test_a_long_list_is_paged(client: FlaskClient, services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now)
        for _ in range(53):
            message(session, make_contact(session, now=now), now=now, origin_id=sent.id)
    sign_in(client, services)
    base = f"/staff/reports/campaigns/{sent.id}/people"
    page = client.get(f"{base}?figure=delivered&channel=email").get_data(as_text=True)
    assert page.count('<th scope="row">') == 50
    following = re.findall(r'href="([^"]+)" rel="next"', page)[0].replace("&amp;", "&")
    page = client.get(f"{base}{following}").get_data(as_text=True)
    assert page.count('<th scope="row">') == 3


def test_the_download_is_for_those_who_may_export_and_leaves_a_trail(
    client: FlaskClient, services: Services, broadcast_id: int
) -> None:
    address = f"/staff/reports/campaigns/{broadcast_id}.csv"
    sign_in(client, services, Role.MARKETER)
    assert client.get(address).status_code == 403
    sign_in(client, services, Role.MANAGER)
    reply = client.get(address)
    assert reply.status_code == 200
    assert reply.mimetype == "text/csv"
    assert "attachment" in reply.headers["Content-Disposition"]
    assert len(reply.get_data(as_text=True).splitlines()) == 5
    with services.db.reading() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert actions.count("report.exported") == 1


@pytest.mark.parametrize(
    "address",
    [
        "/staff/reports/campaigns/999",
        "/staff/reports/campaigns/999.csv",
        "/staff/reports/campaigns/999/people",
        "/staff/reports/campaigns/1/people?figure=made_up",
        "/staff/reports/campaigns/1/people?channel=pigeon",
    ],
)
def test_what_does_not_exist_is_not_found(
    client: FlaskClient, services: Services, broadcast_id: int, address: str
) -> None:
    assert broadcast_id == 1
    sign_in(client, services)
    assert client.get(address).status_code == 404


def test_topics_are_named_only_to_those_who_may_read_them(
    client: FlaskClient, services: Services, broadcast_id: int
) -> None:
    assert broadcast_id
    sign_in(client, services, Role.FRONT_DESK)
    assert "after messages on" not in client.get("/staff/reports/").get_data(as_text=True)
