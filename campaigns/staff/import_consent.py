"""The consent step of an import: what staff vouch for where a line has no proof of its own."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.consent import checklist, disclosures
from campaigns.consent.models import Disclosure, Scan
from campaigns.core.errors import InvalidInput
from campaigns.imports import files
from campaigns.imports.attestations import METHODS
from campaigns.imports.models import Import
from campaigns.staff import scans
from campaigns.staff.blueprint import actor, bp
from campaigns.staff.imports import NOT_STARTED, STEPS
from campaigns.web import context

_KINDS = (
    ("email", "email", "Email"),
    ("sms", "sms", "Texts"),
    ("topic", "health_topic", "Keeping interests"),
)
"""Kind of consent, kind of disclosure, label."""
_FIELDS = ("form", "method", "first_day", "last_day", "per_month", "kept")


@bp.route("/people/import/<int:import_id>/consent", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def import_consent(import_id: int) -> Any:
    """Say what staff can vouch for where the file itself has no proof."""
    with context.reading() as session:
        found = files.get(session, import_id)
        words = _words(session)
    if found.state not in NOT_STARTED:
        return redirect(url_for("staff.show_import", import_id=import_id), 303)
    if request.method == "GET":
        return _page(found, words, _typed_from(found), {})
    typed = request.form.to_dict()
    errors: dict[str, str] = {}
    kept = _scan(typed, errors)
    try:
        if errors:
            raise InvalidInput("scan", "The scan cannot be used.", fields=errors)
        with context.transaction() as session:
            files.set_options(
                session,
                import_id,
                actor(),
                fill_only=typed.get("fill_only") == "yes",
                start_drips=typed.get("start_drips") == "yes",
                attestations=_attested(typed, words, kept),
                now=context.now(),
            )
    except InvalidInput as fault:
        return _page(found, words, typed, fault.fields or {"form": fault.message}), 422
    return redirect(url_for("staff.import_check", import_id=import_id), 303)


def _attested(
    typed: dict[str, str], words: dict[str, tuple[int | None, str]], kept: Scan | None
) -> list[dict[str, Any]]:
    ticked = [kind for kind, _, _ in _KINDS if typed.get(f"{kind}_vouch") == "yes"]
    if not ticked:
        return []
    said = {kind: " ".join(typed.get(f"{kind}_words", "").split()) for kind in ticked}
    own = {kind: words[kind][0] for kind in ticked if said[kind] == words[kind][1]}
    return [
        {
            **{name: typed.get(name, "") for name in _FIELDS},
            "words": said,
            "disclosures": {kind: number for kind, number in own.items() if number},
            "everybody": typed.get("everybody") == "yes",
            "scan": kept.sha256 if kept else None,
            "scan_id": kept.id if kept else None,
        }
    ]


def _scan(typed: dict[str, str], errors: dict[str, str]) -> Scan | None:
    """Keep the scan that was sent, or find the one that an earlier try of this form kept."""
    kept = scans.keep_sent("scan", errors)
    if kept is not None:
        typed["scan_id"], typed["scan_name"] = str(kept.id), kept.filename or "the scan"
        return kept
    number = typed.get("scan_id", "")
    if not number.isdecimal():
        return None
    with context.reading() as session:
        row = session.get(Scan, int(number))
    return row if row is not None and row.contact_id is None and not row.erased_at else None


def _page(
    found: Import, words: dict[str, tuple[int | None, str]], typed: dict[str, str], errors: Any
) -> str:
    mapped = set(found.mapping.values())
    proof = {
        kind: f"{kind}_consent_at" in mapped or (kind != "topic" and "consent_at" in mapped)
        for kind, _, _ in _KINDS
    }
    offered = {
        "email": "email" in mapped,
        "sms": "phone" in mapped,
        "topic": "interests" in mapped,
    }
    kinds = [(kind, label) for kind, _, label in _KINDS if offered[kind]]
    return render_template(
        "staff/imports/consent.html",
        found=found,
        kinds=kinds,
        has_proof=any(proof[kind] for kind, _ in kinds),
        words=words,
        typed=typed,
        errors=errors,
        methods=list(METHODS.items()),
        steps=STEPS,
    )


def _words(session: Session) -> dict[str, tuple[int | None, str]]:
    """Return for each kind the wording in use, as people read it, and its number."""
    clinic = profile.get(session)
    base = context.services().public_url
    found: dict[str, tuple[int | None, str]] = {}
    for kind, disclosure_kind, _ in _KINDS:
        current: Disclosure = disclosures.current(session, disclosure_kind)
        text = disclosures.render(
            current,
            brand=clinic.brand,
            privacy_url=f"{base}/privacy",
            terms_url=f"{base}/sms-program",
        )
        found[kind] = (current.id if checklist.may_be_used(current) else None, text)
    return found


def _typed_from(found: Import) -> dict[str, str]:
    typed = {
        name: "yes" if found.options.get(name) else "" for name in ("fill_only", files.START_DRIPS)
    }
    for one in files.attestations_of(found)[:1]:
        raw = one.as_json()
        typed |= {name: str(raw[name] or "") for name in _FIELDS}
        typed |= {"everybody": "yes", "scan_id": str(one.scan_id or ""), "scan_name": "the scan"}
        for kind, text in one.words.items():
            typed |= {f"{kind}_vouch": "yes", f"{kind}_words": text}
    return typed
