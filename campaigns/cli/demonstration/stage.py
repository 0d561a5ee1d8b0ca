"""The processes of a demonstration: stand-ins, web and worker, on a folder of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from campaigns.core import logs, processes, schema, settings
from campaigns.core.clock import SystemClock
from campaigns.core.errors import Conflict
from campaigns.wiring import Services, build

BOOKING_SECRET = "demonstration-booking-secret"  # noqa: S105 - of the demonstration alone
_READY_WITHIN_SECONDS = 60.0


def free_port() -> int:
    """Return a port of loopback that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Stage:
    """Runs the service against the stand-ins; ends everything that it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = folder / "accepted.jsonl"
        self._output = (folder / "output.txt").open("ab")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._environment: dict[str, str] = {}
        self.standins = ""

    def start_standins(self) -> None:
        """Start SendGrid's and Twilio's stand-in, a process of its own."""
        ready = self.folder / "standins.json"
        self._start(
            "standins",
            "campaigns.providers.standins",
            *("--port", "0", "--log", str(self.log)),
            *("--webhook-url", self.url, "--ready-file", str(ready)),
        )
        self._wait("the stand-ins", ready.exists)
        facts = json.loads(ready.read_text())
        self.standins = f"http://127.0.0.1:{facts['port']}"
        self._environment = {
            "CAMPAIGNS_DATA_DIR": str(self.folder),
            "CAMPAIGNS_ENV_FILE": str(self.folder / "none"),
            "CAMPAIGNS_PUBLIC_URL": self.url,
            "CAMPAIGNS_PORT": self.url.rpartition(":")[2],
            "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
            "CAMPAIGNS_EMAIL_PROVIDER": "sendgrid",
            "SENDGRID_API_URL": self.standins,
            "SENDGRID_API_KEY": facts["api_key"],
            "SENDGRID_WEBHOOK_PUBLIC_KEY": facts["public_key"],
            "CAMPAIGNS_SMS_PROVIDER": "twilio",
            "TWILIO_API_URL": self.standins,
            "TWILIO_ACCOUNT_SID": facts["account"],
            "TWILIO_AUTH_TOKEN": facts["token"],
            "TWILIO_FROM": "+12165550100",
            "CAMPAIGNS_SMS_PER_SECOND": "1000",
            "CAMPAIGNS_BOOKING_WEBHOOK_SECRET": BOOKING_SECRET,
        }

    def services(self, origin: datetime, factor: float) -> Services:
        """Set the clock for all processes from now on; return services of this process."""
        self._environment |= {
            "CAMPAIGNS_CLOCK_ORIGIN": origin.isoformat(),
            "CAMPAIGNS_CLOCK_STARTED_AT": SystemClock().now().isoformat(),
            "CAMPAIGNS_CLOCK_FACTOR": str(factor),
        }
        found = settings.load(self._environment)
        logs.configure(level="ERROR")
        built = build(found)
        schema.upgrade(built.db)
        return built

    def start_service(self) -> None:
        """Start web and worker, as an operator would one by one."""
        self._start("web", "campaigns", "web")
        self._start("worker", "campaigns", "worker")
        self._wait("the service", lambda: self._answers(f"{self.url}/readyz"))

    def stop_service(self) -> None:
        """Stop web and worker in order."""
        for name in ("worker", "web"):
            self._stop(name)

    def close(self) -> None:
        """End everything."""
        for name in list(self._running):
            self._stop(name)
        self._output.close()

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """Tell the stand-ins something."""
        request = urllib.request.Request(
            f"{self.standins}/control/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """POST to the service as the outside would; return the status."""
        request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def accepted(self) -> list[dict[str, Any]]:
        """Return what the stand-ins accepted, from their own log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def _start(self, name: str, module: str, *arguments: str) -> None:
        clean = {
            key: value
            for key, value in processes.child_environment().items()
            if not key.startswith(("CAMPAIGNS_", "SENDGRID_", "TWILIO_"))
            or key == processes.CHILD_MARK
        }
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**clean, **self._environment},
            stdout=self._output,
            stderr=self._output,
        )

    def _stop(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self, what: str, ready: Any) -> None:
        give_up = time.monotonic() + _READY_WITHIN_SECONDS
        while not ready():
            ended = [n for n, p in self._running.items() if p.poll() is not None]
            if ended or time.monotonic() > give_up:
                tail = (self.folder / "output.txt").read_text()[-2000:]
                raise Conflict("demo_start", f"{what} did not start ({ended}):{os.linesep}{tail}")
            time.sleep(0.05)

    def _answers(self, url: str) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
