"""Settings, channels: compare the lists when staff ask; the answer to texts about health."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask.testing import FlaskClient

from campaigns.accounts.models import Role
from campaigns.app import create_app
from campaigns.clinic import profile
from campaigns.events import comparison
from campaigns.providers.sendgrid import SendGridSender
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic


def manager(services: Services) -> FlaskClient:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    client = create_app(services).test_client()
    sign_in(client, services, Role.MANAGER)
    return client


def test_staff_ask_for_a_comparison_once_and_read_what_it_found(services: Services) -> None:
    sender = SendGridSender(api_key="SG.x", api_url="http://127.0.0.1:9")
    services = replace(services, email=sender)
    client = manager(services)
    assert "No comparison yet" in client.get("/staff/settings/channels").text
    for _ in range(2):
        assert client.post("/staff/settings/channels/compare").status_code == 303
    with services.db.transaction() as session:
        row = comparison.last(session, "sendgrid")
        assert row is not None
        assert row.id == 1
        row.started_at = row.finished_at = services.clock.now()
        row.counts = {
            "lists": {"bounces": {"theirs": 7, "added": 3, "only_theirs": 1}},
            "only_ours": {"opt_out": 4},
        }
    page = client.get("/staff/settings/channels").text
    assert "<strong>3</strong> of 7" in page
    assert "<strong>4</strong> are on ours alone" in page
    assert "3 of 7 were missing here" in client.get("/staff/settings/health").text
    with services.db.transaction() as session:
        row = comparison.last(session, "sendgrid")
        assert row is not None
        row.error, row.counts = "PermissionError: the key needs the right", {}
    page = client.get("/staff/settings/channels").text
    assert "the key needs the right" in page


def test_a_way_out_without_lists_shows_no_button_and_starts_nothing(services: Services) -> None:
    client = manager(services)
    assert "Compare now" not in client.get("/staff/settings/channels").text
    assert client.post("/staff/settings/channels/compare").status_code == 303
    with services.db.reading() as session:
        assert comparison.last(session, "local") is None


def test_the_answer_on_health_is_switched_off_and_on(services: Services) -> None:
    client = manager(services)
    for form, wanted in (({}, False), ({"answers_health": "yes"}, True)):
        reply = client.post("/staff/settings/channels/health-answer", data=form)
        assert reply.status_code == 303
        with services.db.reading() as session:
            assert profile.get(session).answers_health is wanted


def test_a_comparison_that_waits_is_shown_as_such(services: Services) -> None:
    sender = SendGridSender(api_key="SG.x", api_url="http://127.0.0.1:9")
    services = replace(services, email=sender)
    client = manager(services)
    client.post("/staff/settings/channels/compare")
    assert "Waiting" in client.get("/staff/settings/channels").text
    with services.db.transaction() as session:
        row = comparison.last(session, "sendgrid")
        assert row is not None
        row.started_at = services.clock.now() - timedelta(minutes=1)
    assert "Under way" in client.get("/staff/settings/channels").text
