"""SendGrid's own lists of addresses that it sends nothing to, page by page; read only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from campaigns.delivery.ports import Listed
from campaigns.providers.transport import Lost, NotSent, Reply

PAGE = 500
MOST_PAGES = 10_000
LISTS = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes", "groups")
_WILL_NOT_SHOW = frozenset({401, 403})
Fetch = Callable[[str], Reply]
"""Does one GET of a path below /v3/, and returns the answer."""


def pages(fetch: Fetch, name: str, *, size: int = PAGE) -> Iterator[list[Listed]]:
    """Yield a list's entries by pages.

    Raises: PermissionError when the key may not read lists; OSError when they cannot be
    read, or do not have their form.
    """
    if name == "groups":
        for group in _rows(fetch, "asm/groups"):
            number = int(group["id"]) if isinstance(group, dict) and "id" in group else 0
            members = _rows(fetch, f"asm/groups/{number}/suppressions")
            yield [Listed(address=str(one), group=number) for one in members]
        return
    for number in range(MOST_PAGES):
        query = urlencode({"limit": size, "offset": number * size})
        found = _rows(fetch, f"suppression/{name}?{query}")
        if found:
            yield [_entry(one) for one in found]
        if len(found) < size:
            return
    raise OSError(f"SendGrid's list of {name} does not end.")


def _rows(fetch: Fetch, path: str) -> list[Any]:
    name = path.partition("?")[0]
    try:
        reply = fetch(path)
    except (NotSent, Lost) as error:
        raise OSError(f"SendGrid's list {name} cannot be read: {error.reason}") from error
    if reply.status in _WILL_NOT_SHOW:
        raise PermissionError(
            f"SendGrid will not show its list {name} (status {reply.status}): the key needs the "
            "right to read suppressions."
        )
    if reply.status != 200 or not reply.complete:
        raise OSError(f"SendGrid's list {name} cannot be read (status {reply.status}).")
    try:
        rows = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OSError(f"SendGrid's list {name} is not JSON.") from error
    if not isinstance(rows, list):
        raise OSError(f"SendGrid's list {name} is not a list.")
    return rows


def _entry(row: Any) -> Listed:
    told = row if isinstance(row, dict) else {}
    return Listed(
        address=str(told.get("email") or ""),
        at=_instant(told.get("created")),
        reason=str(told.get("reason") or "").replace("\0", ""),
        status=str(told.get("status") or "").replace("\0", ""),
    )


def _instant(stamp: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(stamp), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
