"""Flask's session on top of the table of staff sessions.

Only pages under /staff/ have one: what patients see sets no cookie. The CSRF token is
a keyed hash of the cookie's value, so it needs no storage, holds no secret and changes
with the session.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict

from campaigns.accounts import sessions
from campaigns.accounts.models import StaffUser
from campaigns.accounts.sessions import Person
from campaigns.core.settings import Settings, is_loopback
from campaigns.web import context
from campaigns.wiring import Services

PREFIX = "/staff"
_LONGEST_ID = 64


class StaffSession(CallbackDict[str, Any], SessionMixin):
    """The values of one browser's session, and who is signed in."""

    def __init__(self, raw: str, found: sessions.Found | None = None) -> None:
        def note(_self: Any) -> None:
            self.modified = True
            self.accessed = True

        super().__init__(found.data if found else {}, note)
        self.raw = raw
        self.found = found
        self.person: Person | None = found.person if found else None
        self.modified = False
        self.new = found is None
        self.send_cookie = False
        self.closed = False

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()


class StaffSessions(SessionInterface):
    """Reads the session at the start of a staff request and stores it at the end."""

    def open_session(self, app: Flask, request: Request) -> StaffSession:
        """Find the browser's session; an unknown id is never adopted."""
        if not is_staff_path(request.path):
            return StaffSession("")
        services = cast(Services, app.extensions["campaigns"])
        raw = request.cookies.get(cookie_name(services), "")
        if 20 <= len(raw) <= _LONGEST_ID and raw.isascii():
            with services.db.reading() as db_session:
                found = sessions.find(
                    db_session, raw, now=services.clock.now(), idle=idle_limit(services.settings)
                )
            return StaffSession(raw, found)
        fresh = StaffSession(sessions.new_id())
        fresh.send_cookie = True
        return fresh

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Store what changed, and send the cookie when it is new."""
        kept = cast(StaffSession, session)
        if not kept.raw:
            return
        services = cast(Services, app.extensions["campaigns"])
        response.vary.add("Cookie")
        now = services.clock.now()
        stale = kept.found is not None and now - kept.found.seen_at >= sessions.SEEN_EVERY
        if not kept.closed and (kept.modified or (stale and kept.person is not None)):
            with services.db.transaction() as db_session:
                sessions.save(db_session, kept.raw, dict(kept), now=now)
        if kept.send_cookie:
            response.set_cookie(
                cookie_name(services),
                kept.raw,
                httponly=True,
                secure=services.public_url.startswith("https://"),
                samesite="Lax",
                path="/",
            )


def is_staff_path(path: str) -> bool:
    """Tell whether a path belongs to the pages that have sessions."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def cookie_name(services: Services) -> str:
    """Return the cookie's name; over https it carries the prefix that binds it to the host."""
    secure = services.public_url.startswith("https://")
    return "__Host-campaigns" if secure else "campaigns"


def idle_limit(settings: Settings) -> timedelta:
    """Return after how long without a request a session ends; longer on this machine alone."""
    alone = settings.public_url is None or is_loopback(settings.public_url)
    return sessions.IDLE_ON_LOOPBACK if alone else sessions.IDLE


def current() -> StaffSession:
    """Return the request's session."""
    return cast(StaffSession, session._get_current_object())  # type: ignore[attr-defined]


def start(raw: str) -> None:
    """Make the browser use a session that was just opened (its messages come along)."""
    kept = current()
    messages = kept.get("_flashes")
    kept.clear()
    if messages:
        kept["_flashes"] = messages
    kept.raw = raw
    kept.send_cookie = True
    kept.closed = False


def renew() -> None:
    """Give the browser a fresh id without a log-in behind it."""
    start(sessions.new_id())
    current().person = None


def csrf_token() -> str:
    """Return the token that forms of this session carry."""
    return token_for(context.services(), current().raw)


def token_for(services: Services, raw: str) -> str:
    """Return the CSRF token of a session id."""
    key = services.keys.current("session").secret
    return hmac.new(key, b"csrf:" + raw.encode(), sha256).hexdigest()


def user_row(db_session: Any) -> StaffUser:
    """Return the signed-in person's row in this database session."""
    person = current().person
    assert person is not None, "only views behind a log-in ask for the person"
    row: StaffUser = db_session.get_one(StaffUser, person.id)
    return row
