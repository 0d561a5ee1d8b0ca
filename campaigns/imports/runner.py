"""Runs an import in chunks, each one short transaction; goes on where it stopped.

A chunk's people, consent, line outcomes and the place to go on are committed together,
so a process that is killed at any moment leaves nothing half-done and nothing twice.
Two workers on one import do no harm: a chunk is written only where reading stands.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience import interests
from campaigns.core import logs
from campaigns.core.clock import Clock
from campaigns.core.db import Database
from campaigns.imports import files, reading, stopping, tallies, undo, writing
from campaigns.imports.lines import Layout, Line
from campaigns.imports.matching import Directory
from campaigns.imports.models import Import, ImportState

CHUNK = 2_000
"""Lines in one transaction: about 100 ms on SQLite."""
TICK_SECONDS = 20.0

log = logs.get(__name__)


@dataclass(slots=True)
class _Run:
    """What a process remembers of an import while it runs it."""

    layout: Layout
    target: writing.Target
    fill_only: bool
    lines: list[str]
    delimiter: str
    start: int
    """The line on which the records begin."""
    stops_first: bool

    def from_line(self, line: int) -> Iterator[reading.Record]:
        return reading.records(self.lines, self.delimiter, start=line, width=self.layout.width)


def tick(db: Database, clock: Clock) -> int:
    """Work on the imports that run, and those being undone; return how many lines were done."""
    with db.reading() as session:
        waiting = session.execute(
            select(Import.id, Import.state)
            .where(Import.state.in_([ImportState.RUNNING, ImportState.UNDOING]))
            .order_by(Import.id)
        ).all()
    done = 0
    for import_id, state in waiting:
        if state == ImportState.UNDOING:
            done += undo.run(db, import_id, clock)
        else:
            done += run(db, import_id, clock, seconds=TICK_SECONDS)
    return done


def run(
    db: Database,
    import_id: int,
    clock: Clock,
    chunk: int = CHUNK,
    *,
    seconds: float | None = None,
) -> int:
    """Run an import to its end, or for some seconds; return how many lines were done.

    An unexpected fault stops it in the state ``failed``, with everything before kept.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    plan = _plan(db, import_id, clock)
    if plan is None:
        return 0
    if plan.stops_first:
        records = plan.from_line(plan.start)
        if not stopping.run_first(db, import_id, plan.layout, records, clock):
            return 0
    done = 0
    while deadline is None or time.monotonic() < deadline:
        try:
            count = _chunk(db, import_id, plan, clock, chunk)
        except OperationalError:
            raise  # the database is busy or away: the next tick goes on
        except Exception as fault:
            _fail(db, import_id, fault, clock.now())
            raise
        if count is None:
            break
        done += count
    return done


def _plan(db: Database, import_id: int, clock: Clock) -> _Run | None:
    with db.reading() as session:
        found = session.get(Import, import_id)
        if found is None or found.state != ImportState.RUNNING:
            return None
        lines, start = files.lines_of(session, found)
        layout = files.layout_of(session, found, now=clock.now())
        return _Run(
            layout=layout,
            target=writing.Target(
                id=found.id,
                filename=found.filename,
                actor=files.actor_of(found),
                interest_ids={i.code: i.id for i in interests.all_active(session)},
            ),
            fill_only=bool(found.options.get("fill_only")),
            lines=lines,
            delimiter=found.delimiter,
            start=start,
            stops_first=layout.tells_stops and not found.stops_done,
        )


def _chunk(db: Database, import_id: int, plan: _Run, clock: Clock, chunk: int) -> int | None:
    """Read one chunk and write it; None at the end, or when the import does not run any more."""
    with db.reading() as session:
        at = session.scalar(select(Import.next_line).where(Import.id == import_id))
    with _without_pauses():
        return _read_and_write(db, import_id, plan, clock, at or 0, chunk)


@contextmanager
def _without_pauses() -> Iterator[None]:
    """Put off the search for cycles until a chunk is done: it costs as much as the rows.

    A chunk makes tens of thousands of objects that are all in use; none is garbage yet.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _read_and_write(
    db: Database, import_id: int, plan: _Run, clock: Clock, at: int, chunk: int
) -> int | None:
    records = itertools.islice(plan.from_line(at), chunk)
    lines = [plan.layout.read(record) for record in records]
    with db.transaction() as session:
        found = _locked(session, import_id)
        if found is None:
            return None
        if found.next_line != at:
            return 0  # another worker was here: read again from where it stands
        if not lines:
            _finish(session, found, plan, clock.now())
            return None
        _write(session, found, plan, lines, clock)
        return len(lines)


def _locked(session: Session, import_id: int) -> Import | None:
    return session.scalar(
        select(Import)
        .where(Import.id == import_id, Import.state == ImportState.RUNNING)
        .with_for_update()
    )


def _write(session: Session, found: Import, plan: _Run, lines: list[Line], clock: Clock) -> None:
    now = clock.now()
    reasons = stopping.reasons_of(session, lines, now=now)
    stopping.refuse_erased(lines, reasons)
    directory = Directory(found.id, fill_only=plan.fill_only)
    directory.load(session, lines)
    decisions = [directory.decide(line) for line in lines]
    tally = writing.write(session, plan.target, decisions, reasons=reasons, now=now)
    outcomes = [decision.outcome for decision in decisions]
    found.created += outcomes.count("created")
    found.updated += outcomes.count("updated")
    found.unchanged += outcomes.count("unchanged")
    found.refused += outcomes.count("refused")
    found.rows_done += len(lines)
    found.tally = tallies.merged(found.tally, tally)
    found.next_line = lines[-1].next_line


def _finish(session: Session, found: Import, plan: _Run, now: datetime) -> None:
    found.state = ImportState.DONE
    found.finished_at = now
    files.forget_content(session, found.id)
    found.rows_total = found.rows_done
    audit.append(
        session,
        plan.target.actor,
        "import.finished",
        subject_kind="import",
        subject_id=found.id,
        now=now,
        created=found.created,
        updated=found.updated,
        refused=found.refused,
    )


def _fail(db: Database, import_id: int, fault: Exception, now: datetime) -> None:
    log.error("import stopped", import_id=import_id, fault=type(fault).__name__)
    with db.transaction() as session:
        found = _locked(session, import_id)
        if found is not None:
            found.state = ImportState.FAILED
            found.finished_at = now
            found.message = (
                f"Stopped at line {found.next_line} by a fault of the service "
                f"({type(fault).__name__}). What was read is kept. Press “Go on” to try again."
            )
