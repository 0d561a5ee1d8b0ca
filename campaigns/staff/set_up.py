"""The first account, and passwords chosen through a one-time link."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from campaigns.accounts import setup, users
from campaigns.accounts.permissions import open_to_all
from campaigns.core.errors import InvalidInput
from campaigns.staff.blueprint import bp
from campaigns.staff.log_in import HOME, complete
from campaigns.web import context

_FIELDS = ("name", "email", "credential", "license_number", "license_state")


@bp.route("/set-up/<token>", methods=["GET", "POST"])
@open_to_all("makes the first account; works once, by a link printed at start")
def set_up(token: str) -> Any:
    """Make the first owner."""
    values = {name: request.form.get(name, "").strip() for name in _FIELDS}
    now = context.now()
    if request.method == "GET":
        with context.reading() as session:
            setup.require_open(session, token, now=now)
        return render_template("staff/account/set_up.html", values=values, errors={})
    try:
        with context.transaction() as session:
            owner = setup.make_owner(
                session, token, password=request.form.get("password", ""), now=now, **values
            )
    except InvalidInput as fault:
        if not fault.fields:
            raise
        page = render_template("staff/account/set_up.html", values=values, errors=fault.fields)
        return page, 422
    return complete(owner, HOME)


@bp.route("/password/<token>", methods=["GET", "POST"])
@open_to_all("invited people and those who forgot choose a password; works once")
def choose_password(token: str) -> Any:
    """Choose a password; then sign in with it, second factor included."""
    now = context.now()
    with context.reading() as session:
        user = users.of_link(session, token, now=now)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            with context.transaction() as session:
                users.accept_link(session, token, request.form.get("password", ""), now=now)
        except InvalidInput as fault:
            if not fault.fields:
                raise
            errors = fault.fields
        else:
            return render_template("staff/account/password_chosen.html", user=user)
    page = render_template("staff/account/choose_password.html", user=user, errors=errors)
    return page, 422 if errors else 200
