"""Record a stop that somebody said by phone or in person: a matter of seconds."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.consent import ledger
from campaigns.consent.models import Method
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.delivery import outbox
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.staff.person import name_of
from campaigns.web import context

ROADS = (
    ("phone", "By phone"),
    ("in_person", "In person"),
    ("email", "In an email"),
    ("letter", "In a letter"),
)
_IN_WORDS = {Channel.EMAIL: "email", Channel.SMS: "texts"}


@bp.route("/people/<int:contact_id>/stop", methods=["GET", "POST"])
@requires(Permission.RECORD_STOP)
def stop_person(contact_id: int) -> Any:
    """Record that the person wants no more messages; effective at once, on every way out."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {"channels": [str(c) for c in Channel], "how": "phone", "words": ""}
    if request.method == "POST":
        values = {
            "channels": [c for c in request.form.getlist("channels") if c in set(Channel)],
            "how": request.form.get("how", ""),
            "words": " ".join(request.form.get("words", "").replace("\0", "").split())[:500],
        }
        if not values["channels"]:
            errors["channels"] = "Tick email, texts, or both."
        if values["how"] not in dict(ROADS):
            errors["how"] = "Choose how it was said."
        if not errors:
            told = _record(contact_id, values)
            notify(told)
            return redirect(url_for("staff.person", contact_id=contact_id), 303)
    with context.reading() as session:
        contact = directory.get(session, contact_id)
    page = render_template(
        "staff/people/stop.html",
        contact=contact,
        name=name_of(contact),
        values=values,
        errors=errors,
        roads=ROADS,
    )
    return page, 422 if errors else 200


def _record(contact_id: int, values: dict[str, Any]) -> str:
    now, by = context.now(), actor()
    with context.transaction() as session:
        directory.lock(session, [contact_id])
        recorded = []
        for channel in (c for c in Channel if c in values["channels"]):
            entry = ledger.withdraw(
                session,
                contact_id=contact_id,
                channel=channel,
                method=Method.STAFF,
                actor=by,
                now=now,
                words=values["words"] or None,
                evidence={"how": dict(ROADS)[values["how"]].lower(), "recorded_by": by.name},
            )
            outbox.cancel_for_contact(session, contact_id, channel, now=now)
            if entry is not None:
                recorded.append(channel)
        audit.append(
            session,
            by,
            "stop.recorded",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            channels=[str(channel) for channel in recorded],
        )
    if not recorded:
        return "That stop was on record already. Nothing goes out."
    things = " and ".join(_IN_WORDS[channel] for channel in recorded)
    return f"Stopped. No more {things} from now on."
