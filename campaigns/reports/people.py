"""The people behind a figure of a broadcast, and all of them as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.models import Broadcast
from campaigns.contacts.models import Contact
from campaigns.core.errors import NotFound
from campaigns.delivery.models import Message
from campaigns.events.models import Click
from campaigns.reports.attribution import credited_bookings
from campaigns.reports.funnel import condition_of, in_broadcast, span_of
from campaigns.reports.wording import STATE_WORDS, words_of_reason

PAGE = 50
_CHUNK = 2000
HEADER = (
    "person", "first_name", "last_name", "channel", "address", "outcome", "reason", "sent_at",
    "delivered_at", "clicked_at", "booked_at",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", ";", "|", "%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person's message in a broadcast, and what came of it."""

    message_id: int
    contact_id: int | None
    first_name: str
    last_name: str
    channel: str
    address: str
    state: str
    reason: str
    sent_at: datetime | None
    delivered_at: datetime | None
    clicked_at: datetime | None
    booked_at: datetime | None

    @property
    def name(self) -> str:
        """The person's name, or what stands for it."""
        return f"{self.first_name} {self.last_name}".strip() or "Without a name"

    @property
    def outcome(self) -> str:
        """The state in words."""
        return STATE_WORDS[self.state]


def behind(
    session: Session,
    broadcast_id: int,
    *,
    figure: str,
    channel: str | None = None,
    reason: str | None = None,
    after: int = 0,
    limit: int = PAGE,
) -> list[Row]:
    """Return the people behind a figure, by message id from ``after``.

    Raises: NotFound for an unknown broadcast or figure.
    """
    broadcast = session.get(Broadcast, broadcast_id)
    if broadcast is None:
        raise NotFound("broadcast_unknown", "There is no such campaign.")
    clicked_at = (
        select(func.min(Click.at))
        .where(Click.message_id == Message.id, Click.suspect.is_(False))
        .correlate(Message)
        .scalar_subquery()
    )
    query = (
        select(
            Message.id,
            Message.contact_id,
            Contact.first_name,
            Contact.last_name,
            Message.channel,
            Message.address,
            Message.state,
            Message.reason,
            Message.intent_at,
            Message.delivered_at,
            clicked_at.label("clicked_at"),
        )
        .outerjoin(Contact, Contact.id == Message.contact_id)
        .where(in_broadcast(broadcast_id), condition_of(broadcast, figure), Message.id > after)
        .order_by(Message.id)
        .limit(limit)
    )
    if channel is not None:
        query = query.where(Message.channel == channel)
    if reason is not None:
        query = query.where(func.coalesce(Message.reason, "") == reason)
    rows = session.execute(query).all()
    booked = _booked_at(session, broadcast, [row.id for row in rows])
    return [
        Row(
            message_id=row.id,
            contact_id=row.contact_id,
            first_name=row.first_name or "",
            last_name=row.last_name or "",
            channel=row.channel,
            address=row.address or "",
            state=row.state,
            reason=words_of_reason(row.reason),
            sent_at=row.intent_at,
            delivered_at=row.delivered_at,
            clicked_at=row.clicked_at,
            booked_at=booked.get(row.id),
        )
        for row in rows
    ]


def export(session: Session, broadcast_id: int) -> Iterator[str]:
    """Yield a CSV of everybody in a broadcast and what came of it, in pieces.

    Cells that a spreadsheet would take for a formula begin with an apostrophe; phone
    numbers in E.164 stand alone in their column and are left as they are.
    """
    yield _lines([HEADER])
    after = 0
    while True:
        rows = behind(session, broadcast_id, figure="planned_total", after=after, limit=_CHUNK)
        if not rows:
            return
        yield _lines(
            [
                (
                    str(row.contact_id or ""),
                    row.first_name,
                    row.last_name,
                    "text" if row.channel == "sms" else row.channel,
                    row.address,
                    row.outcome,
                    row.reason,
                    _instant(row.sent_at),
                    _instant(row.delivered_at),
                    _instant(row.clicked_at),
                    _instant(row.booked_at),
                )
                for row in rows
            ]
        )
        after = rows[-1].message_id


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    if text.startswith("+") and text[1:].isdigit():
        return text
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [[safe_cell(cell) for cell in row] for row in rows]
    )
    return out.getvalue()


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _booked_at(session: Session, broadcast: Broadcast, messages: list[int]) -> dict[int, datetime]:
    if not messages:
        return {}
    credited = credited_bookings(*span_of(broadcast))
    rows = session.execute(
        select(credited.c.message_id, func.min(credited.c.at))
        .where(credited.c.message_id >= messages[0], credited.c.message_id <= messages[-1])
        .group_by(credited.c.message_id)
    )
    return {row[0]: row[1] for row in rows}
