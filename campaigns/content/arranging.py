"""Changes to an email's blocks: add, change, move, remove, put back. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from campaigns.content import blocks
from campaigns.content.blocks import EmailSource
from campaigns.core.errors import InvalidInput, NotFound

IN_COLUMNS = ("heading", "text", "image", "button", "book", "call", "spacer")
ADDABLE = tuple(kind for kind in blocks.NAMES if kind != "footer")
_SIDES = ("left", "right")

_Blocks = list[dict[str, Any]]


def add(
    draft: Mapping[str, Any], kind: str, *, after: str | None = None, inside: str | None = None
) -> tuple[EmailSource, str]:
    """Add a block after another one (None: at the end), or at the end of a column.

    ``inside`` is ``<columns block id>.left`` or ``.right``. Returns the email and the new id.
    """
    if kind not in ADDABLE:
        raise InvalidInput("block_kind", "This kind of block does not exist.")
    body = _copy(draft)
    fresh = {"type": kind, "id": blocks.new_id()}
    if inside:
        if kind not in IN_COLUMNS:
            raise InvalidInput("block_kind", f"{blocks.NAMES[kind]} cannot stand in a column.")
        columns_id, _, side = inside.partition(".")
        row, index = _find(body["blocks"], columns_id)
        if row[index].get("type") != "columns" or side not in _SIDES:
            raise _gone()
        row[index].setdefault(side, []).append(fresh)
    elif after:
        row, index = _find(body["blocks"], after)
        if row is not body["blocks"] and kind not in IN_COLUMNS:
            row, index = body["blocks"], _top(body["blocks"], after)
        row.insert(index + 1, fresh)
    else:
        body["blocks"].append(fresh)
    return blocks.read_email(body), str(fresh["id"])


def change(draft: Mapping[str, Any], block_id: str, fields: Mapping[str, Any]) -> EmailSource:
    """Set fields of a block."""
    body = _copy(draft)
    row, index = _find(body["blocks"], block_id)
    row[index].update(fields)
    if row[index].get("condition") is None:
        row[index].pop("condition", None)
    return blocks.read_email(body)


def set_envelope(draft: Mapping[str, Any], *, subject: str, preheader: str) -> EmailSource:
    """Set subject and preheader."""
    return blocks.read_email({**draft, "subject": subject, "preheader": preheader})


def move(draft: Mapping[str, Any], block_id: str, by: int) -> EmailSource:
    """Move a block up (negative) or down among its neighbours, as far as that goes."""
    body = _copy(draft)
    row, index = _find(body["blocks"], block_id)
    place(row, index, index + by)
    return blocks.read_email(body)


def move_to(draft: Mapping[str, Any], block_id: str, position: int) -> EmailSource:
    """Move a block to a position among its neighbours, counted from zero."""
    body = _copy(draft)
    row, index = _find(body["blocks"], block_id)
    place(row, index, position)
    return blocks.read_email(body)


def place(row: _Blocks, index: int, target: int) -> None:
    """Move one element of a row within its bounds."""
    block = row.pop(index)
    row.insert(max(0, min(len(row), target)), block)


def remove(
    draft: Mapping[str, Any], block_id: str
) -> tuple[EmailSource, dict[str, Any], int, str | None]:
    """Take a block out; also returns what ``put_back`` needs to undo it."""
    body = _copy(draft)
    row, index = _find(body["blocks"], block_id)
    inside = None
    for block in body["blocks"]:
        for side in _SIDES:
            if block.get(side) is row:
                inside = f"{block['id']}.{side}"
    taken = row.pop(index)
    return blocks.read_email(body), taken, index, inside


def put_back(
    draft: Mapping[str, Any], block: Mapping[str, Any], position: int, inside: str | None
) -> EmailSource:
    """Undo a removal."""
    body = _copy(draft)
    row = body["blocks"]
    if inside:
        columns_id, _, side = inside.partition(".")
        found, index = _find(row, columns_id)
        row = found[index].setdefault(side if side in _SIDES else "left", [])
    row.insert(max(0, min(len(row), position)), dict(block))
    return blocks.read_email(body)


def replace_words(
    draft: Mapping[str, Any], where: str, field: str, found: str, replacement: str
) -> EmailSource:
    """Put a finding's wording in place of the words that it names."""
    body = _copy(draft)
    if where in ("subject", "preheader"):
        body[where] = _swap(str(body.get(where, "")), found, replacement)
        return blocks.read_email(body)
    row, index = _find(body["blocks"], where)
    old = str(row[index].get(field, ""))
    if field == "html":
        row[index][field] = _swap_html(old, found, replacement)
    else:
        row[index][field] = _swap(old, found, replacement)
    return blocks.read_email(body)


def _swap(text: str, found: str, replacement: str) -> str:
    if found not in text:
        raise InvalidInput(
            "words_changed", "These words have changed since. Look at the finding again."
        )
    return " ".join(text.replace(found, replacement, 1).split(" ")).strip()


def _swap_html(markup: str, found: str, replacement: str) -> str:
    """Replace words in rich text; a sentence that carries markup loses it."""
    from html import escape

    from campaigns.content import richtext

    if escape(found, quote=False) in markup:
        return markup.replace(escape(found, quote=False), escape(replacement, quote=False), 1)
    if escape(found) in markup:
        return markup.replace(escape(found), escape(replacement), 1)
    document = richtext.parse(markup)
    parts = []
    done = False
    for part in document.parts:
        words = richtext.Document((part,)).plain
        if not done and found in words and isinstance(part, richtext.Paragraph):
            words = words.replace(found, replacement, 1)
            part = richtext.Paragraph((richtext.Run(words),))
            done = True
        parts.append(part)
    if not done:
        raise InvalidInput(
            "words_changed", "These words cannot be replaced here. Change them by hand."
        )
    return richtext.Document(tuple(parts)).to_html()


def _copy(draft: Mapping[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(dict(draft))
    body["blocks"] = [b for b in body.get("blocks", []) if b.get("type") != "footer"]
    return body


def _find(row: _Blocks, block_id: str) -> tuple[_Blocks, int]:
    for index, block in enumerate(row):
        if block.get("id") == block_id:
            return row, index
        for side in _SIDES:
            for inner_index, inner in enumerate(block.get(side) or []):
                if inner.get("id") == block_id:
                    return block[side], inner_index
    raise _gone()


def _top(row: _Blocks, block_id: str) -> int:
    for index, block in enumerate(row):
        inner = [b for side in _SIDES for b in block.get(side) or []]
        if block.get("id") == block_id or any(b.get("id") == block_id for b in inner):
            return index
    raise _gone()


def _gone() -> NotFound:
    return NotFound("block_missing", "This block is not there any more. Reload the page.")
