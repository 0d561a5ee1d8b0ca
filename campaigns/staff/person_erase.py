"""Erase a person who asked for it: one page that says what goes, what stays, and asks twice."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from campaigns.accounts.permissions import Permission, requires
from campaigns.contacts import directory
from campaigns.core.errors import InvalidInput
from campaigns.privacy import erasure
from campaigns.staff import scans
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.staff.person import name_of
from campaigns.web import context


@bp.route("/people/<int:contact_id>/erase", methods=["GET", "POST"])
@requires(Permission.ERASE)
def erase_person(contact_id: int) -> Any:
    """Ask for the word and the reason; then everything that names the person is gone."""
    errors: dict[str, str] = {}
    values = {"typed": "", "reason": ""}
    if request.method == "POST":
        values = {name: request.form.get(name, "").strip()[:200] for name in values}
        if values["typed"].lower() != erasure.CONFIRMATION:
            errors["typed"] = f"Type the word “{erasure.CONFIRMATION}” to go on."
        if not values["reason"]:
            errors["reason"] = "Say how the person asked."
        if not errors:
            try:
                _erase(contact_id, values["reason"])
            except InvalidInput as fault:
                errors |= fault.fields or {"reason": fault.message}
            else:
                notify("Erased. The address stays on the do-not-contact list, as a hash only.")
                return redirect(url_for("staff.people"), 303)
    with context.reading() as session:
        contact = directory.get(session, contact_id)
    page = render_template(
        "staff/people/erase.html",
        contact=contact,
        name=name_of(contact),
        values=values,
        errors=errors,
        word=erasure.CONFIRMATION,
    )
    return page, 422 if errors else 200


def _erase(contact_id: int, reason: str) -> None:
    with context.transaction() as session:
        done = erasure.erase(session, actor(), contact_id, reason=reason, now=context.now())
    kept = scans.store()
    for digest in done.files:
        kept.remove(digest)
