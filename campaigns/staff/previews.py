"""Previews of content, in a frame of their own that may run and load nothing."""

from __future__ import annotations

import html
import re

from flask import Response, render_template, request
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.consent import disclosures
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.content import lessons, links, rendering, review
from campaigns.content.models import Lesson
from campaigns.content.people import SAMPLE_URLS, PersonView
from campaigns.content.recipients import view_of
from campaigns.core.errors import NotConfigured
from campaigns.staff.blueprint import bp, may
from campaigns.web import context

POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)
_DARK = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")


@bp.get("/library/<int:lesson_id>/preview")
@requires(Permission.READ_CONTENT)
def preview_draft(lesson_id: int) -> Response:
    """Show the draft of an email as it would arrive."""
    with context.reading() as session:
        lesson = lessons.get(session, lesson_id)
        email = rendering.compile_email(
            lesson.draft,
            consultation=lessons.booking_of(session, lesson) == links.CONSULTATION,
        )
        return _show(session, email, "")


@bp.get("/library/versions/<int:version_id>/preview")
@requires(Permission.READ_CONTENT)
def preview_version(version_id: int) -> Response:
    """Show a frozen version of an email as it would arrive."""
    with context.reading() as session:
        compiled = rendering.load(session, version_id)
        if not isinstance(compiled, rendering.CompiledEmail):
            return _frame("<p>A text has no page of its own.</p>")
        line = review.reviewed_line(session, version_id, context.now())
        return _show(session, compiled, line)


@bp.get("/library/people")
@requires(Permission.READ_PEOPLE)
def preview_people() -> str:
    """Find people to preview a message as."""
    text = request.args.get("as", "").strip()
    with context.reading() as session:
        found = directory.search(session, text, limit=6) if text else []
    return render_template("staff/composer/_people.html", people=found, text=text)


def person_for_preview(session: Session, channel: str) -> PersonView:
    """Return the person that the preview is asked for; nobody in particular without one."""
    contact_id = request.args.get("person", type=int)
    if contact_id is None or not may("people.read"):
        return PersonView(sms_per_month=_promised_now(session))
    person = view_of(session, directory.get(session, contact_id), channel)
    if may("interests.read"):
        return person
    return PersonView(
        first_name=person.first_name,
        last_name=person.last_name,
        sms_per_month=person.sms_per_month,
    )


def _promised_now(session: Session) -> int | None:
    """Return how many texts a month are promised to whoever signs up now."""
    try:
        return disclosures.current(session, Channel.SMS).frequency_per_month
    except NotConfigured:  # no wording yet: the clinic's own limit is shown
        return None


def size_of(session: Session, lesson: Lesson) -> int:
    """Return how many bytes the largest form of an email's draft has."""
    email = rendering.compile_email(lesson.draft)
    everything = rendering.Variant(tuple(True for _ in email.conditions))
    return email.skeleton(everything, clinic=profile.get(session), public_url="").size


def _show(session: Session, email: rendering.CompiledEmail, reviewed_line: str) -> Response:
    person = person_for_preview(session, "email")
    shown = email.skeleton(
        email.variant_for(person.interests, person.channels),
        clinic=profile.get(session),
        public_url="",
        reviewed_line=reviewed_line,
    ).render(person, SAMPLE_URLS)
    dark = request.args.get("mode") == "dark"
    if request.args.get("as") == "text":
        scheme = "dark" if dark else "light"
        return _frame(
            f'<meta name="color-scheme" content="{scheme}">'
            "<style>pre{white-space:pre-wrap;font:15px/1.6 ui-monospace,monospace;margin:20px}"
            f"</style><pre>{html.escape(shown.text)}</pre>"
        )
    return _frame(_DARK.sub("@media all" if dark else "@media not all", shown.html))


def _frame(markup: str) -> Response:
    if "<html" not in markup:
        markup = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Preview</title>'
            f"</head><body>{markup}</body></html>"
        )
    reply = Response(markup, content_type="text/html; charset=utf-8")
    reply.headers["Content-Security-Policy"] = POLICY
    reply.headers["X-Frame-Options"] = "SAMEORIGIN"
    return reply
