"""Settings: hours in which messages may leave, how many, and closures."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import closures, profile, switches
from campaigns.clinic.defaults import CAPS, WEEKDAY_PARTS
from campaigns.clinic.models import Clinic
from campaigns.contacts import areas
from campaigns.core.errors import InvalidInput
from campaigns.eligibility import states
from campaigns.eligibility.states import Week
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context, templating

DAYS = {"mf": "Monday to Friday", "sat": "Saturday", "sun": "Sunday"}
CHANNELS = {"sms": "Text messages", "email": "Email"}


@bp.route("/settings/hours", methods=["GET", "POST"])
@requires(Permission.EDIT_CLINIC)
def hours() -> Any:
    """Show and change hours and limits."""
    if request.method == "GET":
        with context.reading() as session:
            values = _values_of(profile.get(session))
        return _page(values, {})
    values = {name: request.form.get(name, "") for name in _names()}
    fields: dict[str, Any] = {name: values[name] for name in CAPS}
    fields["strict_hours"] = "strict_hours" in request.form
    for channel in CHANNELS:
        fields[f"{channel}_window"] = _window(channel, values)
    values["strict_hours"] = fields["strict_hours"]
    try:
        with context.transaction() as session:
            profile.update(session, actor(), now=context.now(), **fields)
    except InvalidInput as fault:
        return _page(values, fault.fields), 422
    notify("Saved. What is planned keeps to the new hours and limits from now on.")
    return redirect(url_for("staff.hours"), 303)


@bp.post("/settings/closures")
@requires(Permission.EDIT_CLINIC)
def add_closure() -> Any:
    """Add days on which the clinic is closed."""
    typed = {name: request.form.get(name, "") for name in ("starts_on", "ends_on", "label")}
    try:
        starts_on = _day(typed["starts_on"], "starts_on")
        ends_on = _day(typed["ends_on"], "ends_on") if typed["ends_on"] else starts_on
        with context.transaction() as session:
            closures.add(
                session,
                actor(),
                starts_on=starts_on,
                ends_on=ends_on,
                label=typed["label"],
                now=context.now(),
            )
    except InvalidInput as fault:
        with context.reading() as session:
            values = _values_of(profile.get(session))
        return _page({**values, **typed}, fault.fields), 422
    notify("The closure is noted. No campaign and no series goes out on these days.")
    return redirect(url_for("staff.hours", _anchor="closures"), 303)


@bp.post("/settings/closures/<int:closure_id>/remove")
@requires(Permission.EDIT_CLINIC)
def remove_closure(closure_id: int) -> Response:
    """Remove a closure."""
    with context.transaction() as session:
        closures.remove(session, actor(), closure_id, now=context.now())
    notify("The closure is removed.")
    return redirect(url_for("staff.hours", _anchor="closures"), 303)


def _page(values: dict[str, Any], errors: dict[str, str]) -> str:
    today = context.now().astimezone(templating.zone()).date()
    with context.reading() as session:
        coming = closures.list_from(session, today)
    return render_template(
        "staff/settings/hours.html",
        values={"starts_on": "", "ends_on": "", "label": "", **values},
        errors=errors,
        closures=coming,
        days=DAYS,
        channels=CHANNELS,
        table=_law(),
        table_as_of=states.AS_OF,
        table_is_stale=states.is_stale(today),
        area_codes_as_of=areas.AS_OF,
    )


def _law() -> list[dict[str, Any]]:
    """Return the state table for reading, the federal hours first."""
    rows: list[dict[str, Any]] = [
        {
            "state": "Every state",
            "source": states.FEDERAL_SOURCE,
            "strict": False,
            "cap": None,
            "zone": None,
            "emergency": False,
            **_spans(states.FEDERAL),
        }
    ]
    for code, row in sorted(states.STATES.items(), key=lambda pair: switches.STATES[pair[0]]):
        rows.append(
            {
                "state": switches.STATES[code],
                "source": row.source,
                "strict": row.strict,
                "cap": row.cap_24h,
                "zone": row.zone,
                "emergency": row.emergency_stop,
                **_spans(row.week),
            }
        )
    return rows


def _spans(week: Week) -> dict[str, str]:
    def words(span: tuple[int, int] | None) -> str:
        return "closed" if span is None else f"{span[0] // 60:02}–{span[1] // 60:02}"

    return {
        "mf": words(week.mf),
        "sat": words(week.sat),
        "sun": words(week.sun),
        "holidays": "closed" if week.holidays_closed else "",
    }


def _names() -> list[str]:
    names = list(CAPS)
    for channel in CHANNELS:
        names.append(f"{channel}_holidays")
        for part in WEEKDAY_PARTS:
            names += [f"{channel}_{part}_from", f"{channel}_{part}_to"]
    return names


def _values_of(clinic: Clinic) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(clinic, name) for name in (*CAPS, "strict_hours")}
    for channel in CHANNELS:
        window = getattr(clinic, f"{channel}_window")
        values[f"{channel}_holidays"] = window["holidays"]
        for part in WEEKDAY_PARTS:
            start, end = window[part] or ("", "")
            values[f"{channel}_{part}_from"], values[f"{channel}_{part}_to"] = start, end
    return values


def _window(channel: str, values: dict[str, Any]) -> dict[str, Any]:
    window: dict[str, Any] = {"holidays": values[f"{channel}_holidays"]}
    for part in WEEKDAY_PARTS:
        start, end = values[f"{channel}_{part}_from"], values[f"{channel}_{part}_to"]
        window[part] = [start, end] if start or end else None
    return window


def _day(typed: str, field: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        fault = "Choose a day."
        raise InvalidInput("day", fault, fields={field: fault}) from None
