"""Many wishes at once, for files: the same rules as for one, at the pace of an import.

The chain is computed in memory and written with one statement for each table; a million
rows are a few dozen calls of ``import_grants``, each in a transaction of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
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
from campaigns.core import bulk as rows_in_bulk
from campaigns.core.actors import Actor
from campaigns.core.db import keys_of


@dataclass(slots=True, kw_only=True)
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
    key: tuple[int, str] = field(init=False)
    """Person and channel."""

    def __post_init__(self) -> None:
        """Keep the key: it is asked for many times for each of a million rows."""
        self.key = (self.contact_id, TOPIC if _is_topic(self.action) else str(self.channel))


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
    fresh: Set[int] = frozenset(),
) -> BulkOutcome:
    """Record the wishes of a file; the people must exist. Stops come before agreements.

    ``fresh``: people who were made in this very transaction. Nobody else can see them, so
    they need no lock, and they have no standing yet.

    Agreements of people who said stop are refused, not recorded (``outcome.refused``); a
    text without ``wording`` or under a version that may not be used, or a grant without
    ``expressed_at``, counts as without proof.
    """
    outcome = BulkOutcome()
    known_people = {wish.contact_id for wish in wishes} - fresh
    directory.lock(session, known_people)
    session.flush()
    before = _states(session, known_people)
    ring = keys_of(session)
    stopped = _stopped(session, wishes, now)
    unusable = disclosures.unusable(session)
    rows = session.execute(select(Disclosure.id, Disclosure.frequency_per_month))
    frequencies = {row.id: row.frequency_per_month for row in rows}
    states: dict[tuple[int, str], _State] = {}
    drafts: list[chain.Draft] = []
    drafted: list[Wish] = []
    suppressions: list[dict[str, Any]] = []
    closed: set[tuple[str, str]] = set()  # mailboxes that this very file says stop for
    leaving = [wish for wish in wishes if wish.action == Action.OPT_OUT]
    staying = [wish for wish in wishes if wish.action != Action.OPT_OUT]
    for wish in itertools.chain(leaving, staying):
        key = wish.key
        known = states[key][0] if key in states else before.get(key)
        address = (key[1], wish.address)
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
                digest = ring.address_hash(*address)
                suppressions.append(_suppression(wish, digest, blocks, now))
        elif known == ConsentStatus.WITHDRAWN or (
            wish.address
            and (
                address in stopped
                or (closed and (address[0], addresses.mailbox(*address)) in closed)
            )
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
                states[key] = _state(wish, _unproven(wish.channel), now=now)
                outcome.unproven.add(key)
            else:
                outcome.unchanged.add(key)
            continue
        else:
            status = ConsentStatus.GRANTED
        said = frequencies.get(wish.disclosure_id or 0) or promised(wish.wording)
        promises = [number for number in (said, wish.frequency_per_month) if number]
        monthly = min(promises, default=None)
        states[key] = _state(wish, status, now=now, frequency=monthly)
        held = ring.address_hash(*address) if wish.address else None
        drafts.append(_draft(wish, key, held, method, actor, now))
        drafted.append(wish)
    entries = {
        wish.key: number
        for wish, number in zip(drafted, chain.append(session, drafts), strict=True)
    }
    _write_states(session, states, entries)
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


_State = tuple[str, datetime, int | None, str]
"""Status, since when, texts a month, source: the columns of ``_write_states``."""


def _state(
    wish: Wish, status: ConsentStatus, *, now: datetime, frequency: int | None = None
) -> _State:
    since = now if wish.expressed_at is None else min(wish.expressed_at, now)
    return (status, since, frequency, wish.source_label[:120])


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


def _states(session: Session, contact_ids: Set[int]) -> dict[tuple[int, str], str]:
    if not contact_ids:
        return {}
    rows = session.execute(
        select(ConsentState.contact_id, ConsentState.channel, ConsentState.status).where(
            rows_in_bulk.among(session, ConsentState.contact_id, contact_ids)
        )
    )
    return {(row.contact_id, row.channel): row.status for row in rows}


def _stopped(session: Session, wishes: Sequence[Wish], now: datetime) -> set[tuple[str, str]]:
    """Return the addresses among the wishes that said stop before, under any key."""
    owners = suppression.owners(
        session, {(str(wish.channel), wish.address) for wish in wishes if wish.address}
    )
    rows = session.scalars(
        select(Suppression.mailbox_hash).where(
            rows_in_bulk.among(session, Suppression.mailbox_hash, owners),
            Suppression.reason.in_(suppression.LIFTED_BY_CONSENT | _NEVER_BY_FILE),
            suppression.is_active(now),
        )
    )
    return {owner for digest in rows for owner in owners[digest]}


_NEVER_BY_FILE = frozenset(
    {
        SuppressionReason.COMPLAINT,
        SuppressionReason.LEGAL,
        SuppressionReason.ERASED,
        SuppressionReason.DECEASED,
        SuppressionReason.MINOR,
    }
)


def _write_states(
    session: Session, states: dict[tuple[int, str], _State], entries: dict[tuple[int, str], int]
) -> None:
    rows_in_bulk.insert(
        session,
        ConsentState,
        (
            "contact_id",
            "channel",
            "status",
            "since",
            "frequency_per_month",
            "source_label",
            "entry_id",
        ),
        [(*key, *state, entries.get(key)) for key, state in states.items()],
        replacing=("contact_id", "channel"),
    )
    for known in session.identity_map.values():
        if isinstance(known, ConsentState):
            session.expire(known)
