"""Settings: the team. Invite, change, switch off; links are shown once."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts import second_factor, users
from campaigns.accounts.models import Role, StaffUser
from campaigns.accounts.permissions import Permission, requires
from campaigns.core.errors import InvalidInput
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context

_DETAILS = ("name", "role", "credential", "license_number", "license_state")
_ROLES = [(role.value, users.ROLE_NAMES[role]) for role in Role]


@bp.get("/settings/team/")
@requires(Permission.MANAGE_TEAM)
def team() -> str:
    """Show everybody."""
    with context.reading() as session:
        everybody = users.list_all(session)
    return render_template("staff/team/team.html", everybody=everybody, roles=users.ROLE_NAMES)


@bp.route("/settings/team/invite", methods=["GET", "POST"])
@requires(Permission.MANAGE_TEAM)
def invite() -> Any:
    """Make an account and show the link with which its owner chooses a password."""
    values = {name: request.form.get(name, "").strip() for name in ("email", *_DETAILS)}
    if request.method == "GET":
        values["role"] = Role.MARKETER
        return _form("staff/team/invite.html", values, {})
    try:
        role = _role(values.pop("role"))
        with context.transaction() as session:
            user = users.create(session, actor(), role=role, now=context.now(), **values)
            token = users.issue_link(session, actor(), user.id, now=context.now())
    except InvalidInput as fault:
        values["role"] = request.form.get("role", "")
        return _form("staff/team/invite.html", values, fault.fields), 422
    return _link(user, token, invited=True)


@bp.route("/settings/team/<int:user_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_TEAM)
def team_member(user_id: int) -> Any:
    """Show and change one person."""
    with context.reading() as session:
        user = users.get(session, user_id)
    if request.method == "GET":
        values = {name: getattr(user, name) for name in _DETAILS}
        return _form("staff/team/member.html", values, {}, user=user)
    values = {name: request.form.get(name, "").strip() for name in _DETAILS}
    try:
        with context.transaction() as session:
            users.change(
                session,
                actor(),
                user_id,
                name=values["name"],
                role=_role(values["role"]),
                credential=values["credential"],
                license_number=values["license_number"],
                license_state=values["license_state"],
                now=context.now(),
            )
    except InvalidInput as fault:
        return _form("staff/team/member.html", values, fault.fields, user=user), 422
    notify("Saved. A new role counts from the next sign-in.")
    return redirect(url_for("staff.team"), 303)


@bp.post("/settings/team/<int:user_id>/link")
@requires(Permission.MANAGE_TEAM)
def new_link(user_id: int) -> str:
    """Show a fresh link with which this person chooses a password."""
    with context.transaction() as session:
        token = users.issue_link(session, actor(), user_id, now=context.now())
        user = users.get(session, user_id)
    return _link(user, token, invited=user.password is None)


@bp.post("/settings/team/<int:user_id>/second-factor/remove")
@requires(Permission.MANAGE_TEAM)
def remove_second_factor(user_id: int) -> Response:
    """Take a lost second factor away; the person sets up a new one at the next sign-in."""
    with context.transaction() as session:
        second_factor.remove(session, actor(), users.get(session, user_id), now=context.now())
    notify("The second factor is removed. It is asked for anew at the next sign-in.")
    return redirect(url_for("staff.team_member", user_id=user_id), 303)


@bp.post("/settings/team/<int:user_id>/switch-off")
@requires(Permission.MANAGE_TEAM)
def switch_off(user_id: int) -> Response:
    """Let this person in no more."""
    with context.transaction() as session:
        user = users.switch_off(session, actor(), user_id, now=context.now())
    undo = url_for("staff.switch_on", user_id=user_id)
    notify(f"{user.name} can no longer sign in.", "amber", undo=undo)
    return redirect(url_for("staff.team"), 303)


@bp.post("/settings/team/<int:user_id>/switch-on")
@requires(Permission.MANAGE_TEAM)
def switch_on(user_id: int) -> Response:
    """Let this person in again."""
    with context.transaction() as session:
        user = users.switch_on(session, actor(), user_id, now=context.now())
    notify(f"{user.name} can sign in again.")
    return redirect(url_for("staff.team"), 303)


def _form(template: str, values: Any, errors: Any, user: StaffUser | None = None) -> str:
    sentences = [(users.ROLE_NAMES[role], users.ROLE_SENTENCES[role]) for role in Role]
    return render_template(
        template, values=values, errors=errors, user=user, roles=_ROLES, sentences=sentences
    )


def _link(user: StaffUser, token: str, *, invited: bool) -> str:
    path = url_for("staff.choose_password", token=token)
    return render_template(
        "staff/team/link.html",
        user=user,
        address=f"{context.services().public_url}{path}",
        invited=invited,
    )


def _role(typed: str) -> Role:
    try:
        return Role(typed)
    except ValueError:
        fault = "Choose a role."
        raise InvalidInput("role_unknown", fault, fields={"role": fault}) from None
