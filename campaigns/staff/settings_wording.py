"""Settings: the words that people agree to, in versions."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from campaigns.accounts.permissions import Permission, requires
from campaigns.consent import checklist, disclosures
from campaigns.core.errors import InvalidInput
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context, templating

KINDS = {
    "email": "Email",
    "sms": "Text messages",
    "health_topic": "Topics of interest",
    "adult": "Age",
}
LANGUAGES = {"en": "English", "es": "Spanish"}


@bp.get("/settings/wording")
@requires(Permission.EDIT_CLINIC)
def wording() -> str:
    """Show the words in use and earlier versions."""
    return _page(None, {})


@bp.post("/settings/wording")
@requires(Permission.EDIT_CLINIC)
def publish_wording() -> Any:
    """Put new words in use."""
    typed = {name: request.form.get(name, "") for name in ("kind", "locale", "text", "frequency")}
    frequency = int(typed["frequency"]) if typed["frequency"].isdecimal() else None
    try:
        with context.transaction() as session:
            disclosures.publish(
                session,
                actor(),
                kind=typed["kind"],
                locale=typed["locale"],
                text=typed["text"][:4000],
                frequency_per_month=frequency,
                ticked=_ticked(),
                now=context.now(),
            )
    except InvalidInput as fault:
        return _page(typed, fault.fields or {"text": fault.message}), 422
    notify("The new wording is in use. Whoever agreed before keeps the words they agreed to.")
    return redirect(url_for("staff.wording", _anchor=f"{typed['kind']}-{typed['locale']}"), 303)


@bp.post("/settings/wording/<int:disclosure_id>/approve")
@requires(Permission.EDIT_CLINIC)
def approve_wording(disclosure_id: int) -> Any:
    """Vouch for the words in use in the clinic's own name."""
    try:
        with context.transaction() as session:
            approved = disclosures.approve(
                session, actor(), disclosure_id, ticked=_ticked(), now=context.now()
            )
            place = f"{approved.kind}-{approved.locale}"
    except InvalidInput as fault:
        errors = {"approval": fault.fields.get("checklist", fault.message)}
        return _page({"approving": str(disclosure_id)}, errors), 422
    notify("Approved. Your name and the time stand beside the words.")
    return redirect(url_for("staff.wording", _anchor=place), 303)


def _ticked() -> list[str]:
    return [point for point in request.form.getlist("ticked") if point in checklist.TICKED]


def _page(typed: dict[str, str] | None, errors: dict[str, str]) -> str:
    clinic = templating.clinic()
    public_url = context.services().public_url
    with context.reading() as session:
        versions = disclosures.list_all(session)
    groups: dict[tuple[str, str], list[Any]] = {}
    for version in versions:
        shown = disclosures.render(
            version,
            brand=clinic.brand if clinic else "",
            privacy_url=f"{public_url}/privacy",
            terms_url=f"{public_url}/sms-program",
        )
        groups.setdefault((version.kind, version.locale), []).append((version, shown))
    order = [(kind, locale) for kind in KINDS for locale in LANGUAGES]
    return render_template(
        "staff/settings/wording.html",
        groups=[(key, groups[key]) for key in order if key in groups],
        kinds=KINDS,
        languages=LANGUAGES,
        points=checklist.POINTS,
        to_tick=checklist.TICKED,
        shipped=checklist.SHIPPED,
        ticked=_ticked() if request.method == "POST" else [],
        typed=typed,
        errors=errors,
    )
