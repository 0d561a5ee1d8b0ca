"""The do-not-contact list: look an address up, see why, take off what staff may take off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.consent import suppression
from campaigns.consent.models import Suppression, SuppressionReason
from campaigns.contacts import addresses
from campaigns.contacts.models import Channel
from campaigns.core.errors import InvalidInput
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.web import context

PAGE = 50
REMEDIES = {
    "consent": "Only the person takes that back, by agreeing anew.",
    "proof": "Only the person takes that back, by confirming from the address itself.",
    "staff": "Staff may take it off.",
    "stays": "Stays for good.",
}


@bp.get("/do-not-contact/")
@requires(Permission.READ_PEOPLE)
def do_not_contact() -> Any:
    """Show the list, newest first, or what it says about one address."""
    return _page()


@bp.post("/do-not-contact/add")
@requires(Permission.RECORD_STOP)
def add_do_not_contact() -> Any:
    """Put an address on the list by the clinic's own decision."""
    text, note = (request.form.get(name, "").strip()[:254] for name in ("address", "note"))
    try:
        channel, address = _read(text)
        if not note:
            raise InvalidInput("note_missing", "Say why.", fields={"note": "Say why, in a word."})
    except InvalidInput as fault:
        errors = fault.fields or {"address": fault.message}
        return _page(typed={"address": text, "note": note}, errors=errors), 422
    now = context.now()
    with context.transaction() as session:
        row = suppression.add(
            session,
            channel=channel,
            address=address,
            reason=SuppressionReason.MANUAL,
            now=now,
            note=note,
        )
        audit.append(
            session,
            actor(),
            "suppression.added",
            subject_kind="suppression",
            subject_id=row.id,
            now=now,
            reason=str(row.reason),
        )
    notify("On the list. Nothing goes there from now on.")
    return redirect(url_for("staff.do_not_contact", q=address), 303)


@bp.post("/do-not-contact/<int:suppression_id>/lift")
@requires(Permission.EDIT_PEOPLE)
def lift_do_not_contact(suppression_id: int) -> Any:
    """Take an entry off, where staff may, with the reason."""
    note = request.form.get("note", "").strip()[:255]
    text = request.form.get("q", "")[:254]
    if not note:
        return _page(errors={f"lift-{suppression_id}": "Say why it may come off."}, text=text), 422
    with context.transaction() as session:
        suppression.lift(session, suppression_id, actor=actor(), now=context.now(), note=note)
    notify("Taken off the do-not-contact list.")
    return redirect(url_for("staff.do_not_contact", q=text), 303)


def remedy_of(reason: str) -> str:
    """Return which kind of remedy there is for a reason: a key of ``REMEDIES``."""
    kind = SuppressionReason(reason)
    if kind in suppression.LIFTED_BY_CONSENT:
        return "consent"
    if kind in suppression.LIFTED_BY_PROOF:
        return "proof"
    return "staff" if kind in suppression.LIFTED_BY_STAFF else "stays"


def _page(
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    text: str | None = None,
) -> str:
    text = (request.args.get("q", "") if text is None else text).strip()[:254]
    reason = request.args.get("reason", "")
    chosen = reason if reason in set(SuppressionReason) else ""
    fault, held = "", None
    if text:
        try:
            held = _read(text)
        except InvalidInput as wrong:
            fault = wrong.message
    rows: list[Suppression] = []
    with context.reading() as session:
        if held is not None:
            rows = suppression.history_of(session, [held])
        elif not text:
            rows = suppression.page(
                session, now=context.now(), reason=chosen or None, before=_before(), limit=PAGE + 1
            )
    more = len(rows) > PAGE and held is None
    shown = rows[:PAGE] if held is None else rows
    return render_template(
        "staff/people/do_not_contact.html",
        rows=[(row, _stands(row, context.now()), remedy_of(row.reason)) for row in shown],
        words=suppression.IN_WORDS,
        remedies=REMEDIES,
        reasons=[("", "Every reason"), *((str(r), w) for r, w in suppression.IN_WORDS.items())],
        chosen=chosen,
        text=text,
        fault=fault,
        next_url=url_for("staff.do_not_contact", reason=chosen or None, before=shown[-1].id)
        if more
        else None,
        first_url=url_for("staff.do_not_contact", reason=chosen or None) if _before() else None,
        may_lift=may(Permission.EDIT_PEOPLE),
        typed=typed or {"address": "", "note": ""},
        errors=errors or {},
    )


def _stands(row: Suppression, now: datetime) -> bool:
    return row.lifted_at is None and (row.expires_at is None or row.expires_at > now)


def _before() -> int | None:
    text = request.args.get("before", "")
    return int(text) if text.isdecimal() and len(text) <= 15 else None


def _read(text: str) -> tuple[str, str]:
    """Return the channel and the normal form of what was typed: an email has an @."""
    channel = Channel.EMAIL if "@" in text else Channel.SMS
    return str(channel), addresses.normalise(channel, text)
