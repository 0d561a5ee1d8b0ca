"""The staff blueprint: who is signed in, what they may do, how errors are shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, access_of, allows
from campaigns.accounts.sessions import Person
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import (
    CampaignsError,
    Conflict,
    InvalidInput,
    NotConfigured,
    NotFound,
    NotPermitted,
)
from campaigns.web import context, csrf, sessions

bp = Blueprint("staff", __name__, url_prefix="/staff")

_BEFORE_ENROLMENT = frozenset({"staff.enrol_second_factor", "staff.log_out"})
STATUS = {InvalidInput: 422, NotFound: 404, Conflict: 409, NotPermitted: 403, NotConfigured: 409}
TITLES = {
    400: "That did not work",
    403: "This is not open to you",
    404: "Not found",
    409: "That is not possible now",
    422: "Something needs mending",
}


def person() -> Person:
    """Return the signed-in member of staff."""
    found = sessions.current().person
    assert found is not None, "only views behind a log-in ask who is signed in"
    return found


def actor() -> Actor:
    """Return the signed-in member of staff as an actor for domain functions."""
    signed_in = person()
    return Actor(kind=ActorKind.STAFF, id=signed_in.id, name=signed_in.name)


def may(permission: str) -> bool:
    """Tell whether the signed-in person's role allows something; False without a log-in."""
    found = sessions.current().person
    return found is not None and allows(found.role, Permission(permission))


def notify(text: str, tone: str = "green", *, undo: str | None = None, label: str = "Undo") -> None:
    """Show a message on the next page; ``undo`` is the address that an Undo button posts to."""
    flash({"text": text, "undo": undo, "label": label}, tone)  # type: ignore[arg-type]


def is_htmx() -> bool:
    """Tell whether the request wants a part of a page."""
    return request.headers.get("HX-Request") == "true"


@bp.before_request
def guard() -> Response | tuple[str, int, dict[str, str]] | None:
    """Let only those in who may: a log-in for every page, and the page's own permission."""
    mark = access_of(current_app.view_functions[request.endpoint or ""])
    if isinstance(mark, Permission):
        signed_in = sessions.current().person
        if signed_in is None:
            return to_log_in()
        csrf.check()
        if must_enrol(signed_in) and request.endpoint not in _BEFORE_ENROLMENT:
            return redirect(url_for("staff.enrol_second_factor"))
        if not allows(signed_in.role, mark):
            raise NotPermitted(
                "role", "Your role does not include this. An owner can change roles under Team."
            )
        return None
    csrf.check()
    return None


def must_enrol(signed_in: Person) -> bool:
    """Tell whether this person has to set the second factor up before anything else."""
    required = context.services().settings.require_second_factor
    return required and not signed_in.has_second_factor


def to_log_in() -> Response | tuple[str, int, dict[str, str]]:
    """Lead to the log-in page, and back to where the person wanted to go afterwards."""
    target = url_for("staff.log_in")
    if request.method == "GET" and not is_htmx():
        wanted = request.full_path.rstrip("?")
        return redirect(f"{target}?next={quote(wanted)}" if wanted != "/staff/" else target)
    if is_htmx():
        return "Please sign in again.", 401, {"HX-Redirect": target}
    return redirect(target, 303)


@bp.errorhandler(CampaignsError)
def show_error(error: CampaignsError) -> Any:
    """Turn an error of the domain into a message; what was typed is kept where there is a form."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    if error.code == "form_expired":
        status = 400
    if is_htmx():
        return error.message, status, {"Content-Type": "text/plain; charset=utf-8"}
    came_from = request.form.get(csrf.CAME_FROM, "") if request.method == "POST" else ""
    typed = set(request.form) - {csrf.FIELD, csrf.CAME_FROM}
    leads_back = came_from.startswith("/staff/") and not came_from.startswith("//")
    if leads_back and not typed and error.code not in ("form_expired", "foreign_request", "role"):
        notify(error.message, "red")
        return redirect(came_from, 303)
    return (
        render_template(
            "staff/errors/error.html",
            title=TITLES.get(status, TITLES[400]),
            message=error.message,
            details=error.fields,
            typed=bool(typed),
        ),
        status,
    )
