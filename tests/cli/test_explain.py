"""``campaigns explain``, as a program that runs it sees it: real processes, real pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from campaigns.clinic import closures
from campaigns.core import keys as key_rings
from campaigns.core.actors import SYSTEM
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
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


def test_a_moment_is_judged_by_every_zone_and_state_of_the_number(tmp_path: Path) -> None:
    asked = [
        {"phone": "+13125550142", "postal_code": "60601", "at": "2026-11-17T12:00:00-06:00"},
        {"phone": "(312) 555-0142", "postal_code": None, "at": "2026-11-17T08:00:00-06:00"},
        {"phone": "850-555-0142", "postal_code": None, "at": "2026-11-17T08:30:00-05:00"},
        {"phone": "+14365550142", "at": "2026-11-17T18:00:00Z"},
    ]
    chicago, early, split, ohio = ask(tmp_path, "hours", *asked)
    assert chicago == {
        "allowed": True,
        "zones": ["America/Chicago"],
        "states": ["IL"],
        "reason": None,
        "next": "2026-11-17T18:00:00+00:00",
    }
    assert (early["allowed"], early["reason"]) == (False, "outside_hours")
    assert early["next"] == "2026-11-17T16:00:00+00:00"
    assert split["zones"] == ["America/Chicago", "America/New_York"]
    assert not split["allowed"]
    assert ohio["allowed"]
    assert ohio["states"] == ["OH"]


def test_another_window_replaces_the_clinics_hours_and_not_the_laws(tmp_path: Path) -> None:
    sunday = "2026-11-22T12:30:00-06:00"
    asked = [{"phone": phone, "at": sunday} for phone in ("+13125550142", "+12055550142")]
    illinois, alabama = ask(tmp_path, "hours", *asked, more=("--window", "08:00-20:00"))
    assert illinois["allowed"]
    assert not alabama["allowed"]  # no texts on Sundays, by law
    assert not any(answer["allowed"] for answer in ask(tmp_path, "hours", *asked))
    assert run(tmp_path, "hours", "-", "--window", "20:00-08:00").returncode == 2


def test_what_cannot_be_judged_is_said_and_what_gets_no_texts_is_refused(tmp_path: Path) -> None:
    at = "2026-11-17T18:00:00Z"
    answers = ask(
        tmp_path, "hours",
        {"phone": "12", "postal_code": None, "at": at},
        {"phone": "+13125550142", "postal_code": None, "at": "2026-11-17T18:00:00"},
        {"phone": "+13125550142", "postal_code": None},
        {"phone": "+13125550142", "postal_code": 60601, "at": at},
        {"phone": "+13125550142", "postal_code": None, "at": "9999-12-31T00:00:00Z"},
        {"phone": "+19995550142", "postal_code": None, "at": at.lower()},
        {"phone": "+18005550142", "postal_code": None, "at": at},
        code=1,
    )  # fmt: skip
    assert ["error" in answer for answer in answers] == [True] * 5 + [False] * 2
    assert (answers[-2]["allowed"], answers[-2]["reason"]) == (False, "phone_area_code")
    assert (answers[-1]["allowed"], answers[-1]["reason"]) == (False, "phone_toll_free")


def test_the_clinics_own_hours_and_closed_days_count_where_there_is_a_database(
    services: Services, tmp_path: Path
) -> None:
    now = services.clock.now()
    day = now.date()
    with services.db.transaction() as session:
        make_clinic(session, now=now, sms_window={"mf": ["12:00", "13:00"]})
        closures.add(session, SYSTEM, starts_on=day, ends_on=day, label="Training", now=now)
    place = {"CAMPAIGNS_DATABASE_URL": str(services.db.url)}
    at = ("--at", "2026-11-17T17:30:00Z", "--json")
    done = run(tmp_path, "hours", "+12125550142", *at, **place)
    assert json.loads(done.stdout)["next"] == "2026-11-18T17:00:00+00:00"
    words = run(tmp_path, "hours", "+12125550142", *at[:2], **place).stdout.decode()
    assert "The clinic is closed on this day." in words


def test_a_database_that_cannot_be_read_is_named_and_answers_go_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"this is no database" * 100)
    done = run(
        tmp_path, "hours", "+12125550142", "--at", "2026-11-17T18:00:00Z", "--json",
        CAMPAIGNS_DATABASE_URL=f"sqlite:///{broken}",
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)["allowed"]
    assert b"hours of a new clinic" in done.stderr


def test_a_person_is_told_by_channel_what_stands_in_the_way(
    each_services: Services, tmp_path: Path
) -> None:
    now = each_services.clock.now()
    with each_services.db.transaction() as session:
        make_clinic(session, now=now)
        one = make_member(session, now=now, channels=("email",), email="ana@example.com")
    key_rings.load_or_create(tmp_path / "keys.json")
    place = {
        "CAMPAIGNS_DATABASE_URL": each_services.db.url.render_as_string(hide_password=False),
        "CAMPAIGNS_DATA_DIR": str(tmp_path),
    }
    done = run(tmp_path, "person", "Ana@example.com", "--json", **place)
    assert done.returncode == 0, done.stderr.decode()
    (found,) = json.loads(done.stdout)["people"]
    assert found["id"] == one.id
    email, texts = found["channels"]
    assert email["allowed"]
    assert (texts["allowed"], texts["reasons"][0]["code"]) == (False, "no_consent")
    words = run(tmp_path, "person", str(one.id), **place).stdout.decode()
    assert "No consent on file for this channel." in words
    assert run(tmp_path, "person", "nobody@example.com", **place).returncode == 1
