"""Where a person stands on a channel, and which wish changes that: the rules, once.

1. A stop counts at once. Only a newer wish of the person's own is stronger than it.
2. What staff, files or providers report never opens what the person closed; it is kept
   in the ledger and changes nothing.
3. A wish older than a stop (a START that arrives late) is kept and changes nothing.
4. A confirmed own wish lifts a stop from the do-not-contact list; a complaint or an erasure
   only where it came from the address itself; and nothing else there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.consent import promises, suppression
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentState,
    ConsentStatus,
    Disclosure,
    Method,
    SuppressionReason,
    Wording,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import ActorKind
from campaigns.core.errors import InvalidInput

TOPIC = "topic"
"""The ledger's channel for consent to keep topics of health."""

OWN_METHODS = frozenset(
    {
        Method.WEB_FORM,
        Method.PAPER_FORM,
        Method.KEYWORD,
        Method.VERBAL,
        Method.PREFERENCES,
        Method.REPLY,
        Method.UNDO,
    }
)
"""Roads by which the person speaks; a paper form or a spoken word is the person's own too."""

UNDO_WITHIN = timedelta(minutes=15)
UNDOABLE = frozenset({Method.ONE_CLICK, Method.UNSUBSCRIBE_PAGE, Method.PREFERENCES})
"""Roads on which a slip of the finger is likely: these may be undone with one tap."""

_FROM_THE_ADDRESS = frozenset(
    {Method.WEB_FORM, Method.KEYWORD, Method.REPLY, Method.PREFERENCES, Method.UNDO}
)
_OPENS = {Action.OPT_IN_CONFIRMED, Action.HEALTH_TOPIC_CONSENT}
_CLOSES = {Action.OPT_OUT, Action.HEALTH_TOPIC_WITHDRAWN}


def current(session: Session, contact_id: int, channel: str) -> ConsentState | None:
    """Return the state row as the database has it now."""
    return session.get(ConsentState, (contact_id, channel), populate_existing=True)


def apply(
    session: Session,
    entry: ConsentEntry,
    *,
    address: str | None,
    source_label: str = "",
    now: datetime,
) -> ConsentState | None:
    """Bring the state in line with a new entry; return the state."""
    action = Action(entry.action)
    if action in _CLOSES:
        return _close(session, entry, address=address, now=now)
    if not may_open(session, entry, address=address, now=now):
        return current(session, entry.contact_id, entry.channel)
    if action in _OPENS:
        if address is not None and entry.method in OWN_METHODS:
            suppression.lift_by_consent(
                session,
                channel=entry.channel,
                address=address,
                entry_id=entry.id,
                expressed_at=entry.expressed_at,
                proven=_is_proven(entry),
                now=now,
            )
        return _write(session, entry, ConsentStatus.GRANTED, source_label=source_label)
    state = current(session, entry.contact_id, entry.channel)
    if state is not None and state.status == ConsentStatus.GRANTED:
        return state
    return _write(session, entry, ConsentStatus.PENDING, source_label=source_label)


def may_open(session: Session, entry: ConsentEntry, *, address: str | None, now: datetime) -> bool:
    """Tell whether an opt-in counts, given every stop on record for person and address."""
    stops = [last_stop(session, entry.contact_id, entry.channel)]
    if address is not None:
        rows = suppression.active_for(session, entry.channel, address, now)
        if not _is_proven(entry) and any(r.reason in suppression.LIFTED_BY_PROOF for r in rows):
            return False
        closed = suppression.LIFTED_BY_CONSENT | suppression.LIFTED_BY_PROOF
        stops += [row.expressed_at for row in rows if row.reason in closed]
    latest = max((at for at in stops if at is not None), default=None)
    if latest is None:
        return True
    return entry.expressed_at > latest and entry.method in OWN_METHODS


def _is_proven(entry: ConsentEntry) -> bool:
    """Tell whether a wish came from the person by a road that shows whose address it is.

    A sign-up form asks only; what it asks for counts after the confirmation, which is sent
    to the address and recorded as the person's own.
    """
    return entry.method in _FROM_THE_ADDRESS and entry.actor_kind == ActorKind.PERSON


def last_stop(session: Session, contact_id: int, channel: str) -> datetime | None:
    """Return when the person last said stop, None for never."""
    return session.scalar(
        select(func.max(ConsentEntry.expressed_at)).where(
            ConsentEntry.contact_id == contact_id,
            ConsentEntry.channel == channel,
            ConsentEntry.action.in_(_CLOSES),
        )
    )


def latest_grant(session: Session, contact_id: int, channel: str) -> ConsentEntry | None:
    """Return the newest confirmed agreement, whether or not it still holds."""
    query = (
        select(ConsentEntry)
        .where(
            ConsentEntry.contact_id == contact_id,
            ConsentEntry.channel == channel,
            ConsentEntry.action.in_(_OPENS),
        )
        .order_by(ConsentEntry.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def undoable(
    session: Session, contact_id: int, channel: str, entry_id: int | None, now: datetime
) -> tuple[ConsentEntry, ConsentEntry]:
    """Return the stop that may be undone, and the agreement that holds again then.

    Raises: InvalidInput ``undo_too_late``, ``undo_nothing``.
    """
    nothing = InvalidInput("undo_nothing", "There is nothing to undo here.")
    state = current(session, contact_id, channel)
    left = session.get(ConsentEntry, state.entry_id) if state and state.entry_id else None
    if left is None or left.action != Action.OPT_OUT or left.method not in UNDOABLE:
        raise nothing
    if entry_id is not None and left.id != entry_id:
        raise nothing
    if now - left.recorded_at > UNDO_WITHIN:
        raise InvalidInput(
            "undo_too_late",
            "It is too late to undo this with one tap. You can sign up again at any time.",
        )
    before = latest_grant(session, contact_id, channel)
    if before is None or before.id > left.id or not _was_open(session, left):
        raise nothing
    held = directory.addresses_of(session, contact_id).get(Channel(channel))
    if held is None or any(
        row.reason != SuppressionReason.OPT_OUT or row.created_at < left.recorded_at
        for row in suppression.active_for(session, channel, held.address, now)
    ):
        raise nothing
    return left, before


def _was_open(session: Session, left: ConsentEntry) -> bool:
    """Tell whether the entry before a stop was an agreement: undoing gives back no more."""
    before = session.scalar(
        select(ConsentEntry.action)
        .where(
            ConsentEntry.contact_id == left.contact_id,
            ConsentEntry.channel == left.channel,
            ConsentEntry.id < left.id,
            ConsentEntry.action != Action.OPT_IN_REQUESTED,
        )
        .order_by(ConsentEntry.id.desc())
        .limit(1)
    )
    return before == Action.OPT_IN_CONFIRMED


def is_in_doubt(session: Session, state: ConsentState, now: datetime) -> bool:
    """Tell whether a stop could still be undone by who pressed the button."""
    left = session.get(ConsentEntry, state.entry_id) if state.entry_id else None
    return left is not None and left.method in UNDOABLE and now - left.recorded_at <= UNDO_WITHIN


def note_unproven(
    session: Session, contact_id: int, channel: str, *, source_label: str = "", now: datetime
) -> ConsentState:
    """Note that an address came without proof, where nothing is known yet.

    Email is ``unconfirmed`` (one confirmation request may go out), a phone number is
    ``waiting`` (nothing goes out until there is proof).
    """
    state = current(session, contact_id, channel)
    if state is not None and state.status != ConsentStatus.NONE:
        return state
    unproven = ConsentStatus.UNCONFIRMED if channel == Channel.EMAIL else ConsentStatus.WAITING
    if state is None:
        state = ConsentState(contact_id=contact_id, channel=channel)
        session.add(state)
    state.status = unproven
    state.since = now
    state.source_label = source_label[:120]
    session.flush()
    return state


def _close(
    session: Session, entry: ConsentEntry, *, address: str | None, now: datetime
) -> ConsentState:
    state = current(session, entry.contact_id, entry.channel)
    if state is not None and _newer_own_grant(session, state, entry):
        return state
    if address is not None:
        provider = entry.method == Method.PROVIDER
        suppression.add(
            session,
            channel=entry.channel,
            address=address,
            reason=SuppressionReason.PROVIDER_OPT_OUT if provider else SuppressionReason.OPT_OUT,
            now=now,
            contact_id=entry.contact_id,
            expressed_at=entry.expressed_at,
        )
    return _write(session, entry, ConsentStatus.WITHDRAWN)


def _newer_own_grant(session: Session, state: ConsentState, stop: ConsentEntry) -> bool:
    """Tell whether a stop that arrives late is older than the person's own agreement."""
    if state.status != ConsentStatus.GRANTED or state.entry_id is None:
        return False
    grant = session.get(ConsentEntry, state.entry_id)
    return (
        grant is not None
        and grant.method in OWN_METHODS
        and grant.expressed_at > stop.expressed_at
        and stop.expressed_at < stop.recorded_at
    )


def _write(
    session: Session, entry: ConsentEntry, status: ConsentStatus, *, source_label: str = ""
) -> ConsentState:
    state = current(session, entry.contact_id, entry.channel)
    if state is None:
        state = ConsentState(contact_id=entry.contact_id, channel=entry.channel)
        session.add(state)
    state.status = status
    state.since = entry.expressed_at
    state.entry_id = entry.id
    if source_label:
        state.source_label = source_label[:120]
    elif state.source_label is None:
        state.source_label = ""
    if entry.disclosure_id is not None:
        state.frequency_per_month = session.scalar(
            select(Disclosure.frequency_per_month).where(Disclosure.id == entry.disclosure_id)
        )
    elif entry.wording_sha256 is not None and status == ConsentStatus.GRANTED:
        words = session.get_one(Wording, entry.wording_sha256).text
        state.frequency_per_month = promises.promised(words) or state.frequency_per_month
    session.flush()
    return state
