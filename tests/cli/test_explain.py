"""``campaigns explain``, as a program that runs it sees it: real processes, real pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.factories.service import ROOT, clean_environment


def run(
    folder: Path, *arguments: str, given: bytes = b"", **values: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a folder without a database, or with one that ``values`` name."""
    return subprocess.run(
        [sys.executable, "-m", "campaigns", "explain", *arguments],
        input=given,
        capture_output=True,
        cwd=folder,
        env={**clean_environment(), "PYTHONPATH": str(ROOT), **values},
        timeout=120,
    )


def ask(folder: Path, kind: str, *asked: Any, code: int = 0, more: tuple[str, ...] = ()) -> Any:
    """Ask by standard input; return the answers."""
    lines = b"".join(
        one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in asked
    )
    done = run(folder, kind, "-", *more, given=lines)
    assert done.returncode == code, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_a_reply_is_read_as_the_service_reads_it(tmp_path: Path) -> None:
    done = run(tmp_path, "reply", "please stop")
    assert done.returncode == 0
    assert done.stdout.decode().startswith("Stop.")
    as_json = run(tmp_path, "reply", "please stop", "--json")
    assert json.loads(as_json.stdout) == {"intent": "stop", "rule": "tier2:please_stop"}


def test_replies_on_standard_input_are_answered_in_order(tmp_path: Path) -> None:
    words = ["STOP", "can I stop by at 3?", "START", "HELP", "Y", "see you on Monday"]
    answers = ask(tmp_path, "reply", *({"text": word} for word in words))
    assert [answer["intent"] for answer in answers] == [
        "stop", "unclear", "start", "help", "confirm", "other",
    ]  # fmt: skip


def test_a_text_is_counted_as_it_is_given(tmp_path: Path) -> None:
    (answer,) = ask(tmp_path, "text", {"text": "a" * 70 + "’"})
    assert answer == {"segments": 2, "encoding": "UCS-2", "units": 71}
    words = run(tmp_path, "text", "a" * 70 + "’").stdout.decode()
    assert words.startswith("2 segments, UCS-2, 71 units.")
    assert "1 in GSM-7" in words


def test_a_bad_line_costs_its_own_answer_only(tmp_path: Path) -> None:
    answers = ask(
        tmp_path, "text",
        {"text": "a"}, b"\n", b"not json\n", {"words": "a"}, {"text": 7}, b"[1]\n", b"\xff\n",
        b"[" * 100_000 + b"\n", {"text": "b"},
        code=1,
    )  # fmt: skip
    assert ["error" in answer for answer in answers] == [False, *[True] * 7, False]


def test_each_answer_is_written_before_the_next_question(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "campaigns", "explain", "reply", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for word, intent in (("STOP", "stop"), ("hello", "other")):
            process.stdin.write(json.dumps({"text": word}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["intent"] == intent
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("arguments", [("reply",), ("text", "a", "b"), ("weather", "x")])
def test_wrong_usage_is_told_apart(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run(tmp_path, *arguments).returncode == 2


def test_neither_database_nor_settings_are_touched(tmp_path: Path) -> None:
    done = run(tmp_path, "reply", "stop", CAMPAIGNS_EMAIL_PROVIDER="sendgrid", CAMPAIGNS_PORT="no")
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []
