"""Takes an import back: the people that only it brought, and to whom nothing happened since.

Whoever stays loses the agreements that rest on this file alone. Nothing that was said is
forgotten: the ledger and the do-not-contact list stay as they are. A person is emptied,
not deleted, because the ledger speaks of them by number.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience.models import ContactInterest
from campaigns.bookings.models import Booking
from campaigns.consent import taking_back
from campaigns.consent.ledger import TOPIC
from campaigns.consent.models import ConsentEntry, ConsentState, Method, OptInRequest
from campaigns.contacts.models import Address, Contact, ContactStatus, Note
from campaigns.core.actors import Actor
from campaigns.core.clock import Clock
from campaigns.core.db import Database, change
from campaigns.core.errors import Conflict
from campaigns.imports import files
from campaigns.imports.models import Import, ImportRow, ImportState

CHUNK = 1000

Trace = Callable[[], ColumnElement[bool]]
"""Gives SQL over ``contacts`` that is true of people to whom something happened."""

_traces: dict[str, Trace] = {}


def register_trace(code: str, trace: Trace) -> None:
    """Add what later stages know of people: a message sent, a drip entered."""
    _traces[code] = trace


def request(session: Session, actor: Actor, import_id: int, *, now: datetime) -> Import:
    """Begin to take an import back; the runner does the work.

    Raises: Conflict unless the import has ended.
    """
    found = files.get(session, import_id)
    if found.state not in (ImportState.DONE, ImportState.FAILED):
        raise Conflict("import_not_done", "Only an import that has ended can be taken back.")
    found.state = ImportState.UNDOING
    found.undo_line = 0
    audit.append(
        session, actor, "import.undone", subject_kind="import", subject_id=found.id, now=now
    )
    session.flush()
    return found


def removable(session: Session, import_id: int) -> int:
    """Count the people whom an undo would remove now."""
    query = select(func.count()).where(
        Contact.id.in_(
            select(ImportRow.contact_id).where(
                ImportRow.import_id == import_id, ImportRow.outcome == "created"
            )
        ),
        untouched(import_id),
    )
    return session.scalar(query) or 0


def untouched(import_id: int) -> ColumnElement[bool]:
    """Return SQL that is true of people to whom nothing but this import ever happened."""
    other_wish = and_(ConsentEntry.contact_id == Contact.id, ConsentEntry.method != Method.IMPORT)
    other_import = and_(ImportRow.contact_id == Contact.id, ImportRow.import_id != import_id)
    happened: list[ColumnElement[bool]] = [
        exists().where(other_wish),
        exists().where(other_import),
        exists().where(Note.contact_id == Contact.id),
        exists().where(Booking.contact_id == Contact.id),
        exists().where(OptInRequest.contact_id == Contact.id),
        *(trace() for trace in _traces.values()),
    ]
    ended = select(Import.finished_at).where(Import.id == import_id).scalar_subquery()
    return and_(
        Contact.status == ContactStatus.ACTIVE,
        Contact.updated_at <= ended,
        Contact.last_clicked_at.is_(None),
        Contact.last_booked_at.is_(None),
        Contact.last_heard_at.is_(None),
        Contact.hold_until.is_(None),
        *(~trace for trace in happened),
    )


def run(db: Database, import_id: int, clock: Clock, chunk: int = CHUNK) -> int:
    """Take an import back in short transactions; return how many lines were passed."""
    passed = 0
    while True:
        with db.transaction() as session:
            found = session.scalar(
                select(Import)
                .where(Import.id == import_id, Import.state == ImportState.UNDOING)
                .with_for_update()
            )
            if found is None:
                return passed
            rows = session.execute(
                select(ImportRow.line, ImportRow.contact_id, ImportRow.outcome)
                .where(
                    ImportRow.import_id == import_id,
                    ImportRow.contact_id.is_not(None),
                    ImportRow.line > found.undo_line,
                )
                .order_by(ImportRow.line)
                .limit(chunk)
            ).all()
            if not rows:
                found.state = ImportState.UNDONE
                files.forget_content(session, import_id)
                return passed
            brought = [row.contact_id for row in rows if row.outcome == "created"]
            gone = _remove(session, import_id, brought, clock.now())
            stay = sorted({row.contact_id for row in rows} - gone)
            taken = _take_back(session, found, stay, clock.now())
            found.undo_line = rows[-1].line
            found.tally = {
                **found.tally,
                "undo_removed": found.tally.get("undo_removed", 0) + len(gone),
                "undo_kept": found.tally.get("undo_kept", 0) + len(brought) - len(gone),
                "undo_taken_back": found.tally.get("undo_taken_back", 0) + taken,
            }
            passed += len(rows)


def _take_back(session: Session, found: Import, ids: list[int], now: datetime) -> int:
    """Take back from those who stay what only this import said of them; return how many."""
    taken = taking_back.take_back(
        session, ids, import_id=found.id, actor=files.actor_of(found), now=now
    )
    interests_of = [contact_id for contact_id, channel in taken if channel == TOPIC]
    if interests_of:
        session.execute(delete(ContactInterest).where(ContactInterest.contact_id.in_(interests_of)))
    return len(taken)


def _remove(session: Session, import_id: int, ids: list[int], now: datetime) -> set[int]:
    gone = list(
        session.scalars(
            select(Contact.id)
            .where(Contact.id.in_(ids), untouched(import_id))
            .order_by(Contact.id)
            .with_for_update()
        )
    )
    if not gone:
        return set()
    for table in (Address, ContactInterest, ConsentState):
        column: Any = table.contact_id
        change(session, delete(table).where(column.in_(gone)))
    change(
        session,
        update(Contact)
        .where(Contact.id.in_(gone))
        .values(
            status=ContactStatus.ERASED,
            first_name="",
            last_name="",
            city=None,
            state=None,
            postal_code=None,
            timezone=None,
            updated_at=now,
        ),
    )
    return set(gone)
