"""What people agreed to and took back: the append-only ledger and where each stands now.

Every wish is one entry of the chain and, in the same transaction, one change of the
current state (``standing.py`` has the rules of which wish counts). The latest wish by the
time it was expressed wins, and no wish but the person's own opens what a stop has closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from campaigns.consent import chain, disclosures, standing, suppression, verification
from campaigns.consent.bulk import BulkOutcome, Wish, import_grants
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentEvidence,
    ConsentState,
    ConsentStatus,
    Disclosure,
    Method,
    SuppressionReason,
    Wording,
)
from campaigns.consent.standing import OWN_METHODS, TOPIC, UNDO_WITHIN
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import Actor
from campaigns.core.db import keys_of
from campaigns.core.errors import InvalidInput

__all__ = [
    "OWN_METHODS",
    "TOPIC",
    "UNDO_WITHIN",
    "BulkOutcome",
    "Wish",
    "evidence_of",
    "grant",
    "has_topic_consent",
    "history",
    "import_grants",
    "may_undo",
    "record",
    "reopen",
    "state_of",
    "undo",
    "verify",
    "withdraw",
    "wording_of",
]

STALE_AFTER = timedelta(days=548)
"""18 months: an agreement on which nothing was sent for so long is not revived by START."""

_OPT_INS = frozenset({Action.OPT_IN_REQUESTED, Action.OPT_IN_CONFIRMED})
_TOPIC_ACTIONS = frozenset({Action.HEALTH_TOPIC_CONSENT, Action.HEALTH_TOPIC_WITHDRAWN})

verify = verification.verify


def record(
    session: Session,
    *,
    contact_id: int,
    channel: str,
    action: Action,
    method: Method,
    actor: Actor,
    now: datetime,
    expressed_at: datetime | None = None,
    disclosure_id: int | None = None,
    wording: str | None = None,
    address: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    source_label: str = "",
) -> ConsentEntry:
    """Append one wish to the ledger and bring the person's state in line with it.

    ``expressed_at`` is when the person said it (not in the future), ``wording`` the exact
    words shown. Consent to keep topics goes under the channel ``topic``, whatever is given.

    Raises: NotFound ``contact``; InvalidInput ``address_missing`` for an opt-in without an
    address, ``wording_missing`` for an agreement without the words that were shown (one that
    is quoted, ``earlier_entry`` of the evidence, has those of the entry that it names),
    ``disclosure_unapproved`` for one under a version with an open point (``checklist``).
    """
    directory.get(session, contact_id)
    directory.lock(session, [contact_id])
    if action in _TOPIC_ACTIONS:
        channel = TOPIC
    expressed_at = min(expressed_at or now, now)
    if address is None and channel != TOPIC:
        held = directory.addresses_of(session, contact_id).get(Channel(channel))
        address = held.address if held else None
    _check(channel, action, address, wording, quotes="earlier_entry" in (evidence or {}))
    if channel == Channel.SMS and disclosure_id is not None and action in _OPT_INS:
        disclosures.require_usable(session, disclosure_id, Channel.SMS)
    (entry_id,) = chain.append(
        session,
        [
            chain.Draft(
                contact_id=contact_id,
                channel=channel,
                action=action,
                method=method,
                expressed_at=expressed_at,
                recorded_at=now,
                actor=actor,
                address_hash=keys_of(session).address_hash(channel, address) if address else None,
                disclosure_id=disclosure_id,
                wording=wording,
                evidence={**({"address": address} if address else {}), **(evidence or {})},
            )
        ],
    )
    entry = session.get_one(ConsentEntry, entry_id)
    standing.apply(session, entry, address=address, source_label=source_label, now=now)
    return entry


def grant(
    session: Session,
    *,
    contact_id: int,
    channel: str,
    method: Method,
    actor: Actor,
    now: datetime,
    wording: str | None = None,
    disclosure_id: int | None = None,
    expressed_at: datetime | None = None,
    address: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    source_label: str = "",
) -> ConsentEntry:
    """Record that a person agreed to messages on a channel; see ``record``."""
    return record(
        session,
        contact_id=contact_id,
        channel=channel,
        action=Action.OPT_IN_CONFIRMED,
        method=method,
        actor=actor,
        now=now,
        expressed_at=expressed_at,
        disclosure_id=disclosure_id,
        wording=wording,
        address=address,
        evidence=evidence,
        source_label=source_label,
    )


def withdraw(
    session: Session,
    *,
    contact_id: int,
    channel: str,
    method: Method,
    actor: Actor,
    now: datetime,
    words: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    expressed_at: datetime | None = None,
) -> ConsentEntry | None:
    """Record that a person wants no more messages on a channel; effective at once.

    Returns None, and writes nothing, when that is on record already and the address is on
    the do-not-contact list. A stop that could still be undone with one tap does not make
    another one by a stronger road (a reply, the staff) superfluous: that one is written.
    """
    directory.get(session, contact_id)
    directory.lock(session, [contact_id])
    state = standing.current(session, contact_id, channel)
    held = directory.addresses_of(session, contact_id).get(Channel(channel))
    if state is not None and state.status == ConsentStatus.WITHDRAWN:
        reasons = (
            {row.reason for row in suppression.active_for(session, channel, held.address, now)}
            if held
            else suppression.LIFTED_BY_CONSENT
        )
        # What the phone company told us does not stand for the person's own words.
        enough = set(suppression.LIFTED_BY_CONSENT)
        if method != Method.PROVIDER:
            enough.discard(SuppressionReason.PROVIDER_OPT_OUT)
        if reasons & enough and (
            method in standing.UNDOABLE or not standing.is_in_doubt(session, state, now)
        ):
            return None
    return record(
        session,
        contact_id=contact_id,
        channel=channel,
        action=Action.OPT_OUT,
        method=method,
        actor=actor,
        now=now,
        expressed_at=expressed_at,
        evidence={**({"words": words} if words else {}), **(evidence or {})},
    )


def reopen(
    session: Session,
    *,
    contact_id: int,
    actor: Actor,
    now: datetime,
    words: str,
    expressed_at: datetime | None = None,
    evidence: Mapping[str, Any] | None = None,
    last_sent: datetime | None = None,
) -> ConsentEntry | None:
    """Apply START, UNSTOP or YES by text from somebody who had left.

    The word alone is no agreement. Where a written consent for this very number is on file
    and not stale (given or, ``last_sent``, used in 18 months), it holds again. Otherwise the
    wish is a request (OPT_IN_REQUESTED), and the caller asks for the agreement again.
    Returns None when the person had not left.
    """
    directory.get(session, contact_id)
    directory.lock(session, [contact_id])
    expressed_at = min(expressed_at or now, now)
    state = standing.current(session, contact_id, Channel.SMS)
    held = directory.addresses_of(session, contact_id).get(Channel.SMS)
    if held is None or (state is not None and state.status == ConsentStatus.GRANTED):
        return None
    since = None if last_sent and last_sent > now - STALE_AFTER else now - STALE_AFTER
    earlier = _earlier_written(session, contact_id, held.address, since)
    return record(
        session,
        contact_id=contact_id,
        channel=Channel.SMS,
        action=Action.OPT_IN_CONFIRMED if earlier else Action.OPT_IN_REQUESTED,
        method=Method.KEYWORD,
        actor=actor,
        now=now,
        expressed_at=expressed_at,
        disclosure_id=earlier.disclosure_id if earlier else None,
        wording=wording_of(session, earlier) if earlier else None,
        evidence={
            "words": words,
            **({"earlier_entry": earlier.id} if earlier else {}),
            **(evidence or {}),
        },
        source_label=state.source_label if state else "",
    )


def may_undo(
    session: Session, *, contact_id: int, channel: str, entry_id: int, now: datetime
) -> bool:
    """Tell whether ``undo`` would take back this stop now."""
    try:
        standing.undoable(session, contact_id, channel, entry_id, now)
    except InvalidInput:
        return False
    return True


def undo(
    session: Session,
    *,
    contact_id: int,
    channel: str,
    actor: Actor,
    now: datetime,
    entry_id: int | None = None,
) -> ConsentEntry:
    """Take back an unsubscribe that was a mistake, within 15 minutes, quoting the old words.

    ``entry_id`` is the stop that is meant; None means the newest. It is taken back only
    while it is the newest word and nothing else keeps the address from being contacted:
    no complaint, no stop by another road, nothing that was on the list before.

    Raises: InvalidInput ``undo_too_late``, ``undo_nothing``.
    """
    directory.lock(session, [contact_id])
    left, before = standing.undoable(session, contact_id, channel, entry_id, now)
    state = standing.current(session, contact_id, channel)
    return record(
        session,
        contact_id=contact_id,
        channel=channel,
        action=Action.OPT_IN_CONFIRMED,
        method=Method.UNDO,
        actor=actor,
        now=now,
        disclosure_id=before.disclosure_id,
        wording=wording_of(session, before),
        evidence={"undone_entry": left.id, "earlier_entry": before.id},
        source_label=state.source_label if state else "",
    )


def state_of(session: Session, contact_id: int) -> dict[str, ConsentState]:
    """Return where a person stands, by channel; a channel without a row was never spoken of."""
    rows = session.scalars(select(ConsentState).where(ConsentState.contact_id == contact_id))
    return {row.channel: row for row in rows}


def history(session: Session, contact_id: int) -> list[ConsentEntry]:
    """Return a person's entries, newest first, with those of records that were merged in."""
    query = (
        select(ConsentEntry)
        .where(ConsentEntry.contact_id.in_(directory.records_of(session, contact_id)))
        .order_by(ConsentEntry.id.desc())
    )
    return list(session.scalars(query))


def has_topic_consent(session: Session, contact_id: int) -> bool:
    """Tell whether the person agrees that topics of health are kept."""
    state = standing.current(session, contact_id, TOPIC)
    return state is not None and state.status == ConsentStatus.GRANTED


def wording_of(session: Session, entry: ConsentEntry) -> str | None:
    """Return the exact words that a person was shown, None where none are on file."""
    if entry.wording_sha256 is None:
        return None
    return session.scalar(select(Wording.text).where(Wording.sha256 == entry.wording_sha256))


def evidence_of(session: Session, entry_ids: list[int]) -> dict[int, dict[str, Any]]:
    """Return the evidence of entries by their id; erased evidence is missing."""
    if not entry_ids:
        return {}
    rows = session.execute(
        select(ConsentEvidence.entry_id, ConsentEvidence.details).where(
            ConsentEvidence.entry_id.in_(entry_ids)
        )
    )
    return {number: {k: v for k, v in found.items() if k != "salt"} for number, found in rows}


def promised_frequency(session: Session, disclosure_id: int | None) -> int | None:
    """Return how many messages a month a wording promises, None for no promise."""
    if disclosure_id is None:
        return None
    return session.scalar(
        select(Disclosure.frequency_per_month).where(Disclosure.id == disclosure_id)
    )


def _check(
    channel: str, action: Action, address: str | None, wording: str | None, *, quotes: bool
) -> None:
    if action in _OPT_INS and not address:
        what = "email address" if channel == Channel.EMAIL else "phone number"
        raise InvalidInput(
            "address_missing",
            f"This person has no {what} to agree for. Add it first; nothing was recorded.",
        )
    agrees = action in (Action.OPT_IN_CONFIRMED, Action.HEALTH_TOPIC_CONSENT)
    # An email of a file may have come without words: quoting it adds none.
    if agrees and not wording and not (quotes and channel != Channel.SMS):
        raise InvalidInput(
            "wording_missing",
            "An agreement counts only with the exact words the person agreed to. Add them; "
            "nothing was recorded.",
        )


def _earlier_written(
    session: Session, contact_id: int, address: str, since: datetime | None
) -> ConsentEntry | None:
    """Return the newest confirmed consent with words for this very number."""
    query = (
        select(ConsentEntry)
        .where(
            ConsentEntry.contact_id == contact_id,
            ConsentEntry.channel == Channel.SMS,
            ConsentEntry.action == Action.OPT_IN_CONFIRMED,
            ConsentEntry.wording_sha256.is_not(None),
            ConsentEntry.address_hash.in_(keys_of(session).address_hashes(Channel.SMS, address)),
            *([] if since is None else [ConsentEntry.expressed_at >= since]),
            ~_taken_back(contact_id),
        )
        .order_by(ConsentEntry.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def _taken_back(contact_id: int) -> ColumnElement[bool]:
    """Return SQL that is true of a text agreement which the clinic took back later."""
    later = aliased(ConsentEntry)
    return exists().where(
        later.contact_id == contact_id,
        later.channel == Channel.SMS,
        later.action == Action.TAKEN_BACK,
        later.id > ConsentEntry.id,
    )
