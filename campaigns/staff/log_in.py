"""Log-in in two steps, and log-out."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts import sessions as kept
from campaigns.accounts import signing_in, users
from campaigns.accounts.models import StaffUser
from campaigns.accounts.permissions import Permission, open_to_all, requires
from campaigns.core.errors import NotPermitted
from campaigns.staff.blueprint import bp
from campaigns.web import context, sessions

HOME = "/staff/"
_PENDING = "pending"


@bp.route("/log-in", methods=["GET", "POST"])
@open_to_all("people must be able to sign in")
def log_in() -> Any:
    """Ask for email and password."""
    wanted = safe_next(request.values.get("next", ""))
    if sessions.current().person is not None:
        return redirect(wanted)
    if request.method == "GET":
        with context.reading() as session:
            anybody = users.any_exist(session)
        return _form(wanted, anybody=anybody)
    email, password = request.form.get("email", "")[:254], request.form.get("password", "")
    now = context.now()
    with context.reading() as session:
        try:
            signing_in.require_patience(session, email, caller(), now=now)
        except NotPermitted as refusal:
            return _form(wanted, email=email, fault=refusal.message), 429
        user = signing_in.check_password(session, email, password)
    if user is None:
        with context.transaction() as session:
            signing_in.note_failure(session, email, caller(), now=now)
        return _form(wanted, email=email, fault=signing_in.WRONG), 422
    if user.totp_secret is None:
        return complete(user, wanted)
    with context.transaction() as session:
        kept.close(session, sessions.current().raw)
    sessions.renew()
    sessions.current()[_PENDING] = {
        "user_id": user.id,
        "standing": user.standing,
        "until": (now + kept.BEFORE_LOG_IN).isoformat(),
        "next": wanted,
    }
    return redirect(url_for("staff.second_step"), 303)


@bp.route("/log-in/code", methods=["GET", "POST"])
@open_to_all("the second step of signing in; knows who passed the first")
def second_step() -> Any:
    """Ask for the code of the second factor."""
    pending = sessions.current().get(_PENDING)
    if not pending or pending["until"] <= context.now().isoformat():
        return redirect(url_for("staff.log_in"))
    if request.method == "GET":
        return render_template("staff/account/second_step.html", fault=None)
    now = context.now()
    with context.transaction() as session:
        user = session.get(StaffUser, pending["user_id"])
        if user is None or user.standing != pending["standing"]:
            sessions.current().pop(_PENDING)
            return redirect(url_for("staff.log_in"), 303)
        try:
            signing_in.require_patience(session, user.email, caller(), now=now)
        except NotPermitted as refusal:
            return render_template("staff/account/second_step.html", fault=refusal.message), 429
        right = signing_in.check_code(
            session, user, request.form.get("code", "")[:20], caller=caller(), now=now
        )
    if not right:
        page = render_template("staff/account/second_step.html", fault=signing_in.WRONG_CODE)
        return page, 422
    return complete(user, safe_next(pending["next"]))


@bp.post("/log-out")
@requires(Permission.SIGNED_IN)
def log_out() -> Response:
    """End this session, here and on the server."""
    with context.transaction() as session:
        kept.close(session, sessions.current().raw)
    sessions.renew()
    return redirect(url_for("staff.log_in"), 303)


def complete(user: StaffUser, wanted: str) -> Response:
    """Open the session of somebody who has proved who they are, under a new id."""
    with context.transaction() as session:
        row = session.get_one(StaffUser, user.id)
        raw = signing_in.finish(
            session, row, caller=caller(), now=context.now(), replaces=sessions.current().raw
        )
    sessions.start(raw)
    return redirect(wanted, 303)


def caller() -> str:
    """Return where the request comes from, to slow down guessing."""
    return request.remote_addr or "unknown"


def safe_next(wanted: str) -> str:
    """Return where to go after a log-in: a staff page of ours, else home."""
    ours = wanted.startswith(HOME) and "\\" not in wanted and "//" not in wanted
    return wanted if ours and wanted.isprintable() else HOME


def _form(wanted: str, *, email: str = "", fault: str | None = None, anybody: bool = True) -> str:
    return render_template(
        "staff/account/log_in.html", wanted=wanted, email=email, fault=fault, anybody=anybody
    )
