"""The table: what is measured, in which unit, and what it must and should reach."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: the floor must be reached, the aim should be."""

    name: str
    unit: str
    better: Literal["more", "less"]
    floor: float
    aim: float


@dataclass(slots=True, kw_only=True)
class Figure:
    """What was measured for a row on a database, over several runs."""

    row: Row
    database: str
    size: int
    runs: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """CPU microseconds of all our own processes for each message, person or event."""

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def reaches(self) -> str:
        """``aim``, ``floor`` or ``below``."""
        more = self.row.better == "more"
        for name, mark in (("aim", self.row.aim), ("floor", self.row.floor)):
            if (self.value >= mark) if more else (self.value <= mark):
                return name
        return "below"

    def as_json(self) -> dict[str, Any]:
        """Return the figure as bench/results.json keeps it."""
        values = asdict(self.row)
        return {
            "row": values["name"],
            "database": self.database,
            "value": round(self.value, 3),
            "unit": self.row.unit,
            "better": self.row.better,
            "floor": self.row.floor,
            "aim": self.row.aim,
            "size": self.size,
            "runs": [round(run, 3) for run in self.runs],
            "cpu_us": round(median(self.cpu), 2) if self.cpu else None,
            "reaches": self.reaches,
        }
