"""Remarks that staff keep about a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.contacts import directory
from campaigns.contacts.models import Note
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput

LENGTH = 2000


def add(session: Session, actor: Actor, contact_id: int, text: str, *, now: datetime) -> Note:
    """Keep a remark.

    Raises: NotFound ``contact``; InvalidInput ``note_empty``, ``note_long``.
    """
    directory.get(session, contact_id)
    text = text.strip()
    if not text:
        raise InvalidInput(
            "note_empty", "The note is empty. Write a few words.", fields={"text": "Write it here."}
        )
    if len(text) > LENGTH:
        raise InvalidInput(
            "note_long",
            f"A note holds {LENGTH} characters; this one has {len(text)}. Shorten it.",
            fields={"text": f"At most {LENGTH} characters."},
        )
    note = Note(contact_id=contact_id, at=now, author=actor.name[:120], text=text)
    session.add(note)
    session.flush()
    return note


def list_of(session: Session, contact_id: int, *, limit: int = 200) -> list[Note]:
    """Return a person's notes, newest first."""
    query = select(Note).where(Note.contact_id == contact_id).order_by(Note.id.desc()).limit(limit)
    return list(session.scalars(query))
