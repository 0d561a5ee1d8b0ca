"""What a request may look like: tokens, origins, hosts; and what every answer carries
(SEC-19, 25, 26, 33)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import request
from flask.testing import FlaskClient
from sqlalchemy import text

from campaigns.accounts.models import Role
from campaigns.app import create_app
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic


@pytest.fixture
def owner(client: FlaskClient, services: Services) -> FlaskClient:
    """A browser in which an owner is signed in."""
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    sign_in(client, services)
    return client


@pytest.fixture
def public(db: Database, clock: FixedClock, tmp_path: Path) -> Services:
    """Services under a public https address."""
    return make_services(
        db,
        clock,
        tmp_path,
        CAMPAIGNS_PUBLIC_URL="https://news.clinic.example",
        CAMPAIGNS_REQUIRE_SECOND_FACTOR="true",
    )


def _stopped(services: Services) -> bool:
    with services.db.reading() as session:
        return session.scalar(text("SELECT stopped_at FROM clinic")) is not None


def test_a_form_without_a_token_changes_nothing(owner: FlaskClient, services: Services) -> None:
    del owner.environ_base["HTTP_X_CSRF_TOKEN"]
    for form in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}, {"csrf_token": "ü"}):
        reply = owner.post("/staff/stop", data={"reason": "test", **form})
        assert reply.status_code == 400
        assert "no longer valid" in reply.text
    assert not _stopped(services)


def test_the_token_of_one_session_does_not_work_in_another(
    owner: FlaskClient, services: Services
) -> None:
    token = owner.environ_base["HTTP_X_CSRF_TOKEN"]
    other = owner.application.test_client()
    sign_in(other, services)
    other.environ_base["HTTP_X_CSRF_TOKEN"] = token
    assert other.post("/staff/stop", data={"reason": "test"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_request_from_a_foreign_page_is_refused_even_with_a_token(
    owner: FlaskClient, services: Services, headers: dict[str, str]
) -> None:
    reply = owner.post("/staff/stop", data={"reason": "test"}, headers=headers)
    assert reply.status_code == 403
    assert not _stopped(services)


def test_a_request_from_our_own_page_goes_through(owner: FlaskClient, services: Services) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert owner.post("/staff/stop", data={"reason": "test"}, headers=headers).status_code == 303
    assert _stopped(services)


def test_reading_every_page_changes_nothing(owner: FlaskClient, db: Database) -> None:
    """A crawler that follows every address as an owner leaves the database as it was."""

    def dump() -> list[str]:
        with db.engine.connect() as connection:
            lines = connection.connection.driver_connection.iterdump()  # type: ignore[union-attr]
            return [line for line in lines if "staff_sessions" not in line]

    before = dump()
    for rule in owner.application.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            address = re.sub(r"<int:\w+>", "1", rule.rule)
            address = re.sub(r"<any\((\w+)[^>]*>", r"\1", address)
            address = re.sub(r"<[^>]*>", "x", address)
            owner.get(address)
    assert dump() == before


@pytest.mark.parametrize("address", ["/staff/", "/staff/log-in", "/staff/nowhere", "/healthz", "/"])
def test_every_answer_is_closed_to_foreign_content_frames_and_sniffing(
    owner: FlaskClient, address: str
) -> None:
    headers = owner.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("address", ["/staff/", "/staff/log-in", "/staff/account/"])
def test_staff_pages_are_kept_in_no_cache(owner: FlaskClient, address: str) -> None:
    headers = owner.get(address).headers
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]


def test_pages_carry_no_inline_script_style_or_handler(owner: FlaskClient) -> None:
    for address in ("/staff/", "/staff/settings/clinic", "/staff/settings/hours", "/staff/stop"):
        page = owner.get(address).text
        assert "<script>" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "javascript:" not in page


def test_over_https_the_cookie_is_bound_to_the_host_and_https_is_kept(public: Services) -> None:
    client = create_app(public).test_client()
    reply = client.get("/staff/log-in", base_url="https://news.clinic.example")
    cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith("__Host-campaigns=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    assert "max-age=31536000" in reply.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "news.clinic.example.evil.example",
        "news.clinic.example:8443",
        "127.0.0.1",
        "localhost:8000",
        "",
    ],
)
def test_an_unknown_host_gets_400(public: Services, host: str) -> None:
    client = create_app(public).test_client()
    assert client.get("/staff/log-in", headers={"Host": host}).status_code == 400
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_on_this_machine_every_name_of_it_works(client: FlaskClient, host: str) -> None:
    assert client.get("/staff/log-in", headers={"Host": host}).status_code == 200


def test_forwarded_headers_do_not_change_who_we_are(owner: FlaskClient, services: Services) -> None:
    headers = {
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example;proto=https",
        "X-Forwarded-Proto": "https",
    }
    form = {"email": "new@example.com", "name": "New Person", "role": Role.MARKETER}
    page = owner.post("/staff/settings/team/invite", data=form, headers=headers).text
    assert f'value="{services.public_url}/staff/password/' in page
    assert "evil" not in page


@pytest.mark.parametrize(("proxies", "caller"), [("0", "10.0.0.9"), ("1", "198.51.100.7")])
def test_who_calls_is_believed_from_our_own_proxies_only(
    db: Database, clock: FixedClock, tmp_path: Path, proxies: str, caller: str
) -> None:
    services = make_services(db, clock, tmp_path, CAMPAIGNS_TRUSTED_PROXIES=proxies)
    headers = {
        "X-Forwarded-For": "203.0.113.5, 198.51.100.7",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "444",
        "X-Forwarded-Prefix": "/evil",
    }
    with create_app(services).test_client() as client:
        reply = client.get(
            "/staff/log-in", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.9"}
        )
        assert reply.status_code == 200
        assert request.remote_addr == caller
        assert (request.scheme, request.root_path) == ("http", "")
        assert "evil" not in request.host


def test_an_error_page_has_words_and_no_traceback(owner: FlaskClient) -> None:
    for address in ("/staff/nowhere", "/staff/settings/team/999", "/console"):
        reply = owner.get(address)
        assert reply.status_code == 404
        assert "Traceback" not in reply.text
        assert "werkzeug" not in reply.text.lower()


def test_a_failure_inside_tells_nothing_of_the_inside(
    owner: FlaskClient, services: Services, db: Database
) -> None:
    with db.transaction() as session:
        session.execute(text("DROP TABLE closures"))
    reply = owner.get("/staff/")
    assert reply.status_code == 500
    assert "our fault" in reply.text
    for inner in ("Traceback", "closures", "sqlite", "SELECT"):
        assert inner not in reply.text


def test_htmx_gets_a_line_instead_of_a_page(owner: FlaskClient, services: Services) -> None:
    htmx = {"HX-Request": "true"}
    reply = owner.post("/staff/stop/resume", headers=htmx)
    assert reply.status_code == 409
    assert reply.mimetype == "text/plain"
    stranger = owner.application.test_client()
    reply = stranger.get("/staff/home/last-days", headers=htmx)
    assert reply.status_code == 401
    assert reply.headers["HX-Redirect"] == "/staff/log-in"


def test_fields_that_no_form_has_are_ignored(owner: FlaskClient, services: Services) -> None:
    """SEC-29: role, standing and the like cannot be slipped in beside a form's own fields."""
    form = {
        "email": "new@example.com",
        "name": "New Person",
        "role": "viewer",
        "active": "false",
        "standing": "x",
        "password": "copper lantern river",
        "totp_secret": "x",
        "id": "1",
    }
    assert owner.post("/staff/settings/team/invite", data=form).status_code == 200
    query = text("SELECT role, active, password, totp_secret FROM staff_users WHERE email = :e")
    with services.db.reading() as session:
        row = session.execute(query, {"e": "new@example.com"}).one()
    assert tuple(row) == ("viewer", 1, None, None)
