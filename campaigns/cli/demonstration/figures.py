"""The figures of the demonstration: the stand-ins' log on one side, the report on the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from campaigns.audience.compiler import members
from campaigns.audience.segments import parsed
from campaigns.bookings.models import Booking
from campaigns.broadcasts.models import Broadcast
from campaigns.cli.demonstration.stage import Stage
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.core.errors import Conflict
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message, MessageState
from campaigns.imports.models import Import
from campaigns.reports import funnel
from campaigns.wiring import Services

TAKEN = (MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.BOUNCED)
OPEN = (MessageState.PLANNED, MessageState.HELD, MessageState.SENDING, MessageState.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the closing line says."""

    imported: int
    eligible: int
    email_accepted: int
    sms_accepted: int
    suppressed: int
    unsubscribed: int
    booked: int
    twice: int
    skipped: int

    def line(self) -> str:
        """Return the closing line."""
        return "demo: " + " ".join(
            f"{name}={getattr(self, name)}" for name in self.__dataclass_fields__
        )


def count(
    stage: Stage,
    services: Services,
    *,
    import_id: int,
    broadcast_id: int,
    left: Mapping[str, str],
) -> Figures:
    """Count, and compare the two sides.

    ``left`` has the addresses that stopped a channel after the broadcast: each may stand
    in the log for that channel once, from before.

    Raises: Conflict when log and report differ anywhere.
    """
    accepted = [entry for entry in stage.accepted() if entry["kind"] in ("email", "sms")]
    by_kind = Counter(entry["kind"] for entry in accepted)
    with services.db.reading() as session:
        report = _taken(session)
        _compare("email", by_kind["email"], report["email"])
        _compare("sms", by_kind["sms"], report["sms"])
        _compare_broadcast(session, services, accepted, broadcast_id)
        for address, channel in left.items():
            sent = sum(1 for e in accepted if e["to"] == address and e["kind"] == channel)
            if sent != 1:
                raise Conflict("demo_after_stop", f"{sent} messages went to one who had left.")
        imported = session.get_one(Import, import_id)
        return Figures(
            imported=imported.created,
            eligible=_eligible(session, broadcast_id),
            email_accepted=by_kind["email"],
            sms_accepted=by_kind["sms"],
            suppressed=_count(session, Message.state == MessageState.SUPPRESSED),
            unsubscribed=_left_after(session, broadcast_id),
            booked=session.scalar(select(func.count()).select_from(Booking)) or 0,
            twice=_twice(accepted),
            skipped=_skipped(session, services, broadcast_id),
        )


def _taken(session: Session) -> Counter[str]:
    rows = session.execute(
        select(Message.channel, func.count())
        .where(Message.state.in_(TAKEN))
        .group_by(Message.channel)
    )
    return Counter(dict(rows.tuples().all()))


def _compare(what: str, log: int, report: int) -> None:
    if log != report:
        raise Conflict(
            "demo_differs", f"{what}: the provider's log has {log}, the report {report}."
        )


def _compare_broadcast(
    session: Session, services: Services, accepted: list[dict[str, Any]], broadcast_id: int
) -> None:
    """Compare the report's funnel with the log, channel by channel."""
    ids = {
        message_id
        for entry in accepted
        if (message_id := services.tokens.read(Purpose.MESSAGE, entry["mid"] or "")) is not None
    }
    report = funnel.of_broadcast(session, broadcast_id)
    for channel in report.channels:
        of_broadcast = set(
            session.scalars(
                select(Message.id).where(
                    Message.origin_kind == "broadcast",
                    Message.origin_id == broadcast_id,
                    Message.channel == channel.channel,
                )
            )
        )
        _compare(f"broadcast, {channel.channel}", len(ids & of_broadcast), channel.handed_over)


def _eligible(session: Session, broadcast_id: int) -> int:
    """People of the broadcast to whom something left."""
    found = session.scalar(
        select(func.count(Message.contact_id.distinct())).where(
            Message.origin_kind == "broadcast",
            Message.origin_id == broadcast_id,
            Message.intent_at.is_not(None),
        )
    )
    return found or 0


def _count(session: Session, *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(Message).where(*conditions)) or 0


def _left_after(session: Session, broadcast_id: int) -> int:
    """People who left a channel after the broadcast had begun."""
    started = session.get_one(Broadcast, broadcast_id).started_at
    found = session.scalar(
        select(func.count(ConsentState.contact_id.distinct())).where(
            ConsentState.status == ConsentStatus.WITHDRAWN, ConsentState.since >= started
        )
    )
    return found or 0


def _twice(accepted: list[dict[str, Any]]) -> int:
    """Messages that a provider took more than once, by our id and by address and words."""
    by_id = Counter(entry["mid"] for entry in accepted)
    return sum(times - 1 for times in by_id.values() if times > 1)


def _skipped(session: Session, services: Services, broadcast_id: int) -> int:
    """People of the group without any row, and rows that came to no end."""
    broadcast = session.get_one(Broadcast, broadcast_id)
    group = members(parsed(broadcast.rule or {}), now=broadcast.started_at or services.clock.now())
    told = select(Message.contact_id).where(
        Message.origin_kind == "broadcast", Message.origin_id == broadcast_id
    )
    inner = group.subquery()
    missing = session.scalar(select(func.count()).select_from(inner).where(inner.c[0].not_in(told)))
    return (missing or 0) + _count(session, or_(*(Message.state == state for state in OPEN)))
