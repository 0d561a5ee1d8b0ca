"""In which order a file writes day and month: what its own dates prove, or a question. Pure.

3/4/2026 is in March or in April. A date such as 12/31/2025 elsewhere in the file proves the
order; where nothing does, or two dates prove opposite orders, staff are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.imports import cells
from campaigns.imports.reading import Record

WORDS = {
    cells.MONTH_FIRST: "Month first, like 12/31/2025",
    cells.DAY_FIRST: "Day first, like 31/12/2025",
}
CODES = frozenset(
    {
        *("consent_at", "email_consent_at", "sms_consent_at", "topic_consent_at"),
        *("email_confirmed_at", "opt_out", "email_opt_out", "sms_opt_out"),
        *("email_bounced", "email_complained"),
    }
)
"""Meanings of columns that can hold dates."""


@dataclass(slots=True)
class Survey:
    """What the dates of a file say about their order."""

    doubtful: int = 0
    """Dates that mean different days in the two orders."""
    proofs: dict[str, tuple[int, str]] | None = None
    """Order -> the first line and cell that can only be read that way."""
    doubt: tuple[int, str] | None = None
    """The first line and cell that can be read both ways."""

    @property
    def order(self) -> str | None:
        """The order that the file proves; None where it does not."""
        found = list(self.proofs or {})
        return found[0] if len(found) == 1 else None

    @property
    def asks(self) -> bool:
        """Whether staff must say how the dates are meant."""
        return self.order is None and (bool(self.proofs) or self.doubtful > 0)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with the import."""
        return {"doubtful": self.doubtful, "proofs": self.proofs or {}, "doubt": self.doubt}


def survey(records: Iterable[Record], header: Iterable[str], mapping: Mapping[str, str]) -> Survey:
    """Look at every date of a file."""
    found = Survey(proofs={})
    positions = [n for n, name in enumerate(header) if mapping.get(name) in CODES]
    if not positions:
        return found
    assert found.proofs is not None
    for record in records:
        if record.fault is not None:
            continue
        for position in positions:
            text = record.cells[position]
            orders = cells.orders_of(text) if text else frozenset()
            if len(orders) == 2:
                found.doubtful += 1
                found.doubt = found.doubt or (record.line, text.strip()[:40])
            elif orders:
                found.proofs.setdefault(next(iter(orders)), (record.line, text.strip()[:40]))
    return found


def from_json(raw: Mapping[str, Any]) -> Survey:
    """Return a survey as ``as_json`` gave it."""
    proofs = {order: (int(line), str(text)) for order, (line, text) in raw["proofs"].items()}
    doubt = raw.get("doubt")
    return Survey(raw["doubtful"], proofs, None if doubt is None else (doubt[0], doubt[1]))


def question(found: Survey) -> str:
    """Return the sentence that asks staff, with the dates in question."""
    if found.proofs:
        (month_line, month), (day_line, day) = (
            found.proofs[cells.MONTH_FIRST],
            found.proofs[cells.DAY_FIRST],
        )
        return (
            f"The file mixes two ways to write a date: “{month}” on line {month_line} has the "
            f"month first, “{day}” on line {day_line} the day. Say which one counts; dates that "
            "do not fit it are then no proof. Better: mend the file, and upload it again."
        )
    line, text = found.doubt or (0, "")
    return (
        f"“{text}” on line {line} could mean two different days, and nothing in the file tells "
        "which. Say how its dates are written."
    )
