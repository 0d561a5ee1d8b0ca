"""Do not contact: addresses that get nothing on a channel, by keyed hash, with the reason.

Only the person's own later consent lifts what the person said (``LIFTED_BY_CONSENT``); a
complaint and an erasure only consent given from the address itself (``LIFTED_BY_PROOF``).
Staff lift what the clinic found out (``LIFTED_BY_STAFF``); the rest stays for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.consent.models import Suppression, SuppressionReason
from campaigns.contacts import addresses
from campaigns.core.actors import Actor
from campaigns.core.db import keys_of
from campaigns.core.errors import Conflict, InvalidInput, NotFound, NotPermitted

R = SuppressionReason

LIFTED_BY_CONSENT = frozenset({R.OPT_OUT, R.PROVIDER_OPT_OUT})
LIFTED_BY_PROOF = frozenset({R.COMPLAINT, R.ERASED})
"""Taken back only by the person, from the address itself (the link in the confirmation, a
text from the phone): staff cannot type in what would lift these."""
LIFTED_BY_STAFF = frozenset(
    {
        R.HARD_BOUNCE,
        R.INVALID,
        R.NOT_MOBILE,
        R.UNROUTABLE,
        R.SOFT_BLOCK,
        R.BLOCKED,
        R.REASSIGNED,
        R.MANUAL,
    }
)
"""What the clinic itself found out or decided, and may find out to be wrong."""

STAYS = frozenset({R.LEGAL, R.DECEASED, R.MINOR})
"""Lifted by nobody here."""

IN_WORDS = {
    R.OPT_OUT: "said stop",
    R.PROVIDER_OPT_OUT: "said stop to the phone company",
    R.COMPLAINT: "reported a message as spam",
    R.HARD_BOUNCE: "the address does not exist",
    R.INVALID: "the number cannot be used",
    R.NOT_MOBILE: "the number takes no texts",
    R.UNROUTABLE: "the number cannot be reached",
    R.SOFT_BLOCK: "the mailbox refuses mail for now",
    R.BLOCKED: "the mailbox refuses our mail",
    R.REASSIGNED: "the number may belong to somebody else now",
    R.LEGAL: "a legal demand",
    R.MANUAL: "staff decided so",
    R.DECEASED: "the person has died",
    R.MINOR: "the person is under 18",
    R.ERASED: "the person asked to be erased",
}

_GRAVEST_FIRST = (R.LEGAL, R.ERASED, R.DECEASED, R.MINOR, R.COMPLAINT, R.OPT_OUT)


def add(
    session: Session,
    *,
    channel: str,
    address: str,
    reason: SuppressionReason | str,
    now: datetime,
    contact_id: int | None = None,
    note: str = "",
    expires_at: datetime | None = None,
    expressed_at: datetime | None = None,
) -> Suppression:
    """Put a normalised address on the list; the same reason twice is one row."""
    ring = keys_of(session)
    address_hash = ring.address_hash(channel, address)
    expressed_at = expressed_at or now
    same = session.scalar(
        select(Suppression)
        .where(
            Suppression.channel == channel,
            Suppression.address_hash == address_hash,
            Suppression.reason == SuppressionReason(reason),
            is_active(now),
        )
        .limit(1)
    )
    if same is not None:
        if same.expires_at is not None:
            same.expires_at = None if expires_at is None else max(same.expires_at, expires_at)
        same.expressed_at = max(same.expressed_at, expressed_at)
        session.flush()
        return same
    row = Suppression(
        channel=channel,
        address_hash=address_hash,
        mailbox_hash=ring.address_hash(channel, addresses.mailbox(channel, address)),
        reason=SuppressionReason(reason),
        note=note[:255],
        contact_id=contact_id,
        expressed_at=expressed_at,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row


def is_suppressed(
    session: Session, channel: str, address: str, now: datetime
) -> Suppression | None:
    """Return the gravest reason not to contact an address now, None if there is none."""
    return next(iter(active_for(session, channel, address, now)), None)


def active_for(session: Session, channel: str, address: str, now: datetime) -> list[Suppression]:
    """Return all reasons that hold for an address now, gravest first; all keys are tried.

    A stop for another spelling of the same mailbox holds too (``addresses.mailbox``).
    """
    hashes = keys_of(session).address_hashes(channel, addresses.mailbox(channel, address))
    rows = session.scalars(
        select(Suppression)
        .where(Suppression.channel == channel, Suppression.mailbox_hash.in_(hashes), is_active(now))
        .order_by(Suppression.id)
    )
    return sorted(rows, key=_gravity)


def history_of(session: Session, held: Iterable[tuple[str, str]]) -> list[Suppression]:
    """Return every suppression of channels and addresses, lifted ones too, newest first."""
    hashes = list(owners(session, held))
    if not hashes:
        return []
    query = select(Suppression).where(Suppression.mailbox_hash.in_(hashes))
    return list(session.scalars(query.order_by(Suppression.id.desc())))


def last_stop(session: Session, channel: str, address: str) -> datetime | None:
    """Return when somebody last said at this address that they want no more, None for never."""
    own = LIFTED_BY_CONSENT | LIFTED_BY_PROOF
    rows = history_of(session, [(channel, address)])
    return max((row.expressed_at for row in rows if row.reason in own), default=None)


def history_about(
    session: Session, contact_id: int, held: Iterable[tuple[str, str]]
) -> list[Suppression]:
    """Return what was listed because of a person or for these addresses, oldest first."""
    query = select(Suppression).where(
        or_(
            Suppression.contact_id == contact_id,
            Suppression.mailbox_hash.in_(list(owners(session, held))),
        )
    )
    return list(session.scalars(query.order_by(Suppression.id)))


def page(
    session: Session,
    *,
    now: datetime,
    reason: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Suppression]:
    """Return what holds now, newest first; ``before`` is the last id of the page before."""
    query = select(Suppression).where(is_active(now))
    if reason is not None:
        query = query.where(Suppression.reason == reason)
    if before is not None:
        query = query.where(Suppression.id < before)
    return list(session.scalars(query.order_by(Suppression.id.desc()).limit(limit)))


def owners(
    session: Session, held: Iterable[tuple[str, str]]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return, for each hash that may block one of these addresses, the addresses it blocks.

    Takes pairs of channel and normalised address; compare with ``mailbox_hash``.
    """
    ring = keys_of(session)
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for pair in set(held):
        for digest in ring.address_hashes(pair[0], addresses.mailbox(*pair)):
            found[digest] = (*found.get(digest, ()), pair)
    return found


def is_active(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a suppression row holds at a moment."""
    not_over = or_(Suppression.expires_at.is_(None), Suppression.expires_at > now)
    return Suppression.lifted_at.is_(None) & not_over


def active_suppression(channel_column: Any, hash_column: Any, now: datetime) -> ColumnElement[bool]:
    """Return SQL that is true where an address is not to be contacted; for joins and gates.

    Compares with ``addresses.address_hash``, made with the current key of the ring.
    """
    return exists(
        select(Suppression.id)
        .where(Suppression.mailbox_hash == hash_column, Suppression.channel == channel_column)
        .where(is_active(now))
        .correlate_except(Suppression)
    )


def lift_by_consent(
    session: Session,
    *,
    channel: str,
    address: str,
    entry_id: int,
    expressed_at: datetime,
    proven: bool = False,
    now: datetime,
) -> int:
    """Lift what the person's own newer consent lifts; return how many rows.

    ``proven`` where it came from the address itself: only that lifts a complaint, or lets
    a person who was erased begin anew.

    Who confirms under one spelling of a mailbox reads it under the others: stops for those
    are lifted too. Whoever left under another spelling stays left by their own state.
    """
    lifted = 0
    reasons = LIFTED_BY_CONSENT | LIFTED_BY_PROOF if proven else LIFTED_BY_CONSENT
    for row in active_for(session, channel, address, now):
        if row.reason in reasons and row.expressed_at < expressed_at:
            row.lifted_at = now
            row.lifted_by_entry_id = entry_id
            lifted += 1
    session.flush()
    return lifted


def refuse_erased(session: Session, channel: str, address: str, now: datetime) -> None:
    """Raise InvalidInput ``address_erased`` where staff type in an address that was erased."""
    if any(row.reason == R.ERASED for row in active_for(session, channel, address, now)):
        raise InvalidInput(
            "address_erased",
            "Somebody with this address asked to be erased, so it is not kept. Only the person "
            "can come back, by signing up again.",
        )


def lift(
    session: Session, suppression_id: int, *, actor: Actor, now: datetime, note: str = ""
) -> Suppression:
    """Take an address off the list because staff know better (a mended mailbox, an error).

    Raises: NotFound ``suppression``; Conflict ``lifted_already``; NotPermitted
    ``own_words`` for what only the person can take back, or nobody can.
    """
    row = session.get(Suppression, suppression_id)
    if row is None:
        raise NotFound("suppression", "This entry is not on the list any more.")
    if row.lifted_at is not None:
        raise Conflict("lifted_already", "This entry was taken off the list already.")
    if row.reason not in LIFTED_BY_STAFF:
        words = IN_WORDS[SuppressionReason(row.reason)]
        remedy = (
            "Only the person can take that back, by signing up again."
            if row.reason in LIFTED_BY_CONSENT | LIFTED_BY_PROOF
            else "This stays for good."
        )
        raise NotPermitted("own_words", f"On the list because: {words}. {remedy}")
    row.lifted_at = now
    row.lift_note = " ".join(note.split())[:255]
    audit.append(
        session,
        actor,
        "suppression.lifted",
        subject_kind="contact",
        subject_id=row.contact_id,
        now=now,
        suppression=row.id,
        reason=str(row.reason),
    )
    session.flush()
    return row


def _gravity(row: Suppression) -> tuple[int, int]:
    reason = SuppressionReason(row.reason)
    grave = _GRAVEST_FIRST.index(reason) if reason in _GRAVEST_FIRST else len(_GRAVEST_FIRST)
    return (grave, row.id)
