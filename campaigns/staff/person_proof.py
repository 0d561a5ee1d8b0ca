"""The proof of a person's consent, to print or to download; each look at it goes on record."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response, render_template

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.consent.models import Method
from campaigns.privacy import proof
from campaigns.staff.blueprint import actor, bp
from campaigns.staff.person_standing import HOW
from campaigns.web import context, templating

_THINGS = {"email": "email", "sms": "texts", "topic": "keeping topics", "all": "everything"}
_SAID = {
    "opt_in_requested": "Asked for {thing}, to be confirmed",
    "opt_in_confirmed": "Agreed to {thing}",
    "opt_out": "Said stop to {thing}",
    "health_topic_consent": "Agreed that topics are kept",
    "health_topic_withdrawn": "Took back that topics are kept",
    "address_changed": "Consent to {thing} ended with a change of address",
    "taken_back": "The clinic took back an agreement to {thing} that it had recorded",
    "erased": "Erased at the person's request",
}
_LABELS = {
    "ip": "IP address",
    "user_agent": "Browser",
    "source_url": "Page",
    "page_title": "Title of the page",
    "form": "Form",
    "words": "In the person's words",
    "note": "Note",
    "line": "Line of the file",
    "person_name": "Name as typed",
    "referrer": "Came from",
    "accept_language": "Languages of the browser",
    "how": "How",
    "recorded_by": "Recorded by",
    "earlier_entry": "Quotes entry",
    "requested_entry": "Confirms entry",
    "undone_entry": "Undoes entry",
    "import": "Import",
    "file": "File",
    "source": "Where",
    "merged_from": "From the record",
    "optin_request": "Confirmation",
    "scan": "Scan",
    "reason": "Reason",
    "old_address": "Address before",
    "new_address": "Address after",
    "scan_sha256": "Scan (SHA-256)",
    "scan_id": "Number of the scan",
    "signature": "Signature",
    "confirmed_at": "Confirmed",
    "confirmed_ip": "IP address of confirming",
    "attestation": "Vouched for with the import (SHA-256)",
    "vouched_for": "Vouched for by staff",
}


@bp.get("/people/<int:contact_id>/proof")
@requires(Permission.EXPORT)
def person_proof(contact_id: int) -> str:
    """Show the proof on one page that prints well."""
    found = _proof(contact_id, "proof.viewed")
    return render_template(
        "staff/people/proof.html",
        proof=found,
        clinic=templating.clinic(),
        title_of=_title,
        how=lambda event: HOW.get(Method(event.method), ""),
        facts_of=_facts,
        utc=lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC",
        local=lambda at: f"{found.local(at):%Y-%m-%d %H:%M:%S %Z}",
    )


@bp.get("/people/<int:contact_id>/proof.json")
@requires(Permission.EXPORT)
def download_proof(contact_id: int) -> Response:
    """Download the same as JSON."""
    body = _proof(contact_id, "proof.downloaded").as_json()
    clinic = templating.clinic()
    body = {"clinic": clinic.name if clinic else "", **body}
    return Response(
        json.dumps(body, ensure_ascii=False, indent=2, default=str),
        mimetype="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="consent-{contact_id}.json"',
            "Cache-Control": "no-store",
        },
    )


def _proof(contact_id: int, action: str) -> proof.Proof:
    now: datetime = context.now()
    with context.reading() as session:
        found = proof.of_person(session, contact_id, clinic_zone=templating.zone().key, now=now)
    with context.transaction() as session:
        audit.append(
            session,
            actor(),
            action,
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            entries=len(found.events),
        )
    return found


def _title(event: proof.Event) -> str:
    words = _SAID.get(event.action, event.action.replace("_", " "))
    return words.format(thing=_THINGS.get(event.channel, event.channel))


def _facts(event: proof.Event) -> list[tuple[str, Any]]:
    return [
        (_LABELS.get(name, name.replace("_", " ")), value)
        for name, value in event.evidence.items()
        if value not in (None, "", [], {})
    ]
