"""Is the ledger whole? Names the first entry that is not what was written, and says why.

Four things are read: the chain with its wordings and evidence, the noted end of the
chain, the current states against the entries they came from, and the do-not-contact list
against the stops. Who can write to the database can replay an older copy of all of it,
keys apart; only a backup kept elsewhere shows that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaigns.consent import chain, promises
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentEvidence,
    ConsentHead,
    ConsentState,
    ConsentStatus,
    Disclosure,
    Suppression,
    Wording,
)
from campaigns.consent.standing import OWN_METHODS
from campaigns.contacts import addresses
from campaigns.contacts.models import Address, Contact, ContactStatus
from campaigns.core.db import keys_of
from campaigns.core.keys import KeyRing

_CHUNK = 2000
_ENTRIES = cast(Table, ConsentEntry.__table__)
_EVIDENCE = cast(Table, ConsentEvidence.__table__)

_OPENS = (Action.OPT_IN_CONFIRMED, Action.HEALTH_TOPIC_CONSENT)
_CLOSES = (Action.OPT_OUT, Action.HEALTH_TOPIC_WITHDRAWN)
_LEAD_TO: dict[str, frozenset[str]] = {
    Action.OPT_IN_REQUESTED: frozenset({ConsentStatus.PENDING}),
    Action.OPT_IN_CONFIRMED: frozenset({ConsentStatus.GRANTED}),
    Action.HEALTH_TOPIC_CONSENT: frozenset({ConsentStatus.GRANTED}),
    Action.OPT_OUT: frozenset({ConsentStatus.WITHDRAWN}),
    Action.HEALTH_TOPIC_WITHDRAWN: frozenset({ConsentStatus.WITHDRAWN}),
    Action.TAKEN_BACK: frozenset(
        {ConsentStatus.NONE, ConsentStatus.UNCONFIRMED, ConsentStatus.WAITING}
    ),
    Action.ADDRESS_CHANGED: frozenset(
        {ConsentStatus.NONE, ConsentStatus.UNCONFIRMED, ConsentStatus.WAITING}
    ),
}
"""What a state may be, given the entry that it names."""
_NEED_AN_ENTRY = (ConsentStatus.GRANTED, ConsentStatus.PENDING, ConsentStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first entry that is wrong, and what is wrong with it."""

    entry_id: int
    why: str


def verify(session: Session) -> int | None:
    """Return the number of the first bad entry, None if all is well; see ``find_fault``."""
    fault = find_fault(session)
    return fault.entry_id if fault else None


def find_fault(session: Session, *, keyed: bool = True) -> Fault | None:
    """Read the whole ledger; return its first fault, None if all is well.

    ``keyed=False`` leaves out what needs the key ring: for a ring that is not this
    database's (``keys_fit``), with which every mark would look forged.
    """
    faults = [
        _in_chain(session, keyed=keyed),
        *(next(found(session), None) for found in (_in_states, _missing_states, _unlisted_stops)),
    ]
    return min((f for f in faults if f is not None), key=lambda f: f.entry_id, default=None)


def keys_fit(session: Session) -> bool | None:
    """Tell whether the key ring is the one this database was written with; None if unknown.

    Makes the hash of stored addresses anew; one that comes out the same is proof enough,
    so that a single changed row does not look like a lost key ring.
    """
    ring = keys_of(session)
    for order in (Address.id, Address.id.desc()):
        rows = session.execute(
            select(Address.channel, Address.address, Address.address_hash).order_by(order).limit(20)
        ).all()
        for row in rows:
            mailbox = addresses.mailbox(row.channel, row.address)
            if row.address_hash in ring.address_hashes(row.channel, mailbox):
                return True
        if not rows:
            break
    else:
        return False
    marked = session.execute(
        select(_ENTRIES.c.id, _ENTRIES.c.row_hash, _ENTRIES.c.mac).limit(20)
    ).all()
    if not marked:
        return None
    return any(ring.is_marked(chain.mark_of(row.id, row.row_hash), row.mac) for row in marked)


def place_of(session: Session, entry: ConsentEntry) -> Fault | None:
    """Check one entry for itself: its hashes, its mark, its words; None if all is well.

    Whether the chain before it holds is asked of ``find_fault``.
    """
    row = session.execute(_read().where(_ENTRIES.c.id == entry.id)).mappings().one()
    before = session.scalar(select(_ENTRIES.c.row_hash).where(_ENTRIES.c.id == entry.id - 1))
    previous = chain.GENESIS if entry.id == 1 else before or ""
    why = _why(session, row, entry.id, previous, _wordings(session), _erasures(session), True)
    return Fault(entry_id=entry.id, why=why) if why else None


def _read() -> Any:
    return select(_ENTRIES, _EVIDENCE.c.details).outerjoin(
        _EVIDENCE, _EVIDENCE.c.entry_id == _ENTRIES.c.id
    )


def _wordings(session: Session) -> dict[str, bool]:
    return {
        sha: hashlib.sha256(words.encode()).hexdigest() == sha
        for sha, words in session.execute(select(Wording.sha256, Wording.text))
    }


def _erasures(session: Session) -> dict[int, int]:
    """Return the number of the last erasure of each person who was erased."""
    query = (
        select(_ENTRIES.c.contact_id, func.max(_ENTRIES.c.id))
        .where(_ENTRIES.c.action == Action.ERASED)
        .group_by(_ENTRIES.c.contact_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _in_chain(session: Session, *, keyed: bool) -> Fault | None:
    previous, number = chain.GENESIS, 0
    wordings, erasures = _wordings(session), _erasures(session)
    while True:
        query = _read().where(_ENTRIES.c.id > number).order_by(_ENTRIES.c.id).limit(_CHUNK)
        rows = session.execute(query).mappings().all()
        if number == 0 and rows and rows[0]["id"] < 1:
            return Fault(entry_id=1, why="An entry stands before the first one.")
        if not rows:
            break
        for row in rows:
            number += 1
            why = _why(session, row, number, previous, wordings, erasures, keyed)
            if why:
                return Fault(entry_id=number, why=why)
            previous = row["row_hash"]
    if session.scalar(select(func.min(_ENTRIES.c.id)).where(_ENTRIES.c.id < 1)) is not None:
        return Fault(entry_id=1, why="An entry stands before the first one.")
    return _at_end(session, number, previous, keyed=keyed)


def _why(
    session: Session,
    row: Any,
    number: int,
    previous: str,
    wordings: Mapping[str, bool],
    erasures: Mapping[int, int],
    keyed: bool,
) -> str:
    """Say what is wrong with an entry, given the hash of the one before; empty for nothing."""
    if row["id"] != number:
        return "The entry is missing."
    if row["prev_hash"] != previous:
        return "It does not follow from the entry before it: one was put in, taken out or moved."
    if row["row_hash"] != chain.seal(previous, row):
        return "Its fields are not the ones that were written."
    mark = chain.mark_of(number, row["row_hash"])
    if keyed and not keys_of(session).is_marked(mark, row["mac"]):
        return "It was written, or written anew, by somebody who does not have the key ring."
    if row["wording_sha256"] is not None and not wordings.get(row["wording_sha256"], False):
        return "The words that the person was shown are changed or gone."
    if row["details"] is None:
        if number > erasures.get(row["contact_id"], 0):
            return "Its evidence is gone, and no erasure is on record."
    elif chain.digest(row["details"]) != row["evidence_sha256"]:
        return "Its evidence is not what was written."
    return ""


def _at_end(session: Session, number: int, last_hash: str, *, keyed: bool) -> Fault | None:
    """Compare the end of the chain with the end as it was noted."""
    head = session.get(ConsentHead, 1)
    referred = session.scalar(select(func.max(ConsentState.entry_id))) or 0
    if head is None:
        known = max(referred, number)
        return (
            Fault(entry_id=known, why="The note of where the ledger ends is gone.")
            if known
            else None
        )
    if keyed and not keys_of(session).is_marked(
        chain.head_mark_of(head.entry_id, head.row_hash), head.mac
    ):
        return Fault(
            entry_id=min(number, head.entry_id) + 1,
            why="The note of where the ledger ends was changed.",
        )
    if max(head.entry_id, referred) > number:
        return Fault(entry_id=number + 1, why="The end of the ledger is cut off.")
    if head.entry_id < number:
        return Fault(entry_id=head.entry_id + 1, why="Entries were put in after the last one.")
    if head.row_hash != last_hash:
        return Fault(entry_id=number, why="It is not the entry that was written last.")
    return None


def _in_states(session: Session) -> Iterator[Fault]:
    """Yield states that do not follow from the entry that they name."""
    entry, later = aliased(ConsentEntry), aliased(ConsentEntry)
    counts = ~and_(  # a stop that arrived late and is older than the person's own agreement
        entry.method.in_(OWN_METHODS),
        entry.expressed_at > later.expressed_at,
        later.expressed_at < later.recorded_at,
    )
    closed_by = (
        select(func.min(later.id))
        .where(
            later.contact_id == ConsentState.contact_id,
            later.channel == ConsentState.channel,
            later.id > ConsentState.entry_id,
            or_(
                and_(later.action.in_(_CLOSES), counts),
                later.action.in_((Action.ADDRESS_CHANGED, Action.TAKEN_BACK)),
            ),
        )
        .correlate(ConsentState, entry)
        .scalar_subquery()
    )
    query = (
        select(
            ConsentState.contact_id,
            ConsentState.channel,
            ConsentState.status,
            ConsentState.since,
            ConsentState.entry_id,
            ConsentState.frequency_per_month,
            entry.id,
            entry.contact_id.label("of"),
            entry.channel.label("on"),
            entry.action,
            entry.expressed_at,
            entry.disclosure_id,
            Disclosure.frequency_per_month.label("disclosed"),
            Wording.text,
            closed_by.label("closed_by"),
        )
        .outerjoin(entry, entry.id == ConsentState.entry_id)
        .outerjoin(Disclosure, Disclosure.id == entry.disclosure_id)
        .outerjoin(Wording, Wording.sha256 == entry.wording_sha256)
        .order_by(func.coalesce(ConsentState.entry_id, 0))
        .execution_options(yield_per=_CHUNK)
    )
    with session.execute(query) as rows:
        yield from filter(None, (_state_fault(session, row) for row in rows))


def _state_fault(session: Session, row: Any) -> Fault | None:
    """Say what is wrong with one state, given the entry that it names."""
    if row.entry_id is None:
        if row.status in _NEED_AN_ENTRY:
            number = _any_entry(session, row.contact_id, row.channel)
            return Fault(
                entry_id=number,
                why=f"Person {row.contact_id} counts as "
                f"“{row.status}” for {row.channel} without an entry that says so.",
            )
        return None
    said = f"Person {row.contact_id} counts as “{row.status}” for {row.channel}"
    if row.id is None:
        return Fault(entry_id=row.entry_id, why=f"{said} by an entry that is not there.")
    elif (row.of, row.on) != (row.contact_id, row.channel):
        return Fault(entry_id=row.id, why=f"{said} by an entry about something else.")
    elif row.status not in _LEAD_TO.get(row.action, ()):
        return Fault(entry_id=row.id, why=f"{said}, but the entry is “{row.action}”.")
    elif row.closed_by is not None and row.status in (
        ConsentStatus.GRANTED,
        ConsentStatus.PENDING,
    ):
        return Fault(entry_id=row.closed_by, why=f"{said} although this entry ended that.")
    elif row.status == ConsentStatus.GRANTED:
        if row.since != row.expressed_at:
            return Fault(entry_id=row.id, why=f"{said} since another time than the entry's.")
        promised = row.disclosed if row.disclosure_id is not None else promises.promised(row.text)
        if promised is not None and row.frequency_per_month != promised:
            return Fault(
                entry_id=row.id,
                why=f"Person {row.contact_id} was promised at most {promised} a month, and "
                f"{row.frequency_per_month or 'no number'} is kept.",
            )
    return None


def _any_entry(session: Session, contact_id: int, channel: str) -> int:
    found = session.scalar(
        select(func.max(ConsentEntry.id)).where(
            ConsentEntry.contact_id == contact_id, ConsentEntry.channel == channel
        )
    )
    return found or session.scalar(select(func.max(ConsentEntry.id))) or 0


def _missing_states(session: Session) -> Iterator[Fault]:
    """Yield people with entries on a channel, and no state there."""
    state = aliased(ConsentState)
    query = (
        select(ConsentEntry.contact_id, ConsentEntry.channel, func.max(ConsentEntry.id).label("id"))
        .outerjoin(Contact, Contact.id == ConsentEntry.contact_id)
        .outerjoin(
            state,
            and_(
                state.contact_id == ConsentEntry.contact_id,
                state.channel == ConsentEntry.channel,
            ),
        )
        .where(
            state.contact_id.is_(None),
            ConsentEntry.action.in_([*_OPENS, *_CLOSES, Action.OPT_IN_REQUESTED]),
            or_(Contact.id.is_(None), Contact.status != ContactStatus.ERASED),
        )
        .group_by(ConsentEntry.contact_id, ConsentEntry.channel)
        .order_by(func.max(ConsentEntry.id))
        .limit(1)
    )
    for row in session.execute(query):
        yield Fault(
            entry_id=row.id,
            why=f"Person {row.contact_id} has entries about {row.channel}, and where the person "
            "stands is gone.",
        )


def _unlisted_stops(session: Session) -> Iterator[Fault]:
    """Yield stops that hold, whose address is not on the do-not-contact list."""
    listed = select(Suppression.id).where(
        Suppression.channel == ConsentEntry.channel,
        Suppression.address_hash == ConsentEntry.address_hash,
    )
    query = (
        select(
            ConsentEntry.id, ConsentEntry.contact_id, ConsentEntry.channel, ConsentEvidence.details
        )
        .join(ConsentState, ConsentState.entry_id == ConsentEntry.id)
        .join(ConsentEvidence, ConsentEvidence.entry_id == ConsentEntry.id)
        .where(
            ConsentState.status == ConsentStatus.WITHDRAWN,
            ConsentEntry.action == Action.OPT_OUT,
            ConsentEntry.address_hash.is_not(None),
            ~listed.exists(),
        )
        .order_by(ConsentEntry.id)
        .execution_options(yield_per=_CHUNK)
    )
    ring = keys_of(session)
    with session.execute(query) as rows:
        yield from filter(None, (_unlisted(session, ring, row) for row in rows))


def _unlisted(session: Session, ring: KeyRing, row: Any) -> Fault | None:
    """Look for the address of a stop under every key, and every spelling of its mailbox."""
    address = row.details.get("address")
    if not address:
        return None
    hashes = ring.address_hashes(row.channel, addresses.mailbox(row.channel, address))
    known = select(Suppression.id).where(Suppression.mailbox_hash.in_(hashes)).limit(1)
    if session.scalar(known) is None:
        return Fault(
            entry_id=row.id,
            why=f"Person {row.contact_id} said stop to {row.channel}, and the address is not "
            "on the do-not-contact list.",
        )
    return None
