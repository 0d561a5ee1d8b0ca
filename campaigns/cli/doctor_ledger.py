"""What ``campaigns doctor`` asks about consent: keys, chain, states, guards."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from campaigns.consent import checklist, verification
from campaigns.consent.models import ConsentState, ConsentStatus, Disclosure, Suppression
from campaigns.contacts import addresses
from campaigns.contacts.models import Address
from campaigns.core.db import is_sqlite, keys_of
from campaigns.wiring import Services

GUARDED = (
    "audit_entries",
    "consent_entries",
    "disclosures",
    "lesson_versions",
    "reviews",
    "wordings",
)
"""Tables that the database itself refuses to change."""
_TRIGGERS = {True: ("no_update", "no_delete", "no_replace"), False: ("append_only", "no_truncate")}
_CHUNK = 5000


def key_ring(services: Services, session: Session) -> str | None:
    """Find a key ring that is there but belongs to another database."""
    if verification.keys_fit(session) is not False:
        return None
    return (
        f"{services.settings.key_ring_path} is not the key ring of this database: addresses on "
        "file do not come out under their own hash, so no opt-out would be recognised. Stop the "
        "service and restore the file from the backup that belongs to this database."
    )


def ledger(_: Services, session: Session) -> str | None:
    """Find the first entry that is not what was written."""
    fits = verification.keys_fit(session) is not False
    fault = verification.find_fault(session, keyed=fits)
    if fault is None:
        return None
    return (
        f"Entry {fault.entry_id} of the consent ledger is the first that does not hold. "
        f"{fault.why} The data was changed outside the service: compare with a backup from before."
    )


def guards(_: Services, session: Session) -> str | None:
    """Find triggers that somebody took off."""
    if is_sqlite(session):
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
    there = set(session.scalars(text(query)))
    wanted = {f"{table}_{kind}" for table in GUARDED for kind in _TRIGGERS[is_sqlite(session)]}
    gone = sorted(wanted - there)
    if not gone:
        return None
    return (
        f"The database no longer guards {len(gone)} of its append-only records "
        f"({', '.join(gone[:3])}{' …' if len(gone) > 3 else ''}): somebody took the triggers off. "
        "Restore the schema from a backup, or put them back from migration 0015."
    )


def addresses_under_their_hash(_: Services, session: Session) -> str | None:
    """Find addresses whose hash is another's: a stop for them would not be seen."""
    if verification.keys_fit(session) is False:
        return None  # said already, and everything would look wrong
    ring = keys_of(session)
    wrong, last, kid = 0, 0, f"{ring.current('suppression').kid}:"
    while True:
        rows = session.execute(
            select(Address.id, Address.channel, Address.address, Address.address_hash)
            .where(Address.id > last)
            .order_by(Address.id)
            .limit(_CHUNK)
        ).all()
        if not rows:
            break
        last = rows[-1].id
        wrong += sum(
            row.address_hash
            != ring.address_hash(row.channel, addresses.mailbox(row.channel, row.address))
            for row in rows
        )
    old = session.scalar(
        select(func.count())
        .select_from(Suppression)
        .where(~Suppression.mailbox_hash.startswith(kid, autoescape=True))
    )
    if not wrong and not old:
        return None
    return (
        f"{wrong} addresses and {old or 0} entries of the do-not-contact list are not under the "
        "current key, so that stops may be missed. Stop the service and run: campaigns keys finish"
    )


def wording(_: Services, session: Session) -> str | None:
    """Find agreements to texts that rest on words with an open point."""
    unusable = [
        row
        for row in session.scalars(select(Disclosure).where(Disclosure.kind == "sms"))
        if not checklist.may_be_used(row)
    ]
    if not unusable:
        return None
    names = ", ".join(f"version {row.version} ({row.locale})" for row in unusable)
    return (
        f"Nobody vouches for every point of the words for texts, {names}; no consent can rest on "
        "them. Approve them under Settings, Consent wording."
    )


def agreements(_: Services, session: Session) -> str | None:
    """Find agreements that name no entry at all."""
    unproven = session.scalar(
        select(func.count()).where(
            ConsentState.status == ConsentStatus.GRANTED, ConsentState.entry_id.is_(None)
        )
    )
    return (
        f"{unproven} people count as agreed without an entry in the ledger." if unproven else None
    )
