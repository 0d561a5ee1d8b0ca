"""The cards of a series: add, change, move, remove; and one person's dates."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.contacts import directory
from campaigns.core.errors import InvalidInput
from campaigns.drips import authoring, simulation
from campaigns.drips.timing import Wait
from campaigns.staff import drips as screen
from campaigns.staff.blueprint import bp, notify
from campaigns.web import context

FIELDS = ("lesson_id", "wait_days", "wait_amount", "wait_unit", "at_local_time", "position")
MINUTES = {"minutes": 1, "hours": 60}


@bp.post("/drips/<int:drip_id>/steps")
@requires(Permission.EDIT_CAMPAIGNS)
def add_drip_step(drip_id: int) -> Response | tuple[str, int]:
    """Put a message into the series."""
    try:
        lesson_id, wait = _read()
        with context.transaction() as session:
            authoring.add_step(
                session,
                drip_id,
                lesson_id=lesson_id,
                wait=wait,
                position=request.form.get("position", type=int),
                now=context.now(),
            )
    except InvalidInput as fault:
        return _again(drip_id, fault, 0)
    notify("Added.")
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/steps/<int:step_id>")
@requires(Permission.EDIT_CAMPAIGNS)
def save_drip_step(drip_id: int, step_id: int) -> Response | tuple[str, int]:
    """Change a message or its timing."""
    try:
        lesson_id, wait = _read()
        with context.transaction() as session:
            authoring.edit_step(
                session, drip_id, step_id, lesson_id=lesson_id, wait=wait, now=context.now()
            )
    except InvalidInput as fault:
        return _again(drip_id, fault, step_id)
    notify("Saved.")
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/steps/<int:step_id>/move")
@requires(Permission.EDIT_CAMPAIGNS)
def move_drip_step(drip_id: int, step_id: int) -> Response:
    """Move a message to another place, by its arrows or by dragging."""
    with context.transaction() as session:
        authoring.move_step(
            session,
            drip_id,
            step_id,
            position=request.form.get("position", 1, type=int),
            now=context.now(),
        )
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/steps/<int:step_id>/remove")
@requires(Permission.EDIT_CAMPAIGNS)
def remove_drip_step(drip_id: int, step_id: int) -> Response:
    """Take a message out; the notice can put it back."""
    with context.transaction() as session:
        spec = authoring.remove_step(session, drip_id, step_id, now=context.now())
    undo = url_for(
        "staff.put_back_drip_step",
        drip_id=drip_id,
        lesson_id=spec.lesson_id,
        position=spec.position,
        days=spec.wait.days,
        minutes=spec.wait.minutes,
        at=spec.wait.at_local_time,
    )
    notify("Removed from the series.", undo=undo)
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/steps/put-back")
@requires(Permission.EDIT_CAMPAIGNS)
def put_back_drip_step(drip_id: int) -> Response:
    """Undo a removal."""
    given = request.args
    wait = Wait(
        days=given.get("days", 0, type=int),
        minutes=given.get("minutes", 0, type=int),
        at_local_time=given.get("at"),
    )
    with context.transaction() as session:
        authoring.add_step(
            session,
            drip_id,
            lesson_id=given.get("lesson_id", 0, type=int),
            wait=wait,
            position=given.get("position", type=int),
            now=context.now(),
        )
    notify("Back in its place.")
    return _back(drip_id)


@bp.get("/drips/<int:drip_id>/simulate")
@requires(Permission.READ_PEOPLE)
def simulate_drip(drip_id: int) -> str:
    """Show one person's dates, if she entered now."""
    text = request.args.get("q", "").strip()
    chosen = request.args.get("contact", type=int)
    now = context.now()
    with context.reading() as session:
        found = authoring.get(session, drip_id)
        people = directory.search(session, text, limit=8) if text else []
        if chosen is None and len(people) == 1:
            chosen = people[0].id
        steps = simulation.simulate(session, found, chosen, now) if chosen else []
        person = directory.get(session, chosen) if chosen else None
    return render_template(
        "staff/drips/simulate.html",
        drip=found,
        q=text,
        people=people,
        person=person,
        steps=steps,
    )


def _read() -> tuple[int, Wait]:
    form = request.form
    fields: dict[str, str] = {}
    lesson_id = form.get("lesson_id", type=int)
    if lesson_id is None:
        fields["lesson_id"] = "Choose an email or a text."
    numbers = {}
    for name in ("wait_days", "wait_amount"):
        text = form.get(name, "").strip() or "0"
        if not text.isdecimal() or len(text) > 6:
            fields[name] = "Give a whole number, 0 or more."
        else:
            numbers[name] = int(text)
    if fields or lesson_id is None:
        raise InvalidInput("step_invalid", "This message cannot be saved yet.", fields=fields)
    unit = MINUTES.get(form.get("wait_unit", "hours"), 60)
    return lesson_id, Wait(
        days=numbers["wait_days"],
        minutes=numbers["wait_amount"] * unit,
        at_local_time=form.get("at_local_time") or None,
    )


def _again(drip_id: int, fault: InvalidInput, step_id: int) -> tuple[str, int]:
    errors = fault.fields or {"lesson_id": fault.message}
    with context.reading() as session:
        page = screen.show(
            session,
            authoring.get(session, drip_id),
            errors=errors,
            typed={**dict.fromkeys(FIELDS, ""), **request.form.to_dict()},
            step_id=step_id,
        )
    return page, 422


def _back(drip_id: int) -> Response:
    return redirect(url_for("staff.drip", drip_id=drip_id) + "#path", 303)
