"""The four steps of a campaign, in any order, saved as she types."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import segments
from campaigns.broadcasts import drafts
from campaigns.broadcasts.drafts import Changes
from campaigns.broadcasts.models import Broadcast, BroadcastState, Timing
from campaigns.clinic import profile
from campaigns.contacts.models import Channel
from campaigns.content import lessons, merge, review
from campaigns.content.models import Lesson
from campaigns.content.people import clinic_values
from campaigns.core.errors import InvalidInput
from campaigns.drips import timing as clock_times
from campaigns.staff import broadcast_reach, broadcast_side
from campaigns.staff.blueprint import actor, bp, is_htmx
from campaigns.web import context, templating

STEPS = (("who", "Who"), ("what", "What"), ("when", "When"), ("check", "Check"))
GIVE_UP = ((1, "1 day"), (2, "2 days"), (3, "3 days"), (7, "7 days"), (14, "14 days"))
NEXT = {
    "who": ("what", "Next: choose what they get"),
    "what": ("when", "Next: choose when it goes out"),
    "when": ("check", "Next: check and confirm"),
}
REVIEW_WORDS = {
    "approved": ("Reviewed", "green"),
    "waiting": ("Waits for review", "amber"),
    "changes": ("Sent back by the reviewer", "amber"),
    "expired": ("Review too old", "amber"),
    "none": ("Not reviewed", "grey"),
    "linked": ("The linked email is not reviewed", "amber"),
}


@bp.get("/campaigns/<int:broadcast_id>/<any(who, what, when, check):step>")
@requires(Permission.READ_CAMPAIGNS)
def campaign_step(broadcast_id: int, step: str) -> Any:
    """Show one step of a draft."""
    with context.reading() as session:
        draft = drafts.get(session, broadcast_id)
        if draft.state != BroadcastState.DRAFT:
            return redirect(url_for("staff.campaign_progress", broadcast_id=broadcast_id))
        return _page(session, draft, step)


@bp.post("/campaigns/<int:broadcast_id>/<any(who, what, when, check):step>")
@requires(Permission.EDIT_CAMPAIGNS)
def save_campaign_step(broadcast_id: int, step: str) -> Any:
    """Save what a step says: as she types (a part of the page), or with the Next button."""
    changes, errors = _read(step)
    now = context.now()
    if changes or not errors:
        try:
            with context.transaction() as session:
                drafts.edit(
                    session,
                    actor(),
                    broadcast_id,
                    now=now,
                    revision=request.form.get("revision", type=int),
                    **changes,
                )
        except InvalidInput as fault:
            errors = {**fault.fields, **errors}
    with context.reading() as session:
        draft = drafts.get(session, broadcast_id)
        if is_htmx():
            return render_template(
                "staff/campaigns/_saved.html",
                campaign=draft,
                side=broadcast_side.build(session, draft),
                errors=errors,
                step=step,
                saved_at=now,
            )
        if errors:
            return _page(session, draft, step, errors=errors, typed=request.form), 422
    go = request.form.get("go", "")
    target = go if go in dict(STEPS) else step
    return redirect(url_for("staff.campaign_step", broadcast_id=broadcast_id, step=target), 303)


@bp.get("/campaigns/<int:broadcast_id>/side")
@requires(Permission.READ_CAMPAIGNS)
def campaign_side(broadcast_id: int) -> str:
    """Give the right column with everything counted, for groups that take a while."""
    with context.reading() as session:
        draft = drafts.get(session, broadcast_id)
        return render_template(
            "staff/campaigns/_counted.html",
            campaign=draft,
            side=broadcast_side.build(session, draft, wait=True),
        )


@bp.get("/campaigns/<int:broadcast_id>/reach/<any(email, sms):channel>/<code>")
@requires(Permission.READ_PEOPLE)
def campaign_reach(broadcast_id: int, channel: str, code: str) -> str:
    """Show the people behind a number of the right column."""
    after = request.args.get("after", 0, type=int)
    with context.reading() as session:
        draft = drafts.get(session, broadcast_id)
        at = broadcast_side.leaving_at(draft, context.now())
        found = broadcast_reach.people(
            session, draft, channel, code, ways=broadcast_side.ways(), at=at, after=after
        )
    next_url = None
    if len(found) == broadcast_reach.PAGE:
        next_url = url_for(
            "staff.campaign_reach",
            broadcast_id=broadcast_id,
            channel=channel,
            code=code,
            after=found[-1].id,
        )
    return render_template(
        "staff/campaigns/reach.html",
        campaign=draft,
        people=found,
        words=broadcast_reach.sentence_of(code),
        channel="Email" if channel == Channel.EMAIL else "Text",
        next_url=next_url,
    )


def _page(
    session: Session,
    draft: Broadcast,
    step: str,
    *,
    errors: dict[str, str] | None = None,
    typed: Any = None,
) -> str:
    local = (
        draft.scheduled_at.astimezone(templating.zone()) if draft.scheduled_at is not None else None
    )
    values = {
        "on": local.date().isoformat() if local else "",
        "at_time": f"{local:%H:%M}" if local else "",
        "timing": draft.timing,
        "name": draft.name,
        "important": draft.important,
        "give_up_days": draft.give_up_days,
        **({key: typed[key] for key in typed} if typed else {}),
    }
    options: dict[str, Any] = {"give_up": GIVE_UP}
    if step == "who":
        options["groups"] = [
            (group, segments.sentence(session, group.rule)) for group in segments.list_all(session)
        ]
    if step == "what":
        options["emails"] = _choices(session, Channel.EMAIL)
        options["texts"] = _choices(session, Channel.SMS)
    return render_template(
        f"staff/campaigns/{step}.html",
        campaign=draft,
        step=step,
        steps=STEPS,
        next_step=NEXT.get(step),
        side=broadcast_side.build(session, draft),
        errors=errors or {},
        values=values,
        review_words=REVIEW_WORDS,
        **options,
    )


def _choices(session: Session, channel: Channel) -> list[tuple[Lesson, str, str]]:
    """Return each lesson with the state of its review and its first words."""
    now = context.now()
    names = clinic_values(profile.get(session))
    return [
        (lesson, review.state_of(session, lesson, now), _first_words(lesson, names))
        for lesson in lessons.list_all(session, channel=channel)
    ]


def _first_words(lesson: Lesson, names: dict[str, str]) -> str:
    """Return the subject or the text as people read it; a person's own facts fall back."""
    words = str(lesson.draft.get("subject") or lesson.draft.get("body") or "")
    return merge.parse(words).fill_values(names)


def _read(step: str) -> tuple[Changes, dict[str, str]]:
    """Read the fields of a step; what cannot be read is named, the rest is saved."""
    form = request.form
    changes: Changes = {}
    errors: dict[str, str] = {}
    if step == "who":
        if "name" in form:
            changes["name"] = form["name"]
        if "segment_id" in form:
            changes["segment_id"] = form.get("segment_id", type=int)
    elif step == "what":
        changes["email_lesson_id"] = form.get("email_lesson_id", type=int)
        changes["sms_lesson_id"] = form.get("sms_lesson_id", type=int)
    elif step == "when":
        changes, errors = _read_when()
    else:
        if form.get("third_party_paid") in ("yes", "no"):
            changes["third_party_paid"] = form["third_party_paid"] == "yes"
        changes["note"] = form.get("note", "")[:2000]
    return changes, errors


def _read_when() -> tuple[Changes, dict[str, str]]:
    form = request.form
    changes: Changes = {}
    errors: dict[str, str] = {}
    changes["important"] = "important" in form
    if form.get("give_up_days", type=int) in dict(GIVE_UP):
        changes["give_up_days"] = int(form["give_up_days"])
    chosen = form.get("timing", "")
    if chosen not in (Timing.NOW, Timing.AT):
        return changes, {"timing": "Choose now, or a date and time."}
    changes["timing"] = chosen
    if chosen == Timing.NOW:
        return changes, errors
    day, at = form.get("on", "").strip(), form.get("at_time", "").strip()
    try:
        on = date.fromisoformat(day)
    except ValueError:
        errors["on"] = "Give a date." if not day else "This is not a date; use the picker."
    try:
        clock = time.fromisoformat(at)
    except ValueError:
        errors["at_time"] = "Give a time." if not at else "This is not a time, such as 09:00."
    if errors:
        return changes, errors
    when: datetime = clock_times.at_wall(on, clock, templating.zone())
    changes["scheduled_at"] = when
    if when < context.now():
        errors["on"] = "This time has passed. Choose a later one, or send now."
    return changes, errors
