"""The first account. There is no default one: whoever started the service makes it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.accounts import links, users
from campaigns.accounts.models import LinkPurpose, Role, StaffUser
from campaigns.core.actors import SYSTEM
from campaigns.core.errors import Conflict


def issue_link(session: Session, now: datetime) -> str | None:
    """Return the token of a fresh set-up link, to be printed at start; None with an account."""
    if users.any_exist(session):
        return None
    return links.issue(session, LinkPurpose.SET_UP, now=now)


def require_open(session: Session, token: str, *, now: datetime) -> None:
    """Tell whether a set-up link works, without using it up.

    Raises: InvalidInput ``link_gone``; Conflict ``set_up_done`` once there is an account.
    """
    if users.any_exist(session):
        raise Conflict("set_up_done", "There is an account already, so set-up is closed. Sign in.")
    links.find(session, token, LinkPurpose.SET_UP, now=now)


def make_owner(
    session: Session,
    token: str,
    *,
    name: str,
    email: str,
    password: str,
    credential: str | None = None,
    license_number: str | None = None,
    license_state: str | None = None,
    now: datetime,
) -> StaffUser:
    """Use the link up and make the first owner.

    Raises: InvalidInput with faults by field; Conflict ``set_up_done``.
    """
    require_open(session, token, now=now)
    link = links.find(session, token, LinkPurpose.SET_UP, now=now)
    user = users.create(
        session,
        SYSTEM,
        email=email,
        name=name,
        password=password,
        role=Role.OWNER,
        credential=credential,
        license_number=license_number,
        license_state=license_state,
        now=now,
    )
    links.use(session, link, now=now)
    return user
