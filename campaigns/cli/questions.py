"""Questions as JSON lines: one answer line for each line that comes in, in the same order."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO, Any

from campaigns.core.errors import CampaignsError, InvalidInput

Answer = dict[str, Any]

DASH = "-"
"""In place of a question: read them from standard input."""


def answer_lines(answer: Callable[[Answer], Answer]) -> int:
    """Answer each line of standard input; return the exit code: 1 if any line failed."""
    return 1 if answer_all(sys.stdin.buffer, sys.stdout, answer) else 0


def answer_all(lines: Iterable[bytes], out: IO[str], answer: Callable[[Answer], Answer]) -> int:
    """Write one line of JSON for each line; return how many were answered with an error.

    Each is written through at once, so that a program may ask and wait in turn.
    """
    failed = 0
    for line in lines:
        try:
            found = answer(_read(line))
        except CampaignsError as fault:
            found = {"error": fault.message}
        failed += "error" in found
        out.write(json.dumps(found) + "\n")
        out.flush()
    return failed


def text_of(question: Answer, key: str) -> str:
    """Return a text that the question must have.

    Raises: InvalidInput ``question`` where it is missing or something else.
    """
    if key not in question:
        raise _bad(f"“{key}” is missing.")
    value = question[key]
    if not isinstance(value, str):
        raise _bad(f"“{key}” must be a text in quotes.")
    return value


def text_or_none(question: Answer, key: str) -> str | None:
    """Return a text that may be null or left out.

    Raises: InvalidInput ``question`` where it is something else.
    """
    return None if question.get(key) is None else text_of(question, key)


def moment_of(text: str) -> datetime:
    """Return an instant written in ISO 8601 with its offset.

    Raises: InvalidInput ``question`` for anything else: a time without an offset could be
    any of several.
    """
    try:
        at = datetime.fromisoformat(text.strip().upper())  # RFC 3339 has a small z, too
    except ValueError:
        raise _bad(f"“{text[:40]}” is not a time like 2026-11-17T13:00:00-05:00.") from None
    if at.tzinfo is None:
        raise _bad(
            "The time says no offset from UTC. Add one, like 2026-11-17T13:00:00-05:00, or Z."
        )
    return at


def _read(line: bytes) -> Answer:
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _bad("The line is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise _bad('The line is not JSON. Give an object, like {"text": "…"}.') from None
    if not isinstance(found, dict):
        raise _bad("The line must be one JSON object in braces.")
    return found


def _bad(words: str) -> InvalidInput:
    return InvalidInput("question", words)
