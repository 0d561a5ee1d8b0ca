"""A person's address changes: what was agreed for the old one does not hold for the new."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.consent import chain, standing, suppression
from campaigns.consent.models import Action, ConsentEntry, ConsentState, ConsentStatus, Method
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel, ContactStatus
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.db import keys_of
from campaigns.core.errors import InvalidInput

_HELD = (ConsentStatus.GRANTED, ConsentStatus.PENDING)


def change(
    session: Session,
    contact_id: int,
    channel: str,
    address: str | None,
    *,
    actor: Actor,
    now: datetime,
    source_label: str = "",
) -> bool:
    """Give a person another address on a channel, or none; tell whether anything changed.

    Consent for the old address ends: the new one counts as come without proof. A stop
    stays a stop, for the person and for the old address.

    Raises: NotFound ``contact``; InvalidInput when the address cannot be used,
    ``address_erased``, ``contact_erased``.
    """
    directory.lock(session, [contact_id])
    held = directory.addresses_of(session, contact_id).get(Channel(channel))
    new = addresses.normalise(channel, address) if address and address.strip() else None
    if (held.address if held else None) == new:
        return False
    if directory.get(session, contact_id).status == ContactStatus.ERASED:
        raise InvalidInput("contact_erased", "This person was erased; nothing is kept any more.")
    if new is not None:
        suppression.refuse_erased(session, channel, new, now)
    old = held.address if held else None
    directory.set_address(session, contact_id, channel, new, now=now)
    state = standing.current(session, contact_id, channel)
    if state is not None and state.status in _HELD:
        _end(session, state, old, new, actor=actor, now=now)
    if new is not None:
        standing.note_unproven(session, contact_id, channel, source_label=source_label, now=now)
    return True


def _end(
    session: Session,
    state: ConsentState,
    old: str | None,
    new: str | None,
    *,
    actor: Actor,
    now: datetime,
) -> ConsentEntry:
    """Record that consent ended with the address it was given for."""
    ring = keys_of(session)
    (number,) = chain.append(
        session,
        [
            chain.Draft(
                contact_id=state.contact_id,
                channel=state.channel,
                action=Action.ADDRESS_CHANGED,
                method=Method.STAFF if actor.kind == ActorKind.STAFF else Method.PREFERENCES,
                expressed_at=now,
                recorded_at=now,
                actor=actor,
                address_hash=ring.address_hash(state.channel, new) if new else None,
                evidence={"old_address": old, "new_address": new},
            )
        ],
    )
    state.status = ConsentStatus.NONE
    state.since = now
    state.entry_id = number
    state.frequency_per_month = None
    session.flush()
    return session.get_one(ConsentEntry, number)
