"""Answer only under our own name.

Links in messages are made from the configured address, never from the request; this
check also keeps pages from being served under a name that somebody else controls.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, abort, request

from campaigns.core.settings import is_loopback
from campaigns.web import context

ANY_HOST = frozenset({"/healthz", "/readyz"})
"""Asked by machines that know only an address."""


def check() -> None:
    """Refuse a request whose Host is not ours with 400."""
    public_url = context.services().settings.public_url
    if public_url is None or request.path in ANY_HOST:
        return
    host = request.headers.get("Host", "")
    if host == urlsplit(public_url).netloc:
        return
    if is_loopback(public_url) and is_loopback(f"http://{host}"):
        return
    abort(400, "unknown_host")


def register(app: Flask) -> None:
    """Check every request before anything else is done with it."""
    app.before_request(check)
