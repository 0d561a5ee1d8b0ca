"""The service as an operator starts, kills and restarts it: real processes, real signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.service import ROOT, Service, clean_environment, free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path, free_port())
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end()
    made.output.close()


def children_of(pid: int) -> list[int]:
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in listing.stdout.splitlines()]
    direct = [child for child, parent in pairs if parent == pid]
    return direct + [grand for child in direct for grand in children_of(child)]


def is_running(pid: int) -> bool:
    """Whether it still works: an orphan that nobody has reaped yet keeps its entry as a zombie.

    In a container whose first process reaps nobody it keeps it for ever.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields.rpartition(")")[2].split()[0] not in "ZX"


def wait_until_gone(pids: list[int], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < give_up, f"still running: {pids}"
        time.sleep(0.1)


def test_first_start_prints_a_set_up_link_and_a_second_one_keeps_the_data(service: Service) -> None:
    service.start()
    service.wait_until_healthy()
    link = re.search(rf"{service.url}/staff/set-up/\S+", service.written())
    assert link is not None
    with urllib.request.urlopen(link.group(), timeout=10) as page:
        assert page.status == 200
    keys = (service.folder / "keys.json").read_text()
    assert service.end() == 0
    service.start()
    service.wait_until_healthy()
    assert (service.folder / "keys.json").read_text() == keys
    assert service.written().count("/staff/set-up/") == 2


def test_a_second_copy_on_the_same_file_is_refused_in_words(service: Service) -> None:
    service.start()
    service.wait_until_healthy()
    second = subprocess.run(
        [sys.executable, "-m", "campaigns", "run", "--port", str(free_port())],
        cwd=ROOT,
        env=service.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert "Another copy of the service" in second.stderr
    assert "Traceback" not in second.stderr
    service.wait_until_healthy()


def test_a_killed_supervisor_leaves_nothing_behind_and_can_start_again(service: Service) -> None:
    service.start()
    service.wait_until_healthy()
    assert service.process is not None
    children = children_of(service.process.pid)
    assert len(children) >= 2
    service.end(signal.SIGKILL)
    wait_until_gone(children)
    service.start()
    service.wait_until_healthy()


def test_a_killed_child_is_started_again(service: Service) -> None:
    service.start()
    service.wait_until_healthy()
    assert service.process is not None
    before = children_of(service.process.pid)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until_gone(before)
    service.wait_until_healthy()


def test_a_taken_port_is_named(service: Service) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", service.port))
        other.listen()
        service.start()
        assert service.process is not None
        assert service.process.wait(timeout=60) == 1
    assert f"Port {service.port}" in service.written()
    assert "Traceback" not in service.written()


def test_faulty_settings_are_named_all_at_once(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "campaigns", "worker"],
        cwd=ROOT,
        env={
            **clean_environment(),
            "CAMPAIGNS_DATA_DIR": str(tmp_path),
            "CAMPAIGNS_EMAIL_PROVIDER": "sendgrid",
            "CAMPAIGNS_SMS_PROVIDER": "twilio",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    for name in ("SENDGRID_API_KEY", "TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID"):
        assert name in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["web", "worker"])
def test_web_and_worker_ask_for_the_public_address(tmp_path: Path, name: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "campaigns", name],
        cwd=ROOT,
        env={**clean_environment(), "CAMPAIGNS_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert "CAMPAIGNS_PUBLIC_URL" in result.stderr
