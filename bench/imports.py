"""How fast people come in: ``python bench/imports.py [lines]``, on a SQLite file of its own.

Prints lines a second without proof of consent, and with proof for email, texts and
interests (three entries of the hash-chained ledger for each person).
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from campaigns.audience import interests
from campaigns.core import keys, schema
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.imports import files, runner

AREAS = ("212", "646", "512", "303", "213", "206", "404", "312", "617", "801")
HEAD = "Email,First name,Last name,Phone,State,ZIP"
PROOF_HEAD = ",Interests,Consent date,Consent source,Consent wording,Topics consent date"
PROOF = ",Joint pain,2026-05-03,Paper form,I agree to texts and may leave.,2026-05-03"


def content(lines: int, *, proof: bool) -> bytes:
    """Return a file with so many different people."""
    rows = [HEAD + (PROOF_HEAD if proof else "")]
    for n in range(lines):
        phone = f"({AREAS[n % 10]}) {200 + n // 100_000}-{n // 10 % 10_000:04d}"
        row = f"person{n}@example.com,N{n % 900},L{n % 5000},{phone},TX,78701"
        rows.append(row + (PROOF if proof else ""))
    return "\n".join(rows).encode()


def measure(lines: int, *, proof: bool) -> float:
    """Import a file and return lines a second."""
    clock = FixedClock(datetime(2026, 11, 17, 18, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", keys=keys.new_key_ring())
        schema.upgrade(db)
        with db.transaction() as session:
            interests.create_defaults(session)
            found = files.receive(
                session,
                SYSTEM,
                filename="bench.csv",
                content=content(lines, proof=proof),
                now=clock.now(),
            )
            files.start(session, SYSTEM, found.id, now=clock.now())
        began = time.perf_counter()
        done = runner.run(db, found.id, clock)
        seconds = time.perf_counter() - began
        db.dispose()
    assert done == lines
    return lines / seconds


def main() -> None:
    """Measure both kinds of file."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for proof in (False, True):
        words = "with proof" if proof else "without proof"
        print(f"import of {lines} lines {words}: {measure(lines, proof=proof):,.0f} lines/s")


if __name__ == "__main__":
    main()
