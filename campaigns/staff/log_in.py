"""Log-in and log-out."""

from __future__ import annotations

from flask import redirect, render_template
from werkzeug.wrappers import Response

from campaigns.accounts import sessions as kept
from campaigns.accounts.permissions import Permission, open_to_all, requires
from campaigns.staff.blueprint import bp
from campaigns.web import context, sessions


@bp.get("/log-in")
@open_to_all("people must be able to sign in")
def log_in() -> str:
    """Show the form."""
    return render_template("staff/account/log_in.html")


@bp.post("/log-out")
@requires(Permission.SIGNED_IN)
def log_out() -> Response:
    """End this session."""
    with context.transaction() as session:
        kept.close(session, sessions.current().raw)
    sessions.renew()
    return redirect("/staff/log-in", 303)
