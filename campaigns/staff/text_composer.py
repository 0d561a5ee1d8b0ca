"""The text composer: a phone, and under it what the text costs and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.content import blocks, lessons, links, lint, review, sms
from campaigns.content.models import ReviewDecision
from campaigns.content.people import sample_urls
from campaigns.content.texts import CompiledText, hint
from campaigns.core.errors import Conflict, InvalidInput, NotFound
from campaigns.staff import composer_next
from campaigns.staff.blueprint import actor, bp, is_htmx, may
from campaigns.staff.library import topic_options
from campaigns.staff.previews import person_for_preview
from campaigns.web import context
from campaigns.web.templating import zone

CENTS_PER_PART = 1.1
"""A usual price of one text part with carrier fees, for estimates only."""


def show(
    lesson_id: int,
    *,
    message: str = "",
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> str:
    """Return the page of a text."""
    with context.reading() as session:
        state = _state(session, lesson_id)
        state["topics"] = topic_options(session)
        state["emails"] = lessons.list_all(session, channel="email")
    return render_template(
        "staff/composer/text.html",
        **state,
        message=message,
        errors=errors or {},
        typed=typed or {},
    )


@bp.post("/library/<int:lesson_id>/text")
@requires(Permission.EDIT_CONTENT)
def save_text(lesson_id: int) -> Response | str | tuple[str, int]:
    """Save a text while it is typed."""
    form = request.form
    draft = {
        "body": form.get("body", ""),
        "link": form.get("link", "book"),
        "lesson_id": form.get("lesson_id", type=int),
    }
    try:
        _save(lesson_id, draft, form.get("revision", type=int))
    except (InvalidInput, Conflict) as error:
        if is_htmx():
            return _measured(lesson_id, error.message, conflict=isinstance(error, Conflict))
        return show(lesson_id, message=error.message, errors=error.fields, typed=form), 422
    if is_htmx():
        return _measured(lesson_id)
    return redirect(url_for("staff.compose", lesson_id=lesson_id), 303)


@bp.post("/library/<int:lesson_id>/text/fix")
@requires(Permission.EDIT_CONTENT)
def fix_text(lesson_id: int) -> Response:
    """Put a finding's wording in, or plain characters in place of all costly ones."""
    form = request.form
    with context.reading() as session:
        draft = dict(_text(session, lesson_id).draft)
    body = str(draft.get("body", ""))
    found, replacement = form.get("found", ""), form.get("replacement", "")
    if not found or found not in body:
        raise InvalidInput("words_changed", "These words have changed since. Look again.")
    draft["body"] = " ".join(body.replace(found, replacement).split(" ")).strip()
    _save(lesson_id, draft, form.get("revision", type=int))
    return redirect(url_for("staff.compose", lesson_id=lesson_id), 303)


@bp.get("/library/<int:lesson_id>/text/preview")
@requires(Permission.READ_CONTENT)
def preview_text(lesson_id: int) -> str:
    """Show the phone alone, as a person would see it."""
    with context.reading() as session:
        state = _state(session, lesson_id)
    return render_template("staff/composer/_phone.html", **state)


def _text(session: Session, lesson_id: int) -> Any:
    lesson = lessons.get(session, lesson_id)
    if lesson.channel != "sms":
        raise NotFound("not_text", "This is not a text.")
    return lesson


def _save(lesson_id: int, draft: Mapping[str, Any], revision: int | None) -> None:
    with context.transaction() as session:
        lesson = _text(session, lesson_id)
        lessons.save_draft(
            session,
            actor(),
            lesson_id,
            revision=lesson.revision if revision is None else revision,
            draft=draft,
            now=context.now(),
        )


def _measured(lesson_id: int, message: str = "", *, conflict: bool = False) -> Response:
    with context.reading() as session:
        state = _state(session, lesson_id)
    reply = make_response(
        render_template(
            "staff/composer/_measured.html", **state, message=message, conflict=conflict
        )
    )
    if not message:
        reply.headers["HX-Trigger"] = json.dumps(
            {"draft-saved": {"revision": state["lesson"].revision}}
        )
    return reply


def _state(session: Session, lesson_id: int) -> dict[str, Any]:
    lesson = _text(session, lesson_id)
    clinic = profile.get(session)
    public_url = context.services().public_url
    source = blocks.read_text(lesson.draft)
    consultation = lessons.booking_of(session, lesson) == links.CONSULTATION
    text = CompiledText(source, consultation=consultation)
    person = person_for_preview(session, "sms")
    urls = sample_urls(public_url)
    first, later = (text.measure(clinic, public_url, first=f) for f in (True, False))
    return {
        "lesson": lesson,
        "source": source,
        "phone_first": text.render(person, urls, clinic, True),
        "phone_later": text.render(person, urls, clinic, False),
        "first": first,
        "later": later,
        "comments": [
            d
            for d in review.decisions(session, lesson_id)[:1]
            if d.decision == ReviewDecision.CHANGES_REQUESTED
        ],
        "added": [
            ("the clinic's name", f"{clinic.brand}: "),
            ("the link", f" {urls.link(1)}" if text.links else ""),
            ("how to stop", f" {hint(False, 0)}"),
        ],
        "cost": sms.cost(later.parts, 100, CENTS_PER_PART),
        "replaced": text.replaced,
        "offenders": sms.offenders(sms.transliterate(source.body)[0]),
        "findings": lint.check_draft(session, lesson, public_url=public_url),
        **composer_next.standing(session, lesson),
        "saved_at": f"{lesson.updated_at.astimezone(zone()):%H:%M}",
        "editable": may("content.edit") and lesson.archived_at is None,
    }
