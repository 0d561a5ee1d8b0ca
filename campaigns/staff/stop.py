"""Stop everything, and resume."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.core.errors import InvalidInput
from campaigns.delivery.models import Message, MessageState
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context


@bp.route("/stop", methods=["GET", "POST"])
@requires(Permission.STOP_EVERYTHING)
def stop() -> Any:
    """Say what stopping does, ask why, and do it."""
    errors: dict[str, str] = {}
    reason = request.form.get("reason", "")[:500]
    if request.method == "POST":
        try:
            with context.transaction() as session:
                profile.stop_everything(session, actor(), reason=reason, now=context.now())
        except InvalidInput as fault:
            errors = fault.fields
        else:
            notify("Everything is stopped. Nothing was lost; it waits until you resume.", "red")
            return redirect(url_for("staff.stop"), 303)
    waiting_states = (MessageState.PLANNED, MessageState.HELD)
    with context.reading() as session:
        clinic = profile.get(session)
        waiting = session.scalar(
            select(func.count()).select_from(Message).where(Message.state.in_(waiting_states))
        )
    page = render_template(
        "staff/settings/stop.html", clinic=clinic, waiting=waiting, reason=reason, errors=errors
    )
    return page, 422 if errors else 200


@bp.post("/stop/resume")
@requires(Permission.STOP_EVERYTHING)
def resume() -> Response:
    """Allow sending again."""
    with context.transaction() as session:
        profile.allow_again(session, actor(), now=context.now())
    notify("Sending is allowed again. What waited goes out by its own rules and hours.")
    return redirect(url_for("staff.stop"), 303)
