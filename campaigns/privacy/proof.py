"""Everything that proves what one person agreed to and took back, ready to hand over.

Reads only. Times are instants in UTC, and again in the person's own zone as far as one is
known (what the person told us, else what ZIP code and area code allow, else the clinic's).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.consent import ledger, suppression, verification
from campaigns.consent.models import ConsentEntry, ConsentState, Disclosure, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Contact
from campaigns.delivery import profiles
from campaigns.imports import files

_KEPT_APART = frozenset({"address"})
"""Evidence that has a place of its own in an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the ledger, with all that is on file about it."""

    number: int
    """Its place in the chain."""
    record: int
    """The number of the person's record for which it was said; of two that were merged, either."""
    channel: str
    action: str
    method: str
    address: str | None
    expressed_at: datetime
    recorded_at: datetime
    words: str | None
    """The exact words that the person was shown."""
    words_sha256: str | None
    version: str | None
    """Kind, language and number of the wording, None where it was not one of ours."""
    approved_by: str | None
    promised_per_month: int | None
    evidence: dict[str, Any]
    evidence_erased: bool
    recorded_by: str
    prev_hash: str
    row_hash: str
    fault: str | None
    """Why the entry itself does not hold; None when its hashes, mark and words are right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One time on the do-not-contact list."""

    channel: str
    reason: str
    in_words: str
    since: datetime
    said_at: datetime
    until: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is on file about one person's consent, at one moment."""

    contact_id: int
    name: str
    made_at: datetime
    zone: str
    zone_from: str
    """``told``, ``derived`` (from ZIP code or area code) or ``clinic``."""
    addresses: dict[str, str]
    merged: list[int]
    """The numbers of records that were merged into this one."""
    states: dict[str, dict[str, Any]]
    events: list[Event]
    blocks: list[Block]
    ledger_fault: str | None
    """The first fault of the whole ledger, None when it is whole."""

    def local(self, at: datetime) -> datetime:
        """Return an instant in the person's zone."""
        return at.astimezone(ZoneInfo(self.zone))

    def as_json(self) -> dict[str, Any]:
        """Return the proof as plain values; times as ISO 8601, in UTC and in the zone."""
        body: dict[str, Any] = self._plain(asdict(self))
        return body

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(name): self._plain(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._plain(one) for one in value]
        if isinstance(value, datetime):
            return {
                "utc": value.astimezone(UTC).isoformat(timespec="milliseconds"),
                "local": self.local(value).isoformat(timespec="milliseconds"),
            }
        return value


def of_person(session: Session, contact_id: int, *, clinic_zone: str, now: datetime) -> Proof:
    """Gather the proof of a person; reads the whole ledger to say whether it holds.

    Raises: NotFound ``contact``.
    """
    contact = directory.get(session, contact_id)
    held = directory.addresses_of(session, contact_id)
    entries = sorted(ledger.history(session, contact_id), key=lambda entry: entry.id)
    zone, zone_from = _zone(session, contact, clinic_zone)
    fault = verification.find_fault(session)
    addresses = {str(channel): row.address for channel, row in held.items()}
    records = directory.records_of(session, contact_id)
    everywhere = {
        (str(row.channel), row.address)
        for number in records
        for row in directory.addresses_of(session, number).values()
    }
    return Proof(
        contact_id=contact_id,
        name=f"{contact.first_name} {contact.last_name}".strip(),
        made_at=now,
        zone=zone,
        zone_from=zone_from,
        addresses=addresses,
        merged=[number for number in records if number != contact_id],
        states={
            channel: _state(row) for channel, row in ledger.state_of(session, contact_id).items()
        },
        events=_events(session, entries),
        blocks=_blocks(session, contact_id, everywhere),
        ledger_fault=f"Entry {fault.entry_id}: {fault.why}" if fault else None,
    )


def _zone(session: Session, contact: Contact, clinic_zone: str) -> tuple[str, str]:
    if contact.timezone:
        return contact.timezone, "told"
    zones = sorted(profiles.of_person(session, contact.id).zones)
    if zones:
        return zones[0], "derived"
    return clinic_zone, "clinic"


def _state(row: ConsentState) -> dict[str, Any]:
    return {
        "status": str(row.status),
        "since": row.since,
        "entry": row.entry_id,
        "at_most_per_month": row.frequency_per_month,
    }


def _events(session: Session, entries: list[ConsentEntry]) -> list[Event]:
    versions = {
        row.id: row
        for row in session.scalars(
            select(Disclosure).where(
                Disclosure.id.in_({e.disclosure_id for e in entries if e.disclosure_id})
            )
        )
    }
    proofs = ledger.evidence_of(session, [entry.id for entry in entries])
    for evidence in proofs.values():
        if digest := evidence.get("attestation"):
            evidence["vouched_for"] = files.vouched_for(session, str(digest))
    return [
        _event(session, e, versions.get(e.disclosure_id or 0), proofs.get(e.id)) for e in entries
    ]


def _event(
    session: Session,
    entry: ConsentEntry,
    version: Disclosure | None,
    evidence: dict[str, Any] | None,
) -> Event:
    fault = verification.place_of(session, entry)
    by = str(entry.actor_kind) + (f" {entry.actor_id}" if entry.actor_id else "")
    return Event(
        number=entry.id,
        record=entry.contact_id,
        channel=entry.channel,
        action=str(entry.action),
        method=str(entry.method),
        address=(evidence or {}).get("address"),
        expressed_at=entry.expressed_at,
        recorded_at=entry.recorded_at,
        words=ledger.wording_of(session, entry),
        words_sha256=entry.wording_sha256,
        version=f"{version.kind}, {version.locale}, version {version.version}" if version else None,
        approved_by=version.approved_by if version else None,
        promised_per_month=version.frequency_per_month if version else None,
        evidence={k: v for k, v in (evidence or {}).items() if k not in _KEPT_APART},
        evidence_erased=evidence is None,
        recorded_by=by,
        prev_hash=entry.prev_hash,
        row_hash=entry.row_hash,
        fault=fault.why if fault else None,
    )


def _blocks(session: Session, contact_id: int, held: set[tuple[str, str]]) -> list[Block]:
    rows = suppression.history_about(session, contact_id, sorted(held))
    return [
        Block(
            channel=row.channel,
            reason=str(row.reason),
            in_words=suppression.IN_WORDS[SuppressionReason(row.reason)],
            since=row.created_at,
            said_at=row.expressed_at,
            until=row.expires_at,
            lifted_at=row.lifted_at,
            lifted_by=None
            if row.lifted_at is None
            else f"the person's own consent, entry {row.lifted_by_entry_id}"
            if row.lifted_by_entry_id
            else "the staff",
            note=row.lift_note or row.note,
        )
        for row in rows
    ]
