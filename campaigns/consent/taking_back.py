"""Takes back agreements that the clinic recorded and should not have: an import undone.

The entries stay in the ledger; a new one says that they do not count. The person is where
somebody without proof is: email may be asked once to confirm, texts wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.consent import chain
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentEvidence,
    ConsentState,
    ConsentStatus,
    Method,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.actors import Actor

_AFTER = {Channel.EMAIL: ConsentStatus.UNCONFIRMED, Channel.SMS: ConsentStatus.WAITING}


def take_back(
    session: Session,
    contact_ids: Sequence[int],
    *,
    import_id: int,
    actor: Actor,
    now: datetime,
) -> list[tuple[int, str]]:
    """Take back what one import recorded as agreed and what still rests on it alone.

    A stop, a later agreement of the person's own, and what another file proved stay.
    Returns person and channel (``topic`` for keeping interests) of what was taken back.
    """
    directory.lock(session, contact_ids)
    rows = session.execute(
        select(ConsentState, ConsentEntry, ConsentEvidence.details)
        .join(ConsentEntry, ConsentEntry.id == ConsentState.entry_id)
        .join(ConsentEvidence, ConsentEvidence.entry_id == ConsentEntry.id)
        .where(
            ConsentState.contact_id.in_(contact_ids),
            ConsentState.status == ConsentStatus.GRANTED,
            ConsentEntry.method == Method.IMPORT,
        )
        .order_by(ConsentState.contact_id, ConsentState.channel)
    ).all()
    found = [(state, entry) for state, entry, details in rows if details.get("import") == import_id]
    drafts = [
        chain.Draft(
            contact_id=state.contact_id,
            channel=state.channel,
            action=Action.TAKEN_BACK,
            method=Method.STAFF,
            expressed_at=now,
            recorded_at=now,
            actor=actor,
            address_hash=entry.address_hash,
            evidence={"import": import_id, "earlier_entry": entry.id},
        )
        for state, entry in found
    ]
    for (state, _), number in zip(found, chain.append(session, drafts), strict=True):
        state.status = _AFTER.get(state.channel, ConsentStatus.NONE)
        state.since = now
        state.entry_id = number
        state.frequency_per_month = None
    session.flush()
    return [(state.contact_id, state.channel) for state, _ in found]
