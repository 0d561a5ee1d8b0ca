"""The service as real processes on a folder and a port of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment() -> dict[str, str]:
    """The environment without settings of ours; ``.env`` is not read."""
    ours = ("CAMPAIGNS_", "SENDGRID_", "TWILIO_")
    keep = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**keep, "CAMPAIGNS_ENV_FILE": "none"}


class Service:
    """``campaigns run`` on a folder of its own."""

    def __init__(self, folder: Path, port: int, **settings: str) -> None:
        self.folder = folder
        self.settings = settings
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.output = (folder / "output.txt").open("a+")
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """The environment without any setting of ours, but for those of this service."""
        return {
            **clean_environment(),
            "CAMPAIGNS_DATA_DIR": str(self.folder),
            **self.settings,
        }

    def start(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "campaigns", "run", "--port", str(self.port), *options],
            cwd=ROOT,
            env=self.environment(),
            stdout=self.output,
            stderr=self.output,
        )

    def wait_until_healthy(self, seconds: float = 60) -> float:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"not healthy after {seconds} s:\n{self.written()}")

    def written(self) -> str:
        return (self.folder / "output.txt").read_text()

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=40)
