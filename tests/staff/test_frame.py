"""The frame around every staff page."""

from __future__ import annotations

from flask.testing import FlaskClient

from campaigns.accounts.models import Role
from campaigns.wiring import Services
from tests.factories.accounts import sign_in


def test_home_needs_a_log_in_and_leads_there(client: FlaskClient) -> None:
    reply = client.get("/staff/")
    assert reply.status_code == 302
    assert reply.location == "/staff/log-in"


def test_home_opens_for_every_role(client: FlaskClient, services: Services) -> None:
    for role in Role:
        sign_in(client, services, role)
        assert client.get("/staff/").status_code == 200
