"""The library: all content, its topic, its review and where it is used."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import interests
from campaigns.broadcasts.models import Broadcast
from campaigns.content import lessons, review
from campaigns.content.models import Lesson
from campaigns.content.starter import create_starter
from campaigns.core.errors import InvalidInput
from campaigns.drips.models import Drip, DripStep, DripVersion
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.web import context

REVIEW_STATES: dict[str, tuple[str, str]] = {
    "approved": ("Approved", "green"),
    "waiting": ("Waiting for review", "amber"),
    "changes": ("Changes asked for", "amber"),
    "expired": ("Review has expired", "red"),
    "none": ("Not reviewed", "grey"),
    "linked": ("Signed, the linked email is not", "amber"),
}


@dataclass(slots=True)
class Card:
    """One lesson as the library shows it."""

    lesson: Lesson
    topic: str
    state: tuple[str, str]
    used_in: list[tuple[str, str]] = field(default_factory=list)
    """Name and address of each campaign and series."""


@bp.get("/library/")
@requires(Permission.READ_CONTENT)
def library() -> str:
    """Show all content."""
    channel = request.args.get("channel", "")
    channel = channel if channel in ("email", "sms") else ""
    archived = request.args.get("archived") == "yes"
    with context.reading() as session:
        found = lessons.list_all(session, channel=channel or None, archived=archived)
        names = {i.id: i.name for i in interests.list_all(session)}
        used = _uses(session)
        cards = [
            Card(
                lesson=lesson,
                topic=names.get(lesson.interest_id or 0, "") if may("interests.read") else "",
                state=REVIEW_STATES[review.state_of(session, lesson, context.now())],
                used_in=used.get(lesson.id, []),
            )
            for lesson in found
        ]
    return render_template(
        "staff/library/library.html", cards=cards, channel=channel, archived=archived
    )


@bp.get("/library/new")
@requires(Permission.EDIT_CONTENT)
def new_lesson() -> str:
    """Ask what is to be written."""
    channel = "sms" if request.args.get("channel") == "sms" else "email"
    return _form({"channel": channel}, {})


@bp.post("/library/new")
@requires(Permission.EDIT_CONTENT)
def create_lesson() -> Response | tuple[str, int]:
    """Make a lesson and open it."""
    try:
        with context.transaction() as session:
            lesson = lessons.create(
                session,
                actor(),
                channel="sms" if request.form.get("channel") == "sms" else "email",
                name=request.form.get("name", ""),
                interest_id=request.form.get("interest_id", type=int),
                now=context.now(),
            )
    except InvalidInput as error:
        return _form(request.form.to_dict(), error.fields), 422
    return redirect(url_for("staff.compose", lesson_id=lesson.id), 303)


@bp.post("/library/starter")
@requires(Permission.EDIT_CONTENT)
def add_starter() -> Response:
    """Add the starter library."""
    with context.transaction() as session:
        made = create_starter(session, now=context.now(), actor=actor())
    notify(f"The starter library is here: {len(made)} drafts. None of them is reviewed yet.")
    return redirect(url_for("staff.library"), 303)


@bp.post("/library/<int:lesson_id>/duplicate")
@requires(Permission.EDIT_CONTENT)
def duplicate_lesson(lesson_id: int) -> Response:
    """Make a copy and open it."""
    with context.transaction() as session:
        copy = lessons.duplicate(session, actor(), lesson_id, now=context.now())
    notify("This is the copy. The original is unchanged.")
    return redirect(url_for("staff.compose", lesson_id=copy.id), 303)


@bp.post("/library/<int:lesson_id>/archive")
@requires(Permission.EDIT_CONTENT)
def archive_lesson(lesson_id: int) -> Response:
    """Put a lesson away."""
    with context.transaction() as session:
        lesson = lessons.archive(session, actor(), lesson_id, now=context.now())
    notify(
        f"{lesson.name} is archived. What is scheduled with it still goes out.",
        undo=url_for("staff.bring_lesson_back", lesson_id=lesson_id),
    )
    return redirect(url_for("staff.library"), 303)


@bp.post("/library/<int:lesson_id>/bring-back")
@requires(Permission.EDIT_CONTENT)
def bring_lesson_back(lesson_id: int) -> Response:
    """Take a lesson out of the archive."""
    with context.transaction() as session:
        lesson = lessons.bring_back(session, actor(), lesson_id, now=context.now())
    notify(f"{lesson.name} is back in the library.")
    return redirect(url_for("staff.library"), 303)


def topic_options(session: Session) -> list[tuple[str, str]]:
    """Return the topics to choose from."""
    return [
        ("", "No topic (for everybody)"),
        *((str(i.id), i.name) for i in interests.all_active(session)),
    ]


def _form(values: dict[str, str], errors: dict[str, str]) -> str:
    with context.reading() as session:
        topics = topic_options(session)
    return render_template("staff/library/new.html", values=values, errors=errors, topics=topics)


def _uses(session: Session) -> dict[int, list[tuple[str, str]]]:
    """Return the campaigns and series that use each lesson."""
    found: dict[int, list[tuple[str, str]]] = {}
    for broadcast in session.execute(
        select(
            Broadcast.id, Broadcast.name, Broadcast.email_lesson_id, Broadcast.sms_lesson_id
        ).where(Broadcast.archived_at.is_(None))
    ):
        for lesson_id in {broadcast.email_lesson_id, broadcast.sms_lesson_id} - {None}:
            found.setdefault(lesson_id, []).append(
                (broadcast.name, f"/staff/campaigns/{broadcast.id}/")
            )
    steps = session.execute(
        select(DripStep.lesson_id, Drip.id, Drip.name)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .join(Drip, Drip.id == DripVersion.drip_id)
        .distinct()
    )
    for lesson_id, drip_id, name in steps:
        found.setdefault(lesson_id, []).append((name, f"/staff/drips/{drip_id}/"))
    return found
