"""Logs hold ids, not people."""

from __future__ import annotations

import pytest

from campaigns.core import logs


@pytest.mark.parametrize(
    "text",
    [
        "could not reach maria.lopez+red@example.com today",
        "to=+12125550123",
        "call (212) 555-0123 back",
        "212-555-0123",
        "212.555.0123",
    ],
)
def test_addresses_are_masked(text: str) -> None:
    masked = logs.mask(text)
    assert "maria" not in masked
    assert "0123" not in masked


@pytest.mark.parametrize("text", ["message 1234567890123", "2026-11-22T14:22:24", "batch 4711"])
def test_ids_and_times_stay_readable(text: str) -> None:
    assert logs.mask(text) == text


def test_tracebacks_are_masked_too(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        raise ValueError("bad address maria@example.com")
    except ValueError:
        logs.get("test").exception("failed", address="maria@example.com")
    written = capfd.readouterr().err
    assert "failed" in written
    assert "maria@" not in written
