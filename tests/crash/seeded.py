"""Twelve bugs, planted one by one in a copy of the code: the suite must fail for each.

``make seeded``. A place that no longer looks as given here ends the run, so that a bug
which was not really planted cannot pass for one that was caught; and the tests must pass
on the copy before anything is planted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.factories.service import ROOT

COPIED = ("campaigns", "migrations", "templates", "static", "tests", "examples", "bench")


@dataclass(frozen=True)
class Bug:
    """One change, and tests that must not pass with it."""

    name: str
    path: str
    good: str
    bad: str
    tests: tuple[str, ...]
    only: str = "not postgres"


KILL = "tests/crash/test_kill.py"
SCRIPTS = "tests/providers/test_fault_scripts.py"
GATE = "tests/delivery/test_gate.py"
BUGS = (
    Bug(
        "a dead worker's messages are planned again",
        "campaigns/delivery/sweep.py",
        "            state=S.UNCERTAIN,\n",
        "            state=S.PLANNED,\n",
        (KILL,),
        "post.half or after_post",
    ),
    Bug(
        "the intent is committed after the POST",
        "campaigns/delivery/dispatcher.py",
        '            faults.point("intent.before_commit")\n'
        '        faults.point("intent.after_commit")\n'
        "        began = time.monotonic()\n"
        "        answers = self._post(intent)\n",
        "            began = time.monotonic()\n"
        "            answers = self._post(intent)\n"
        '            faults.point("intent.before_commit")\n'
        '        faults.point("intent.after_commit")\n',
        (KILL,),
        "post.half or intent.before_commit",
    ),
    Bug(
        "who left is not looked up again before sending",
        "campaigns/delivery/gate.py",
        '"opted_out": lambda f, _kind: and_(f.blocked == 1, not_(f.passes_stop)),',
        '"opted_out": lambda f, _kind: and_(f.blocked == 9, not_(f.passes_stop)),',
        ("tests/crash/test_race.py",),
        "between_claim_and_intent and not postgres",
    ),
    Bug(
        "an event told again counts again",
        "campaigns/events/ingest.py",
        'return f"{provider}:{hashlib.sha256(text.encode(',
        'return f"{provider}:{__import__("os").urandom(4).hex()}{hashlib.sha256(text.encode(',
        ("tests/webhooks/test_sendgrid.py", "tests/events/test_round_trip.py"),
        "(told_three_times or three_times_shuffled) and not postgres",
    ),
    Bug(
        "a claim that was taken away still holds",
        "campaigns/delivery/claims.py",
        "        Batch.epoch == claim.epoch,\n",
        "",
        ("tests/delivery/test_claims.py",),
    ),
    Bug(
        "a time-out is tried again",
        "campaigns/delivery/recording.py",
        "            state=S.UNCERTAIN,\n",
        "            state=S.PLANNED,\n",
        (SCRIPTS,),
        "time-out and after and accepting",
    ),
    Bug(
        "a lost answer is taken for a refusal",
        "campaigns/providers/sendgrid.py",
        "            return Uncertain(reason=lost.reason, status_code=lost.status)\n",
        "            return Refused(\n"
        '                kind=RefusalKind.TEMPORARY, code="lost", reason=lost.reason\n'
        "            )\n",
        (SCRIPTS,),
        "reset and after and accepting",
    ),
    Bug(
        "a commit may be lost in a power cut",
        "campaigns/core/db.py",
        "PRAGMA synchronous=FULL",
        "PRAGMA synchronous=NORMAL",
        ("tests/core/test_db.py",),
    ),
    Bug(
        "the limit of a day is not kept",
        "campaigns/delivery/gate.py",
        'f.sent_day >= number("cap_day")',
        'f.sent_day > number("cap_day")',
        (GATE, "tests/acceptance/test_hours_and_caps.py"),
    ),
    Bug(
        "the hours are not asked again before sending",
        "campaigns/delivery/gate.py",
        '"outside_hours": lambda f, kind: _hours_bind(f, kind),',
        '"outside_hours": lambda f, kind: and_(f.blocked == 9, _hours_bind(f, kind)),',
        (GATE, "tests/acceptance/test_hours_and_caps.py"),
    ),
    Bug(
        "nothing keeps one message from standing twice",
        "migrations/versions/0011_delivery.py",
        "        sa.UniqueConstraint(\n"
        '            "origin_kind",\n'
        '            "origin_id",\n'
        '            "subject_id",\n'
        '            "channel",\n'
        '            name=op.f("uq_messages_origin_kind_origin_id_subject_id_channel"),\n'
        "        ),\n",
        "",
        ("tests/architecture/test_schema.py",),
        "drift and not postgres",
    ),
    Bug(
        "an unsubscribe is answered and not written",
        "campaigns/public/unsubscribe.py",
        'undo = "" if done else _stop(token, now, ours=ours)',
        'undo = ""',
        ("tests/acceptance/test_leaving.py",),
        "test_02 and not postgres",
    ),
)


def main() -> int:
    """Plant each, print the table, and tell by the exit code whether all were caught."""
    caught = 0
    with tempfile.TemporaryDirectory(prefix="seeded-") as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        for number, bug in enumerate(BUGS, start=1):
            found = _plant(tree, bug)
            caught += found == "caught"
            sys.stdout.write(f"{number:2}  {found:9}  {bug.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"seeded: bugs={len(BUGS)} caught={caught}\n")
    return 0 if caught == len(BUGS) else 1


def _copy(tree: Path) -> None:
    tree.mkdir()
    for name in COPIED:
        if (ROOT / name).exists():
            shutil.copytree(
                ROOT / name,
                tree / name,
                ignore=shutil.ignore_patterns("__pycache__"),
                symlinks=True,
            )
    for path in ROOT.iterdir():
        if path.is_file() and path.suffix in (".toml", ".ini", ".py", ".json"):
            shutil.copy(path, tree / path.name)


def _plant(tree: Path, bug: Bug) -> str:
    path = tree / bug.path
    before = path.read_text()
    if before.count(bug.good) != 1:
        return "NOT FOUND"
    if _run(tree, bug) != 0:
        return "RED BEFORE"
    path.write_text(before.replace(bug.good, bug.bad))
    try:
        return "caught" if _run(tree, bug) == 1 else "MISSED"
    finally:
        path.write_text(before)


def _run(tree: Path, bug: Bug) -> int:
    """Return pytest's exit code: 0 all passed, 1 some failed, 5 there were none."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"),
            *("--basetemp", str(tree.parent / "run"), "-k", bug.only, *bug.tests),
        ],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
