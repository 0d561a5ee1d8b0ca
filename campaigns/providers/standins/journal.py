"""The append-only log of what the stand-ins accepted: one JSON object for each message."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

KEEP_IN_MEMORY = 200_000


class Journal:
    """Writes accepted messages before the sender gets its answer."""

    def __init__(self, path: Path, *, fsync: bool = False, requests: Path | None = None) -> None:
        self._file = path.open("ab", buffering=0)
        self._requests = requests.open("ab", buffering=0) if requests else None
        self._fsync = fsync
        self._lock = threading.Lock()
        self._kept: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()

    def accept(self, entries: list[dict[str, Any]]) -> None:
        """Append messages that were just accepted."""
        data = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        with self._lock:
            self._file.write(data)
            if self._fsync:
                os.fsync(self._file.fileno())
            for entry in entries:
                self.counts[entry["kind"]] += 1
            if len(self._kept) < KEEP_IN_MEMORY:
                self._kept.extend(entries)

    def capture(self, provider: str, path: str, headers: dict[str, str], body: bytes) -> None:
        """Keep a request as it came, where a file for requests was named."""
        if self._requests is None:
            return
        shown = {k: v for k, v in headers.items() if k.lower() != "authorization"}
        line = msgspec.json.encode(
            {
                "provider": provider,
                "path": path,
                "headers": shown,
                "body": body.decode("utf-8", "replace"),
            }
        )
        with self._lock:
            self._requests.write(line + b"\n")

    def entries(self, kind: str | None, to: str | None) -> list[dict[str, Any]]:
        """Return what was accepted, oldest first."""
        with self._lock:
            kept = list(self._kept)
        return [
            entry
            for entry in kept
            if (kind is None or entry["kind"] == kind) and (to is None or entry["to"] == to)
        ]
