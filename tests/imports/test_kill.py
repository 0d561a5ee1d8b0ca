"""A real process that imports is killed with -9; the next one finishes, with nobody twice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from campaigns.consent import ledger
from campaigns.consent.models import ConsentEntry
from campaigns.contacts.models import Address, Contact
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.imports import files, runner
from campaigns.imports.models import Import, ImportRow
from tests.factories.imports import begin

PEOPLE = 1500
PROCESS = """
import sys
from datetime import datetime, UTC
from campaigns.core.keys import KeyRing, Key, PURPOSES
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.imports import runner

ring = KeyRing({p: (Key(1, bytes.fromhex(sys.argv[2])),) for p in PURPOSES})
db = Database(sys.argv[1], keys=ring)
runner.run(db, int(sys.argv[3]), FixedClock(datetime(2026, 11, 17, 18, tzinfo=UTC)), chunk=25)
"""


def test_kill_9_in_the_middle_of_an_import_leaves_nobody_half_done_or_twice(
    db: Database, clock: FixedClock
) -> None:
    content = "Email,First name,Phone,Consent date,Consent source,Consent wording\n" + "".join(
        f"p{n}@example.com,P{n},,2026-05-03,Paper,Words\n" for n in range(PEOPLE)
    )
    import_id = begin(db, clock, content)
    secret = db.keys.current("suppression").secret.hex()
    kills = 0
    for wait_until in (50, 400):
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(db.url), secret, str(import_id)],
            cwd=Path(__file__).resolve().parents[2],
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with db.reading() as session:
                done = session.scalar(select(Import.rows_done).where(Import.id == import_id))
            if (done or 0) >= wait_until:
                break
            time.sleep(0.005)
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills >= 1
    with db.reading() as session:
        half = files.get(session, import_id)
        people = session.scalar(select(func.count()).select_from(Contact))
        entries = session.scalar(select(func.count()).select_from(ConsentEntry))
        assert half.rows_done == people == entries
        assert ledger.verify(session) is None
    runner.run(db, import_id, clock)
    with db.reading() as session:
        done_now = files.get(session, import_id)
        assert (done_now.state, done_now.created) == ("done", PEOPLE)
        assert session.scalar(select(func.count(Address.address.distinct()))) == PEOPLE
        assert session.scalar(select(func.count()).select_from(Contact)) == PEOPLE
        assert session.scalar(select(func.count()).select_from(ImportRow)) == PEOPLE
        assert ledger.verify(session) is None
