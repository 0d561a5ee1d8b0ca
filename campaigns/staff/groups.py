"""Groups: the list, one group with its count and sample, the builder, "why not Maria?"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import interests, rules, segments
from campaigns.audience.models import Segment
from campaigns.audience.rules import Group, Leaf, Node
from campaigns.audience.segments import Emptier, Explanation
from campaigns.contacts import directory
from campaigns.contacts.models import Contact
from campaigns.core.errors import InvalidInput
from campaigns.staff import group_form
from campaigns.staff.blueprint import actor, bp, is_htmx, may, notify
from campaigns.staff.group_form import GroupForm, Row
from campaigns.web import context

SAMPLE = 10
ASKED = 5


@dataclass(slots=True)
class Picture:
    """A group as it stands now: its sentence, its size, some people, and what empties it."""

    sentence: str
    count: int
    email: int = 0
    sms: int = 0
    people: list[Contact] = field(default_factory=list)
    emptiers: list[Emptier] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Card:
    """A group in the list."""

    segment: Segment
    sentence: str
    count: int | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Why one person is in or out."""

    person: Contact
    explanation: Explanation


@bp.get("/groups/")
@requires(Permission.READ_CAMPAIGNS)
def groups() -> str:
    """Show every group with its sentence and its size now."""
    archived = request.args.get("archived") == "yes"
    now = context.now()
    with context.reading() as session:
        cards = [_card(session, s, now) for s in segments.list_all(session, archived=archived)]
    return render_template("staff/groups/list.html", cards=cards, archived=archived)


@bp.get("/groups/<int:segment_id>")
@requires(Permission.READ_CAMPAIGNS)
def group(segment_id: int) -> str:
    """Show one group: who it is, how many, some of them, and why somebody is not in it."""
    asked = request.args.get("who", "").strip()
    with context.reading() as session:
        segment = segments.get(session, segment_id)
        try:
            picture = _picture(session, rules.parse(segment.rule))
        except InvalidInput as fault:
            return render_template(
                "staff/groups/group.html",
                segment=segment,
                picture=None,
                fault=fault.message,
                asked="",
                answers=[],
            )
        answers = _answers(session, segment.rule, asked) if may("interests.read") else []
    return render_template(
        "staff/groups/group.html",
        segment=segment,
        picture=picture,
        fault=None,
        asked=asked,
        answers=answers,
    )


@bp.route("/groups/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SEGMENTS)
def new_group() -> Any:
    """Build a new group, or keep it."""
    if request.method == "GET":
        return _builder(GroupForm(blocks=[[Row()]]), None)
    return _keep(None)


@bp.route("/groups/<int:segment_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_SEGMENTS)
def edit_group(segment_id: int) -> Any:
    """Change a group."""
    with context.reading() as session:
        segment = segments.get(session, segment_id)
    if request.method == "POST":
        return _keep(segment)
    form = group_form.from_rule(segment.name, segment.rule)
    if form is None:
        notify(
            "This rule is nested deeper than the form can show, so it cannot be changed here. "
            "Make a new group instead.",
            "amber",
        )
        return redirect(url_for("staff.group", segment_id=segment_id), 303)
    return _builder(form, segment)


@bp.post("/groups/draft")
@requires(Permission.EDIT_SEGMENTS)
def draft_group() -> Any:
    """Show the form after a change to it, with the count; keeps nothing."""
    form = group_form.read(request.form)
    form.apply(request.form.get("do", ""))
    segment = None
    if (segment_id := request.form.get("segment", "")).isdecimal():
        with context.reading() as session:
            segment = segments.get(session, int(segment_id))
    return _builder(form, segment, asked=request.form.get("who", "").strip())


@bp.post("/groups/<int:segment_id>/archive")
@requires(Permission.EDIT_SEGMENTS)
def archive_group(segment_id: int) -> Response:
    """Put a group away."""
    with context.transaction() as session:
        segment = segments.archive(session, actor(), segment_id, now=context.now())
    notify(
        f"“{segment.name}” was put away. What uses it goes on working.",
        undo=url_for("staff.restore_group", segment_id=segment_id),
    )
    return redirect(url_for("staff.groups"), 303)


@bp.post("/groups/<int:segment_id>/restore")
@requires(Permission.EDIT_SEGMENTS)
def restore_group(segment_id: int) -> Response:
    """Bring a group back."""
    with context.transaction() as session:
        segment = segments.restore(session, actor(), segment_id, now=context.now())
    notify(f"“{segment.name}” is back.")
    return redirect(url_for("staff.groups"), 303)


def _keep(segment: Segment | None) -> Any:
    form = group_form.read(request.form)
    try:
        form.require_complete()
        with context.transaction() as session:
            if segment is None:
                kept = segments.create(
                    session, actor(), name=form.name, rule=form.rule(), now=context.now()
                )
            else:
                kept = segments.update(
                    session,
                    actor(),
                    segment.id,
                    name=form.name,
                    rule=form.rule(),
                    now=context.now(),
                )
    except InvalidInput as fault:
        form.errors = {**fault.fields, "form": fault.message}
        return _builder(form, segment), 422
    notify(f"“{kept.name}” is saved.")
    return redirect(url_for("staff.group", segment_id=kept.id), 303)


def _builder(form: GroupForm, segment: Segment | None, *, asked: str = "") -> str:
    rule = form.rule()
    with context.reading() as session:
        picture = _picture(session, rule)
        answers = _answers(session, rule, asked)
        listed = [(i.code, i.name) for i in interests.all_active(session)]
        choices = {
            code: list(names.items())
            for code, names in segments.choice_names(session).items()
            if code != "interest"
        }
    template = "staff/groups/_builder.html" if is_htmx() else "staff/groups/edit.html"
    return render_template(
        template,
        form=form,
        segment=segment,
        picture=picture,
        asked=asked,
        answers=answers,
        areas=group_form.areas(),
        choices={**choices, "interest": listed},
        blank=sum(row.is_blank for block in form.blocks for row in block),
    )


def _card(session: Session, segment: Segment, now: Any) -> Card:
    try:
        sentence = segments.sentence(session, segment.rule)
        return Card(segment, sentence, segments.count(session, segment.rule, now))
    except InvalidInput as fault:
        return Card(segment, "", None, fault.message)


def _picture(session: Session, rule: Node) -> Picture:
    now = context.now()
    picture = Picture(
        sentence=segments.sentence(session, rule), count=segments.count(session, rule, now)
    )
    if picture.count == 0:
        picture.emptiers = segments.emptiers(session, rule, now)
        return picture
    picture.email = segments.count(session, _agreed(rule, "email_consent"), now)
    picture.sms = segments.count(session, _agreed(rule, "sms_consent"), now)
    if may("interests.read"):
        picture.people = segments.sample(session, rule, now, SAMPLE)
    return picture


def _agreed(rule: Node, code: str) -> Node:
    return Group("all", (rule, Leaf(code, "is", "agreed")))


def _answers(session: Session, rule: segments.Rule, asked: str) -> list[Answer]:
    if not asked:
        return []
    found = directory.search(session, asked, limit=ASKED)
    now = context.now()
    return [Answer(person, segments.why(session, rule, person.id, now)) for person in found]
