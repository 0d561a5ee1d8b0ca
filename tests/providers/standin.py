"""Stand-ins as a separate process, for tests that need real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class StandIn:
    """A running stand-in process and how to command it."""

    url: str
    log: Path
    requests: Path
    public_key: str
    account: str
    token: str
    api_key: str
    http: urllib3.PoolManager

    def settings(self, public_url: str) -> dict[str, str]:
        """Return the settings of a service that sends through this stand-in."""
        return {
            "CAMPAIGNS_PUBLIC_URL": public_url,
            "CAMPAIGNS_EMAIL_PROVIDER": "sendgrid",
            "CAMPAIGNS_SMS_PROVIDER": "twilio",
            "CAMPAIGNS_SMS_PER_SECOND": "1000",
            "SENDGRID_API_KEY": self.api_key,
            "SENDGRID_API_URL": self.url,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": self.public_key,
            "TWILIO_ACCOUNT_SID": self.account,
            "TWILIO_AUTH_TOKEN": self.token,
            "TWILIO_API_URL": self.url,
            "TWILIO_MESSAGING_SERVICE_SID": "MG" + "1" * 32,
        }

    def control(self, name: str, **values: Any) -> Any:
        reply = self.http.request("POST", f"{self.url}/control/{name}", json=values, timeout=60)
        answer = json.loads(reply.data)
        assert reply.status == 200, answer
        return answer

    def script(self, *rules: dict[str, Any]) -> None:
        self.control("script", rules=list(rules), replace=True)

    def reset(self) -> None:
        self.control("reset")

    def stats(self) -> Any:
        return json.loads(self.http.request("GET", f"{self.url}/control/stats").data)

    def accepted(self, kind: str | None = None) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if kind is None or entry["kind"] == kind]


@contextmanager
def run(folder: Path, *, webhook_url: str, arguments: tuple[str, ...] = ()) -> Iterator[StandIn]:
    """Start the stand-ins on a free port and stop them at the end."""
    ready = folder / "ready.json"
    log, requests = folder / "accepted.jsonl", folder / "requests.jsonl"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "campaigns.providers.standins", "--port", "0"),
            *("--log", str(log), "--requests", str(requests), "--ready-file", str(ready)),
            *("--webhook-url", webhook_url, *arguments),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        facts = _wait_for(ready, process)
        yield StandIn(
            url=f"http://127.0.0.1:{facts['port']}",
            log=log,
            requests=requests,
            public_key=facts["public_key"],
            account=facts["account"],
            token=facts["token"],
            api_key=facts["api_key"],
            http=urllib3.PoolManager(retries=False),
        )
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(ready: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    until = time.monotonic() + 30
    while not ready.exists():
        assert process.poll() is None, "the stand-ins did not start"
        assert time.monotonic() < until, "the stand-ins did not get ready"
        time.sleep(0.02)
    facts: dict[str, Any] = json.loads(ready.read_text())
    return facts
