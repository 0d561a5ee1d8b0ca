"""Members of staff, and browsers that are signed in as them."""

from __future__ import annotations

import itertools
from typing import Any

from flask.testing import FlaskClient

from campaigns.accounts import sessions, users
from campaigns.accounts.models import Role, StaffUser
from campaigns.core.actors import SYSTEM
from campaigns.web.sessions import cookie_name, token_for
from campaigns.wiring import Services

_numbers = itertools.count(1)


def staff_user(services: Services, role: Role = Role.OWNER, **values: Any) -> StaffUser:
    """Make a member of staff; owners and reviewers get a credential."""
    number = next(_numbers)
    values = {
        "email": f"staff{number}@example.com",
        "name": f"Robin Staff {number}",
        "credential": "RN" if role in (Role.OWNER, Role.REVIEWER) else None,
        **values,
    }
    with services.db.transaction() as session:
        return users.create(session, SYSTEM, role=role, now=services.clock.now(), **values)


def sign_in(
    client: FlaskClient, services: Services, role: Role = Role.OWNER, **values: Any
) -> StaffUser:
    """Make a member of staff and sign the client in as them.

    The client sends the CSRF token with every request, as the pages' own script does.
    """
    user = staff_user(services, role, **values)
    sign_in_as(client, services, user)
    return user


def sign_in_as(client: FlaskClient, services: Services, user: StaffUser) -> str:
    """Sign the client in as somebody who exists; return the session's id."""
    with services.db.transaction() as session:
        raw = sessions.open_for(session, user, now=services.clock.now())
    client.set_cookie(cookie_name(services), raw, domain="localhost")
    client.environ_base["HTTP_X_CSRF_TOKEN"] = token_for(services, raw)
    return raw
