"""Text into records: delimiter, header, and each record with the line where it starts.

Pure. A quotation mark that is never closed would swallow the rest of a file; here it
costs one line, which is reported, and reading goes on with the next. Reading can start
at any line, so that an import that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.core.errors import InvalidInput

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 200
MAX_CELL = 10_000
MAX_LINE = 1_000_000
"""Characters of one physical line: more is no line of people, and would fill the memory."""
MAX_LINES_IN_RECORD = 100
_SAMPLE = 30

_QUOTE_OPEN = (
    "A quotation mark opens on this line and does not close, so the line cannot be told from "
    "the next ones. Close it, or remove it."
)
_CELLS_TOO_MANY = (
    "The line has {} cells where the column names have {}. Perhaps a comma within a value needs "
    "quotation marks around the value."
)
_LINE_TOO_LONG = (
    f"The line is longer than {MAX_LINE:,} characters. Perhaps the line ends were lost. Save the "
    "file again as CSV."
)
_UNREADABLE = "The line has characters that cannot be stored (zero bytes). Retype it."
_CELL_TOO_LONG = (
    f"A value of this line is longer than {MAX_CELL:,} characters. Perhaps a quotation mark is "
    "missing. Shorten it."
)


@dataclass(slots=True)
class Record:
    """One record: its first line (the header is line 1), the line after it, its cells.

    ``fault`` says why it cannot be read; its cells are then the raw line.
    """

    line: int
    next_line: int
    cells: list[str]
    fault: tuple[str, str] | None = None


def split_lines(text: str) -> list[str]:
    """Return the physical lines with their ends; only line feeds and returns end a line."""
    return list(io.StringIO(text, newline=""))


def sniff(lines: list[str]) -> str:
    """Return the delimiter: the one that gives the most even columns in the first records."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = [len(r.cells) for r in _first(lines, delimiter) if r.fault is None]
        if not widths or widths[0] < 2:
            continue
        even = sum(1 for width in widths if width == widths[0]) / len(widths)
        if (score := (even, widths[0])) > best_score:
            best, best_score = delimiter, score
    return best


def _first(lines: list[str], delimiter: str) -> list[Record]:
    found = []
    for record in records(lines, delimiter, start=1, width=None):
        found.append(record)
        if len(found) >= _SAMPLE:
            break
    return found


def header_of(lines: list[str], delimiter: str) -> tuple[list[str], int]:
    """Return the column names, made unique, and the line on which the records start.

    Raises: InvalidInput ``header_missing``, ``columns_too_many``, ``rows_missing``,
    ``line_too_long``.
    """
    first = next(records(lines, delimiter, start=1, width=None), None)
    if first is not None and first.fault is not None and first.fault[0] == "line_too_long":
        raise InvalidInput("line_too_long", f"{_LINE_TOO_LONG} Nothing was imported.")
    if first is None or first.fault is not None:
        raise InvalidInput(
            "header_missing",
            "The first line of the file cannot be read as a line of column names. Nothing was "
            "imported. Check its quotation marks.",
        )
    names = [" ".join(cell.replace("\x00", "").split()) for cell in first.cells]
    if len(names) > MAX_COLUMNS:
        raise InvalidInput(
            "columns_too_many",
            f"The file has {len(names)} columns; at most {MAX_COLUMNS} are read. Nothing was "
            "imported. Remove the columns that you do not need.",
        )
    if any(_looks_like_data(name) for name in names):
        raise InvalidInput(
            "header_missing",
            "The first line of the file is a person, not a line of column names. Nothing was "
            "imported. Add a first line such as: First name,Last name,Email,Phone",
        )
    if next(records(lines, delimiter, start=first.next_line, width=None), None) is None:
        raise InvalidInput(
            "rows_missing",
            "The file has column names and nothing below them. Nothing was imported.",
        )
    return _unique(names), first.next_line


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for position, name in enumerate(names, start=1):
        name = name[:100] or f"Column {position}"
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        count = seen[name.lower()]
        unique.append(name if count == 1 else f"{name} ({count})")
    return unique


def _looks_like_data(name: str) -> bool:
    digits = re.sub(r"[\s().+-]", "", name)
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", name)) or (
        digits.isdecimal() and 7 <= len(digits) <= 15
    )


def records(lines: list[str], delimiter: str, *, start: int, width: int | None) -> Iterator[Record]:
    """Yield the records from a physical line on (1 is the first); blank lines are passed by.

    With ``width``, short records are filled up and longer ones are faults, unless what is
    too much is empty.
    """
    position = start - 1
    while position < len(lines):
        rest = _bounded(lines, position)
        reader = csv.reader(rest, delimiter=delimiter)
        before = 0
        while True:
            first = position + before
            try:
                cells = next(reader, None)
            except csv.Error:
                break
            if cells is None:
                return
            after = position + reader.line_num
            spans = after - first
            if spans > MAX_LINES_IN_RECORD:
                break
            doubtful = spans > 1 or after >= len(lines)
            if doubtful and not _closes(lines[first:after], delimiter):
                break
            before = reader.line_num
            if not cells:
                continue
            record = _checked(Record(first + 1, after + 1, cells), width)
            if spans > 1 and record.fault is not None:
                break
            yield record
        raw = lines[first][:MAX_CELL].rstrip("\r\n")
        fault = ("quote_open", _QUOTE_OPEN)
        if len(lines[first]) > MAX_LINE:
            raw, fault = raw[:200], ("line_too_long", _LINE_TOO_LONG)
        yield Record(first + 1, first + 2, [raw], fault)
        position = first + 1


def _bounded(lines: list[str], position: int) -> Iterator[str]:
    """Yield lines to the reader, and stop it before one that would fill the memory."""
    for number in range(position, len(lines)):
        line = lines[number]
        if len(line) > MAX_LINE:
            raise csv.Error("line too long")
        yield line


def _closes(lines: list[str], delimiter: str) -> bool:
    """Tell whether the quotation marks of a record of several lines are all in order."""
    try:
        next(csv.reader(lines, delimiter=delimiter, strict=True), None)
    except csv.Error:
        return False
    return True


def _checked(record: Record, width: int | None) -> Record:
    cells = record.cells
    fault = None
    if width is not None and len(cells) != width:
        if any(cell.strip() for cell in cells[width:]):
            fault = ("cells_too_many", _CELLS_TOO_MANY.format(len(cells), width))
        else:
            cells = (cells + [""] * width)[:width]
    whole = "".join(cells)
    if "\x00" in whole:
        fault = ("unreadable", _UNREADABLE)
        cells = [cell.replace("\x00", "\ufffd") for cell in cells]
    if len(whole) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
        fault = ("cell_too_long", _CELL_TOO_LONG)
        cells = [cell[:200] for cell in cells]
    if cells is record.cells and fault is None:
        return record
    return Record(record.line, record.next_line, cells, fault)
