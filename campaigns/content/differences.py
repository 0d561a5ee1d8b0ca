"""What changed between two versions, block by block, for the one who signs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.content import blocks, richtext, wording
from campaigns.content.blocks import AnyBlock, Condition

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: ``same``, ``added`` or ``removed``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One part of the content and what happened to it."""

    where: str
    title: str
    kind: str
    pieces: tuple[Piece, ...]
    note: str = ""
    """Who sees it or where it leads, when that is what changed."""


def compare(channel: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[Change]:
    """Return every part of ``new`` and what was removed since ``old``, in reading order."""
    before = _parts(channel, old) if old is not None else {}
    after = _parts(channel, new)
    changes: list[Change] = []
    for where, (title, words, note) in after.items():
        if where not in before:
            changes.append(
                Change(
                    where=where, title=title, kind=ADDED, pieces=(Piece(ADDED, words),), note=note
                )
            )
            continue
        _title, old_words, old_note = before[where]
        same = words == old_words and note == old_note
        changes.append(
            Change(
                where=where,
                title=title,
                kind=SAME if same else CHANGED,
                pieces=(Piece(SAME, words),) if same else _pieces(old_words, words),
                note=note
                if note == old_note
                else f"{note or 'everybody'} (was: {old_note or 'everybody'})",
            )
        )
    changes.extend(
        Change(where=where, title=title, kind=REMOVED, pieces=(Piece(REMOVED, words),), note=note)
        for where, (title, words, note) in before.items()
        if where not in after
    )
    return changes


def describe(condition: Condition | None) -> str:
    """Say who sees a block."""
    if condition is None:
        return ""
    verb = "with" if condition.op == "has" else "without"
    if condition.kind == "interest":
        return f"only for people {verb} the interest {condition.value.replace('_', ' ')}"
    channel = {"sms": "texts", "email": "email"}.get(condition.value, condition.value)
    return f"only for people {verb} agreed {channel}"


def _parts(channel: str, body: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    if channel != "email":
        text = blocks.read_text(body)
        link = f"link: {text.link}" + (f" {text.lesson_id}" if text.lesson_id else "")
        return {"body": ("Text", text.body, link)}
    source = blocks.read_email(body)
    parts = {
        "subject": ("Subject", source.subject, ""),
        "preheader": ("Preheader", source.preheader, ""),
    }
    for block in source.walk():
        words = words_of(block)
        if words is not None:
            parts[block.id] = (blocks.NAMES[block.type], words, _note(block))
    return parts


def _note(block: AnyBlock) -> str:
    notes = [describe(block.condition)]
    url = getattr(block, "url", "")
    if url:
        notes.append(f"leads to {url}")
    if isinstance(block, blocks.Text):
        notes += [f"“{label}” leads to {url}" for url, label in richtext.parse(block.html).links]
    return "; ".join(n for n in notes if n)


def words_of(block: AnyBlock) -> str | None:
    """Return what a block says; None for blocks that say nothing."""
    match block:
        case blocks.Heading():
            return block.text
        case blocks.Text():
            return richtext.parse(block.html).plain
        case blocks.ImageBlock():
            return f"[picture {block.image[:8]}] {block.alt}"
        case blocks.Button():
            return block.label
        case blocks.Book():
            return block.label or "(standard words)"
        case blocks.Call():
            return block.label or "(standard words)"
        case blocks.Disclaimer():
            return wording.DISCLAIMER
        case blocks.ReviewedBy():
            return "(prints the reviewer's name once approved)"
        case _:
            return None


def _pieces(old: str, new: str) -> tuple[Piece, ...]:
    left, right = old.split(" "), new.split(" ")
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece(SAME, " ".join(left[a:b])))
            continue
        if b > a:
            pieces.append(Piece(REMOVED, " ".join(left[a:b])))
        if d > c:
            pieces.append(Piece(ADDED, " ".join(right[c:d])))
    return tuple(pieces)
