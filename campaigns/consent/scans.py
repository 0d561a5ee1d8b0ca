"""Scans of signed forms: checked by their bytes, sealed in the data folder, erasable.

A scan is a file named by its digest, sealed with the key ring, and a row that says whose
it is. The file is complete on disk before the row is committed: a process that is killed
in between leaves a file that nobody refers to, never a row without its file. The ledger's
evidence quotes the digest, so that a scan exchanged later is found out.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePath

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.consent.models import Scan
from campaigns.core import faults, sealing
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput, NotFound
from campaigns.core.keys import KeyRing

FOLDER = "scans"
"""Of the data folder."""
MAX_BYTES = 10 * 1024 * 1024
ORPHANED_AFTER = timedelta(days=1)
"""A file without a row that is older than this belongs to a form that was never saved."""

PDF, PNG, JPEG, WEBP = "application/pdf", "image/png", "image/jpeg", "image/webp"
ENDINGS = {PDF: "pdf", PNG: "png", JPEG: "jpg", WEBP: "webp"}
_HEIF = frozenset(b"heic heix heim heis hevc hevx hevm hevs heif mif1 msf1 avif avis".split())
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stored:
    """A scan that lies sealed on disk and has no row yet."""

    sha256: str
    media_type: str
    size: int
    filename: str


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of sealed scans; ``data_dir/scans``, to be backed up with the database."""

    folder: Path
    keys: KeyRing

    def put(self, content: bytes, *, filename: str = "") -> Stored:
        """Check a file and seal it on disk; the same content twice is one file.

        Call it before the transaction that records the row.

        Raises: InvalidInput ``scan_*`` with what is wrong and what to do.
        """
        media_type = kind_of(content)
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not path.exists():
            self._write(path, sealing.seal(self.keys, _purpose(digest), content))
        else:
            os.utime(path)  # younger than the sweep of what nobody refers to
        name = PurePath(filename.replace("\\", "/")).name[:120]
        return Stored(digest, media_type, len(content), name)

    def get(self, sha256: str) -> bytes:
        """Return a scan's content.

        Raises: NotFound ``scan_missing`` when the file is not in the folder; NotConfigured
        ``sealed_unreadable`` when it was sealed with other keys.
        """
        try:
            sealed = self._path(sha256).read_bytes()
        except FileNotFoundError as fault:
            raise NotFound(
                "scan_missing",
                "The scan is not in the data folder. Restore the folder “scans” from the backup "
                "of this database; its fingerprint is kept with the consent.",
            ) from fault
        return sealing.unseal(self.keys, _purpose(sha256), sealed)

    def has(self, sha256: str) -> bool:
        """Tell whether a scan's file is there."""
        return self._path(sha256).exists()

    def remove(self, sha256: str) -> None:
        """Remove a scan's file; nothing where there is none."""
        self._path(sha256).unlink(missing_ok=True)

    def sweep(self, known: set[str], *, now: datetime) -> int:
        """Remove what writers that were killed left behind; return how many files.

        ``known`` has the digests that rows refer to.
        """
        removed = 0
        horizon = (now - ORPHANED_AFTER).timestamp()
        for path in self.folder.glob("*"):
            if path.stem not in known and path.stat().st_mtime < horizon:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _path(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise NotFound("scan", "There is no such scan.")
        return self.folder / f"{sha256}.sealed"

    def _write(self, path: Path, sealed: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.folder / f".{secrets.token_hex(8)}.part"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                middle = len(sealed) // 2
                file.write(sealed[:middle])
                file.flush()
                faults.point("scan.half_written")
                file.write(sealed[middle:])
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.folder)


def kind_of(content: bytes) -> str:
    """Return a file's media type by its bytes; its name and what the browser says do not count.

    Raises: InvalidInput ``scan_empty``, ``scan_too_big``, ``scan_heic``, ``scan_kind``.
    """
    if not content:
        raise InvalidInput(
            "scan_empty", "The scan is an empty file. Take the photo again, or choose another file."
        )
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            "scan_too_big",
            f"The scan is larger than {MAX_BYTES // 1024 // 1024} MB. Photograph the form with a "
            "lower resolution, or scan it in grey. Nothing was saved.",
        )
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF:
        raise InvalidInput(
            "scan_heic",
            "This photo is in the HEIC format of an iPhone, which not every computer can open. On "
            "the phone choose Settings, Camera, Formats, “Most compatible” and take it again; or "
            "send a PDF. Nothing was saved.",
        )
    raise InvalidInput(
        "scan_kind",
        "This file is no PDF, JPEG, PNG or WebP. Photograph the form, or scan it as a PDF. "
        "Nothing was saved.",
    )


def record(
    session: Session,
    actor: Actor,
    stored: Stored,
    *,
    contact_id: int | None = None,
    now: datetime,
) -> Scan:
    """Keep the row of a scan that is on disk; for a person, or for none (a form of a batch)."""
    row = Scan(
        sha256=stored.sha256,
        media_type=stored.media_type,
        size=stored.size,
        filename=stored.filename,
        contact_id=contact_id,
        uploaded_by=actor.name[:120],
        uploaded_by_id=actor.id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    audit.append(
        session,
        actor,
        "scan.kept",
        subject_kind="scan" if contact_id is None else "contact",
        subject_id=row.id if contact_id is None else contact_id,
        now=now,
        scan=row.id,
    )
    return row


def get(session: Session, scan_id: int) -> Scan:
    """Return the row of a scan that was not erased.

    Raises: NotFound ``scan``, ``scan_erased``.
    """
    row = session.get(Scan, scan_id)
    if row is None:
        raise NotFound("scan", "There is no such scan.")
    if row.erased_at is not None:
        raise NotFound("scan_erased", "This scan was erased. Its fingerprint is kept as proof.")
    return row


def of_person(session: Session, contact_id: int) -> dict[int, Scan]:
    """Return a person's scans by their number, erased ones included."""
    rows = session.scalars(select(Scan).where(Scan.contact_id == contact_id).order_by(Scan.id))
    return {row.id: row for row in rows}


def view(session: Session, actor: Actor, scan_id: int, *, now: datetime) -> Scan:
    """Note in the audit trail that somebody looks at a scan; return its row.

    Raises: NotFound ``scan``, ``scan_erased``.
    """
    row = get(session, scan_id)
    audit.append(
        session,
        actor,
        "scan.viewed",
        subject_kind="scan" if row.contact_id is None else "contact",
        subject_id=row.id if row.contact_id is None else row.contact_id,
        now=now,
        scan=row.id,
    )
    return row


def erase(session: Session, actor: Actor, contact_id: int, *, now: datetime) -> list[str]:
    """Erase the scans of a person; return the digests of files that nobody refers to any more.

    The caller removes those with ``Store.remove`` once the transaction is committed: a file
    removed for a row that came back would be lost evidence. The digests stay in the rows.
    """
    rows = session.scalars(
        select(Scan).where(Scan.contact_id == contact_id, Scan.erased_at.is_(None))
    ).all()
    for row in rows:
        row.erased_at = now
        row.filename = ""
    session.flush()
    digests = {row.sha256 for row in rows}
    free = [digest for digest in sorted(digests) if not _is_used(session, digest)]
    if rows:
        audit.append(
            session,
            actor,
            "scan.erased",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            scans=len(rows),
        )
    return free


def known(session: Session) -> set[str]:
    """Return the digests that rows refer to; for the sweep."""
    return set(session.scalars(select(Scan.sha256).where(Scan.erased_at.is_(None)).distinct()))


def _is_used(session: Session, sha256: str) -> bool:
    query = select(func.count()).where(Scan.sha256 == sha256, Scan.erased_at.is_(None))
    return bool(session.scalar(query))


def _purpose(sha256: str) -> str:
    """Bind the sealed bytes to their name: a file renamed to another does not open."""
    return f"scan:{sha256}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
