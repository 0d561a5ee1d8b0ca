"""What a provider's HTTP answer says about when to try again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

LONGEST_WAIT = timedelta(hours=1)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read ``Retry-After`` (seconds or a date), else ``X-RateLimit-Reset`` (epoch seconds).

    The result lies between 1 second and 1 hour; None when neither header can be read.
    """
    seconds = _seconds(headers.get("Retry-After"))
    if seconds is None:
        reset = headers.get("X-RateLimit-Reset")
        if reset is not None and reset.strip().isdigit():
            seconds = int(reset) - time.time()
    if seconds is None:
        return None
    return min(max(timedelta(seconds=seconds), timedelta(seconds=1)), LONGEST_WAIT)


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the body if it is a JSON object."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _seconds(value: str | None) -> float | None:
    if value is None:
        return None
    value = value.strip()
    if value.isdigit():
        return float(min(int(value), 10**9))
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
