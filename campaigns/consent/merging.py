"""Two records of one person become one: no stop is lost, and no consent is invented."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.consent import ledger, standing
from campaigns.consent.models import Action, ConsentStatus, Method
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact, ContactStatus, Note
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput


def merge(session: Session, *, keep_id: int, drop_id: int, actor: Actor, now: datetime) -> Contact:
    """Fold one record into another; the other stays on file as merged.

    The kept record takes what it lacks: addresses with the consent given for them, name
    parts, place, notes. A stop on either record is a stop on the kept one.

    Raises: NotFound ``contact``; InvalidInput ``merge_same``, ``merge_gone``.
    """
    if keep_id == drop_id:
        raise InvalidInput("merge_same", "These are the same record; nothing was changed.")
    directory.lock(session, [keep_id, drop_id])
    keep, drop = directory.get(session, keep_id), directory.get(session, drop_id)
    if ContactStatus.MERGED in (keep.status, drop.status):
        raise InvalidInput("merge_gone", "One of them was merged before; nothing was changed.")
    for channel in Channel:
        _take_channel(session, keep, drop, channel, actor=actor, now=now)
    for name in ("first_name", "last_name", "postal_code", "state", "city", "timezone"):
        if not getattr(keep, name) and getattr(drop, name):
            setattr(keep, name, getattr(drop, name))
    keep.adult_confirmed = keep.adult_confirmed or drop.adult_confirmed
    for name in ("last_heard_at", "last_clicked_at", "last_booked_at", "hold_until"):
        moments = [at for at in (getattr(keep, name), getattr(drop, name)) if at is not None]
        setattr(keep, name, max(moments, default=None))
    session.execute(update(Note).where(Note.contact_id == drop_id).values(contact_id=keep_id))
    drop.status = ContactStatus.MERGED
    drop.merged_into_id = keep_id
    keep.updated_at = drop.updated_at = now
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


def _take_channel(
    session: Session,
    keep: Contact,
    drop: Contact,
    channel: Channel,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    theirs = standing.current(session, drop.id, channel)
    stopped = theirs is not None and theirs.status == ConsentStatus.WITHDRAWN
    granted = theirs is not None and theirs.status == ConsentStatus.GRANTED
    mine = directory.addresses_of(session, keep.id).get(channel)
    other = directory.addresses_of(session, drop.id).get(channel)
    moves = mine is None and other is not None
    if moves:
        assert other is not None
        other.contact_id = keep.id
        session.flush()
    if stopped:
        ledger.withdraw(
            session,
            contact_id=keep.id,
            channel=channel,
            method=Method.STAFF,
            actor=actor,
            now=now,
            evidence={"merged_from": drop.id},
        )
    elif moves and granted:
        _carry_over(session, keep, drop, channel, actor=actor, now=now)
    elif moves:
        standing.note_unproven(session, keep.id, channel, now=now)


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
        evidence={"merged_from": drop.id, "earlier_entry": given.id},
        source_label=state.source_label if state else "",
    )
