"""Campaigns: the list, making one, and the steps of its life."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.broadcasts import drafts, lifecycle
from campaigns.broadcasts.lifecycle import Stale
from campaigns.broadcasts.models import Broadcast, BroadcastState, Timing
from campaigns.core.errors import InvalidInput
from campaigns.delivery import outbox
from campaigns.delivery.models import Origin
from campaigns.reports import cards
from campaigns.staff import broadcast_side
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context, templating

PAGE = 25
STATES = {
    BroadcastState.DRAFT: ("Draft", "grey"),
    BroadcastState.SCHEDULED: ("Scheduled", "blue"),
    BroadcastState.SENDING: ("Going out", "green"),
    BroadcastState.PAUSED: ("Paused", "amber"),
    BroadcastState.SENT: ("Sent", "grey"),
    BroadcastState.CANCELLED: ("Stopped", "red"),
}
"""Word and tone of each state."""
FILTERS = (
    ("", "All"),
    *((state.value, word) for state, (word, _) in STATES.items()),
    ("archived", "Archived"),
)


@bp.get("/campaigns/")
@requires(Permission.READ_CAMPAIGNS)
def campaigns() -> str:
    """List campaigns with the four figures that matter."""
    chosen = request.args.get("state", "")
    before = request.args.get("before", type=int)
    with context.reading() as session:
        found = drafts.list_all(
            session,
            state=chosen if chosen in set(BroadcastState) else None,
            archived=chosen == "archived",
            before_id=before,
            limit=PAGE + 1,
        )
        page = found[:PAGE]
        figures = cards.of_broadcasts(session, page)
        groups = cards.group_names(session, page)
    next_url = None
    if len(found) > PAGE:
        next_url = url_for("staff.campaigns", state=chosen or None, before=page[-1].id)
    return render_template(
        "staff/campaigns/list.html",
        campaigns=page,
        figures=figures,
        groups=groups,
        states=STATES,
        filters=FILTERS,
        chosen=chosen,
        next_url=next_url,
    )


@bp.get("/campaigns/new")
@requires(Permission.EDIT_CAMPAIGNS)
def new_campaign() -> str:
    """Ask for the name of a new campaign."""
    name = f"Campaign of {context.now().astimezone(templating.zone()):%-d %B}"
    return render_template("staff/campaigns/new.html", name=name, errors={})


@bp.post("/campaigns/")
@requires(Permission.EDIT_CAMPAIGNS)
def create_campaign() -> Response | tuple[str, int]:
    """Make a draft and go to its first step."""
    name = request.form.get("name", "")
    try:
        with context.transaction() as session:
            made = drafts.create(session, actor(), now=context.now(), name=name)
    except InvalidInput as fault:
        page = render_template("staff/campaigns/new.html", name=name, errors=fault.fields)
        return page, 422
    return redirect(url_for("staff.campaign_step", broadcast_id=made.id, step="who"), 303)


@bp.get("/campaigns/<int:broadcast_id>/")
@requires(Permission.READ_CAMPAIGNS)
def campaign(broadcast_id: int) -> Response:
    """Lead to the page that fits the state: the steps of a draft, else its progress."""
    with context.reading() as session:
        state = drafts.get(session, broadcast_id).state
    if state == BroadcastState.DRAFT:
        return redirect(url_for("staff.campaign_step", broadcast_id=broadcast_id, step="who"))
    return redirect(url_for("staff.campaign_progress", broadcast_id=broadcast_id))


@bp.post("/campaigns/<int:broadcast_id>/schedule")
@requires(Permission.SEND)
def schedule_campaign(broadcast_id: int) -> Response:
    """Put a campaign on the clock, exactly as the Check step said."""
    with context.reading() as session:
        draft = drafts.get(session, broadcast_id)
        at = draft.scheduled_at if draft.timing == Timing.AT else None
    try:
        with context.transaction() as session:
            done = lifecycle.schedule(
                session,
                actor(),
                broadcast_id,
                now=context.now(),
                ways=broadcast_side.ways(),
                at=at,
                revision=request.form.get("revision", type=int),
            )
    except InvalidInput as fault:
        notify(fault.message, "red")
        return redirect(
            url_for("staff.campaign_step", broadcast_id=broadcast_id, step="check"), 303
        )
    if at is None:
        notify(f"“{done.name}” goes out now.")
    else:
        undo = url_for("staff.unschedule_campaign", broadcast_id=broadcast_id)
        notify(
            f"“{done.name}” goes out {templating.clinic_time(at)}.",
            undo=undo,
            label="Back to draft",
        )
    return redirect(url_for("staff.campaign_progress", broadcast_id=broadcast_id), 303)


@bp.post("/campaigns/<int:broadcast_id>/unschedule")
@requires(Permission.SEND)
def unschedule_campaign(broadcast_id: int) -> Response:
    """Take a campaign back to draft."""
    with context.transaction() as session:
        lifecycle.unschedule(session, actor(), broadcast_id, now=context.now())
    notify("It is a draft again. Nothing has gone out.")
    return redirect(url_for("staff.campaign_step", broadcast_id=broadcast_id, step="when"), 303)


@bp.post("/campaigns/<int:broadcast_id>/pause")
@requires(Permission.SEND)
def pause_campaign(broadcast_id: int) -> Response:
    """Hold what has not left."""
    with context.transaction() as session:
        lifecycle.pause(session, actor(), broadcast_id, now=context.now())
    notify("Paused. What has not left waits; nobody is dropped.", "amber")
    return _progress(broadcast_id)


@bp.post("/campaigns/<int:broadcast_id>/resume")
@requires(Permission.SEND)
def resume_campaign(broadcast_id: int) -> Response:
    """Go on, with a choice for what became stale."""
    stale = Stale.DISCARD if request.form.get("stale") == "discard" else Stale.SEND
    with context.transaction() as session:
        done = lifecycle.resume(session, actor(), broadcast_id, now=context.now(), stale=stale)
    if done.state == BroadcastState.DRAFT:
        notify("Its time has passed, so it is a draft again. Choose a new time.")
        return redirect(url_for("staff.campaign_step", broadcast_id=broadcast_id, step="when"), 303)
    if stale is Stale.DISCARD:
        notify("Ended. What had not left is not sent any more, and the report says so.")
    else:
        notify("It goes on.")
    return _progress(broadcast_id)


@bp.post("/campaigns/<int:broadcast_id>/cancel")
@requires(Permission.SEND)
def cancel_campaign(broadcast_id: int) -> Response:
    """Stop for good; what has left stays where it is."""
    now = context.now()
    with context.transaction() as session:
        lifecycle.cancel(session, actor(), broadcast_id, now=now)
        stopped = outbox.cancel(
            session, origin_kind=Origin.BROADCAST, origin_id=broadcast_id, now=now
        )
    notify(f"Stopped. {stopped:,} messages that had not left will not be sent.", "red")
    return _progress(broadcast_id)


@bp.post("/campaigns/<int:broadcast_id>/duplicate")
@requires(Permission.EDIT_CAMPAIGNS)
def duplicate_campaign(broadcast_id: int) -> Response:
    """Make a draft with the same group and content."""
    with context.transaction() as session:
        copy = drafts.duplicate(session, actor(), broadcast_id, now=context.now())
    notify(f"This is the copy, “{copy.name}”. Choose its time under When.")
    return redirect(url_for("staff.campaign_step", broadcast_id=copy.id, step="who"), 303)


@bp.post("/campaigns/<int:broadcast_id>/archive")
@requires(Permission.EDIT_CAMPAIGNS)
def archive_campaign(broadcast_id: int) -> Response:
    """Take a campaign out of the list."""
    with context.transaction() as session:
        drafts.archive(session, actor(), broadcast_id, now=context.now())
        name = _name(session.get_one(Broadcast, broadcast_id))
    undo = url_for("staff.restore_campaign", broadcast_id=broadcast_id)
    notify(f"{name} is archived. Its figures stay in the reports.", undo=undo)
    return redirect(url_for("staff.campaigns"), 303)


@bp.post("/campaigns/<int:broadcast_id>/restore")
@requires(Permission.EDIT_CAMPAIGNS)
def restore_campaign(broadcast_id: int) -> Response:
    """Put an archived campaign back."""
    with context.transaction() as session:
        drafts.restore(session, actor(), broadcast_id, now=context.now())
        name = _name(session.get_one(Broadcast, broadcast_id))
    notify(f"{name} is back in the list.")
    return redirect(url_for("staff.campaigns"), 303)


def _progress(broadcast_id: int) -> Response:
    return redirect(url_for("staff.campaign_progress", broadcast_id=broadcast_id), 303)


def _name(broadcast: Broadcast) -> str:
    return f"“{broadcast.name}”"
