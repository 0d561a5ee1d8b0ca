"""Files from upload to start: receive, say what the columns mean, vouch, start, stop."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience import interests
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import Conflict, InvalidInput, NotFound
from campaigns.imports import columns, decoding, reading
from campaigns.imports.lines import KIND_WORDS, KINDS, Layout, proof_from_json, topic_words
from campaigns.imports.models import Import, ImportFile, ImportRow, ImportState

METHODS: dict[str, str] = {
    "paper_form": "Paper form, signed",
    "web_form": "Form on a website",
    "verbal_recorded": "Spoken, and recorded",
    "keyword": "Text with a keyword",
}
MIN_STATEMENT = 10
START_DRIPS = "start_drips"
"""Option: whether the people of a file may enter series at once (default no)."""
_OPEN = (ImportState.UPLOADED, ImportState.READY)


def receive(
    session: Session, actor: Actor, *, filename: str, content: bytes, now: datetime
) -> Import:
    """Take a file in: read its encoding and header, and guess what its columns mean.

    Nobody is imported yet.

    Raises: InvalidInput saying what is wrong with the file and how to save it again.
    """
    decoded = decoding.decode(content)
    lines = reading.split_lines(decoded.text)
    delimiter = reading.sniff(lines)
    header, start = reading.header_of(lines, delimiter)
    found = Import(
        filename=PurePath(filename.replace("\\", "/")).name[:255] or "file.csv",
        sha256=hashlib.sha256(content).hexdigest(),
        encoding=decoded.encoding,
        delimiter=delimiter,
        header=header,
        mapping=columns.guess(header),
        options={},
        next_line=start,
        rows_total=sum(
            1 for _ in reading.records(lines, delimiter, start=start, width=len(header))
        ),
        uploaded_by=actor.name[:120],
        uploaded_by_id=actor.id if actor.kind is ActorKind.STAFF else None,
        created_at=now,
    )
    session.add(found)
    session.flush()
    session.add(ImportFile(import_id=found.id, content=content))
    audit.append(
        session,
        actor,
        "import.received",
        subject_kind="import",
        subject_id=found.id,
        now=now,
        lines=found.rows_total,
    )
    return found


def get(session: Session, import_id: int) -> Import:
    """Return an import.

    Raises: NotFound.
    """
    found = session.get(Import, import_id)
    if found is None:
        raise NotFound("import_unknown", "There is no such import.")
    return found


def list_recent(session: Session, limit: int = 20) -> list[Import]:
    """Return the latest imports, newest first."""
    return list(session.scalars(select(Import).order_by(Import.id.desc()).limit(limit)))


def same_file(session: Session, found: Import) -> Import | None:
    """Return an earlier import of the very same file that was run, None if there is none."""
    return session.scalar(
        select(Import)
        .where(
            Import.sha256 == found.sha256,
            Import.id < found.id,
            Import.state.in_([ImportState.RUNNING, ImportState.DONE]),
        )
        .order_by(Import.id.desc())
        .limit(1)
    )


def preview(session: Session, found: Import, limit: int = 5) -> list[list[str]]:
    """Return the first records as they are in the file."""
    lines, start = lines_of(session, found)
    rows: list[list[str]] = []
    for record in reading.records(lines, found.delimiter, start=start, width=len(found.header)):
        if record.fault is None:
            rows.append(record.cells)
        if len(rows) >= limit:
            break
    return rows


def lines_of(session: Session, found: Import) -> tuple[list[str], int]:
    """Return a file's physical lines and the line on which its records start.

    Raises: Conflict when the content is gone because all of it was read.
    """
    kept = session.get(ImportFile, found.id)
    if kept is None:
        raise Conflict("content_gone", "This file was read to the end and is not kept.")
    lines = reading.split_lines(decoding.decode(kept.content).text)
    _, start = reading.header_of(lines, found.delimiter)
    return lines, start


def set_mapping(session: Session, import_id: int, mapping: Mapping[str, str]) -> Import:
    """Say what each column means; before the start only.

    Raises: InvalidInput ``column_missing``, ``mapping_invalid``; Conflict.
    """
    found = _open(session, import_id)
    found.mapping = columns.checked(mapping, found.header)
    found.state = ImportState.READY
    session.flush()
    return found


def set_options(
    session: Session,
    import_id: int,
    *,
    fill_only: bool = False,
    start_drips: bool = False,
    attestations: Mapping[str, Mapping[str, Any]] | None = None,
    now: datetime,
) -> Import:
    """Say how values on file are treated, whether series start, and what staff vouch for.

    ``attestations`` has for ``email``, ``sms`` or ``topic``: ``method``, ``at`` (an aware
    datetime), ``wording`` (the words the people agreed to), ``statement`` (in the staff's
    own words), and ``disclosure_id`` where the wording is one of the clinic's.

    Raises: InvalidInput with a remedy for each field; Conflict.
    """
    found = _open(session, import_id)
    faults: dict[str, str] = {}
    kept: dict[str, Any] = {}
    for kind, given in (attestations or {}).items():
        if kind not in KINDS:
            raise InvalidInput("attestation_unknown", f"There is no consent to “{kind}”.")
        kept[kind] = _attestation(kind, given, faults, now)
    if faults:
        raise InvalidInput(
            "attestation_incomplete",
            "What you vouch for is not complete. What you typed is kept; nothing was imported.",
            fields=faults,
        )
    found.options = {"fill_only": fill_only, START_DRIPS: start_drips, "attestations": kept}
    session.flush()
    return found


def _attestation(
    kind: str, given: Mapping[str, Any], faults: dict[str, str], now: datetime
) -> dict[str, Any]:
    method, at = str(given.get("method") or ""), given.get("at")
    wording, statement = str(given.get("wording") or ""), str(given.get("statement") or "")
    if method not in METHODS:
        faults[f"{kind}_method"] = "Choose how these people agreed."
    if not isinstance(at, datetime):
        faults[f"{kind}_at"] = "Give the date on which they agreed (the latest, if several)."
    elif at > now:
        faults[f"{kind}_at"] = "The date is in the future."
    if not wording.strip():
        faults[f"{kind}_wording"] = "Give the words that they agreed to."
    if len(statement.strip()) < MIN_STATEMENT:
        faults[f"{kind}_statement"] = (
            f"Say in your own words where the agreement to {KIND_WORDS[kind]} is kept."
        )
    return {
        "method": method,
        "at": at.isoformat() if isinstance(at, datetime) else "",
        "source": METHODS.get(method, "").lower(),
        "wording": wording.strip(),
        "statement": statement.strip(),
        "disclosure_id": given.get("disclosure_id"),
    }


def start(session: Session, actor: Actor, import_id: int, *, now: datetime) -> Import:
    """Start an import, or let one that stopped half-way go on; the runner does the work.

    Raises: InvalidInput ``column_missing``; Conflict when it runs or ran already.
    """
    found = get(session, import_id)
    if found.state not in (*_OPEN, ImportState.FAILED):
        raise Conflict("import_started", "This import runs already, or has run.")
    found.mapping = columns.checked(found.mapping, found.header)
    found.state = ImportState.RUNNING
    found.started_at = found.started_at or now
    found.message = found.finished_at = None
    audit.append(
        session, actor, "import.started", subject_kind="import", subject_id=found.id, now=now
    )
    session.flush()
    return found


def stop(session: Session, actor: Actor, import_id: int, *, now: datetime) -> Import:
    """Stop a running import after the lines it has; it can go on later."""
    found = get(session, import_id)
    if found.state == ImportState.RUNNING:
        found.state = ImportState.FAILED
        found.finished_at = now
        found.message = f"Stopped by {actor.name or 'staff'}. What was read is kept."
        audit.append(
            session, actor, "import.stopped", subject_kind="import", subject_id=found.id, now=now
        )
    session.flush()
    return found


def discard(session: Session, actor: Actor, import_id: int, *, now: datetime) -> None:
    """Throw a file away that was never started.

    Raises: Conflict.
    """
    found = _open(session, import_id)
    audit.append(
        session, actor, "import.discarded", subject_kind="import", subject_id=found.id, now=now
    )
    forget_content(session, found.id)
    session.execute(delete(ImportRow).where(ImportRow.import_id == found.id))
    session.delete(found)
    session.flush()


def forget_content(session: Session, import_id: int) -> None:
    """Remove a file when it is not needed any more."""
    session.execute(delete(ImportFile).where(ImportFile.import_id == import_id))


def layout_of(session: Session, found: Import, *, now: datetime) -> Layout:
    """Return how the lines of an import are to be read."""
    attested = found.options.get("attestations", {})
    return Layout(
        found.header,
        found.mapping,
        topics=topic_words({i.code: i.name for i in interests.all_active(session)}),
        attestations={kind: proof_from_json(raw) for kind, raw in attested.items()},
        now=now,
    )


def actor_of(found: Import) -> Actor:
    """Return the one in whose name an import runs."""
    return Actor(kind=ActorKind.STAFF, id=found.uploaded_by_id, name=found.uploaded_by)


def _open(session: Session, import_id: int) -> Import:
    found = get(session, import_id)
    if found.state not in _OPEN:
        raise Conflict("import_started", "This import was started already and cannot be changed.")
    return found
