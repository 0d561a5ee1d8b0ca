"""After a new suppression key: carry the stored hashes of addresses over to it.

The gate compares an address's hash with those on the do-not-contact list inside the
database, so all of them must be of one key. A hash is carried over without the address
(``KeyRing.rehashed``), so stops of people who are long gone keep blocking. The ledger's
entries stay as they were written: look-ups there try every key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from campaigns.consent.models import Suppression
from campaigns.contacts.models import Address
from campaigns.core.db import keys_of

_CHUNK = 5000
_HASHES: tuple[tuple[Table, Sequence[str]], ...] = (
    (cast(Table, Suppression.__table__), ("address_hash", "mailbox_hash")),
    (cast(Table, Address.__table__), ("address_hash",)),
)


def is_due(session: Session) -> bool:
    """Tell whether hashes of an older key are left: a rotation that was cut short."""
    return any(
        session.execute(_old(session, table, names).limit(1)).first() is not None
        for table, names in _HASHES
        if len(keys_of(session).all("suppression")) > 1
    )


def finish(session: Session) -> int:
    """Carry every stored hash over to the current key; return how many rows; repeatable.

    All in the caller's one transaction: a gate that saw half of it would miss stops.
    """
    ring = keys_of(session)
    if len(ring.all("suppression")) == 1:
        return 0
    changed = 0
    for table, names in _HASHES:
        while rows := session.execute(_old(session, table, names).limit(_CHUNK)).mappings().all():
            values: list[dict[str, Any]] = [
                {"row": row["id"], **{f"to_{name}": ring.rehashed(row[name]) for name in names}}
                for row in rows
            ]
            session.connection().execute(
                update(table)
                .where(table.c.id == bindparam("row"))
                .values({name: bindparam(f"to_{name}") for name in names}),
                values,
            )
            changed += len(rows)
    return changed


def _old(session: Session, table: Table, names: Sequence[str]) -> Any:
    """Select rows with a hash of a key that the ring has, and that is not the current one."""
    kids = [key.kid for key in keys_of(session).all("suppression")[1:]]
    return select(table.c.id, *(table.c[name] for name in names)).where(
        or_(*(table.c[name].startswith(f"{kid}:") for name in names for kid in kids))
    )
