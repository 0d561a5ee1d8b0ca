"""Two records of one person become one: no stop is lost, and no consent is invented.

What later stages know of a person (bookings, messages, series) moves too: each registers
how, in ``wiring``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.consent import ledger, standing
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentState,
    ConsentStatus,
    Method,
    OptInRequest,
    PreferenceCode,
    Scan,
    Suppression,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact, ContactStatus, Note
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput

_FINAL = (ContactStatus.DECEASED, ContactStatus.MINOR)
"""What is known of the person, whichever record says it."""

_WEIGHT = {ConsentStatus.PENDING: 1, ConsentStatus.GRANTED: 2}
"""What an agreement that comes along must outweigh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a merge leaves on one channel."""

    address: str | None
    """The address that messages go to afterwards."""
    moves: bool
    """It comes from the record that goes."""
    left: str | None
    """An address of the record that goes which is not written to any more."""
    status: ConsentStatus
    taken: ConsentStatus | None
    """The agreement or request that comes along from the record that goes."""


_SCAN = ("scan_id", "scan_sha256")
"""Evidence that leads to the signed form: the entry that quotes it leads there too."""

Move = Callable[[Session, int, int, datetime], None]
"""Gives what hangs on a record to another: (session, id that stays, id that goes, now)."""

_moves: dict[str, Move] = {}


def register_move(code: str, move: Move) -> None:
    """Add what a later stage keeps by person; the same code again replaces it."""
    _moves[code] = move


def merge(session: Session, *, keep_id: int, drop_id: int, actor: Actor, now: datetime) -> Contact:
    """Fold one record into another; the other stays on file as merged.

    The kept record takes what it lacks: addresses with the consent given for them, name
    parts, place; and everything that happened to the other: notes, bookings, messages,
    replies, series. A stop on either record is a stop on the kept one. What was signed and
    said stays in the ledger under the number of the record for which it was said.

    Raises: NotFound ``contact``; InvalidInput ``merge_same``, ``merge_gone``.
    """
    if keep_id == drop_id:
        raise InvalidInput("merge_same", "These are the same record; nothing was changed.")
    directory.lock(session, [keep_id, drop_id])
    keep, drop = directory.get(session, keep_id), directory.get(session, drop_id)
    if {ContactStatus.MERGED, ContactStatus.ERASED} & {keep.status, drop.status}:
        raise InvalidInput(
            "merge_gone", "One of them was merged or erased before; nothing was changed."
        )
    for channel in Channel:
        _take_channel(session, keep, drop, channel, actor=actor, now=now)
    _take_topics(session, keep, drop, actor=actor, now=now)
    for name in ("first_name", "last_name", "postal_code", "state", "city", "timezone"):
        if not getattr(keep, name) and getattr(drop, name):
            setattr(keep, name, getattr(drop, name))
    keep.adult_confirmed = keep.adult_confirmed or drop.adult_confirmed
    keep.no_click_tracking = keep.no_click_tracking or drop.no_click_tracking
    for name in ("last_heard_at", "last_clicked_at", "last_booked_at", "hold_until"):
        moments = [at for at in (getattr(keep, name), getattr(drop, name)) if at is not None]
        setattr(keep, name, max(moments, default=None))
    if keep.hold_until is not None and keep.hold_until == drop.hold_until:
        keep.hold_reason = keep.hold_reason or drop.hold_reason
    if drop.status in _FINAL:
        keep.status = drop.status
    for table in (Note, OptInRequest, PreferenceCode, Scan, Suppression):
        session.execute(update(table).where(table.contact_id == drop_id).values(contact_id=keep_id))
    drop.status = ContactStatus.MERGED
    drop.merged_into_id = keep_id
    # What was merged into the other before is one with the kept record too: its messages count.
    session.execute(
        update(Contact).where(Contact.merged_into_id == drop_id).values(merged_into_id=keep_id)
    )
    keep.updated_at = drop.updated_at = now
    session.flush()
    for move in _moves.values():
        move(session, keep_id, drop_id, now)
    audit.append(
        session,
        actor,
        "contact.merged",
        subject_kind="contact",
        subject_id=keep_id,
        now=now,
        merged=drop_id,
    )
    session.flush()
    return keep


def forecast(session: Session, keep_id: int, drop_id: int) -> dict[Channel, Outcome]:
    """Return what a merge would leave of addresses and consent; changes nothing.

    The kept record's address holds; the other's moves only where there is none. A stop of
    either holds. An agreement counts for the address it was given for, and so comes along
    with an address that moves, or where both records have the same one.
    """
    mine, theirs = (directory.addresses_of(session, number) for number in (keep_id, drop_id))
    found = {}
    for channel in Channel:
        own, other = mine.get(channel), theirs.get(channel)
        before = standing.current(session, keep_id, channel)
        says = standing.current(session, drop_id, channel)
        was = ConsentStatus(before.status) if before else ConsentStatus.NONE
        said = ConsentStatus(says.status) if says else ConsentStatus.NONE
        moves = own is None and other is not None
        same = own is not None and other is not None and own.address == other.address
        stopped = ConsentStatus.WITHDRAWN in (was, said)
        comes = (moves or same) and not stopped and _WEIGHT.get(said, 0) > _WEIGHT.get(was, 0)
        after = ConsentStatus.WITHDRAWN if stopped else said if comes else was
        if moves and after == ConsentStatus.NONE:
            email = channel == Channel.EMAIL
            after = ConsentStatus.UNCONFIRMED if email else ConsentStatus.WAITING
        kept = own or other
        found[channel] = Outcome(
            address=kept.address if kept else None,
            moves=moves,
            left=None if other is None or moves or same else other.address,
            status=after,
            taken=said if comes else None,
        )
    return found


def _take_channel(
    session: Session,
    keep: Contact,
    drop: Contact,
    channel: Channel,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    planned = forecast(session, keep.id, drop.id)[channel]
    theirs = standing.current(session, drop.id, channel)
    if planned.moves:
        directory.addresses_of(session, drop.id)[channel].contact_id = keep.id
        session.flush()
    if theirs is not None and theirs.status == ConsentStatus.WITHDRAWN:
        ledger.withdraw(
            session,
            contact_id=keep.id,
            channel=channel,
            method=Method.STAFF,
            actor=actor,
            now=now,
            evidence={"merged_from": drop.id},
        )
    elif planned.taken == ConsentStatus.GRANTED:
        _carry_over(session, keep, drop, channel, actor=actor, now=now)
    elif planned.taken == ConsentStatus.PENDING and theirs is not None:
        _carry_request(session, keep, theirs, actor=actor, now=now)
    elif planned.moves:
        standing.note_unproven(session, keep.id, channel, now=now)


def _take_topics(
    session: Session, keep: Contact, drop: Contact, *, actor: Actor, now: datetime
) -> None:
    """Let a no to keeping topics hold on either record, and a yes where nothing was said."""
    theirs = standing.current(session, drop.id, standing.TOPIC)
    mine = standing.current(session, keep.id, standing.TOPIC)
    if theirs is None:
        return
    if theirs.status == ConsentStatus.WITHDRAWN:
        if mine is None or mine.status != ConsentStatus.WITHDRAWN:
            ledger.record(
                session,
                contact_id=keep.id,
                channel=standing.TOPIC,
                action=Action.HEALTH_TOPIC_WITHDRAWN,
                method=Method.STAFF,
                actor=actor,
                now=now,
                evidence={"merged_from": drop.id},
            )
    elif theirs.status == ConsentStatus.GRANTED and (
        mine is None or mine.status == ConsentStatus.NONE
    ):
        given = standing.latest_grant(session, drop.id, standing.TOPIC)
        if given is not None:
            _quote(session, keep, given, Action.HEALTH_TOPIC_CONSENT, actor=actor, now=now)


def _carry_request(
    session: Session, keep: Contact, asked: ConsentState, *, actor: Actor, now: datetime
) -> None:
    """Quote a request that waits for its confirmation, for the address that moved."""
    entry = session.get(ConsentEntry, asked.entry_id) if asked.entry_id else None
    if entry is None:
        standing.note_unproven(session, keep.id, asked.channel, now=now)
        return
    _quote(
        session,
        keep,
        entry,
        Action.OPT_IN_REQUESTED,
        actor=actor,
        now=now,
        source_label=asked.source_label,
    )


def _quote(
    session: Session,
    keep: Contact,
    entry: ConsentEntry,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    source_label: str = "",
) -> None:
    """Write for the kept record what an entry of the other says, in its words and of its time."""
    ledger.record(
        session,
        contact_id=keep.id,
        channel=entry.channel,
        action=action,
        method=Method(entry.method),
        actor=actor,
        now=now,
        expressed_at=entry.expressed_at,
        disclosure_id=entry.disclosure_id,
        wording=ledger.wording_of(session, entry),
        evidence={"merged_from": entry.contact_id, "earlier_entry": entry.id},
        source_label=source_label,
    )


def _carry_over(
    session: Session,
    keep: Contact,
    drop: Contact,
    channel: Channel,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Quote the agreement given for the address that moved."""
    given = standing.latest_grant(session, drop.id, channel)
    state = standing.current(session, drop.id, channel)
    if given is None:
        return
    proof = ledger.evidence_of(session, [given.id]).get(given.id, {})
    ledger.record(
        session,
        contact_id=keep.id,
        channel=channel,
        action=Action.OPT_IN_CONFIRMED,
        method=Method(given.method),
        actor=actor,
        now=now,
        expressed_at=given.expressed_at,
        disclosure_id=given.disclosure_id,
        wording=ledger.wording_of(session, given),
        evidence={
            "merged_from": drop.id,
            "earlier_entry": given.id,
            **{name: proof[name] for name in _SCAN if name in proof},
        },
        source_label=state.source_label if state else "",
    )
