"""Trouble that shows only over several events: repeated blocks, unreachable phones, filters.

Each rule looks at the events that are stored, never at a counter, so it comes to the same
result whatever the order in which they arrived.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from campaigns.broadcasts import lifecycle as broadcasts
from campaigns.consent import suppression
from campaigns.consent.models import SuppressionReason
from campaigns.contacts.models import Channel
from campaigns.core import logs
from campaigns.core.actors import SYSTEM
from campaigns.core.errors import CampaignsError
from campaigns.delivery.models import Message, Origin
from campaigns.drips import lifecycle as drips
from campaigns.drips.models import DripStep, DripVersion
from campaigns.events.models import ProviderEvent
from campaigns.providers import twilio_codes

log = logs.get(__name__)
R = SuppressionReason

BLOCKS = 3
BLOCKS_WITHIN = timedelta(days=30)
REST = timedelta(days=90)
CARRIER_REST = timedelta(days=30)
FAILURES_IN_A_ROW = 3
UNREACHABLE_OVER = timedelta(days=14)
UNREACHABLE = 30003
BLOCKED_BY_CARRIER = 30004
LOOKED_AT = 60
"""The newest texts to a number that are looked at."""
FILTERED_AT_MOST = 5
FILTERED_OF_LAST = 100


def note_block(session: Session, row: Row[Any], *, now: datetime) -> bool:
    """Let an address rest after three blocks in 30 days over two campaigns; tell whether so."""
    if row.contact_id is None or not row.address:
        return False
    query = (
        select(Message.origin_kind, Message.origin_id)
        .join(ProviderEvent, ProviderEvent.message_id == Message.id)
        .where(
            Message.contact_id == row.contact_id,
            Message.channel == Channel.EMAIL,
            Message.address == row.address,
            ProviderEvent.kind == "blocked",
            ProviderEvent.received_at > now - BLOCKS_WITHIN,
        )
    )
    blocked = session.execute(query).all()
    if len(blocked) < BLOCKS or len(set(blocked)) < 2:
        return False
    _rest(session, row, R.SOFT_BLOCK, now, until=now + REST, channel=Channel.EMAIL)
    return True


def note_unreachable(session: Session, row: Row[Any], code: int, *, now: datetime) -> str | None:
    """Apply the rules about phones that do not answer; return what was done, if anything."""
    if row.contact_id is None or not row.address:
        return None
    if code == BLOCKED_BY_CARRIER:
        return _note_carrier_block(session, row, now)
    if not any(map(_is_unreachable, _runs_with(session, row))):
        return None
    _rest(session, row, R.SOFT_BLOCK, now, until=now + REST, channel=Channel.SMS)
    return "failed three times, number rests"


def _is_unreachable(run: list[tuple[datetime, int]]) -> bool:
    """Tell whether three failures in a row are enough: a phone may be off for two weeks."""
    if any(code != UNREACHABLE for _at, code in run):
        return True
    return run[-1][0] - run[0][0] >= UNREACHABLE_OVER


def _runs_with(session: Session, row: Row[Any]) -> list[list[tuple[datetime, int]]]:
    """Return the runs of three failed texts to this number that the event's text is in.

    By the order in which texts left, whatever the order of the reports: a text without a
    report, or that arrived, breaks a run, and the last report of a run completes it.
    """
    texts = session.execute(
        select(Message.id, Message.intent_at)
        .where(
            Message.contact_id == row.contact_id,
            Message.channel == Channel.SMS,
            Message.address == row.address,
            Message.intent_at.is_not(None),
        )
        .order_by(Message.intent_at.desc(), Message.id.desc())
        .limit(LOOKED_AT)
    ).all()
    reports = session.execute(
        select(ProviderEvent.message_id, ProviderEvent.kind, ProviderEvent.payload).where(
            ProviderEvent.message_id.in_([one.id for one in texts]),
            ProviderEvent.kind.in_(("delivered", "undelivered", "failed")),
        )
    ).all()
    arrived = {one.message_id for one in reports if one.kind == "delivered"}
    codes: dict[int, int] = {}
    for one in reports:
        code = one.payload.get("error_code")
        number = code if isinstance(code, int) else 0
        is_soft = twilio_codes.look_up(number).kind is twilio_codes.Class.SOFT
        if one.message_id not in arrived and is_soft and number != BLOCKED_BY_CARRIER:
            codes[one.message_id] = max(number, codes.get(one.message_id, 0))
    order = [one.id for one in reversed(texts)]
    times = {one.id: one.intent_at for one in texts}
    if row.message_id not in times:
        return []
    place = order.index(row.message_id)
    runs = []
    for start in range(max(0, place - FAILURES_IN_A_ROW + 1), place + 1):
        run = order[start : start + FAILURES_IN_A_ROW]
        if len(run) == FAILURES_IN_A_ROW and all(one in codes for one in run):
            runs.append([(times[one], codes[one]) for one in run])
    return runs


def note_filtered(session: Session, row: Row[Any], *, now: datetime) -> bool:
    """Pause a campaign whose texts carriers filter; tell whether it was."""
    if row.message_id is None:
        return False
    last = (
        select(Message.id)
        .where(
            Message.origin_kind == row.origin_kind,
            Message.origin_id == row.origin_id,
            Message.channel == Channel.SMS,
            Message.intent_at.is_not(None),
        )
        .order_by(Message.intent_at.desc(), Message.id.desc())
        .limit(FILTERED_OF_LAST)
        .subquery()
    )
    sent = session.scalar(select(func.count()).select_from(last)) or 0
    events = session.execute(
        select(ProviderEvent.message_id, ProviderEvent.payload).where(
            ProviderEvent.message_id.in_(select(last.c.id)),
            ProviderEvent.kind.in_(("undelivered", "failed")),
        )
    )
    filtered = len({one.message_id for one in events if one.payload.get("error_code") == 30007})
    if filtered < FILTERED_AT_MOST and (sent < FILTERED_OF_LAST or filtered < sent / 100):
        return False
    words = f"Carriers filtered {filtered} of the last {sent} texts as spam."
    return pause_origin(session, row, words, now=now)


def pause_origin(session: Session, row: Row[Any], words: str, *, now: datetime) -> bool:
    """Pause the campaign or series that a message came from; tell whether that happened."""
    log.warning("event.trouble", origin=row.origin_kind, origin_id=row.origin_id, words=words)
    try:
        if row.origin_kind == Origin.BROADCAST:
            broadcasts.pause(session, SYSTEM, row.origin_id, now=now, reason=words)
        elif row.origin_kind == Origin.DRIP_STEP:
            drip_id = session.scalar(
                select(DripVersion.drip_id)
                .join(DripStep, DripStep.version_id == DripVersion.id)
                .where(DripStep.id == row.origin_id)
            )
            if drip_id is None:
                return False
            drips.pause(session, SYSTEM, drip_id, now=now)
        else:
            return False
    except CampaignsError as error:  # finished or paused already: nothing left to hold
        log.info("event.not_paused", code=error.code)
        return False
    return True


def _note_carrier_block(session: Session, row: Row[Any], now: datetime) -> str:
    """Rest 30 days after the first block by a carrier; end for good after the second."""
    reports = session.execute(
        select(ProviderEvent.message_id, ProviderEvent.payload)
        .join(Message, Message.id == ProviderEvent.message_id)
        .where(
            Message.contact_id == row.contact_id,
            Message.channel == Channel.SMS,
            Message.address == row.address,
            ProviderEvent.kind.in_(("undelivered", "failed")),
        )
    )
    blocked = {
        one.message_id for one in reports if one.payload.get("error_code") == BLOCKED_BY_CARRIER
    }
    times = len(blocked)
    if times > 1:
        _rest(session, row, R.BLOCKED, now, until=None, channel=Channel.SMS)
        return "blocked by the carrier again, number suppressed"
    _rest(session, row, R.SOFT_BLOCK, now, until=now + CARRIER_REST, channel=Channel.SMS)
    return "blocked by the carrier, number rests"


def _rest(
    session: Session,
    row: Row[Any],
    reason: SuppressionReason,
    now: datetime,
    *,
    until: datetime | None,
    channel: Channel,
) -> None:
    suppression.add(
        session,
        channel=channel,
        address=row.address,
        reason=reason,
        now=now,
        contact_id=row.contact_id,
        expires_at=until,
    )
