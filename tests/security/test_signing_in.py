"""Signing in as a browser does it: two steps, throttled, telling nothing (SEC-23, 24, 28)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from campaigns.accounts import second_factor, setup, signing_in
from campaigns.accounts.models import Role, StaffUser
from campaigns.app import create_app
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.accounts import sign_in, sign_in_as, staff_user

PASSWORD = "copper lantern river"
COOKIE = "campaigns"


@pytest.fixture
def strict(db: Database, clock: FixedClock, tmp_path: Path) -> Services:
    """Services that require the second factor, as everywhere but on one's own machine."""
    return make_services(db, clock, tmp_path, CAMPAIGNS_REQUIRE_SECOND_FACTOR="true")


def token_on(page: TestResponse) -> str:
    """Return the CSRF token of a page's form."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text[:500]
    return found[1]


def submit(client: FlaskClient, address: str, **form: str) -> TestResponse:
    """Open a page and send its form, as a browser does."""
    token = token_on(client.get(address))
    return client.post(address, data={"csrf_token": token, **form})


def log_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
    return submit(client, "/staff/log-in", email=email, password=password, **more)


def _cookie(client: FlaskClient) -> str:
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    return cookie.value


def _enrolled(services: Services) -> tuple[StaffUser, pyotp.TOTP]:
    user = staff_user(services, password=PASSWORD)
    secret = second_factor.new_secret()
    totp = pyotp.TOTP(secret)
    before = services.clock.now() - timedelta(seconds=60)
    with services.db.transaction() as session:
        row = session.get_one(StaffUser, user.id)
        second_factor.enrol(session, SYSTEM, row, secret=secret, code=totp.at(before), now=before)
    return user, totp


def test_a_fresh_service_knows_no_password_and_says_where_to_begin(client: FlaskClient) -> None:
    for email, password in (("admin", "admin"), ("admin@example.com", "test"), ("root", "")):
        assert log_in(client, email, password).status_code == 422
    assert "set-up link" in client.get("/staff/log-in").text


def test_the_set_up_link_leads_to_an_owner_who_must_add_a_second_factor(
    strict: Services,
) -> None:
    client = create_app(strict).test_client()
    with strict.db.transaction() as session:
        token = setup.issue_link(session, now=strict.clock.now())
    faulty = submit(client, f"/staff/set-up/{token}", name="Maya", email="x", password="short")
    assert faulty.status_code == 422
    assert 'value="Maya"' in faulty.text, "what was typed is kept"
    form = {"name": "Maya", "email": "maya@example.com", "password": PASSWORD}
    assert submit(client, f"/staff/set-up/{token}", **form).location == "/staff/"
    assert client.get("/staff/").location == "/staff/account/second-factor"
    page = client.get("/staff/account/second-factor").text
    secret = re.search(r'<code id="key">([A-Z2-7 ]+)</code>', page)
    assert secret is not None
    assert "<svg" in page
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(strict.clock.now())
    done = submit(client, "/staff/account/second-factor", code=code)
    assert len(re.findall(r"<li>\w{5}-\w{5}</li>", done.text)) == second_factor.RECOVERY_CODES
    assert client.get("/staff/").status_code == 200
    assert create_app(strict).test_client().get(f"/staff/set-up/{token}").status_code == 409


def test_with_a_second_factor_the_password_alone_opens_nothing(
    client: FlaskClient, services: Services
) -> None:
    user, totp = _enrolled(services)
    first = log_in(client, user.email, next="/staff/settings/")
    assert first.location == "/staff/log-in/code"
    assert client.get("/staff/").status_code == 302, "not signed in yet"
    assert submit(client, "/staff/log-in/code", code="000000").status_code == 422
    done = submit(client, "/staff/log-in/code", code=totp.at(services.clock.now()))
    assert done.location == "/staff/settings/"
    assert client.get("/staff/").status_code == 200


def test_a_code_that_was_used_does_not_open_a_second_session(
    client: FlaskClient, services: Services
) -> None:
    user, totp = _enrolled(services)
    code = totp.at(services.clock.now())
    log_in(client, user.email)
    submit(client, "/staff/log-in/code", code=code)
    other = client.application.test_client()
    log_in(other, user.email)
    assert submit(other, "/staff/log-in/code", code=code).status_code == 422


def test_the_second_step_runs_out(
    client: FlaskClient, services: Services, clock: FixedClock
) -> None:
    user, totp = _enrolled(services)
    log_in(client, user.email)
    clock.advance(timedelta(minutes=20))
    assert client.get("/staff/log-in/code").location == "/staff/log-in"
    code = totp.at(clock.now())
    assert client.post("/staff/log-in/code", data={"code": code}).status_code in (302, 400)
    assert client.get("/staff/").status_code == 302


def test_the_session_id_changes_at_log_in_and_a_planted_one_is_never_adopted(
    client: FlaskClient, services: Services
) -> None:
    user = staff_user(services, password=PASSWORD)
    planted = "attacker-chosen-session-id-0123456789abcdef"
    client.set_cookie(COOKIE, planted, domain="localhost")
    assert log_in(client, user.email).location == "/staff/"
    assert _cookie(client) != planted
    thief = client.application.test_client()
    thief.set_cookie(COOKIE, planted, domain="localhost")
    assert thief.get("/staff/").status_code == 302


def test_logging_out_ends_the_session_on_the_server(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    stolen = _cookie(client)
    assert client.post("/staff/log-out").location == "/staff/log-in"
    thief = client.application.test_client()
    thief.set_cookie(COOKIE, stolen, domain="localhost")
    assert thief.get("/staff/").status_code == 302


def test_a_changed_password_ends_the_other_sessions_but_not_this_one(
    client: FlaskClient, services: Services
) -> None:
    user = staff_user(services, password=PASSWORD)
    others = [client.application.test_client() for _ in range(4)]
    for browser in (client, *others):
        sign_in_as(browser, services, user)
    before = _cookie(client)
    form = {"current_password": PASSWORD, "password": "violet harbour stone"}
    assert client.post("/staff/account/password", data=form).status_code == 303
    assert client.get("/staff/account/").status_code == 200
    assert _cookie(client) != before
    assert [browser.get("/staff/account/").status_code for browser in others] == [302] * 4


def test_the_present_password_is_asked_for_before_it_is_changed(
    client: FlaskClient, services: Services
) -> None:
    user = staff_user(services, password=PASSWORD)
    sign_in_as(client, services, user)
    form = {"current_password": "something else", "password": "violet harbour stone"}
    assert client.post("/staff/account/password", data=form).status_code == 422
    assert log_in(client.application.test_client(), user.email).location == "/staff/"


def _of_nobody(services: Services) -> str:
    return "nobody@example.com"


def _of_somebody(services: Services) -> str:
    return staff_user(services, password=PASSWORD).email


def _of_somebody_invited(services: Services) -> str:
    return staff_user(services, Role.MARKETER).email


def _of_somebody_switched_off(services: Services) -> str:
    user = staff_user(services, Role.MARKETER, password=PASSWORD)
    with services.db.transaction() as session:
        session.get_one(StaffUser, user.id).active = False
    return user.email


@pytest.mark.parametrize(
    "email_of", [_of_nobody, _of_somebody, _of_somebody_invited, _of_somebody_switched_off]
)
def test_a_wrong_log_in_looks_the_same_for_everybody(
    client: FlaskClient, services: Services, email_of: Callable[[Services], str]
) -> None:
    staff_user(services)
    email = email_of(services)
    reply = log_in(client, email, "not the password")
    assert reply.status_code == 422
    assert signing_in.WRONG in reply.text
    bare = re.sub(r"[0-9a-f]{64}|nonce-[\w-]+|content=\"[\w-]{22}\"", "", reply.text)
    length = len(bare.replace(email, ""))
    assert length == pytest.approx(6000, abs=6000), "a page, not a fault"


def test_the_pages_for_known_and_unknown_people_are_the_same_but_for_the_email(
    client: FlaskClient, services: Services
) -> None:
    known = staff_user(services, password=PASSWORD).email
    pages = []
    for email in (known, "nobody@example.com"):
        page = log_in(client, email, "not the password").text.replace(email, "EMAIL")
        pages.append(re.sub(r'content="[\w-]{22}"', "", page))
    assert pages[0] == pages[1]


def test_guessing_is_slowed_down_and_then_forgiven(
    client: FlaskClient, services: Services, clock: FixedClock
) -> None:
    email = staff_user(services, password=PASSWORD).email
    for _ in range(5):
        assert log_in(client, email, "wrong").status_code == 422
    refused = log_in(client, email)
    assert refused.status_code == 429, "even with the right password"
    assert "Try again in" in refused.text
    clock.advance(timedelta(minutes=1, seconds=1))
    assert log_in(client, email).location == "/staff/"


def test_slowing_one_account_down_leaves_the_others_alone(
    client: FlaskClient, services: Services
) -> None:
    victim = staff_user(services, password=PASSWORD).email
    other = staff_user(services, password=PASSWORD).email
    for _ in range(6):
        log_in(client, victim, "wrong")
    assert log_in(client, other).location == "/staff/"


def test_codes_are_slowed_down_as_well(client: FlaskClient, services: Services) -> None:
    user, _ = _enrolled(services)
    log_in(client, user.email)
    replies = [submit(client, "/staff/log-in/code", code="000000").status_code for _ in range(6)]
    assert replies == [422] * 5 + [429]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/staff//evil.example",
        "/staff/\\evil",
        "javascript:1",
    ],
)
def test_a_log_in_leads_nowhere_else(client: FlaskClient, services: Services, wanted: str) -> None:
    email = staff_user(services, password=PASSWORD).email
    assert log_in(client, email, next=wanted).location == "/staff/"


def test_a_person_switched_off_meanwhile_is_out_at_the_next_request(
    client: FlaskClient, services: Services
) -> None:
    staff_user(services)
    user = sign_in(client, services, Role.MARKETER)
    owner = client.application.test_client()
    sign_in(owner, services)
    assert client.get("/staff/").status_code == 200
    assert owner.post(f"/staff/settings/team/{user.id}/switch-off").status_code == 303
    assert client.get("/staff/").status_code == 302
