"""Who is in a drip's group, and who of them stays outside because she was there before.

A series greets people who come to match its group. Whoever was in it when the series
went live is a bystander, and so is whoever comes with an import that was not told to
start series: an old list must not be greeted as new. A bystander who leaves the group
and comes back is none any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.audience import compiler, rules
from campaigns.audience.models import Segment
from campaigns.core.db import change, is_sqlite
from campaigns.drips.models import Bystander, Drip, DripState, Enrolment
from campaigns.imports.files import START_DRIPS
from campaigns.imports.models import Import, ImportRow


def live(session: Session) -> list[Drip]:
    """Return the drips that are live, in a fixed order."""
    return list(
        session.scalars(
            select(Drip)
            .where(Drip.state == DripState.LIVE, Drip.segment_id.is_not(None))
            .order_by(Drip.id)
        )
    )


def members_of(session: Session, drip: Drip, *, now: datetime) -> Select[int]:
    """Return the statement that selects the ids of the people in a drip's group."""
    segment = session.get_one(Segment, drip.segment_id)
    return compiler.members(rules.parse(segment.rule), now=now)


def remember(session: Session, drip: Drip, *, now: datetime) -> int:
    """Note everybody who is in the group at this moment and never was in the series."""
    return _note(session, drip, now, among=None)


def note_imported(session: Session, drip: Drip, *, now: datetime) -> int:
    """Note people of the group who came with an import since the drip was last looked at."""
    imports = _quiet_imports(session, drip)
    if not imports:
        return 0
    rows = select(ImportRow.contact_id).where(
        ImportRow.import_id.in_(imports), ImportRow.contact_id.is_not(None)
    )
    return _note(session, drip, now, among=rows)


def forget(session: Session, drip: Drip, *, now: datetime) -> int:
    """Drop the note for people who left the group: if they come back, they enter."""
    return change(
        session,
        delete(Bystander).where(
            Bystander.drip_id == drip.id,
            Bystander.contact_id.not_in(members_of(session, drip, now=now)),
        ),
    )


def insert_new(session: Session, model: Any, columns: list[str], rows: Any) -> int:
    """Insert what a statement selects, passing over rows that exist; return how many."""
    make: Any = sqlite.insert if is_sqlite(session) else postgresql.insert
    return change(
        session, make(model.__table__).from_select(columns, rows).on_conflict_do_nothing()
    )


def _quiet_imports(session: Session, drip: Drip) -> list[int]:
    # Imports whose people must not enter: still running, or ended since the last look.
    since = drip.looked_at or drip.live_since
    query = select(Import.id, Import.options).where(
        Import.started_at.is_not(None),
        (Import.finished_at.is_(None)) | (Import.finished_at >= since),
    )
    return [
        import_id
        for import_id, options in session.execute(query)
        if not options.get(START_DRIPS, False)
    ]


def _note(session: Session, drip: Drip, now: datetime, *, among: Select[Any] | None) -> int:
    members = members_of(session, drip, now=now).subquery()
    contact_id = members.c[0]
    rows = select(literal(drip.id), contact_id).where(
        ~select(Enrolment.id)
        .where(Enrolment.drip_id == drip.id, Enrolment.contact_id == contact_id)
        .exists()
    )
    if among is not None:
        rows = rows.where(contact_id.in_(among))
    return insert_new(session, Bystander, ["drip_id", "contact_id"], rows)
