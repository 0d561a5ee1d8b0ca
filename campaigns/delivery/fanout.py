"""Fan-out: one row in the outbox for each person and channel of a broadcast.

Done by INSERT..SELECT in pages by contact id, each page one short transaction that also
notes how far it came: a killed fan-out goes on where it stopped, and the unique key
makes a page done twice harmless. Nobody is skipped in silence: people without an
address, or who share one, get a row that says so. Before it counts as complete, every
member of the group must have a row for every channel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from campaigns.audience import compiler, rules
from campaigns.broadcasts import lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts.models import Address, Channel
from campaigns.core import faults, logs, rows
from campaigns.core.db import BigId, UtcDateTime, is_sqlite
from campaigns.delivery import profiles
from campaigns.delivery.models import Batch, Message, MessageState, Origin
from campaigns.delivery.outbox import KEY
from campaigns.delivery.parts import Parts
from campaigns.delivery.regroup import IMPORTANT, ORDINARY, SMS_BATCH

log = logs.get(__name__)
S = MessageState
PAGE = 10_000
"""People in one transaction: about 100 ms on SQLite."""


def tick(parts: Parts, *, pages: int = 20) -> int:
    """Begin broadcasts whose time has come, and fan out; return how much was done."""
    now = parts.clock.now()
    done = 0
    with parts.db.reading() as session:
        due = lifecycle.due_to_start(session, now=now)
    for broadcast_id in due:
        with parts.db.transaction() as session:
            done += lifecycle.mark_sending(session, broadcast_id, now=now)
    with parts.db.reading() as session:
        open_ones = session.scalars(
            select(Broadcast.id)
            .where(Broadcast.state == BroadcastState.SENDING, Broadcast.fanned_out_at.is_(None))
            .order_by(Broadcast.started_at, Broadcast.id)
        ).all()
    for broadcast_id in open_ones:
        for _ in range(pages):
            count = page(parts, broadcast_id)
            done += count
            if not count:
                break
    return done


def page(parts: Parts, broadcast_id: int) -> int:
    """Do one page; return how many people it passed, 0 when the fan-out is complete."""
    with parts.db.transaction() as session:
        broadcast = _running(session, broadcast_id)
        if broadcast is None:
            return 0
        after = broadcast.fanout_after_id
        members = _members(broadcast, after=after, limit=PAGE)
        first, last, people = session.execute(
            select(func.min(members.c.id), func.max(members.c.id), func.count()).select_from(
                members
            )
        ).one()
        if people:
            profiles.refresh(session, select(members.c.id))
            for channel, version_id in _channels(broadcast):
                _insert_page(
                    session,
                    broadcast,
                    channel=channel,
                    version_id=version_id,
                    members=members,
                    people=people,
                    size=parts.settings.email_batch_size if channel == Channel.EMAIL else SMS_BATCH,
                    now=parts.clock.now(),
                )
                _drop_twins(session, broadcast_id, channel, first, last, parts.clock.now())
            broadcast.fanout_after_id = last
            if after == 0:
                analyse(session)
        faults.point("fanout.before_commit")
    faults.point("fanout.after_page")
    if people:
        return int(people)
    return _complete(parts, broadcast_id)


def _running(session: Session, broadcast_id: int) -> Broadcast | None:
    return session.scalar(
        select(Broadcast)
        .where(
            Broadcast.id == broadcast_id,
            Broadcast.state == BroadcastState.SENDING,
            Broadcast.fanned_out_at.is_(None),
        )
        .with_for_update()
    )


def _channels(broadcast: Broadcast) -> list[tuple[Channel, int]]:
    found = [
        (Channel.EMAIL, broadcast.email_version_id),
        (Channel.SMS, broadcast.sms_version_id),
    ]
    return [(channel, version_id) for channel, version_id in found if version_id is not None]


def _members(broadcast: Broadcast, *, after: int = 0, limit: int | None = None) -> Any:
    """Return the group as it was when the broadcast began, as a subquery of ids."""
    assert broadcast.started_at is not None
    statement: Select[Any] = compiler.members(
        rules.parse(broadcast.rule), now=broadcast.started_at, after=after, limit=limit
    )
    return statement.subquery("members")


def _insert_page(
    session: Session,
    broadcast: Broadcast,
    *,
    channel: Channel,
    version_id: int,
    members: Any,
    people: int,
    size: int,
    now: datetime,
) -> None:
    batches = _new_batches(session, broadcast, channel, version_id, math.ceil(people / size), now)
    place = type_coerce(
        func.row_number().over(partition_by=Address.id.is_(None), order_by=members.c.id) - 1,
        Integer,
    )
    numbered = (
        select(
            members.c.id.label("contact_id"),
            Address.id.is_(None).label("nowhere"),
            (place // literal(size, Integer)).label("place"),
        )
        .select_from(members)
        .outerjoin(Address, and_(Address.contact_id == members.c.id, Address.channel == channel))
        .subquery("numbered")
    )
    batch = rows.table(
        session,
        "numbers",
        {"place": Integer(), "batch_id": BigInteger()},
        enumerate(batches),
    )
    values: dict[str, Any] = {
        "origin_kind": literal(Origin.BROADCAST.value),
        "origin_id": literal(broadcast.id, BigId),
        "subject_id": numbered.c.contact_id,
        "channel": literal(channel.value),
        "contact_id": numbered.c.contact_id,
        "version_id": literal(version_id, BigId),
        "state": case((numbered.c.nowhere, S.SUPPRESSED.value), else_=S.PLANNED.value),
        "reason": case((numbered.c.nowhere, "no_address"), else_=null()),
        "due_at": literal(broadcast.scheduled_at or now, UtcDateTime()),
        "batch_id": case((numbered.c.nowhere, null()), else_=batch.c.batch_id),
        "tries": literal(0, Integer),
        "checks": literal(0, Integer),
        "settled_at": case((numbered.c.nowhere, literal(now, UtcDateTime())), else_=null()),
        "created_at": literal(now, UtcDateTime()),
    }
    new = (
        select(*values.values())
        .select_from(numbered)
        .outerjoin(batch, batch.c.place == numbered.c.place)
        # Without a WHERE, SQLite reads ON CONFLICT as part of the join.
        .where(literal(1, Integer) == 1)
        .order_by(numbered.c.contact_id)
    )
    into: Any = (sqlite if is_sqlite(session) else postgresql).insert(Message)
    session.execute(
        into.from_select(list(values), new, include_defaults=False).on_conflict_do_nothing(
            index_elements=list(KEY)
        )
    )


def _new_batches(
    session: Session,
    broadcast: Broadcast,
    channel: Channel,
    version_id: int,
    count: int,
    now: datetime,
) -> list[int]:
    return list(
        session.scalars(
            insert(Batch).returning(Batch.id, sort_by_parameter_order=True),
            [
                {
                    "origin_kind": Origin.BROADCAST.value,
                    "origin_id": broadcast.id,
                    "channel": channel.value,
                    "version_id": version_id,
                    "priority": IMPORTANT if broadcast.important else ORDINARY,
                    "due_at": now,
                    "epoch": 0,
                }
            ]
            * count,
        )
    )


def _drop_twins(
    session: Session, broadcast_id: int, channel: Channel, first: int, last: int, now: datetime
) -> None:
    """Skip, with the reason, who shares an address with somebody who gets it already.

    Of people at one address those with consent come first, then the lower id. Few
    addresses are shared, so they are found first and settled one by one.
    """
    mine, theirs = aliased(Address), aliased(Address)
    shared = session.scalars(
        select(mine.address)
        .join(theirs, and_(theirs.channel == mine.channel, theirs.address == mine.address))
        .where(
            mine.contact_id.between(first, last),
            mine.channel == channel.value,
            theirs.id != mine.id,  # in the index already; a person has one of a channel
        )
        .distinct()
    ).all()
    for start in range(0, len(shared), 500):
        _keep_one_each(session, broadcast_id, channel, shared[start : start + 500], now)


def _keep_one_each(
    session: Session, broadcast_id: int, channel: Channel, addresses: Sequence[str], now: datetime
) -> None:
    consent = aliased(ConsentState)
    agreed = exists().where(
        consent.contact_id == Address.contact_id,
        consent.channel == channel.value,
        consent.status == ConsentStatus.GRANTED,
    )
    people = session.execute(
        select(Address.address, Address.contact_id, agreed)
        .where(Address.channel == channel.value, Address.address.in_(addresses))
        .order_by(Address.contact_id)
    ).all()
    planned = dict(
        session.execute(
            select(Message.subject_id, Message.id).where(
                Message.origin_kind == Origin.BROADCAST.value,
                Message.origin_id == broadcast_id,
                Message.subject_id.in_([row[1] for row in people]),
                Message.channel == channel.value,
                Message.state.not_in([S.SUPPRESSED, S.CANCELLED]),
            )
        ).all()
    )
    kept: dict[str, int] = {}
    for address, contact_id, _ in sorted(people, key=lambda row: (not row[2], row[1])):
        if contact_id in planned:
            kept.setdefault(address, contact_id)
    twins = [
        planned[contact_id]
        for address, contact_id, _ in people
        if contact_id in planned and kept[address] != contact_id
    ]
    session.execute(
        update(Message)
        .where(Message.id.in_(twins), Message.state == S.PLANNED)
        .values(state=S.SUPPRESSED, reason="shared_address", batch_id=None, settled_at=now),
        execution_options={"synchronize_session": False},
    )


def _complete(parts: Parts, broadcast_id: int) -> int:
    """Compare the rows with the group; complete only when nobody is missing."""
    with parts.db.reading() as session:
        broadcast = session.get(Broadcast, broadcast_id)
        if broadcast is None or broadcast.started_at is None:
            return 0
        missing = _first_missing(session, broadcast)
    with parts.db.transaction() as session:
        running = _running(session, broadcast_id)
        if running is None:
            return 0
        if missing is not None:
            log.warning("fanout_goes_back", broadcast=broadcast_id, contact=missing)
            running.fanout_after_id = missing - 1
            return 1
        analyse(session)
        running.fanned_out_at = parts.clock.now()
    return 0


def _first_missing(session: Session, broadcast: Broadcast) -> int | None:
    members = _members(broadcast)
    found = []
    for channel, _version in _channels(broadcast):
        row = exists().where(
            Message.origin_kind == Origin.BROADCAST.value,
            Message.origin_id == broadcast.id,
            Message.subject_id == members.c.id,
            Message.channel == channel.value,
        )
        found.append(session.scalar(select(func.min(members.c.id)).where(~row)))
    return min((contact_id for contact_id in found if contact_id is not None), default=None)


def analyse(session: Session) -> None:
    """Give the planner the new sizes: without, SQLite picks an index that reads everything."""
    if is_sqlite(session):
        session.execute(text("PRAGMA analysis_limit = 1000"))
    for table in ("messages", "batches"):
        session.execute(text(f"ANALYZE {table}"))
