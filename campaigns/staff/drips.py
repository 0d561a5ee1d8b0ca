"""Series: the list, the path of one, going live, pausing, the people in it."""

from __future__ import annotations

from datetime import timedelta

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import segments
from campaigns.broadcasts.checks import Ways
from campaigns.content import lessons, review
from campaigns.content.models import Lesson
from campaigns.core.errors import InvalidInput, NotFound
from campaigns.drips import authoring, checks, exits, forecast, lifecycle, roster, timing
from campaigns.drips.authoring import Changes
from campaigns.drips.lifecycle import Overdue
from campaigns.drips.models import Drip, DripState, EnrolmentState
from campaigns.reports import cards
from campaigns.staff import broadcast_side
from campaigns.staff.blueprint import actor, bp, is_htmx, notify
from campaigns.staff.broadcast_wizard import REVIEW_WORDS
from campaigns.web import context, templating

STATES = {
    DripState.DRAFT: ("Draft", "grey"),
    DripState.LIVE: ("Live", "green"),
    DripState.PAUSED: ("Paused", "amber"),
    DripState.ARCHIVED: ("Archived", "grey"),
}
PEOPLE = (
    (EnrolmentState.ACTIVE, "In the series"),
    (EnrolmentState.COMPLETED, "Got everything"),
    (EnrolmentState.EXITED, "Left early"),
)
WEEK = 7


@bp.get("/drips/")
@requires(Permission.READ_CAMPAIGNS)
def drips() -> str:
    """List series with who is in them and what goes out."""
    archived = request.args.get("state") == "archived"
    now = context.now()
    with context.reading() as session:
        found = authoring.list_all(session, archived=archived)
        ids = [drip.id for drip in found]
        return render_template(
            "staff/drips/list.html",
            drips=found,
            archived=archived,
            states=STATES,
            standings=forecast.standings(session, ids),
            sent=cards.sent_by_drip(session, ids, since=now - timedelta(days=WEEK)),
            due=forecast.due_within(session, now=now, days=WEEK),
        )


@bp.get("/drips/new")
@requires(Permission.EDIT_CAMPAIGNS)
def new_drip() -> str:
    """Ask for the name of a new series."""
    return render_template("staff/drips/new.html", name="", errors={})


@bp.post("/drips/")
@requires(Permission.EDIT_CAMPAIGNS)
def create_drip() -> Response | tuple[str, int]:
    """Make a series in draft and open it."""
    name = request.form.get("name", "")
    try:
        with context.transaction() as session:
            made = authoring.create(session, actor(), now=context.now(), name=name)
    except InvalidInput as fault:
        page = render_template("staff/drips/new.html", name=name, errors=fault.fields)
        return page, 422
    return redirect(url_for("staff.drip", drip_id=made.id), 303)


@bp.get("/drips/<int:drip_id>/")
@requires(Permission.READ_CAMPAIGNS)
def drip(drip_id: int) -> str:
    """Show the path of a series."""
    with context.reading() as session:
        return show(session, authoring.get(session, drip_id))


@bp.post("/drips/<int:drip_id>/settings")
@requires(Permission.EDIT_CAMPAIGNS)
def save_drip_settings(drip_id: int) -> Response | str | tuple[str, int]:
    """Save name, group and rules of a series."""
    form = request.form
    changes: Changes = {
        "name": form.get("name", ""),
        "segment_id": form.get("segment_id", type=int),
        "ends_on_booking": "ends_on_booking" in form,
    }
    errors: dict[str, str] = {}
    days = form.get("reenter_after_days", "").strip()
    if days and not days.isdecimal():
        errors["reenter_after_days"] = "Give a number of days, or leave it empty."
    else:
        changes["reenter_after_days"] = int(days) if days else None
    try:
        with context.transaction() as session:
            authoring.edit(
                session,
                actor(),
                drip_id,
                now=context.now(),
                revision=form.get("revision", type=int),
                **changes,
            )
    except InvalidInput as fault:
        errors = {**fault.fields, **errors}
    with context.reading() as session:
        found = authoring.get(session, drip_id)
        if is_htmx():
            return render_template(
                "staff/drips/_saved.html",
                errors=errors,
                drip=found,
                saved_at=context.now(),
                obstacles=_obstacles(session, found),
            )
        if errors:
            typed = {"name": "", "reenter_after_days": "", **form.to_dict()}
            return show(session, found, errors=errors, typed=typed), 422
    notify("Saved.")
    return redirect(url_for("staff.drip", drip_id=drip_id), 303)


@bp.post("/drips/<int:drip_id>/go-live")
@requires(Permission.SEND)
def drip_goes_live(drip_id: int) -> Response:
    """Publish the draft and let people in."""
    existing = request.form.get("enrol_existing") == "yes"
    try:
        with context.transaction() as session:
            done = lifecycle.go_live(
                session,
                actor(),
                drip_id,
                now=context.now(),
                ways=_ways(),
                enrol_existing=existing,
            )
    except InvalidInput as fault:
        notify(fault.message, "red")
        return _back(drip_id)
    who = "Everybody in the group enters now" if existing else "People who come to match enter"
    notify(f"“{done.name}” is live. {who}.")
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/publish")
@requires(Permission.SEND)
def publish_drip(drip_id: int) -> Response:
    """Give new entrants what the page shows."""
    try:
        with context.transaction() as session:
            lifecycle.publish_changes(session, actor(), drip_id, now=context.now(), ways=_ways())
    except InvalidInput as fault:
        notify(fault.message, "red")
        return _back(drip_id)
    notify("Published. Whoever enters from now on gets this; the others keep what they have.")
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/pause")
@requires(Permission.SEND)
def pause_drip(drip_id: int) -> Response:
    """Hold everybody where they are."""
    with context.transaction() as session:
        lifecycle.pause(session, actor(), drip_id, now=context.now())
    notify("Paused. Everybody stays where they are; nobody misses a message.", "amber")
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/resume")
@requires(Permission.SEND)
def resume_drip(drip_id: int) -> Response:
    """Go on, with a choice for what is overdue."""
    overdue = Overdue.WAIT if request.form.get("overdue") == "wait" else Overdue.SEND
    with context.transaction() as session:
        lifecycle.resume(session, actor(), drip_id, now=context.now(), overdue=overdue)
    notify("It goes on. Nobody gets more than one message at once.")
    return _back(drip_id)


@bp.post("/drips/<int:drip_id>/archive")
@requires(Permission.EDIT_CAMPAIGNS)
def archive_drip(drip_id: int) -> Response:
    """End the series for everybody in it."""
    with context.transaction() as session:
        name = lifecycle.archive(session, actor(), drip_id, now=context.now()).name
    notify(f"“{name}” is archived. Its messages that had not left are not sent.")
    return redirect(url_for("staff.drips"), 303)


@bp.post("/drips/<int:drip_id>/duplicate")
@requires(Permission.EDIT_CAMPAIGNS)
def duplicate_drip(drip_id: int) -> Response:
    """Make a draft with the same messages."""
    with context.transaction() as session:
        copy = authoring.duplicate(session, actor(), drip_id, now=context.now())
    notify(f"This is the copy, “{copy.name}”.")
    return _back(copy.id)


@bp.get("/drips/<int:drip_id>/people")
@requires(Permission.READ_PEOPLE)
def drip_people(drip_id: int) -> str:
    """List the people in a series, those who are through, and those who left."""
    state = request.args.get("state", EnrolmentState.ACTIVE)
    if state not in set(EnrolmentState):
        raise NotFound("state_unknown", "There is no such list.")
    before = request.args.get("before", type=int)
    with context.reading() as session:
        found = authoring.get(session, drip_id)
        people = roster.people(session, drip_id, state=state, before=before)
    next_url = None
    if len(people) > roster.PAGE:
        last = people[roster.PAGE - 1].enrolment_id
        next_url = url_for("staff.drip_people", drip_id=drip_id, state=state, before=last)
    return render_template(
        "staff/drips/people.html",
        drip=found,
        people=people[: roster.PAGE],
        state=state,
        tabs=PEOPLE,
        next_url=next_url,
    )


@bp.post("/drips/<int:drip_id>/people/<int:enrolment_id>/remove")
@requires(Permission.EDIT_CAMPAIGNS)
def remove_from_drip(drip_id: int, enrolment_id: int) -> Response:
    """Take a person out of a series."""
    with context.transaction() as session:
        exits.remove(session, actor(), enrolment_id, now=context.now())
    undo = url_for("staff.put_back_into_drip", drip_id=drip_id, enrolment_id=enrolment_id)
    notify("Taken out. This person gets nothing more from the series.", undo=undo)
    return redirect(url_for("staff.drip_people", drip_id=drip_id), 303)


@bp.post("/drips/<int:drip_id>/people/<int:enrolment_id>/put-back")
@requires(Permission.EDIT_CAMPAIGNS)
def put_back_into_drip(drip_id: int, enrolment_id: int) -> Response:
    """Undo taking a person out."""
    with context.transaction() as session:
        exits.put_back(session, actor(), enrolment_id, now=context.now())
    notify("Back in the series, with the message that was next.")
    return redirect(url_for("staff.drip_people", drip_id=drip_id), 303)


def show(
    session: Session,
    found: Drip,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    step_id: int | None = None,
) -> str:
    """Return the page of a series; ``step_id`` names the card whose form has ``errors``."""
    now = context.now()
    steps = authoring.draft_steps(session, found.id)
    library = lessons.list_all(session)
    sends = forecast.next_sends(session, found)
    sent = cards.sent_by_position(session, found.id)
    path = [
        {
            "step": step,
            "lesson": (lesson := session.get_one(Lesson, step.lesson_id)),
            "review": REVIEW_WORDS[review.state_of(session, lesson, now)],
            "timing": timing.describe(authoring.wait_of(step), first=step.position == 1),
            "next": sends.get(step.position),
            "sent": sent.get(step.position, 0),
        }
        for step in steps
    ]
    return render_template(
        "staff/drips/drip.html",
        drip=found,
        path=path,
        library=[(lesson.id, _label(lesson)) for lesson in library],
        group_options=[
            ("", "Choose a group"),
            *((group.id, group.name) for group in segments.list_all(session)),
        ],
        sentence=_sentence(session, found),
        standing=forecast.standings(session, [found.id])[found.id],
        word=STATES[DripState(found.state)],
        obstacles=_obstacles(session, found),
        changed=found.state in (DripState.LIVE, DripState.PAUSED)
        and authoring.has_unpublished_changes(session, found),
        stopped_because=lifecycle.stopped_because(session, found),
        errors=errors or {},
        typed=typed or {},
        faulty_step=step_id,
        days=_coming_days(session, found),
    )


def _obstacles(session: Session, found: Drip) -> list[tuple[str, str | None]]:
    rows = checks.obstacles(session, found, ways=_ways(), now=context.now(), sender_id=actor().id)
    return [
        (row.message, broadcast_side.target_url(row.target, 0) if row.target.id else None)
        for row in rows
    ]


def _coming_days(session: Session, found: Drip) -> list[tuple[object, int]]:
    zone = templating.zone()
    first = context.now().astimezone(zone).date()
    counts = forecast.by_day(session, first=first, days=14, zone=zone.key, drip_id=found.id)
    return [(day, number) for (_, day), number in sorted(counts.items())]


def _sentence(session: Session, found: Drip) -> str:
    if found.segment_id is None:
        return ""
    return segments.sentence(session, segments.get(session, found.segment_id).rule)


def _label(lesson: Lesson) -> str:
    return f"{lesson.name} ({'email' if lesson.channel == 'email' else 'text'})"


def _ways() -> Ways:
    return broadcast_side.ways()


def _back(drip_id: int) -> Response:
    return redirect(url_for("staff.drip", drip_id=drip_id), 303)
