"""What the lint says about a text message beyond its words: length, encoding, carriers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from campaigns.content import lexicon, sms
from campaigns.content.blocks import TextSource
from campaigns.content.findings import BLOCK, WARN, Finding
from campaigns.content.texts import CompiledText

if TYPE_CHECKING:
    from campaigns.content.lint import Setting

_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|net|org|ly|co|gl|me|io)/\S*", re.IGNORECASE
)
_OWN_STOP = re.compile(r"\s*\b(?:reply|text|send)\s+stop\b[^.!?\n]*[.!?]?", re.IGNORECASE)
_SHOUT = re.compile(r"\b[A-Z]{3,}(?:\s+[A-Z]{3,})+\b")


def check(source: TextSource, setting: Setting) -> Iterator[Finding]:
    """Give what is missing or doubtful in a text message."""
    if not source.body:
        yield _finding(BLOCK, "text_empty", "This text has no words yet.")
        return
    yield from _carriers(source)
    match = _ADDRESS.search(source.body)
    if match:
        yield _finding(
            BLOCK,
            "text_address",
            "An address in the words cannot be counted or mended. Choose the link below "
            "instead; it is added for you.",
            found=match.group(0),
            replacement="",
        )
    match = _OWN_STOP.search(source.body)
    if match:
        yield _finding(
            WARN,
            "text_stop_twice",
            "How to stop is added to every text. Take it out of the words.",
            found=match.group(0),
            replacement="",
        )
    if source.link == "lesson" and source.lesson_id is None:
        yield _finding(BLOCK, "text_lesson_missing", "Choose the lesson that the link leads to.")
    if source.link == "none":
        yield _finding(
            WARN, "text_no_link", "People have nothing to press. Add a link, or ask a question."
        )
    for offender in sms.offenders(sms.transliterate(source.body)[0]):
        yield _finding(
            WARN,
            "text_character",
            f'"{offender.character}" ({offender.name}) makes every part of this text hold 67 '
            "characters in place of 153.",
            found=offender.character,
            replacement=offender.replacement,
        )
    yield from _length(source, setting)


def _length(source: TextSource, setting: Setting) -> Iterator[Finding]:
    clinic = setting.clinic
    if clinic is None:
        return
    compiled = CompiledText(source, consultation=True)
    first = compiled.measure(clinic, setting.public_url, first=True).parts
    parts = compiled.measure(clinic, setting.public_url, first=False).parts
    if max(parts, first) > sms.MAX_PARTS:
        yield _finding(
            BLOCK,
            "text_long",
            f"With everything that is added, this text has {max(parts, first)} text parts; "
            f"{sms.MAX_PARTS} is the most. Shorten it.",
        )
    elif parts > 1:
        yield _finding(
            WARN,
            "text_parts",
            f"This text has {parts} text parts, and each is paid for. One part is enough for "
            "most messages.",
        )


def _carriers(source: TextSource) -> Iterator[Finding]:
    match = lexicon.CARRIER_BLOCKED.search(source.body)
    if match:
        yield _finding(
            BLOCK,
            "carrier_subject",
            f'Phone companies refuse texts that mention "{match.group(0)}".',
            found=match.group(0),
        )
    match = lexicon.CARRIER_DOUBTFUL.search(source.body)
    if match:
        yield _finding(
            WARN,
            "carrier_style",
            f'Phone companies take "{match.group(0)}" for fraud. Say it another way.',
            found=match.group(0),
        )
    match = _SHOUT.search(source.body)
    if match:
        yield _finding(
            WARN,
            "carrier_capitals",
            "Words in capitals look like spam.",
            found=match.group(0),
            replacement=match.group(0).capitalize(),
        )


def _finding(
    level: str, code: str, message: str, *, found: str = "", replacement: str | None = None
) -> Finding:
    return Finding(
        level=level,
        code=code,
        where="body",
        field="body",
        message=message,
        found=found,
        replacement=replacement,
    )
