"""What the lint says: one finding for each thing to fix or to think about."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = "block"
WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to fix (``block``) or to think about (``warn``)."""

    level: str
    code: str
    where: str
    """A block's id, or ``subject``, ``preheader``, ``body``, ``sender``, ``clinic``."""
    message: str
    """What is wrong and what to do, in plain words."""
    field: str = ""
    """The block's field."""
    found: str = ""
    """The words in question, as they stand there."""
    replacement: str | None = None
    """What one click puts in the place of ``found``; None when there is no such text."""
    action: str | None = None
    """Another one-click remedy: ``add:disclaimer``, ``add:book``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A stretch of visible words and where it stands."""

    where: str
    field: str
    text: str
    title: str
