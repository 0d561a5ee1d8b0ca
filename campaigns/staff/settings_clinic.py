"""Settings: the way in, and the clinic itself."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.clinic.defaults import MAX_BRAND
from campaigns.core.errors import InvalidInput
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.web import context

PAGES = (
    (
        "staff.clinic_settings",
        "Clinic",
        "Name, address, sender, booking links.",
        "building-hospital",
        Permission.EDIT_CLINIC,
    ),
    (
        "staff.hours",
        "Hours and limits",
        "When messages may leave, how many, and closures.",
        "clock",
        Permission.EDIT_CLINIC,
    ),
    (
        "staff.wording",
        "Consent wording",
        "The words that people agree to, in versions.",
        "signature",
        Permission.EDIT_CLINIC,
    ),
    (
        "staff.sign_up_forms",
        "Sign-up",
        "Forms, posters, the front desk’s tablet, keywords.",
        "clipboard-check",
        Permission.EDIT_PEOPLE,
    ),
    (
        "staff.channels",
        "Channels",
        "What is missing before real messages can leave.",
        "rocket",
        Permission.EDIT_CLINIC,
    ),
    (
        "staff.team",
        "Team",
        "Who may sign in, and what each may do.",
        "users-group",
        Permission.MANAGE_TEAM,
    ),
    (
        "staff.health",
        "Health",
        "Whether the service is at work.",
        "heart-rate-monitor",
        Permission.READ_REPORTS,
    ),
)
FIELDS = (
    "name",
    "brand",
    "street",
    "city",
    "state",
    "postal_code",
    "phone",
    "website",
    "timezone",
    "sender_email",
    "reply_to",
    "booking_url",
    "consultation_url",
    "accent",
)
_COMMON_ZONES = (
    ("America/New_York", "Eastern (New York)"),
    ("America/Chicago", "Central (Chicago)"),
    ("America/Denver", "Mountain (Denver)"),
    ("America/Phoenix", "Arizona (Phoenix)"),
    ("America/Los_Angeles", "Pacific (Los Angeles)"),
    ("America/Anchorage", "Alaska (Anchorage)"),
    ("Pacific/Honolulu", "Hawaii (Honolulu)"),
    ("America/Puerto_Rico", "Atlantic (Puerto Rico)"),
)


@bp.context_processor
def settings_pages() -> dict[str, Any]:
    """Give the settings pages the tabs that this person may open."""
    if not request.path.startswith("/staff/settings"):
        return {}
    return {"settings_pages": [page for page in PAGES if may(page[4])]}


@bp.get("/settings/")
@requires(Permission.SIGNED_IN)
def settings() -> str:
    """Show what can be set."""
    return render_template("staff/settings/settings.html")


@bp.route("/settings/clinic", methods=["GET", "POST"])
@requires(Permission.EDIT_CLINIC)
def clinic_settings() -> Any:
    """Show and change the clinic's profile."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        values: dict[str, Any] = {name: request.form.get(name, "") for name in FIELDS}
        values["strict_review"] = "strict_review" in request.form
        try:
            with context.transaction() as session:
                profile.update(session, actor(), now=context.now(), **values)
        except InvalidInput as fault:
            errors = fault.fields
        else:
            return _saved("staff.clinic_settings")
    else:
        with context.reading() as session:
            clinic = profile.get(session)
            values = {name: getattr(clinic, name) for name in (*FIELDS, "strict_review")}
    page = render_template(
        "staff/settings/clinic.html",
        values=values,
        errors=errors,
        zones=_zones(values["timezone"]),
        max_brand=MAX_BRAND,
    )
    return page, 422 if errors else 200


def _zones(present: str | None) -> list[tuple[str, str]]:
    known = {zone for zone, _ in _COMMON_ZONES}
    extra = [(present, present)] if present and present not in known else []
    others = sorted(zone for zone in available_timezones() if zone.startswith("America/"))
    return [*_COMMON_ZONES, *extra, *((z, z) for z in others if z not in known and z != present)]


def _saved(endpoint: str) -> Response:
    notify("Saved.")
    return redirect(url_for(endpoint), 303)
