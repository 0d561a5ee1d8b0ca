"""The lines that need mending, as a file: as they came, with line number and reason.

Safe to open in a spreadsheet: a value that a spreadsheet would take for a formula gets
an apostrophe in front. Mended, the file can be uploaded as it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.imports import files
from campaigns.imports.models import ImportRow

EXTRA = ("Line in file", "What happened", "Reason")
_OUTCOME_WORDS = {"refused": "not imported"}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def count(session: Session, import_id: int) -> tuple[int, int]:
    """Return how many lines were refused, and how many were kept with a remark."""
    rows = session.execute(
        select(ImportRow.outcome == "refused", func.count())
        .where(ImportRow.import_id == import_id, ImportRow.code.is_not(None))
        .group_by(ImportRow.outcome == "refused")
    ).all()
    figures = {bool(refused): number for refused, number in rows}
    return figures.get(True, 0), figures.get(False, 0)


def first(session: Session, import_id: int, limit: int = 50) -> list[ImportRow]:
    """Return the first lines that have a reason, refused ones first."""
    return list(
        session.scalars(
            select(ImportRow)
            .where(ImportRow.import_id == import_id, ImportRow.code.is_not(None))
            .order_by((ImportRow.outcome != "refused"), ImportRow.line)
            .limit(limit)
        )
    )


def write_csv(session: Session, import_id: int) -> Iterator[str]:
    """Yield the file of lines with a reason, refused and remarked, in their order."""
    found = files.get(session, import_id)
    width = len(found.header)
    yield "\ufeff" + as_csv([*found.header, *EXTRA])
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.code.is_not(None))
        .order_by(ImportRow.line)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        cells = [str(cell) for cell in (row.cells or [])]
        cells = (cells + [""] * width)[: max(width, len(cells))]
        kept = [*cells[:width], row.line, _OUTCOME_WORDS.get(row.outcome, "kept"), row.reason]
        yield as_csv(kept)


def as_csv(values: Sequence[Any]) -> str:
    """Return one line of a file that a spreadsheet can open without harm."""
    out = io.StringIO()
    csv.writer(out).writerow([safe(value) for value in values])
    return out.getvalue()


def safe(value: Any) -> str:
    """Return a value that no spreadsheet takes for a formula; phone numbers stay as they are."""
    text = "" if value is None else str(value)
    if text.startswith("+") and text[1:].replace(" ", "").isdecimal():
        return text
    return f"'{text}" if text.startswith(_DANGEROUS) else text
