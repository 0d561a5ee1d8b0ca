"""The search over people and campaigns, at the top of every page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, request
from sqlalchemy import func, or_, select

from campaigns.accounts.permissions import Permission, requires
from campaigns.broadcasts.models import Broadcast
from campaigns.contacts import directory
from campaigns.drips.models import Drip
from campaigns.staff.blueprint import bp, may
from campaigns.web import context

MANY = 20
FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that was found, and where it is."""

    name: str
    about: str
    url: str
    icon: str


@bp.get("/search")
@requires(Permission.SIGNED_IN)
def search() -> str:
    """Show everything that fits."""
    text = _typed()
    return render_template("staff/search/search.html", text=text, hits=_find(text, MANY))


@bp.get("/search/suggestions")
@requires(Permission.SIGNED_IN)
def suggestions() -> str:
    """Return the first few that fit, while somebody types."""
    text = _typed()
    hits = _find(text, FEW)
    return render_template("staff/search/_suggestions.html", text=text, hits=hits)


def _typed() -> str:
    typed = request.args.get("q", "")[:100].replace("\0", "")
    return " ".join(typed.split())


def _find(text: str, limit: int) -> list[Hit]:
    if len(text) < 2:
        return []
    return _people(text, limit) + _campaigns(text, limit)


def _people(text: str, limit: int) -> list[Hit]:
    if not may(Permission.READ_PEOPLE):
        return []
    with context.reading() as session:
        found = directory.search(session, text, limit=limit, after=None)
    return [
        Hit(
            name=f"{contact.first_name} {contact.last_name}".strip() or f"Person {contact.id}",
            about=", ".join(part for part in (contact.city, contact.state) if part) or "Person",
            url=f"/staff/people/{contact.id}",
            icon="user",
        )
        for contact in found
    ]


def _campaigns(text: str, limit: int) -> list[Hit]:
    if not may(Permission.READ_CAMPAIGNS):
        return []
    pattern = "%" + text.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    with context.reading() as session:
        broadcasts = session.execute(
            select(Broadcast.id, Broadcast.name, Broadcast.state)
            .where(func.lower(Broadcast.name).like(pattern, escape="\\"))
            .where(or_(Broadcast.archived_at.is_(None), Broadcast.state == "sent"))
            .order_by(Broadcast.updated_at.desc())
            .limit(limit)
        ).all()
        drips = session.execute(
            select(Drip.id, Drip.name, Drip.state)
            .where(func.lower(Drip.name).like(pattern, escape="\\"))
            .order_by(Drip.updated_at.desc())
            .limit(limit)
        ).all()
    return [
        Hit(name=name, about=f"Campaign, {state}", url=f"/staff/campaigns/{row_id}/", icon="send")
        for row_id, name, state in broadcasts
    ] + [
        Hit(name=name, about=f"Drip, {state}", url=f"/staff/drips/{row_id}/", icon="route")
        for row_id, name, state in drips
    ]
