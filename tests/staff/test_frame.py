"""The frame around every staff page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaigns.accounts.models import Role
from campaigns.clinic import profile
from campaigns.contacts import directory
from campaigns.core.actors import SYSTEM
from campaigns.delivery.models import Breaker
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic


@pytest.fixture
def clinic(services: Services) -> None:
    """The clinic, with everything filled in."""
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())


def _rail(page: str) -> list[str]:
    nav = page[page.index('<nav class="rail"') : page.index("</nav>")]
    return list(dict.fromkeys(re.findall(r"</svg><span>([^<]+)</span>", nav)))


def test_home_needs_a_log_in_and_leads_there(client: FlaskClient) -> None:
    reply = client.get("/staff/")
    assert reply.status_code == 302
    assert reply.location == "/staff/log-in"


def test_a_page_asked_for_before_the_log_in_is_remembered(client: FlaskClient) -> None:
    assert client.get("/staff/people/?q=maria").location == (
        "/staff/log-in?next=/staff/people/%3Fq%3Dmaria"
    )


def test_home_opens_for_every_role(client: FlaskClient, services: Services) -> None:
    for role in Role:
        sign_in(client, services, role)
        assert client.get("/staff/").status_code == 200


def test_the_rail_offers_what_the_role_may_open(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services, Role.OWNER)
    offered = _rail(client.get("/staff/").text)
    assert offered[1:5] == ["Home", "Campaigns", "Drips", "People"]
    assert "Outbox" in offered, "nothing leaves this machine, so it is shown"
    sign_in(client, services, Role.VIEWER)
    offered = _rail(client.get("/staff/").text)
    assert "Inbox" not in offered
    assert "Outbox" not in offered


def test_the_time_is_the_clinics(client: FlaskClient, services: Services, clinic: None) -> None:
    sign_in(client, services)
    page = client.get("/staff/").text
    assert "Tue 13:00" in page
    assert 'data-clock="America/New_York"' in page


def test_a_stop_is_told_on_every_page_with_who_and_when(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services, name="Maya Lindqvist")
    reply = client.post("/staff/stop", data={"reason": "Wrong number in the text"})
    assert reply.location == "/staff/stop"
    page = client.get("/staff/stop").text
    assert "Wrong number in the text" in page
    sign_in(client, services, Role.VIEWER)
    page = client.get("/staff/").text
    assert "Everything is stopped since Tue 17 Nov, 13:00 by Maya Lindqvist" in page
    assert 'href="/staff/stop"' not in page, "a viewer cannot resume"


def test_resuming_takes_the_banner_away(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services)
    client.post("/staff/stop", data={"reason": "Test"})
    assert client.post("/staff/stop/resume").status_code == 303
    page = client.get("/staff/").text
    assert "Sending is allowed again" in page
    assert "Everything is stopped since" not in page


def test_a_stop_without_a_reason_keeps_sending_and_says_why(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services)
    reply = client.post("/staff/stop", data={"reason": "  "})
    assert reply.status_code == 422
    assert 'id="reason-error"' in reply.text
    with services.db.reading() as session:
        assert profile.get(session).stopped_at is None


def test_a_step_that_is_not_possible_leads_back_with_the_reason(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services)
    reply = client.post("/staff/stop/resume", data={"came_from": "/staff/stop"})
    assert reply.location == "/staff/stop"
    assert "Sending is allowed already" in client.get("/staff/stop").text


def test_a_made_up_way_back_is_not_followed(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services)
    for foreign in ("//evil.example", "https://evil.example/staff/", "/other"):
        reply = client.post("/staff/stop/resume", data={"came_from": foreign})
        assert reply.status_code == 409
        assert "Location" not in reply.headers


def test_a_channel_at_rest_is_told_with_the_time(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    until = services.clock.now() + timedelta(minutes=10)
    with services.db.transaction() as session:
        session.add(Breaker(channel="email", open_until=until, uncertain_in_a_row=5))
    sign_in(client, services)
    assert "Email rests until Tue 17 Nov, 13:10" in client.get("/staff/").text


def test_a_message_is_shown_once_with_its_undo(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services)
    other = sign_in(client.application.test_client(), services, Role.MARKETER)
    client.post(f"/staff/settings/team/{other.id}/switch-off")
    page = client.get("/staff/settings/team/").text
    assert "can no longer sign in" in page
    assert f'action="/staff/settings/team/{other.id}/switch-on"' in page
    assert "can no longer sign in" not in client.get("/staff/settings/team/").text


def test_search_finds_people_by_name_for_those_who_may_see_them(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    with services.db.transaction() as session:
        directory.create(
            session,
            now=services.clock.now(),
            first_name="Maria",
            last_name="Lund",
            email="maria@example.com",
            source="staff",
        )
    sign_in(client, services)
    assert "Maria Lund" in client.get("/staff/search?q=maria").text
    assert "Maria Lund" in client.get("/staff/search/suggestions?q=lun").text
    assert "Nothing fits" in client.get("/staff/search?q=zebra").text
    assert "Maria" not in client.get("/staff/search?q=m").text, "one letter is too little"


def test_search_takes_anything_that_can_be_typed(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services)
    for typed in (
        "100%",
        "a_b",
        "\\",
        "'; DROP TABLE contacts; --",
        "<script>",
        "ü" * 300,
        "\x00a",
    ):
        reply = client.get("/staff/search", query_string={"q": typed})
        assert reply.status_code == 200
        assert "<script>" not in reply.text


def test_the_stop_belongs_to_those_who_may(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
        profile.stop_everything(session, SYSTEM, reason="test", now=services.clock.now())
    sign_in(client, services, Role.REVIEWER)
    assert client.post("/staff/stop/resume").status_code == 403


@pytest.mark.parametrize(
    ("page", "entry"),
    [
        ("/staff/do-not-contact/", "People"),
        ("/staff/bookings/", "People"),
        ("/staff/reviews/", "Library"),
        ("/staff/people/new", "People"),
    ],
)
def test_the_rail_says_where_a_page_belongs(
    client: FlaskClient, services: Services, clinic: None, page: str, entry: str
) -> None:
    sign_in(client, services)
    here = re.findall(
        r'aria-current="page"><svg.*?</svg><span>([^<]+)</span>', client.get(page).text, re.DOTALL
    )
    assert set(here) == {entry}
