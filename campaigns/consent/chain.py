"""The hash chain of the ledger: append without gaps; ``verification`` finds what is wrong.

Each entry's hash covers its own fields and the hash before it, so a changed, removed or
inserted entry breaks every later one. A keyed mark on each entry, and on the end of the
chain, shows who rewrites the hashes as well. Evidence is covered by a salted digest:
erasing it leaves the chain whole, and the digest left behind gives nothing away.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.orm import Session

from campaigns.consent.models import ConsentEntry, ConsentEvidence, ConsentHead, Wording
from campaigns.core import bulk
from campaigns.core.actors import Actor
from campaigns.core.db import change, is_sqlite, keys_of

GENESIS = "0" * 64
_LOCK = 0x636F6E73656E74  # "consent": one advisory lock, because there is one chain
_HEAD = cast(Table, ConsentHead.__table__)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode

_SEALED = (
    "id",
    "contact_id",
    "channel",
    "program",
    "action",
    "method",
    "expressed_at",
    "recorded_at",
    "address_hash",
    "disclosure_id",
    "wording_sha256",
    "evidence_sha256",
    "actor_kind",
    "actor_id",
)
_COLUMNS = (*_SEALED, "prev_hash", "row_hash", "mac")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry that has no place in the chain yet."""

    contact_id: int
    channel: str
    action: str
    method: str
    expressed_at: datetime
    recorded_at: datetime
    actor: Actor
    address_hash: str | None = None
    disclosure_id: int | None = None
    wording: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


def append(session: Session, drafts: Sequence[Draft]) -> range:
    """Add entries to the end of the chain, in order; return their ids.

    Takes the chain's lock until the transaction ends. Lock people's rows before.
    """
    if not drafts:
        return range(0)
    session.flush()
    _lock(session)
    ring = keys_of(session)
    wordings = keep_wordings(session, (d.wording for d in drafts if d.wording))
    last, previous = _tip(session)
    entries: list[tuple[Any, ...]] = []
    evidence: list[tuple[int, dict[str, Any]]] = []
    for number, draft in enumerate(drafts, last + 1):
        details = {"salt": secrets.token_hex(16), **plain(draft.evidence)}
        sealed = (
            number,
            draft.contact_id,
            draft.channel,
            "marketing",
            str(draft.action),
            str(draft.method),
            draft.expressed_at,
            draft.recorded_at,
            draft.address_hash,
            draft.disclosure_id,
            wordings[draft.wording] if draft.wording else None,
            digest(details),
            str(draft.actor.kind),
            draft.actor.id,
        )
        row_hash = _sealed(previous, sealed)
        entries.append((*sealed, previous, row_hash, ring.mark(mark_of(number, row_hash))))
        evidence.append((number, details))
        previous = row_hash
    bulk.insert(session, ConsentEntry, _COLUMNS, entries)
    bulk.insert(session, ConsentEvidence, ("entry_id", "details"), evidence)
    _write_head(session, last + len(drafts), previous)
    return range(last + 1, last + 1 + len(drafts))


def keep_wordings(session: Session, texts: Iterable[str]) -> dict[str, str]:
    """Store each text once; return its SHA-256 by text."""
    hashes = {t: hashlib.sha256(t.encode()).hexdigest() for t in set(texts)}
    if hashes:
        known = set(
            session.scalars(select(Wording.sha256).where(Wording.sha256.in_(hashes.values())))
        )
        fresh = [{"sha256": h, "text": t} for t, h in hashes.items() if h not in known]
        if fresh:
            session.execute(insert(Wording), fresh)
    return hashes


def seal(previous: str, row: Mapping[str, Any]) -> str:
    """Return an entry's hash: over its fields and the hash of the entry before it."""
    return _sealed(previous, (row[name] for name in _SEALED))


def _sealed(previous: str, values: Iterable[Any]) -> str:
    fields = [_canonical(value) for value in values]
    return hashlib.sha256(f"{previous}\n{_encode(fields)}".encode()).hexdigest()


def digest(details: Mapping[str, Any]) -> str:
    """Return the digest of evidence, whatever order the database keeps its keys in."""
    body = _encode_sorted(details)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence as values that both databases give back unchanged."""
    if all(
        value is None
        or type(value) is int
        or (type(value) is str and value.isascii() and "\x00" not in value)
        for value in details.values()
    ):
        return dict(details)
    body = json.dumps(dict(details), ensure_ascii=False, default=_canonical)
    body = body.replace("\\u0000", "").encode("utf-8", "replace").decode()
    loaded: dict[str, Any] = json.loads(body)
    return loaded


def mark_of(number: int, row_hash: str) -> str:
    """Return what an entry's keyed mark is made over."""
    return f"consent entry {number} {row_hash}"


def head_mark_of(number: int, row_hash: str) -> str:
    """Return what the keyed mark of the chain's end is made over."""
    return f"consent head {number} {row_hash}"


def _lock(session: Session) -> None:
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _write_head(session: Session, number: int, row_hash: str) -> None:
    """Note where the chain ends; the chain's lock is held."""
    mac = keys_of(session).mark(head_mark_of(number, row_hash))
    values = {"entry_id": number, "row_hash": row_hash, "mac": mac}
    if not change(session, update(_HEAD).values(values).where(_HEAD.c.id == 1)):
        session.execute(insert(_HEAD), {"id": 1, **values})


def _tip(session: Session) -> tuple[int, str]:
    """Return the last entry's number and hash."""
    query = select(ConsentEntry.id, ConsentEntry.row_hash).order_by(ConsentEntry.id.desc()).limit(1)
    row = session.execute(query).first()
    return (0, GENESIS) if row is None else (row.id, row.row_hash)


def _canonical(value: Any) -> Any:
    if value is None or isinstance(value, int | str):
        return value
    return _instant(value) if isinstance(value, datetime) else str(value)


@lru_cache(maxsize=64)
def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
