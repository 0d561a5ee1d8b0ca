"""The hash chain of the ledger: append without gaps, and find the first entry that is wrong.

Each entry's hash covers its own fields and the hash before it, so a changed, removed or
inserted entry breaks every later one. Evidence is covered by a salted digest: erasing it
leaves the chain whole, and the digest left behind gives nothing away.
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

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from campaigns.consent.models import ConsentEntry, ConsentEvidence, ConsentState, Wording
from campaigns.core.actors import Actor
from campaigns.core.db import is_sqlite

GENESIS = "0" * 64
_LOCK = 0x636F6E73656E74  # "consent": one advisory lock, because there is one chain
_CHUNK = 2000
_ENTRIES = cast(Table, ConsentEntry.__table__)
_EVIDENCE = cast(Table, ConsentEvidence.__table__)
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
    wordings = keep_wordings(session, (d.wording for d in drafts if d.wording))
    last, previous = _tip(session)
    entries: list[dict[str, Any]] = []
    evidence: list[dict[str, Any]] = []
    for number, draft in enumerate(drafts, last + 1):
        details = {"salt": secrets.token_hex(16), **plain(draft.evidence)}
        row: dict[str, Any] = {
            "id": number,
            "contact_id": draft.contact_id,
            "channel": draft.channel,
            "program": "marketing",
            "action": str(draft.action),
            "method": str(draft.method),
            "expressed_at": draft.expressed_at,
            "recorded_at": draft.recorded_at,
            "address_hash": draft.address_hash,
            "disclosure_id": draft.disclosure_id,
            "wording_sha256": wordings[draft.wording] if draft.wording else None,
            "evidence_sha256": digest(details),
            "actor_kind": str(draft.actor.kind),
            "actor_id": draft.actor.id,
            "prev_hash": previous,
        }
        previous = row["row_hash"] = seal(previous, row)
        entries.append(row)
        evidence.append({"entry_id": number, "details": details})
    session.execute(insert(_ENTRIES), entries)
    session.execute(insert(_EVIDENCE), evidence)
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
    fields = [_canonical(row[name]) for name in _SEALED]
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


def verify(session: Session) -> int | None:
    """Read the whole chain; return the number of the first bad entry, None if all is well.

    Finds changed, missing and inserted entries, evidence and wording that do not match
    their digests, and an end that was cut off where a current state still points to it.
    """
    previous, number = GENESIS, 0
    wordings = {
        sha: hashlib.sha256(words.encode()).hexdigest() == sha
        for sha, words in session.execute(select(Wording.sha256, Wording.text))
    }
    while True:
        query = (
            select(_ENTRIES, _EVIDENCE.c.details)
            .outerjoin(_EVIDENCE, _EVIDENCE.c.entry_id == _ENTRIES.c.id)
            .where(_ENTRIES.c.id > number)
            .order_by(_ENTRIES.c.id)
            .limit(_CHUNK)
        )
        rows = session.execute(query).mappings().all()
        if not rows:
            break
        for row in rows:
            number += 1
            if not _holds(row, number, previous, wordings):
                return number
            previous = row["row_hash"]
    referred = session.scalar(select(func.max(ConsentState.entry_id))) or 0
    return number + 1 if referred > number else None


def _holds(row: Any, number: int, previous: str, wordings: Mapping[str, bool]) -> bool:
    if row["id"] != number or row["prev_hash"] != previous:
        return False
    if row["row_hash"] != seal(previous, row):
        return False
    if row["wording_sha256"] is not None and not wordings.get(row["wording_sha256"], False):
        return False
    return row["details"] is None or digest(row["details"]) == row["evidence_sha256"]


def _lock(session: Session) -> None:
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


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
