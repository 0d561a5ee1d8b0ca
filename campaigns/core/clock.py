"""The one source of the present moment, injected everywhere; aware UTC only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Everything that needs ``now`` takes a Clock or a ``now`` argument."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told to move; for tests and previews."""

    def __init__(self, at: datetime) -> None:
        self._at = require_utc(at)

    def now(self) -> datetime:
        """Return the moment that was last set."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move to ``at``, forwards or backwards."""
        self._at = require_utc(at)

    def advance(self, by: timedelta) -> None:
        """Move by a duration."""
        self._at += by


class ScaledClock:
    """A clock that starts at ``origin`` and runs ``factor`` times as fast as the machine's.

    Used by the demonstration, so that weeks pass in seconds and a Sunday does not
    stand in its way. ``started_at`` is the machine's time at which ``origin`` held, so
    that several processes given the same pair agree on the time. Accepted only with
    local or loopback providers (``settings.py`` refuses it otherwise).
    """

    def __init__(self, origin: datetime, *, started_at: datetime, factor: float) -> None:
        self._origin = require_utc(origin)
        self._started_at = require_utc(started_at)
        self._factor = factor

    def now(self) -> datetime:
        """Return the scaled time in UTC."""
        return self._origin + (datetime.now(UTC) - self._started_at) * self._factor


def require_utc(at: datetime) -> datetime:
    """Return ``at`` in UTC; raise ValueError if it carries no zone."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime was given where an aware one is needed")
    return at.astimezone(UTC)
