"""Refuse requests that a foreign page made a signed-in browser send.

Two independent checks on every staff request that is not a plain read: the browser's
own statement of where the request comes from (Sec-Fetch-Site, else Origin), and a
token that only our pages know. Public pages and webhooks have no session to abuse.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import request
from markupsafe import Markup

from campaigns.core.errors import InvalidInput, NotPermitted
from campaigns.web import context, sessions

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
CAME_FROM = "came_from"
"""Hidden field with the page that a form is on, so that a refusal can lead back to it."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check() -> None:
    """Let a request through, or refuse it.

    Raises: NotPermitted for a request from a foreign site, InvalidInput for one without
    a valid token.
    """
    if request.method in SAFE_METHODS:
        return
    if not _from_here():
        raise NotPermitted(
            "foreign_request",
            "This request came from another site, so nothing was changed. "
            "Open the page here and try again.",
        )
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    expected = sessions.csrf_token()
    if not (given.isascii() and hmac.compare_digest(given, expected)):
        raise InvalidInput(
            "form_expired",
            "This form is no longer valid, most often because you signed out or in again in "
            "another window. Nothing was changed. Go back, reload the page and try again.",
        )


def _from_here() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True  # an old browser or a program: the token decides
    return urlsplit(origin).netloc in (request.host, urlsplit(context.services().public_url).netloc)


def csrf_field() -> Markup:
    """Return the hidden inputs that every staff form carries."""
    hidden = Markup('<input type="hidden" name="{}" value="{}">')
    return hidden.format(FIELD, sessions.csrf_token()) + hidden.format(CAME_FROM, request.path)
