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

log = logs.get(__name__)
R = SuppressionReason

BLOCKS = 3
BLOCKS_WITHIN = timedelta(days=30)
REST = timedelta(days=90)
CARRIER_REST = timedelta(days=30)
FAILURES_IN_A_ROW = 3
UNREACHABLE_OVER = timedelta(days=14)
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
    if code == 30004:
        return _note_carrier_block(session, row, now)
    latest = _latest(session, row, FAILURES_IN_A_ROW)
    failed = [one for one in latest if one.kind in ("undelivered", "failed")]
    if len(failed) < FAILURES_IN_A_ROW:
        return None
    if code == 30003:
        same = all(one.payload.get("error_code") == code for one in failed)
        span = max(one.received_at for one in failed) - min(one.received_at for one in failed)
        if not same or span < UNREACHABLE_OVER:
            return None
    _rest(session, row, R.SOFT_BLOCK, now, until=now + REST, channel=Channel.SMS)
    return "failed three times, number rests"


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
    blocked = session.scalars(
        select(ProviderEvent.payload)
        .join(Message, Message.id == ProviderEvent.message_id)
        .where(
            Message.contact_id == row.contact_id,
            Message.channel == Channel.SMS,
            Message.address == row.address,
            ProviderEvent.kind.in_(("undelivered", "failed")),
        )
    )
    times = sum(1 for payload in blocked if payload.get("error_code") == 30004)
    if times > 1:
        _rest(session, row, R.BLOCKED, now, until=None, channel=Channel.SMS)
        return "blocked by the carrier again, number suppressed"
    _rest(session, row, R.SOFT_BLOCK, now, until=now + CARRIER_REST, channel=Channel.SMS)
    return "blocked by the carrier, number rests"


def _latest(session: Session, row: Row[Any], count: int) -> list[Row[Any]]:
    """Return the newest final reports about this number, newest first."""
    query = (
        select(ProviderEvent.kind, ProviderEvent.payload, ProviderEvent.received_at)
        .join(Message, Message.id == ProviderEvent.message_id)
        .where(
            Message.contact_id == row.contact_id,
            Message.channel == Channel.SMS,
            Message.address == row.address,
            ProviderEvent.kind.in_(("delivered", "undelivered", "failed")),
        )
        .order_by(Message.intent_at.desc(), ProviderEvent.id.desc())
        .limit(count)
    )
    return list(session.execute(query))


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
