"""The stand-in for SendGrid's suppression lists: filled by outcomes and by hand, read by pages."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

NAMES = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")
BY_OUTCOME = {
    "bounce": "bounces",
    "blocked": "blocks",
    "spamreport": "spam_reports",
    "unsubscribe": "unsubscribes",
}
_LONGEST_PAGE = 500
_LIST = re.compile(r"/v3/suppression/(\w+)")
_MEMBERS = re.compile(r"/v3/asm/groups/(\d+)/suppressions")


class Lists:
    """What SendGrid would not send to, by list; newest first, one entry for each address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in NAMES}
        self._groups: dict[int, list[str]] = {}

    def add(self, name: str, entries: list[dict[str, Any]]) -> int:
        """Put addresses on a list; return how many it has.

        Raises: ValueError for an unknown list; KeyError for an entry without ``email``.
        """
        if name not in self._lists:
            raise ValueError(f"unknown list {name!r}; known: {sorted(NAMES)}, groups")
        with self._lock:
            for entry in entries:
                whole = {"created": int(time.time()), **entry}
                self._lists[name][entry["email"]] = whole
            return len(self._lists[name])

    def add_group(self, number: int, members: list[str]) -> None:
        """Put addresses on an unsubscribe group."""
        with self._lock:
            self._groups.setdefault(number, []).extend(members)

    def note(self, outcome: str, address: str, detail: dict[str, Any]) -> None:
        """Put an address where an outcome of a message puts it, if it does."""
        name = BY_OUTCOME.get(outcome)
        if name is not None:
            kept: dict[str, Any] = {
                key: detail[key] for key in ("reason", "status") if key in detail
            }
            self.add(name, [{"email": address, **kept}])

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            for entries in self._lists.values():
                entries.clear()
            self._groups.clear()

    def answer(self, path: str, query: dict[str, str]) -> list[Any] | None:
        """Return what a GET of a path shows; None for a path that is not a list.

        Raises: ValueError for a page that cannot be read.
        """
        with self._lock:
            if path == "/v3/asm/groups":
                return [{"id": number, "name": f"Group {number}"} for number in self._groups]
            members = _MEMBERS.fullmatch(path)
            if members:
                return list(self._groups.get(int(members.group(1)), []))
            found = _LIST.fullmatch(path)
            if found is None or found.group(1) not in self._lists:
                return None
            limit = min(int(query.get("limit", _LONGEST_PAGE)), _LONGEST_PAGE)
            offset = int(query.get("offset", 0))
            if limit < 1 or offset < 0:
                raise ValueError("limit and offset must be positive")
            entries = sorted(
                self._lists[found.group(1)].values(), key=lambda one: -int(one["created"])
            )
            return entries[offset : offset + limit]
