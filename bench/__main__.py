"""``python -m bench``: measure, print the table, and write bench/results.json.

``--quick`` takes smaller sizes and fewer runs, and is done in about five minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import events, groups, pages, sending, series, stage
from bench.figures import Figure, Row

RESULTS = Path(__file__).with_name("results.json")
WORKERS = 2
"""Processes that send at once: one for each core of the smallest machine."""

Measure = Callable[..., Figure]
"""Called with the stage and the database, ``people`` and ``runs``."""


def _email(row: Row) -> Measure:
    return partial(
        sending.measure,
        row=row,
        channel="email",
        sink_kind="sendgrid",
        settings=sending.by_sendgrid,
        processes=WORKERS,
    )


_SMTP: Measure = partial(
    sending.measure,
    row=sending.SMTP,
    channel="email",
    sink_kind="smtp",
    settings=sending.by_smtp,
    processes=WORKERS,
)
_SMS: Measure = partial(
    sending.measure,
    row=sending.SMS,
    channel="sms",
    sink_kind="twilio",
    settings=sending.by_twilio,
    processes=1,
)

PLAN: tuple[tuple[Row, Measure, dict[str, tuple[int, int]]], ...] = (
    (
        sending.EMAIL_SQLITE,
        _email(sending.EMAIL_SQLITE),
        {"sqlite": (100_000, 20_000)},
    ),
    (
        sending.EMAIL_POSTGRES,
        _email(sending.EMAIL_POSTGRES),
        {"postgres": (100_000, 20_000)},
    ),
    (sending.SMTP, _SMTP, {"sqlite": (20_000, 3_000), "postgres": (20_000, 3_000)}),
    (sending.SMS, _SMS, {"sqlite": (10_000, 2_000), "postgres": (10_000, 2_000)}),
    (
        sending.FANOUT,
        sending.fanout_rows,
        {"sqlite": (1_000_000, 50_000), "postgres": (1_000_000, 50_000)},
    ),
    (
        groups.IMPORT,
        groups.import_rows,
        {"sqlite": (1_000_000, 20_000), "postgres": (200_000, 10_000)},
    ),
    (
        groups.COUNT,
        groups.count,
        {"sqlite": (1_000_000, 50_000), "postgres": (1_000_000, 50_000)},
    ),
    (
        series.TICK,
        series.tick,
        {"sqlite": (1_000_000, 30_000), "postgres": (1_000_000, 30_000)},
    ),
    (
        events.EVENTS,
        events.take_in,
        {"sqlite": (50_000, 5_000), "postgres": (50_000, 5_000)},
    ),
    (
        pages.PAGES,
        pages.p95,
        {"sqlite": (1_000_000, 20_000), "postgres": (1_000_000, 20_000)},
    ),
)
"""Each row, and for each database the number of people in full and with ``--quick``."""


def main(arguments: list[str] | None = None) -> int:
    """Measure the rows asked for; the exit code is 1 when one is below its floor."""
    options = _parser().parse_args(arguments)
    runs = options.runs or (3 if options.quick else 5)
    found: list[Figure] = []
    began = time.monotonic()
    print(_line("row", "database", "people", "median", "unit", "floor", "aim", "CPU µs", "spread"))
    with stage.opened() as place:
        for row, measure, sizes in PLAN:
            for kind, (full, quick) in sizes.items():
                if options.only and options.only not in (row.name, kind, f"{row.name}/{kind}"):
                    continue
                people = options.size or (quick if options.quick else full)
                figure = measure(place, kind=kind, people=people, runs=runs)
                found.append(figure)
                sys.stdout.write(_row(figure) + "\n")
                sys.stdout.flush()
    RESULTS.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print(f"{len(found)} rows in {time.monotonic() - began:.0f} s, kept in bench/{RESULTS.name}")
    return 1 if any(figure.reaches == "below" for figure in found) else 0


def _row(figure: Figure) -> str:
    shown = figure.as_json()
    low, high = min(figure.runs), max(figure.runs)
    return _line(
        figure.row.name,
        figure.database,
        f"{figure.size:,}",
        f"{figure.value:,.1f}",
        figure.row.unit,
        f"{figure.row.floor:,g}",
        f"{figure.row.aim:,g}",
        "" if shown["cpu_us"] is None else f"{shown['cpu_us']:,.1f}",
        f"{low:,.1f} to {high:,.1f} ({figure.reaches})",
    )


def _line(*cells: str) -> str:
    widths = (18, 9, 10, 12, 11, 8, 8, 8, 0)
    return " ".join(
        cell.ljust(width) if place < 2 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, three runs")
    parser.add_argument("--only", help="a row, a database, or row/database")
    parser.add_argument("--size", type=int, help="people, in place of the plan's")
    parser.add_argument("--runs", type=int, help="in place of 5 (quick: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
