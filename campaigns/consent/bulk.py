"""Many wishes at once, for files: the same rules as for one, at the pace of an import.

The chain is computed in memory and written with one statement for each table; a million
rows are a few dozen calls of ``import_grants``, each in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.consent import chain, disclosures, suppression
from campaigns.consent.models import (
    Action,
    ConsentState,
    ConsentStatus,
    Disclosure,
    Method,
    Suppression,
    SuppressionReason,
)
from campaigns.consent.promises import promised
from campaigns.consent.standing import TOPIC
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import Actor
from campaigns.core.db import is_sqlite, keys_of

_CHUNK = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one row of a file says about one person and one channel.

    ``action`` is OPT_IN_CONFIRMED (with proof: ``expressed_at``, and ``wording`` for
    texts), OPT_OUT, HEALTH_TOPIC_CONSENT, or None for an address without proof.
    ``address`` is normalised; for topics it stays empty.
    """

    contact_id: int
    channel: str
    action: Action | None
    address: str = ""
    expressed_at: datetime | None = None
    wording: str | None = None
    disclosure_id: int | None = None
    frequency_per_month: int | None = None
    """What the form promised besides what its words say; the smaller number counts."""
    source_label: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, str]:
        """Person and channel."""
        return (self.contact_id, TOPIC if _is_topic(self.action) else str(self.channel))


@dataclass(slots=True)
class BulkOutcome:
    """What became of the wishes, as keys of person and channel."""

    recorded: int = 0
    """Entries that were appended to the ledger."""
    unproven: set[tuple[int, str]] = field(default_factory=set)
    """Came without proof: email ``unconfirmed``, texts ``waiting``."""
    refused: set[tuple[int, str]] = field(default_factory=set)
    """Said stop before: a file cannot bring them back."""
    unchanged: set[tuple[int, str]] = field(default_factory=set)
    """Known already; nothing was written."""


def import_grants(
    session: Session,
    wishes: Sequence[Wish],
    *,
    actor: Actor,
    now: datetime,
    method: Method = Method.IMPORT,
) -> BulkOutcome:
    """Record the wishes of a file; the people must exist. Stops come before agreements.

    Agreements of people who said stop are refused, not recorded (``outcome.refused``); a
    text without ``wording`` or under a version that may not be used, or a grant without
    ``expressed_at``, counts as without proof.
    """
    outcome = BulkOutcome()
    directory.lock(session, {wish.contact_id for wish in wishes})
    session.flush()
    before = _states(session, {wish.contact_id for wish in wishes})
    ring = keys_of(session)
    hashes = {
        (wish.channel, wish.address): ring.address_hash(wish.channel, wish.address)
        for wish in wishes
        if wish.address
    }
    stopped = _stopped(session, wishes, now)
    unusable = disclosures.unusable(session)
    rows = session.execute(select(Disclosure.id, Disclosure.frequency_per_month))
    frequencies = {row.id: row.frequency_per_month for row in rows}
    states: dict[tuple[int, str], dict[str, Any]] = {}
    drafts: list[chain.Draft] = []
    drafted: list[tuple[Wish, ConsentStatus]] = []
    suppressions: list[dict[str, Any]] = []
    closed: set[tuple[str, str]] = set()  # mailboxes that this very file says stop for
    for wish in sorted(wishes, key=lambda w: w.action != Action.OPT_OUT):
        key = wish.key
        known = states[key]["status"] if key in states else before.get(key)
        address = (str(wish.channel), wish.address)
        if wish.action == Action.OPT_OUT:
            if known == ConsentStatus.WITHDRAWN and address in stopped:
                outcome.unchanged.add(key)
                continue
            status = ConsentStatus.WITHDRAWN
            if wish.address and address not in stopped:
                stopped.add(address)
                mailbox = (address[0], addresses.mailbox(*address))
                closed.add(mailbox)
                blocks = ring.address_hash(*mailbox)
                suppressions.append(_suppression(wish, hashes[address], blocks, now))
        elif known == ConsentStatus.WITHDRAWN or (
            wish.address
            and (address in stopped or (address[0], addresses.mailbox(*address)) in closed)
        ):
            outcome.refused.add(key)
            continue
        elif known == ConsentStatus.GRANTED:
            outcome.unchanged.add(key)
            continue
        elif not _is_proven(wish) or (
            wish.disclosure_id in unusable and wish.channel == Channel.SMS
        ):
            if known in (None, ConsentStatus.NONE):
                states[key] = _state(wish, key, _unproven(wish.channel), now=now)
                outcome.unproven.add(key)
            else:
                outcome.unchanged.add(key)
            continue
        else:
            status = ConsentStatus.GRANTED
        said = frequencies.get(wish.disclosure_id or 0) or promised(wish.wording)
        promises = [number for number in (said, wish.frequency_per_month) if number]
        monthly = min(promises, default=None)
        states[key] = _state(wish, key, status, now=now, frequency=monthly)
        drafts.append(_draft(wish, key, hashes.get(address), method, actor, now))
        drafted.append((wish, status))
    for (wish, _status), number in zip(drafted, chain.append(session, drafts), strict=True):
        states[wish.key]["entry_id"] = number
    _write_states(session, states.values())
    if suppressions:
        session.execute(insert(Suppression), suppressions)
    outcome.recorded = len(drafts)
    return outcome


def _is_topic(action: Action | None) -> bool:
    return action in (Action.HEALTH_TOPIC_CONSENT, Action.HEALTH_TOPIC_WITHDRAWN)


def _is_proven(wish: Wish) -> bool:
    if wish.action is None or wish.expressed_at is None:
        return False
    return wish.channel != Channel.SMS or bool(wish.wording) or _is_topic(wish.action)


def _unproven(channel: str) -> ConsentStatus:
    return ConsentStatus.UNCONFIRMED if channel == Channel.EMAIL else ConsentStatus.WAITING


def _draft(
    wish: Wish,
    key: tuple[int, str],
    address_hash: str | None,
    method: Method,
    actor: Actor,
    now: datetime,
) -> chain.Draft:
    assert wish.action is not None
    return chain.Draft(
        contact_id=wish.contact_id,
        channel=key[1],
        action=wish.action,
        method=method,
        expressed_at=min(wish.expressed_at or now, now),
        recorded_at=now,
        actor=actor,
        address_hash=address_hash,
        disclosure_id=wish.disclosure_id,
        wording=wish.wording,
        evidence={**({"address": wish.address} if wish.address else {}), **wish.evidence},
    )


def _state(
    wish: Wish,
    key: tuple[int, str],
    status: ConsentStatus,
    *,
    now: datetime,
    frequency: int | None = None,
) -> dict[str, Any]:
    return {
        "contact_id": key[0],
        "channel": key[1],
        "status": str(status),
        "since": min(wish.expressed_at or now, now),
        "entry_id": None,
        "frequency_per_month": frequency,
        "source_label": wish.source_label[:120],
    }


def _suppression(wish: Wish, address_hash: str, mailbox_hash: str, now: datetime) -> dict[str, Any]:
    return {
        "channel": str(wish.channel),
        "address_hash": address_hash,
        "mailbox_hash": mailbox_hash,
        "reason": str(SuppressionReason.OPT_OUT),
        "note": "",
        "contact_id": wish.contact_id,
        "expressed_at": min(wish.expressed_at or now, now),
        "created_at": now,
        "lift_note": "",
    }


def _states(session: Session, contact_ids: Iterable[int]) -> dict[tuple[int, str], str]:
    found: dict[tuple[int, str], str] = {}
    for ids in _chunks(sorted(contact_ids)):
        rows = session.execute(
            select(ConsentState.contact_id, ConsentState.channel, ConsentState.status).where(
                ConsentState.contact_id.in_(ids)
            )
        )
        found.update({(row.contact_id, row.channel): row.status for row in rows})
    return found


def _stopped(session: Session, wishes: Sequence[Wish], now: datetime) -> set[tuple[str, str]]:
    """Return the addresses among the wishes that said stop before, under any key."""
    owners = suppression.owners(
        session, {(str(wish.channel), wish.address) for wish in wishes if wish.address}
    )
    stopped: set[tuple[str, str]] = set()
    for digests in _chunks(list(owners)):
        rows = session.execute(
            select(Suppression.mailbox_hash).where(
                Suppression.mailbox_hash.in_(digests),
                Suppression.reason.in_(suppression.LIFTED_BY_CONSENT | _NEVER_BY_FILE),
                suppression.is_active(now),
            )
        )
        for row in rows:
            stopped.update(owners[row.mailbox_hash])
    return stopped


_NEVER_BY_FILE = frozenset(
    {
        SuppressionReason.COMPLAINT,
        SuppressionReason.LEGAL,
        SuppressionReason.ERASED,
        SuppressionReason.DECEASED,
        SuppressionReason.MINOR,
    }
)


def _write_states(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    values = list(rows)
    if not values:
        return
    dialect = sqlite if is_sqlite(session) else postgresql
    statement = dialect.insert(cast(Table, ConsentState.__table__))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["contact_id", "channel"],
            set_={
                name: statement.excluded[name]
                for name in ("status", "since", "entry_id", "frequency_per_month", "source_label")
            },
        ),
        values,
    )
    for known in session.identity_map.values():
        if isinstance(known, ConsentState):
            session.expire(known)


def _chunks(values: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
