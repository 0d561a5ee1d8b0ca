"""Every route names its access, and every role gets exactly what the table says (SEC-22)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from campaigns.accounts.models import Role
from campaigns.accounts.permissions import ROLES, Permission, access_of, open_to_all, requires
from campaigns.app import create_app, require_access_rules
from campaigns.staff import OPEN_ENDPOINTS
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic


def _staff_rules(app: Flask) -> Iterator[tuple[Rule, Permission]]:
    for rule in app.url_map.iter_rules():
        mark = access_of(app.view_functions[rule.endpoint]) if rule.endpoint != "static" else None
        if rule.rule.startswith("/staff/") and isinstance(mark, Permission):
            yield rule, mark


_PARAMETER = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<of>[^)]*)\))?:)?\w+>")


def _address(rule: Rule) -> str:
    """Return an address that the rule fits: 1 for a number, the first of several words, or x."""

    def example(found: re.Match[str]) -> str:
        if found["kind"] == "any":
            return found["of"].split(",")[0].strip(" \"'")
        return "1" if found["kind"] == "int" else "x"

    return _PARAMETER.sub(example, rule.rule)


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_the_service_starts_with_all_its_routes_marked(app: Flask) -> None:
    require_access_rules(app)
    assert len(list(_staff_rules(app))) > 20


def test_a_new_route_without_an_access_rule_fails_the_start(services: Services) -> None:
    app = create_app(services)
    app.add_url_rule("/staff/new", endpoint="staff.new", view_func=lambda: "hello")
    with pytest.raises(RuntimeError, match=r"/staff/new .* has no access rule"):
        require_access_rules(app)


def test_a_staff_page_cannot_be_declared_open_by_the_way(services: Services) -> None:
    app = create_app(services)
    view = open_to_all("because I say so")(lambda: "hello")
    app.add_url_rule("/staff/new", endpoint="staff.new", view_func=view)
    with pytest.raises(RuntimeError, match="is open to all"):
        require_access_rules(app)


def test_a_new_route_with_an_access_rule_starts(services: Services) -> None:
    app = create_app(services)
    view = requires(Permission.SIGNED_IN)(lambda: "hello")
    app.add_url_rule("/staff/new", endpoint="staff.new", view_func=view)
    require_access_rules(app)


def test_only_the_ways_in_are_open(app: Flask) -> None:
    open_pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/staff/")
        and not isinstance(access_of(app.view_functions[rule.endpoint]), Permission)
    }
    assert open_pages == OPEN_ENDPOINTS


def test_without_a_log_in_every_staff_page_leads_to_it(app: Flask, client: FlaskClient) -> None:
    for rule, _ in _staff_rules(app):
        for method in _methods(rule):
            reply = client.open(_address(rule), method=method)
            assert reply.status_code in (302, 303), rule
            assert reply.location.startswith("/staff/log-in"), rule
            reply = client.open(_address(rule), method=method, headers={"HX-Request": "true"})
            assert reply.status_code == 401, rule
            assert reply.headers["HX-Redirect"] == "/staff/log-in"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_refused_what_the_table_does_not_give(
    app: Flask, client: FlaskClient, services: Services, role: Role
) -> None:
    sign_in(client, services, role)
    for rule, permission in _staff_rules(app):
        if permission in ROLES[role]:
            continue
        for method in _methods(rule):
            reply = client.open(_address(rule), method=method)
            assert reply.status_code == 403, (rule, method)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_can_read_what_the_table_gives(
    app: Flask, client: FlaskClient, services: Services, role: Role
) -> None:
    """With nothing in the database: a page, or in words that there is nothing, never a fault."""
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    sign_in(client, services, role)
    for rule, permission in _staff_rules(app):
        if permission in ROLES[role] and "GET" in _methods(rule):
            reply = client.get(_address(rule))
            assert reply.status_code in (200, 302, 303, 404, 409, 422), (rule, reply.status_code)
            assert not (reply.location or "").startswith("/staff/log-in"), rule
