"""Stops first: who is not to be contacted by a file, before anybody's consent is read from it.

Another line of the file may agree for the very address that a later line closes. So the
whole file is gone through for stops, and only then for people; doing it twice adds nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from campaigns.consent import stops, suppression
from campaigns.consent.ledger import Wish
from campaigns.consent.models import Action, Suppression, SuppressionReason
from campaigns.consent.stops import Stop
from campaigns.contacts import addresses
from campaigns.contacts.models import Channel
from campaigns.core.clock import Clock
from campaigns.core.db import Database, keys_of
from campaigns.imports.cells import Stand
from campaigns.imports.lines import Layout, Line
from campaigns.imports.models import Import, ImportState
from campaigns.imports.reading import Record

R = SuppressionReason
_CHUNK = 2000
_SUPPRESSIONS = cast(Table, Suppression.__table__)
_CLAIM = (
    update(_SUPPRESSIONS)
    .where(
        _SUPPRESSIONS.c.address_hash == bindparam("of_hash"),
        _SUPPRESSIONS.c.channel == bindparam("of_channel"),
        _SUPPRESSIONS.c.contact_id.is_(None),
    )
    .values(contact_id=bindparam("owner"))
)
EMAIL, SMS = Channel.EMAIL.value, Channel.SMS.value
Held = tuple[str, str]
"""A channel and a normalised address."""

CLOSED_FOR_FILES = suppression.LIFTED_BY_CONSENT | {
    R.COMPLAINT,
    R.LEGAL,
    R.ERASED,
    R.DECEASED,
    R.MINOR,
}
"""What no file can open again: the ledger refuses an agreement for such an address."""

_ERASED = (
    "Somebody with this address asked to be erased, so nothing of this line was kept. Only a new "
    "sign-up of their own brings them back."
)
_REASONS = {
    (Channel.EMAIL, Stand.OUT): R.OPT_OUT,
    (Channel.EMAIL, Stand.COMPLAINED): R.COMPLAINT,
    (Channel.EMAIL, Stand.BOUNCED): R.HARD_BOUNCE,
    (Channel.SMS, Stand.OUT): R.OPT_OUT,
    (Channel.SMS, Stand.COMPLAINED): R.COMPLAINT,
    (Channel.SMS, Stand.BOUNCED): R.INVALID,
}


def of_lines(lines: Iterable[Line]) -> list[Stop]:
    """Return the stops that lines tell of, one for each address and reason."""
    found: dict[tuple[str, str, R], Stop] = {}
    for line in lines:
        if not line.stands:
            continue
        for channel, address in held_by(line):
            stand = line.stands.get(channel)
            reason = None if stand is None else _REASONS.get((Channel(channel), stand))
            if reason is not None:
                stop = Stop(channel, address, reason, line.left_at.get(channel))
                found.setdefault((channel, address, reason), stop)
    return list(found.values())


def held_by(line: Line) -> list[Held]:
    """Return the addresses of a line."""
    found = []
    if line.email:
        found.append((EMAIL, line.email))
    if line.phone:
        found.append((SMS, line.phone))
    return found


def reasons_of(session: Session, lines: Iterable[Line], *, now: datetime) -> dict[Held, set[R]]:
    """Return why addresses of these lines are not contacted now; others are missing."""
    return stops.reasons_of(session, {h for line in lines for h in held_by(line)}, now=now)


def refuse_erased(lines: Iterable[Line], reasons: Mapping[Held, set[R]]) -> None:
    """Refuse the lines of people who asked to be erased: not even their names come back."""
    if not any(R.ERASED in why for why in reasons.values()):
        return
    for line in lines:
        if line.refusal is None and any(
            R.ERASED in reasons.get(held, ()) for held in held_by(line)
        ):
            line.refusal = ("erased_before", _ERASED)


def mailbox_of(held: Held) -> Held:
    """Return an address as stops compare it: other spellings of one mailbox are one."""
    return held[0], addresses.mailbox(*held)


def run_first(
    db: Database, import_id: int, layout: Layout, records: Iterable[Record], clock: Clock
) -> bool:
    """Put everybody on the do-not-contact list whom a file's own columns put there.

    In short transactions; tells whether the import still runs. Again from the start after
    an interruption: what is on the list already stays as it is.
    """
    remaining = iter(records)
    while True:
        part = [layout.read(record) for record in itertools.islice(remaining, _CHUNK)]
        with db.transaction() as session:
            found = session.scalar(
                select(Import)
                .where(Import.id == import_id, Import.state == ImportState.RUNNING)
                .with_for_update()
            )
            if found is None:
                return False
            stops.add_many(session, of_lines(part), now=clock.now(), note=f"import {import_id}")
            if not part:
                found.stops_done = True
                return True


def claim(session: Session, wishes: Iterable[Wish]) -> None:
    """Note whose the stops of a chunk are, now that the people exist."""
    ring = keys_of(session)
    rows = [
        {
            "of_channel": str(wish.channel),
            "of_hash": ring.address_hash(wish.channel, wish.address),
            "owner": wish.contact_id,
        }
        for wish in wishes
        if wish.action == Action.OPT_OUT and wish.address
    ]
    if rows:
        session.connection().execute(_CLAIM, rows)
