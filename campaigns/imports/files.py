"""Files from upload to start: receive, say what the columns mean, vouch, start, stop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience import interests
from campaigns.clinic.defaults import TIMEZONE
from campaigns.clinic.models import Clinic
from campaigns.consent import elements
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import Conflict, InvalidInput, NotFound
from campaigns.imports import attestations as vouching
from campaigns.imports import cells, columns, dates, decoding, reading
from campaigns.imports.lines import HOLDS, Layout, topic_words
from campaigns.imports.models import Attestation, Import, ImportFile, ImportRow, ImportState

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
        options={"holds": columns.guess_holds(filename, header)},
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


def set_mapping(
    session: Session,
    import_id: int,
    mapping: Mapping[str, str],
    *,
    date_order: str | None = None,
    holds: str | None = None,
) -> Import:
    """Say what each column means; before the start only.

    ``date_order`` is ``mdy`` or ``dmy``, needed where the file does not prove it. ``holds``
    says what everybody in the file is: ``unsubscribed``, ``cleaned``, ``nonsubscribed``, or
    nothing in particular; None leaves the guess.

    Raises: InvalidInput ``column_missing``, ``mapping_invalid``, ``date_order_unknown``,
    ``holds_unknown``; Conflict.
    """
    found = _open(session, import_id)
    if date_order and date_order not in cells.ORDERS:
        raise InvalidInput("date_order_unknown", "Dates are month first (mdy) or day first (dmy).")
    if holds and holds not in HOLDS:
        raise InvalidInput("holds_unknown", f"A file may hold: {', '.join(HOLDS)}, or nothing.")
    found.mapping = columns.checked(mapping, found.header)
    lines, start = lines_of(session, found)
    records = reading.records(lines, found.delimiter, start=start, width=len(found.header))
    survey = dates.survey(records, found.header, found.mapping)
    found.options = {
        **found.options,
        "dates": survey.as_json(),
        "date_order": survey.order or date_order or "",
        **({} if holds is None else {"holds": holds}),
    }
    found.state = ImportState.READY
    session.flush()
    return found


def dates_of(found: Import) -> dates.Survey:
    """Return what the file's dates say about their order, as of the mapping."""
    raw = found.options.get("dates")
    return dates.from_json(raw) if raw else dates.Survey(proofs={})


def require_date_order(found: Import) -> None:
    """Refuse to go on while nobody has said how the file's dates are meant.

    Raises: InvalidInput ``date_order_missing``.
    """
    survey = dates_of(found)
    if survey.asks and not found.options.get("date_order"):
        words = dates.question(survey)
        raise InvalidInput(
            "date_order_missing",
            f"{words} Nothing was imported.",
            fields={"date_order": words},
        )


def set_options(
    session: Session,
    import_id: int,
    actor: Actor,
    *,
    fill_only: bool = False,
    start_drips: bool = False,
    attestations: Sequence[Mapping[str, Any]] = (),
    now: datetime,
) -> Import:
    """Say how values on file are treated, whether series start, and what staff vouch for.

    Each of ``attestations`` is one form, with the fields that ``attestations.read`` names.

    Raises: InvalidInput ``attestation_incomplete`` with a remedy for each field; Conflict.
    """
    found = _open(session, import_id)
    kept = []
    for given in attestations:
        one, faults = vouching.read(
            given,
            by=str(given.get("by") or actor.name),
            by_id=actor.id if actor.kind is ActorKind.STAFF else None,
            lacks=lambda words: texts_lack(session, words),
            now=now,
        )
        if one is None:
            raise InvalidInput(
                "attestation_incomplete",
                "What you vouch for is not complete. What you typed is kept; nothing was imported. "
                + " ".join(faults.values()),
                fields=faults,
            )
        kept.append(one.as_json())
    found.options = {
        **found.options,
        "fill_only": fill_only,
        START_DRIPS: start_drips,
        "attestations": kept,
    }
    session.flush()
    return found


def texts_lack(session: Session, words: str) -> list[str]:
    """Return what words about texts need to be an agreement to marketing texts (CON-01)."""
    clinic = _clinic(session)
    names = () if clinic is None else (clinic.brand, clinic.name)
    return elements.lacks_for_texts(words, names=names)


def _clinic(session: Session) -> Clinic | None:
    """Return the clinic; None on a database that was never set up."""
    return session.scalar(select(Clinic).limit(1))


def attestations_of(found: Import) -> list[vouching.Attestation]:
    """Return what staff vouch for."""
    return [vouching.from_json(raw) for raw in found.options.get("attestations", [])]


def start(session: Session, actor: Actor, import_id: int, *, now: datetime) -> Import:
    """Start an import, or let one that stopped half-way go on; the runner does the work.

    Raises: InvalidInput ``column_missing``, ``date_order_missing``; Conflict when it runs
    or ran already.
    """
    found = get(session, import_id)
    if found.state not in (*_OPEN, ImportState.FAILED):
        raise Conflict("import_started", "This import runs already, or has run.")
    found.mapping = columns.checked(found.mapping, found.header)
    require_date_order(found)
    _keep_attestations(session, found, now)
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
    clinic = _clinic(session)
    return Layout(
        found.header,
        found.mapping,
        topics=topic_words({i.code: i.name for i in interests.all_active(session)}),
        attestations=attestations_of(found),
        now=now,
        holds=found.options.get("holds", ""),
        date_order=found.options.get("date_order") or cells.MONTH_FIRST,
        zone=ZoneInfo(TIMEZONE if clinic is None else clinic.timezone),
    )


def vouched_for(session: Session, sha256: str) -> str:
    """Return in a sentence what staff vouched for, checked against its digest."""
    kept = session.get(Attestation, sha256)
    if kept is None or hashlib.sha256(kept.body.encode()).hexdigest() != sha256:
        return "What staff vouched for is missing or was changed."
    body = json.loads(kept.body)
    return f"{body['by']}: “{body['statement']}” Form: {body['form']}. Kept: {body['kept']}." + (
        f" Scan of the form (SHA-256): {body['scan']}." if body["scan"] else ""
    )


def _keep_attestations(session: Session, found: Import, now: datetime) -> None:
    """Store what staff vouch for, once, as the text that its digest is over."""
    for one in attestations_of(found):
        if session.get(Attestation, one.sha256) is None:
            session.add(
                Attestation(
                    sha256=one.sha256,
                    import_id=found.id,
                    body=one.canonical(),
                    scan_id=one.scan_id,
                    created_at=now,
                )
            )
    session.flush()


def actor_of(found: Import) -> Actor:
    """Return the one in whose name an import runs."""
    return Actor(kind=ActorKind.STAFF, id=found.uploaded_by_id, name=found.uploaded_by)


def _open(session: Session, import_id: int) -> Import:
    found = get(session, import_id)
    if found.state not in _OPEN:
        raise Conflict("import_started", "This import was started already and cannot be changed.")
    return found
