"""Scans of signed forms: taken in from a form of the staff pages, and shown to who may see them."""

from __future__ import annotations

from flask import Response, request

from campaigns.accounts.permissions import Permission, requires
from campaigns.consent import scans
from campaigns.consent.models import Scan
from campaigns.consent.scans import Store, Stored
from campaigns.core.errors import InvalidInput, NotPermitted
from campaigns.staff.blueprint import actor, bp, may
from campaigns.web import context

_SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"


def store() -> Store:
    """Return the folder of sealed scans."""
    services = context.services()
    return Store(services.settings.data_dir / scans.FOLDER, services.keys)


def read_sent(field: str, errors: dict[str, str]) -> Stored | None:
    """Seal the scan that a form sent, before the transaction; None where none was sent."""
    sent = request.files.get(field)
    if sent is None or not sent.filename:
        return None
    try:
        return store().put(sent.stream.read(scans.MAX_BYTES + 1), filename=sent.filename)
    except InvalidInput as fault:
        errors[field] = fault.message
        return None


def read_again(field: str, kept: str, errors: dict[str, str]) -> Stored | None:
    """Return the scan that a form sent, or the one that it sent at an earlier try.

    A browser cannot fill a file in again, so the form carries a mark of what is sealed
    already; only this service can make one.
    """
    stored = read_sent(field, errors)
    if stored is not None or field in errors:
        return stored
    sha256 = kept_again(kept)
    if sha256 is None:
        return None
    content = store().get(sha256)
    return Stored(sha256, scans.kind_of(content), len(content), "")


def kept_again(kept: str) -> str | None:
    """Return the digest in a form's mark of an earlier try; None if we did not make it."""
    sha256, _, mark = kept.partition(" ")
    keys = context.services().keys
    return sha256 if mark and keys.is_marked(_marked(sha256), mark) else None


def mark_of(stored: Stored) -> str:
    """Return what a form carries so that its scan need not be sent again."""
    return f"{stored.sha256} {context.services().keys.mark(_marked(stored.sha256))}"


def _marked(sha256: str) -> str:
    return f"scan {sha256} of {actor().id}"


def keep_sent(field: str, errors: dict[str, str]) -> Scan | None:
    """Keep a scan that belongs to no person: the empty form of a whole batch."""
    stored = read_sent(field, errors)
    if stored is None:
        return None
    with context.transaction() as session:
        return scans.record(session, actor(), stored, now=context.now())


@bp.get("/scans/<int:scan_id>")
@requires(Permission.READ_PEOPLE)
def show_scan(scan_id: int) -> Response:
    """Give a scan, and note who looked at it.

    Of a person: to who may edit people. Of a batch: to who may import. Pictures open in a
    sandbox, a PDF is saved: a browser's PDF viewer does not run in a sandbox.
    """
    with context.transaction() as session:
        row = scans.get(session, scan_id)
        needed = Permission.IMPORT if row.contact_id is None else Permission.EDIT_PEOPLE
        if not may(needed):
            raise NotPermitted("scan", "Your role does not include the scans of signed forms.")
        content = store().get(row.sha256)
        scans.view(session, actor(), scan_id, now=context.now())
    kind = "attachment" if row.media_type == scans.PDF else "inline"
    answer = Response(content, mimetype=row.media_type)
    name = f"scan-{row.id}.{scans.ENDINGS[row.media_type]}"
    answer.headers["Content-Disposition"] = f'{kind}; filename="{name}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _SANDBOX
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
