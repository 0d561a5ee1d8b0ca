"""Many stops at once: what another system's export says about who is not to be contacted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from campaigns.consent import suppression
from campaigns.consent.models import Suppression, SuppressionReason
from campaigns.contacts import addresses
from campaigns.core import bulk
from campaigns.core.db import keys_of


@dataclass(frozen=True, slots=True)
class Stop:
    """One address that is not to be contacted, and why. The address is normalised."""

    channel: str
    address: str
    reason: SuppressionReason
    expressed_at: datetime | None = None


def add_many(session: Session, stops: Sequence[Stop], *, now: datetime, note: str = "") -> int:
    """Put addresses on the do-not-contact list; what is on it already stays as it is.

    A reason is added beside another one. Doing it twice adds nothing. Returns how many
    rows were written.
    """
    ring = keys_of(session)
    wanted = {(s.channel, s.address, SuppressionReason(s.reason)): s for s in stops}
    present = reasons_of(session, {(s.channel, s.address) for s in stops}, now=now)
    rows = [
        {
            "channel": str(stop.channel),
            "address_hash": ring.address_hash(stop.channel, stop.address),
            "mailbox_hash": ring.address_hash(
                stop.channel, addresses.mailbox(stop.channel, stop.address)
            ),
            "reason": str(reason),
            "note": note[:255],
            "expressed_at": min(stop.expressed_at or now, now),
            "created_at": now,
            "lift_note": "",
        }
        for (channel, address, reason), stop in wanted.items()
        if reason not in present.get((channel, address), set())
    ]
    if rows:
        session.execute(insert(Suppression), rows)
    return len(rows)


def reasons_of(
    session: Session, held: Iterable[tuple[str, str]], *, now: datetime
) -> dict[tuple[str, str], set[SuppressionReason]]:
    """Return why addresses are not contacted now; addresses that may be are missing.

    Takes pairs of channel and normalised address. Other spellings of a mailbox count.
    """
    owners = suppression.owners(session, held)
    found: dict[tuple[str, str], set[SuppressionReason]] = {}
    if not owners:
        return found
    rows = session.execute(
        select(Suppression.mailbox_hash, Suppression.channel, Suppression.reason).where(
            bulk.among(session, Suppression.mailbox_hash, owners), suppression.is_active(now)
        )
    )
    for row in rows:
        for owner in owners[row.mailbox_hash]:
            if owner[0] == row.channel:
                found.setdefault(owner, set()).add(SuppressionReason(row.reason))
    return found
