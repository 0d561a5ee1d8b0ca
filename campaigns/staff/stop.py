"""Stop everything, or a part of it, and resume with a choice about what waited."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile, switches
from campaigns.clinic.switches import SwitchKind
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.delivery import backlog, outbox
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context

CHANNELS = {"email": "Email", "sms": "Texts"}
DISCARD = "discard"


@bp.route("/stop", methods=["GET", "POST"])
@requires(Permission.STOP_EVERYTHING)
def stop() -> Any:
    """Say what stopping does, ask why, and do it."""
    if request.method == "GET":
        return _page()
    reason = request.form.get("reason", "")[:500]
    try:
        with context.transaction() as session:
            profile.stop_everything(session, actor(), reason=reason, now=context.now())
    except InvalidInput as fault:
        return _page(errors=fault.fields, reason=reason), 422
    notify("Everything is stopped. Nothing was lost; it waits until you resume.", "red")
    return redirect(url_for("staff.stop"), 303)


@bp.post("/stop/resume")
@requires(Permission.STOP_EVERYTHING)
def resume() -> Response:
    """Allow sending again; heaps that were marked are given up first, all in one step."""
    now = context.now()
    marked = [name for name, choice in request.form.items() if choice == DISCARD]
    with context.transaction() as session:
        given_up = backlog.discard(session, actor(), marked, now=now) if marked else 0
        profile.allow_again(session, actor(), now=now)
    words = "Sending is allowed again. What waited goes out by its own rules and hours."
    if given_up:
        words = f"Sending is allowed again. {_messages(given_up)} given up and will not be sent."
    notify(words)
    return redirect(url_for("staff.stop"), 303)


@bp.post("/stop/part")
@requires(Permission.STOP_EVERYTHING)
def stop_part() -> Any:
    """Stop one channel, or texts to one state."""
    what, reason = request.form.get("part", ""), request.form.get("part_reason", "")[:500]
    kind, _, code = what.partition(":")
    try:
        with context.transaction() as session:
            switches.stop(session, actor(), kind=kind, code=code, reason=reason, now=context.now())
    except InvalidInput as fault:
        fields = {"code": "part", "reason": "part_reason"}
        errors = {fields[name]: words for name, words in fault.fields.items()}
        return _page(errors=errors, part=what, part_reason=reason), 422
    except Conflict as fault:
        return _page(errors={"part": fault.message}, part=what, part_reason=reason), 422
    notify(f"{_name(kind, code)}: stopped. Nothing was lost; it waits.", "red")
    return redirect(url_for("staff.stop", _anchor="parts"), 303)


@bp.post("/stop/part/<any(channel, state):kind>/<code>/allow")
@requires(Permission.STOP_EVERYTHING)
def allow_part(kind: str, code: str) -> Response:
    """Allow a channel or a state again."""
    now = context.now()
    with context.transaction() as session:
        switches.allow(session, actor(), kind=kind, code=code, now=now)
        if kind == SwitchKind.STATE:
            outbox.look_again(session, reason="state_stopped", now=now)
    notify(f"{_name(kind, code)}: allowed again. What waited goes out by its own rules.")
    return redirect(url_for("staff.stop", _anchor="parts"), 303)


def _page(*, errors: dict[str, str] | None = None, **typed: str) -> str:
    now = context.now()
    with context.reading() as session:
        clinic = profile.get(session)
        heaps = backlog.heaps(session, now=now)
        parts = switches.stopped(session)
        return render_template(
            "staff/settings/stop.html",
            clinic=clinic,
            heaps=heaps,
            waiting=_messages(sum(heap.count for heap in heaps), bare=True),
            steps_due=backlog.steps_due(session, now=now) if clinic.stopped_at else 0,
            stopped_parts=[(part, _name(part.kind, part.code)) for part in parts],
            choices=_choices({(part.kind, part.code) for part in parts}),
            channels=CHANNELS,
            now=now,
            errors=errors or {},
            typed={"reason": "", "part": "", "part_reason": "", **typed},
        )


def _choices(stopped: set[tuple[str, str]]) -> list[tuple[str, str]]:
    found = [("", "Choose …")]
    found += [
        (f"channel:{code}", f"All {name.lower()}")
        for code, name in CHANNELS.items()
        if ("channel", code) not in stopped
    ]
    return found + [
        (f"state:{code}", f"Texts to {name}")
        for code, name in switches.STATES.items()
        if ("state", code) not in stopped
    ]


def _name(kind: str, code: str) -> str:
    if kind == SwitchKind.CHANNEL:
        return f"All {CHANNELS.get(code, code).lower()}"
    return f"Texts to {switches.STATES.get(code, code)}"


def _messages(count: int, *, bare: bool = False) -> str:
    words = f"{count:,} message{'' if count == 1 else 's'}"
    return words if bare else f"{words} {'was' if count == 1 else 'were'}"
