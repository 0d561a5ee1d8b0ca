"""The email composer: blocks, preview, fields, findings; every change is saved at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import interests
from campaigns.content import (
    arranging,
    blocks,
    lessons,
    lint,
    pictures,
    rendering,
    review,
    richtext,
)
from campaigns.content.blocks import EmailSource
from campaigns.content.models import Lesson, Review, ReviewDecision
from campaigns.core.errors import Conflict, InvalidInput, NotFound
from campaigns.staff import composer_next, previews, text_composer
from campaigns.staff.blueprint import actor, bp, is_htmx, may, notify
from campaigns.staff.library import topic_options
from campaigns.web import context
from campaigns.web.templating import zone

Reply = Response | str | tuple[str, int]
ENVELOPE = "envelope"


@dataclass(slots=True)
class Fault:
    """Why something was not saved."""

    message: str
    fields: Mapping[str, str]
    conflict: bool = False


@bp.get("/library/<int:lesson_id>/")
@requires(Permission.READ_CONTENT)
def compose(lesson_id: int) -> Reply:
    """Open a lesson in its composer."""
    with context.reading() as session:
        lesson = lessons.get(session, lesson_id)
    if lesson.channel == "sms":
        return text_composer.show(lesson_id)
    return _page(lesson_id, request.args.get("block", ENVELOPE))


@bp.get("/library/<int:lesson_id>/blocks/<block_id>")
@requires(Permission.READ_CONTENT)
def select_block(lesson_id: int, block_id: str) -> Reply:
    """Show the fields of a block."""
    if not is_htmx():
        return redirect(url_for("staff.compose", lesson_id=lesson_id, block=block_id))
    return _workspace(lesson_id, block_id)


@bp.post("/library/<int:lesson_id>/envelope")
@requires(Permission.EDIT_CONTENT)
def save_envelope(lesson_id: int) -> Reply:
    """Save subject and preheader."""
    form = request.form
    return _autosave(
        lesson_id,
        ENVELOPE,
        lambda draft: arranging.set_envelope(
            draft, subject=form.get("subject", ""), preheader=form.get("preheader", "")
        ),
    )


@bp.post("/library/<int:lesson_id>/blocks/<block_id>")
@requires(Permission.EDIT_CONTENT)
def save_block(lesson_id: int, block_id: str) -> Reply:
    """Save the fields of a block."""
    fields = _fields(request.form)
    return _autosave(lesson_id, block_id, lambda draft: arranging.change(draft, block_id, fields))


@bp.post("/library/<int:lesson_id>/blocks")
@requires(Permission.EDIT_CONTENT)
def add_block(lesson_id: int) -> Reply:
    """Add a block and select it."""
    made = ""

    def change(draft: Mapping[str, Any]) -> EmailSource:
        nonlocal made
        source, made = arranging.add(
            draft,
            request.form.get("kind", ""),
            after=request.form.get("after") or None,
            inside=request.form.get("inside") or None,
        )
        return source

    return _rearrange(lesson_id, change, lambda: made)


@bp.post("/library/<int:lesson_id>/blocks/<block_id>/move")
@requires(Permission.EDIT_CONTENT)
def move_block(lesson_id: int, block_id: str) -> Reply:
    """Move a block by steps, or to a position."""
    to = request.form.get("to", type=int)
    by = request.form.get("by", 0, type=int)
    return _rearrange(
        lesson_id,
        lambda draft: (
            arranging.move(draft, block_id, by)
            if to is None
            else arranging.move_to(draft, block_id, to)
        ),
        lambda: block_id,
    )


@bp.post("/library/<int:lesson_id>/blocks/<block_id>/delete")
@requires(Permission.EDIT_CONTENT)
def delete_block(lesson_id: int, block_id: str) -> Reply:
    """Take a block out, with a way back."""
    undo: dict[str, Any] = {}

    def change(draft: Mapping[str, Any]) -> EmailSource:
        source, taken, position, inside = arranging.remove(draft, block_id)
        undo.update(
            block=json.dumps(taken),
            position=position,
            inside=inside or "",
            name=blocks.NAMES[taken["type"]],
        )
        return source

    return _rearrange(lesson_id, change, lambda: ENVELOPE, undo)


@bp.post("/library/<int:lesson_id>/blocks/put-back")
@requires(Permission.EDIT_CONTENT)
def put_block_back(lesson_id: int) -> Reply:
    """Undo a removal."""
    try:
        block = json.loads(request.form.get("block", ""))
        block_id = str(block["id"])
    except (ValueError, TypeError, KeyError):
        raise InvalidInput("undo", "This cannot be undone any more.") from None
    return _rearrange(
        lesson_id,
        lambda draft: arranging.put_back(
            draft,
            block,
            request.form.get("position", 0, type=int),
            request.form.get("inside") or None,
        ),
        lambda: block_id,
    )


@bp.post("/library/<int:lesson_id>/fix")
@requires(Permission.EDIT_CONTENT)
def apply_finding(lesson_id: int) -> Reply:
    """Apply a finding's remedy with one click."""
    form = request.form
    where = form.get("where", "")
    action = form.get("action", "")

    def change(draft: Mapping[str, Any]) -> EmailSource:
        if action.startswith("add:"):
            return arranging.add(draft, action.removeprefix("add:"))[0]
        return arranging.replace_words(
            draft, where, form.get("field", ""), form.get("found", ""), form.get("replacement", "")
        )

    selected = where if where not in ("subject", "preheader", "blocks") else ENVELOPE
    return _rearrange(lesson_id, change, lambda: selected)


@bp.post("/library/<int:lesson_id>/blocks/<block_id>/image")
@requires(Permission.EDIT_CONTENT)
def upload_image(lesson_id: int, block_id: str) -> Reply:
    """Store a picture and put it into an image block."""
    file = request.files.get("image")
    content = file.read(pictures.MAX_BYTES + 1) if file else b""
    try:
        if not content:
            raise InvalidInput("image", "Choose a picture first.")
        with context.transaction() as session:
            image = pictures.upload(session, actor(), content, now=context.now())
            fields = {"image": image.name, "width": image.width, "height": image.height}
    except InvalidInput as error:
        return _page(
            lesson_id, block_id, Fault(error.message, {f"{block_id}.image": error.message})
        )
    _change(lesson_id, lambda draft: arranging.change(draft, block_id, fields))
    notify("The picture is in.")
    return redirect(url_for("staff.compose", lesson_id=lesson_id, block=block_id), 303)


@bp.post("/library/<int:lesson_id>/details")
@requires(Permission.EDIT_CONTENT)
def save_details(lesson_id: int) -> Response:
    """Save the name for staff and the topic."""
    with context.transaction() as session:
        lessons.rename(
            session,
            actor(),
            lesson_id,
            revision=request.form.get("revision", 0, type=int),
            name=request.form.get("name", ""),
            interest_id=request.form.get("interest_id", type=int),
            now=context.now(),
        )
    notify("Name and topic are saved.")
    return redirect(url_for("staff.compose", lesson_id=lesson_id), 303)


@bp.post("/library/<int:lesson_id>/ask-review")
@requires(Permission.EDIT_CONTENT)
def ask_review(lesson_id: int) -> Response:
    """Freeze the draft and ask for a medical review."""
    with context.transaction() as session:
        version = lessons.freeze(session, lesson_id, actor(), context.now())
        review.request(session, actor(), version.id, now=context.now())
    notify("The review is asked for. Whoever signs sees it under Reviews.")
    return redirect(url_for("staff.compose", lesson_id=lesson_id), 303)


def _fields(form: Mapping[str, str]) -> dict[str, Any]:
    """Read a block's fields from its form."""
    fields: dict[str, Any] = {
        name: form[name] for name in ("text", "html", "label", "url", "alt") if name in form
    }
    for name in ("level", "height"):
        if name in form:
            fields[name] = int(form[name]) if form[name].isdigit() else form[name]
    if "condition" in form:
        kind, _, rest = form["condition"].partition(":")
        op, _, value = rest.partition(":")
        fields["condition"] = {"kind": kind, "op": op, "value": value} if value else None
    return fields


def _change(
    lesson_id: int,
    change: Callable[[Mapping[str, Any]], EmailSource],
) -> Lesson:
    with context.transaction() as session:
        lesson = lessons.get(session, lesson_id)
        if lesson.channel != "email":
            raise NotFound("not_email", "This is not an email.")
        revision = request.form.get("revision", type=int)
        return lessons.save_draft(
            session,
            actor(),
            lesson_id,
            revision=lesson.revision if revision is None else revision,
            draft=change(lesson.draft).stored(),
            now=context.now(),
        )


def _autosave(
    lesson_id: int, selected: str, change: Callable[[Mapping[str, Any]], EmailSource]
) -> Reply:
    """Save a form while it is typed in; the form itself is left as it is."""
    fault = None
    try:
        _change(lesson_id, change)
    except (InvalidInput, Conflict) as error:
        fault = Fault(error.message, error.fields, conflict=isinstance(error, Conflict))
    if not is_htmx():
        if fault:
            return _page(lesson_id, selected, fault, typed=request.form.to_dict()), 422
        return redirect(url_for("staff.compose", lesson_id=lesson_id, block=selected), 303)
    with context.reading() as session:
        state = _state(session, lesson_id, selected)
    reply = make_response(render_template("staff/composer/_saved.html", **state, fault=fault))
    if fault is None:
        _announce(reply, state)
    return reply


def _rearrange(
    lesson_id: int,
    change: Callable[[Mapping[str, Any]], EmailSource],
    selected: Callable[[], str],
    undo: Mapping[str, Any] | None = None,
) -> Reply:
    """Change the order or number of blocks and show the workspace again."""
    try:
        _change(lesson_id, change)
    except Conflict as error:
        if not is_htmx():
            raise
        return _workspace(lesson_id, ENVELOPE, Fault(error.message, {}, conflict=True))
    if is_htmx():
        return _workspace(lesson_id, selected(), undo=undo)
    if undo:
        notify(f"{undo['name']} is deleted.")
    return redirect(url_for("staff.compose", lesson_id=lesson_id, block=selected()), 303)


def _workspace(
    lesson_id: int,
    selected: str,
    fault: Fault | None = None,
    undo: Mapping[str, Any] | None = None,
) -> Response:
    with context.reading() as session:
        state = _state(session, lesson_id, selected)
    reply = make_response(
        render_template(
            "staff/composer/_workspace.html",
            **state,
            fault=fault,
            undo=undo,
            typed={},
            swapped=True,
        )
    )
    _announce(reply, state)
    return reply


def _announce(reply: Response, state: Mapping[str, Any]) -> None:
    """Tell the page's script which revision is saved."""
    reply.headers["HX-Trigger"] = json.dumps(
        {"draft-saved": {"revision": state["lesson"].revision, "selected": state["selected"]}}
    )


def _page(
    lesson_id: int,
    selected: str,
    fault: Fault | None = None,
    typed: Mapping[str, str] | None = None,
) -> str:
    with context.reading() as session:
        state = _state(session, lesson_id, selected)
        state["topics"] = topic_options(session)
    return render_template(
        "staff/composer/email.html", **state, fault=fault, undo=None, typed=typed or {}
    )


def _state(session: Session, lesson_id: int, selected: str) -> dict[str, Any]:
    """Gather what the composer shows."""
    lesson = lessons.get(session, lesson_id)
    source = blocks.read_email(lesson.draft)
    block = source.find(selected)
    findings = lint.check_draft(session, lesson, public_url=context.services().public_url)
    here = {block.id} if block else {"subject", "preheader", "blocks", "clinic", "sender"}
    by_block: dict[str, str] = {}
    for finding in findings:
        if by_block.get(finding.where) != lint.BLOCK:
            by_block[finding.where] = finding.level
    return {
        "lesson": lesson,
        "source": source,
        "block": block,
        "selected": block.id if block else ENVELOPE,
        "findings": findings,
        "findings_here": [f for f in findings if f.where in here],
        "marks": by_block,
        "names": blocks.NAMES,
        "addable": arranging.ADDABLE,
        "in_columns": arranging.IN_COLUMNS,
        "interests": interests.all_active(session) if may("interests.read") else [],
        **composer_next.standing(session, lesson),
        "comments": _comments(session, lesson),
        "size": previews.size_of(session, lesson),
        "clips_at": rendering.GMAIL_CLIPS_AT,
        "saved_at": f"{lesson.updated_at.astimezone(zone()):%H:%M}",
        "editor_html": richtext.for_editor(block.html) if isinstance(block, blocks.Text) else "",
        "editable": may("content.edit") and lesson.archived_at is None,
    }


def _comments(session: Session, lesson: Lesson) -> list[Review]:
    """Return what the last reviewer asked for, until somebody signs again."""
    decided = review.decisions(session, lesson.id)
    if not decided or decided[0].decision != ReviewDecision.CHANGES_REQUESTED:
        return []
    return [
        d
        for d in decided
        if d.version_id == decided[0].version_id and d.decision == ReviewDecision.CHANGES_REQUESTED
    ]
