"""Settings: the words that people agree to, in versions."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from campaigns.accounts.permissions import Permission, requires
from campaigns.consent import disclosures
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
                now=context.now(),
            )
    except InvalidInput as fault:
        return _page(typed, fault.fields or {"text": fault.message}), 422
    notify("The new wording is in use. Whoever agreed before keeps the words they agreed to.")
    return redirect(url_for("staff.wording", _anchor=f"{typed['kind']}-{typed['locale']}"), 303)


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
        typed=typed,
        errors=errors,
    )
