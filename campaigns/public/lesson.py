"""``/l/<token>``: a lesson as a web page; where texts lead, and "view in browser".

The first screen names no topic, so that an open phone tells nothing. The page knows the
person's first name and nothing else: a forwarded link shows nobody's interests.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from markupsafe import Markup
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.contacts.models import Contact
from campaigns.content import links as content_links
from campaigns.content import rendering, review
from campaigns.content.models import LessonVersion
from campaigns.content.page import lesson_page
from campaigns.content.people import PersonUrls, PersonView
from campaigns.content.rendering import CompiledEmail
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message, Origin
from campaigns.events import clicks
from campaigns.events.clicks import Target
from campaigns.public import frame, links
from campaigns.public.blueprint import bp
from campaigns.web import context

log = links.log

ON_THE_PAGE = 1000
"""Added to the number of a link on the page of another version than the message's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who opens a lesson: a message's recipient, or staff with a preview."""

    version_id: int
    """Of the lesson that is shown."""
    message_id: int | None
    first_name: str
    contact_id: int | None
    own: bool
    """Whether the shown version is the message's own, and not one that its link leads to."""
    counts: bool


@bp.get("/l/<token>")
@open_to_all("the token names one message; the first screen names no topic")
def lesson(token: str) -> Response:
    """Show the neutral first screen, or the lesson once it was asked for."""
    with context.reading() as session:
        reader = _reader(session, token)
        clinic = frame.clinic_of(session)
        found = _lesson(session, reader.version_id) if reader else None
        if reader is None or clinic is None or found is None:
            return frame.not_found()
        if request.args.get("read") != "1":
            return frame.page("lesson_door.html", token=token)
        body = lesson_page(
            found,
            clinic=clinic,
            person=PersonView(first_name=reader.first_name) if reader.message_id else None,
            urls=_urls(token) if reader.message_id else None,
            reviewed_line=review.reviewed_line(session, reader.version_id, context.now()),
        )
    return frame.page("lesson.html", body=Markup(body))  # noqa: S704 - escaped by content.page


@bp.get("/l/<token>/<int(max=9999):number>")
@open_to_all("the token names one message; it leads only where that lesson's links lead")
def follow_from_lesson(token: str, number: int) -> Response:
    """Lead to where a link on the lesson's page leads, and count a person's click."""
    with context.reading() as session:
        reader = _reader(session, token)
        clinic = frame.clinic_of(session)
        if reader is None or reader.message_id is None or clinic is None:
            return frame.not_found()
        destination = content_links.resolve(session, reader.version_id, number, clinic)
        if destination is None:
            return frame.not_found()
    target = Target(
        message_id=reader.message_id,
        contact_id=reader.contact_id,
        version_id=reader.version_id,
        number=number if reader.own else ON_THE_PAGE + number,
        kind=destination.kind,
        counts=reader.counts,
    )
    if target.counts and request.method == "GET":
        try:
            with context.transaction() as session:
                clicks.record(session, target, links.visit_of_request(), now=context.now())
        except OperationalError:  # a click that cannot be counted still leads somewhere
            log.warning("click_not_counted", message=target.message_id)
    return links.lead(destination, target)


def _reader(session: Session, token: str) -> Reader | None:
    tokens = context.services().tokens
    message_id = tokens.read(Purpose.LESSON, token)
    if message_id is not None:
        return _recipient(session, message_id)
    version_id = tokens.read(Purpose.PREVIEW, token)
    if version_id is None or session.get(LessonVersion, version_id) is None:
        return None
    return Reader(
        version_id=content_links.page_version_of(session, version_id),
        message_id=None,
        first_name="",
        contact_id=None,
        own=True,
        counts=False,
    )


def _recipient(session: Session, message_id: int) -> Reader | None:
    message = session.get(Message, message_id)
    if message is None or message.version_id is None:
        return None
    contact = session.get(Contact, message.contact_id) if message.contact_id else None
    shown = content_links.page_version_of(session, message.version_id)
    return Reader(
        version_id=shown,
        message_id=message.id,
        first_name=contact.first_name if contact else "",
        contact_id=message.contact_id,
        own=shown == message.version_id,
        counts=(
            message.origin_kind != Origin.TEST
            and message.intent_at is not None
            and not (contact is not None and contact.no_click_tracking)
        ),
    )


def _lesson(session: Session, version_id: int) -> CompiledEmail | None:
    """Return the lesson to show; None for a text that leads to no lesson."""
    found = rendering.load(session, version_id)
    return found if isinstance(found, CompiledEmail) else None


def _urls(token: str) -> PersonUrls:
    """Return addresses for the page's links; those of the footer are not on the page."""
    here = f"/l/{token}"
    return PersonUrls(click=here, unsubscribe=here, preferences=here, view=here)
