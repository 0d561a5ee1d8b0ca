"""``/c/<token>/<n>``: every link in a message, resolved here and nowhere in the address.

The destination comes from our own rows alone; nothing in the request can change it.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import request
from sqlalchemy.exc import OperationalError
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.content import links as content_links
from campaigns.content.links import Destination
from campaigns.core import logs
from campaigns.core.errors import NotFound
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message
from campaigns.events import clicks
from campaigns.events.clicks import Target, Visit
from campaigns.public import frame
from campaigns.public.blueprint import bp
from campaigns.web import context

log = logs.get(__name__)

REFERENCE = "ref"
"""The parameter by which a booking system may tell us which message a booking came from."""


@bp.get("/c/<token>/<int(max=9999):number>")
@open_to_all("the token names one message; it leads only where that message's links lead")
def follow(token: str, number: int) -> Response:
    """Lead to where the link leads, and count a person's click."""
    services, now = context.services(), context.now()
    message_id = services.tokens.read(Purpose.CLICK, token)
    if message_id is None:
        return frame.not_found()
    visit = visit_of_request()
    with context.reading() as session:
        clinic = frame.clinic_of(session)
        try:
            target = clicks.resolve(session, message_id, number)
        except NotFound:
            target = None
        destination = (
            content_links.resolve(session, target.version_id, number, clinic)
            if target is not None and clinic is not None
            else None
        )
    if target is None or destination is None:
        if number == content_links.TRAP_LINK:
            _note_trap(message_id, visit)
        return frame.not_found()
    if target.counts and request.method == "GET":
        try:
            with context.transaction() as session:
                clicks.record(session, target, visit, now=now)
        except OperationalError:  # a click that cannot be counted still leads somewhere
            log.warning("click_not_counted", message=message_id)
    return lead(destination, target)


def visit_of_request() -> Visit:
    """Return how this request looks to the rules about machines."""
    purposes = (request.headers.get("Sec-Purpose", ""), request.headers.get("Purpose", ""))
    return Visit(
        method=request.method,
        user_agent=request.user_agent.string,
        prefetch=any("prefetch" in purpose for purpose in purposes),
    )


def lead(destination: Destination, target: Target) -> Response:
    """Answer with the place where a link leads."""
    services = context.services()
    if destination.kind == "call":
        return frame.page("call.html", phone=destination.phone or "")
    if destination.kind == "lesson":
        token = services.tokens.issue(Purpose.LESSON, target.message_id)
        return _to(f"{services.public_url}/l/{token}")
    if destination.kind == "book":
        if not destination.url:
            return frame.page("book.html")
        reference = services.tokens.issue(Purpose.MESSAGE, target.message_id)
        return _to(with_reference(destination.url, reference) if target.counts else destination.url)
    return _to(destination.url or "")


def with_reference(url: str, reference: str) -> str:
    """Add the opaque message token to a booking address, unless it has one of its own."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if any(name == REFERENCE for name, _ in pairs):
        return url
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=query + urlencode({REFERENCE: reference})))


def _to(url: str) -> Response:
    """Redirect to a stored web address; to nothing else, whatever the row holds."""
    parts = urlsplit(url)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in url)
    ):
        return frame.not_found()
    return redirect(url, 302)


def _note_trap(message_id: int, visit: Visit) -> None:
    with context.reading() as session:
        known = session.get(Message, message_id) is not None
    if known and visit.method == "GET":
        with context.transaction() as session:
            clicks.spring_trap(session, message_id, visit, now=context.now())
