"""Tables of files that came in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class ImportState(StrEnum):
    """Where an import stands."""

    UPLOADED = "uploaded"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    FAILED = "failed"
    """Stopped half-way; what was read is kept, and it can go on."""
    UNDONE = "undone"


class Import(Base):
    """One file, its mapping and its progress."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    encoding: Mapped[str] = mapped_column(String(20))
    delimiter: Mapped[str] = mapped_column(String(1))
    header: Mapped[list[Any]]
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(10), default=ImportState.UPLOADED)
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    next_line: Mapped[int] = mapped_column(default=2)
    """The line on which reading goes on; written with what was read before it."""
    stops_done: Mapped[bool] = mapped_column(default=False)
    """Whether the file was gone through for those who are not to be contacted."""
    undo_line: Mapped[int] = mapped_column(default=0)
    """Undoing has passed lines up to this one."""
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    tally: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Figures by outcome of consent and interests; ``tallies.py`` names them."""
    message: Mapped[str | None] = mapped_column(Text)
    uploaded_by: Mapped[str] = mapped_column(String(120))
    uploaded_by_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ImportFile(Base):
    """A file as it came; removed when all of it was read.

    Apart from ``imports``, because SQLite writes a row as a whole: with the file in it,
    each note of progress would write the file again.
    """

    __tablename__ = "import_files"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Attestation(Base):
    """What staff vouched for, stored once when the import starts; append-only.

    The ledger's evidence of each line that rests on it quotes ``sha256``.
    """

    __tablename__ = "import_attestations"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of ``body``, as UTF-8."""
    import_id: Mapped[int] = mapped_column(BigId, index=True)
    body: Mapped[str] = mapped_column(Text)
    scan_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime]


class ImportRow(Base):
    """What became of one line of a file."""

    __tablename__ = "import_rows"
    __table_args__ = (
        Index("ix_import_rows_outcome", "import_id", "outcome"),
        Index("ix_import_rows_contact", "contact_id", "import_id"),
        {"sqlite_with_rowid": False},
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    """Line in the file where the record starts; the header is line 1."""
    outcome: Mapped[str] = mapped_column(String(12))
    """``created``, ``updated``, ``unchanged``, ``refused``."""
    contact_id: Mapped[int | None] = mapped_column(BigId)
    code: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(Text)
    """What is wrong with the line and what to do, or a remark about a kept line."""
    cells: Mapped[list[Any] | None]
    """The line as it came, where there is a reason; for the file of remarks."""
