"""Runs imports."""

from __future__ import annotations

from typing import Any

from campaigns.audience import interests
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.clock import Clock
from campaigns.core.db import Database
from campaigns.imports import files, runner
from campaigns.imports.models import Import

ANA = Actor(kind=ActorKind.STAFF, name="Ana Staff")


def receive(
    db: Database,
    clock: Clock,
    content: str | bytes,
    *,
    filename: str = "people.csv",
    **options: Any,
) -> int:
    """Take a file in, with the mapping guessed from its names; return its number."""
    data = content.encode() if isinstance(content, str) else content
    with db.transaction() as session:
        interests.create_defaults(session)
        found = files.receive(session, ANA, filename=filename, content=data, now=clock.now())
        choices = {n: options.pop(n) for n in ("date_order", "holds") if n in options}
        files.set_mapping(session, found.id, found.mapping, **choices)
        files.set_options(session, found.id, ANA, now=clock.now(), **options)
        return found.id


def begin(db: Database, clock: Clock, content: str | bytes, **options: Any) -> int:
    """Take a file in and start it, without running it."""
    import_id = receive(db, clock, content, **options)
    with db.transaction() as session:
        files.start(session, ANA, import_id, now=clock.now())
    return import_id


def run(db: Database, clock: Clock, content: str | bytes, **options: Any) -> Import:
    """Take a file in and run it to the end."""
    import_id = begin(db, clock, content, **options)
    runner.run(db, import_id, clock)
    with db.reading() as session:
        return files.get(session, import_id)
