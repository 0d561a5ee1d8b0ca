"""What an email and a text are made of, and the check of everything that is saved.

An email is a subject, a preheader and a list of typed blocks; a text is a body and one
link. The check is about form (types, lengths, merge tags, addresses); what is missing
or unwise in the words is the lint's business, so that half a draft can be saved.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from campaigns.content import merge, richtext
from campaigns.content.addresses import check_url
from campaigns.core.errors import InvalidInput

MAX_BLOCKS = 60
FOOTER_ID = "footer"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Condition(_Model):
    """Who sees a block: people with or without an interest, or a channel they agreed to."""

    kind: Literal["interest", "channel"]
    op: Literal["has", "has_not"] = "has"
    value: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$")]


class _Block(_Model):
    id: Annotated[str, Field(pattern=r"^[a-z0-9]{1,40}$")]
    condition: Condition | None = None


class Heading(_Block):
    """A heading."""

    type: Literal["heading"] = "heading"
    text: Annotated[str, Field(max_length=200)] = ""
    level: Literal[1, 2, 3] = 2


class Text(_Block):
    """Rich text: paragraphs, bold, italic, lists, links."""

    type: Literal["text"] = "text"
    html: Annotated[str, Field(max_length=20_000)] = ""


class ImageBlock(_Block):
    """An uploaded picture with its alternative text."""

    type: Literal["image"] = "image"
    image: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,43}$")] = ""
    alt: Annotated[str, Field(max_length=200)] = ""
    width: Annotated[int, Field(ge=0, le=10_000)] = 0
    height: Annotated[int, Field(ge=0, le=10_000)] = 0


class Button(_Block):
    """A button that leads to a web page."""

    type: Literal["button"] = "button"
    label: Annotated[str, Field(max_length=60)] = ""
    url: Annotated[str, Field(max_length=2000)] = ""


class Book(_Block):
    """A button that leads to booking, or to a consultation for education-only topics."""

    type: Literal["book"] = "book"
    label: Annotated[str, Field(max_length=60)] = ""


class Call(_Block):
    """A button that calls the clinic."""

    type: Literal["call"] = "call"
    label: Annotated[str, Field(max_length=60)] = ""


class Divider(_Block):
    """A thin line."""

    type: Literal["divider"] = "divider"


class Spacer(_Block):
    """Empty room."""

    type: Literal["spacer"] = "spacer"
    height: Annotated[int, Field(ge=4, le=80)] = 24


class ReviewedBy(_Block):
    """The line that names who reviewed this; prints nothing without a real approval."""

    type: Literal["reviewed_by"] = "reviewed_by"


class Disclaimer(_Block):
    """The shared notice to talk with a clinician first."""

    type: Literal["disclaimer"] = "disclaimer"


class Footer(_Block):
    """Why you get this, postal address, unsubscribe, preferences. Locked, always last."""

    type: Literal["footer"] = "footer"


Simple = Annotated[
    Heading | Text | ImageBlock | Button | Book | Call | Spacer, Field(discriminator="type")
]


class Columns(_Block):
    """Two columns side by side, one under the other on a phone."""

    type: Literal["columns"] = "columns"
    left: Annotated[tuple[Simple, ...], Field(max_length=12)] = ()
    right: Annotated[tuple[Simple, ...], Field(max_length=12)] = ()


SimpleBlock = Heading | Text | ImageBlock | Button | Book | Call | Spacer
AnyBlock = SimpleBlock | Divider | Columns | ReviewedBy | Disclaimer | Footer
Block = Annotated[AnyBlock, Field(discriminator="type")]

NAMES: dict[str, str] = {
    "heading": "Heading",
    "text": "Text",
    "image": "Image",
    "button": "Button",
    "book": "Book now",
    "call": "Call now",
    "divider": "Divider",
    "spacer": "Space",
    "columns": "Two columns",
    "reviewed_by": "Reviewed by",
    "disclaimer": "Disclaimer",
    "footer": "Footer",
}
"""Each kind of block as staff know it."""


class EmailSource(_Model):
    """An email as it is stored."""

    subject: Annotated[str, Field(max_length=150)] = ""
    preheader: Annotated[str, Field(max_length=150)] = ""
    blocks: Annotated[tuple[Block, ...], Field(max_length=MAX_BLOCKS)] = ()

    def walk(self) -> Iterator[AnyBlock]:
        """Give every block, those inside columns too, in reading order."""
        for block in self.blocks:
            yield block
            if isinstance(block, Columns):
                yield from block.left
                yield from block.right

    def find(self, block_id: str) -> AnyBlock | None:
        """Return the block with this id."""
        return next((block for block in self.walk() if block.id == block_id), None)

    def stored(self) -> dict[str, Any]:
        """Return the JSON form."""
        return self.model_dump(mode="json", exclude_none=True)


class TextSource(_Model):
    """A text message as it is stored; prefix, link and opt-out hint are added when it is sent."""

    body: Annotated[str, Field(max_length=1000)] = ""
    link: Literal["none", "book", "call", "lesson"] = "book"
    lesson_id: int | None = None
    lesson_version_id: int | None = None
    """Set when the text is frozen: the version of the lesson that its link leads to."""

    def stored(self) -> dict[str, Any]:
        """Return the JSON form."""
        return self.model_dump(mode="json", exclude_none=True)


def new_id() -> str:
    """Return a fresh block id."""
    return "b" + secrets.token_hex(5)


def make(kind: str, **values: Any) -> AnyBlock:
    """Make a block of a kind with its defaults; used by the plus menu and by samples."""
    source = read_email({"blocks": [{"type": kind, "id": new_id(), **values}]})
    return source.blocks[0]


def read_email(draft: Mapping[str, Any]) -> EmailSource:
    """Check an email and bring it into the form that is stored.

    Rich text is sanitised, ids are made unique, the footer is put last.

    Raises: InvalidInput with one entry for each faulty field, ``<block id>.<field>``.
    """
    body = dict(draft)
    raw = [dict(b) for b in body.get("blocks") or [] if isinstance(b, Mapping)]
    raw = [b for b in raw if b.get("type") != "footer"]
    if len(raw) < MAX_BLOCKS:
        raw.append({"type": "footer", "id": FOOTER_ID})
    _number(raw, set())
    body["blocks"] = raw
    try:
        source = EmailSource.model_validate(body)
    except ValidationError as error:
        raise _explain(error, raw) from None
    return _clean(source)


def read_text(draft: Mapping[str, Any]) -> TextSource:
    """Check a text message.

    Raises: InvalidInput naming the field and the remedy.
    """
    body = dict(draft)
    if "link" not in body and body.get("lesson_id"):
        body["link"] = "lesson"
    if body.get("link", "book") != "lesson":
        body.pop("lesson_id", None)
        body.pop("lesson_version_id", None)
    if isinstance(body.get("body"), str):
        body["body"] = body["body"].replace("\r\n", "\n").replace("\r", "\n")
    try:
        source = TextSource.model_validate(body)
    except ValidationError as error:
        raise _explain(error, []) from None
    try:
        merge.parse(source.body)
    except InvalidInput as error:
        raise InvalidInput(error.code, error.message, fields={"body": error.message}) from None
    return source


def canonical_json(source: Mapping[str, Any]) -> str:
    """Return a JSON text that is the same for the same content."""
    return json.dumps(source, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _number(raw: list[dict[str, Any]], seen: set[str]) -> None:
    """Give an id to blocks without one, and a new one to the second of two that share it."""
    for block in raw:
        if not block.get("id") or block["id"] in seen:
            block["id"] = new_id()
        if isinstance(block["id"], str):
            seen.add(block["id"])
        for side in ("left", "right"):
            inner = block.get(side)
            if isinstance(inner, list | tuple):
                block[side] = [dict(b) for b in inner if isinstance(b, Mapping)]
                _number(block[side], seen)


def _clean(source: EmailSource) -> EmailSource:
    faults: dict[str, str] = {}
    named: list[str] = []

    def check(where: str, title: str, text: str, *, rich: bool = False) -> str:
        try:
            if rich:
                text = richtext.canonical(text)
                for run in richtext.parse(text).runs:
                    merge.parse(run.text)
            else:
                merge.parse(text)
        except InvalidInput as error:
            faults[where] = error.message
            named.append(f"{title}: {error.message}")
        return text

    def clean(block: AnyBlock) -> AnyBlock:
        title = NAMES[block.type]
        if isinstance(block, Text):
            html = check(f"{block.id}.html", title, block.html, rich=True)
            return block.model_copy(update={"html": html})
        if isinstance(block, Columns):
            return block.model_copy(
                update={
                    "left": tuple(clean(b) for b in block.left),
                    "right": tuple(clean(b) for b in block.right),
                }
            )
        for field in ("text", "label", "alt"):
            value = getattr(block, field, None)
            if isinstance(value, str):
                check(f"{block.id}.{field}", title, value)
        if isinstance(block, Button) and block.url:
            try:
                check_url(block.url)
            except InvalidInput as error:
                faults[f"{block.id}.url"] = error.message
                named.append(f"{title}: {error.message}")
        return block

    for field, title in (("subject", "Subject"), ("preheader", "Preheader")):
        check(field, title, getattr(source, field))
    blocks = tuple(clean(block) for block in source.blocks)
    if faults:
        raise InvalidInput(
            "content_invalid", "Not saved yet. " + " ".join(dict.fromkeys(named)), fields=faults
        )
    return source.model_copy(update={"blocks": blocks})


_REMEDIES = {
    "string_too_long": "is too long. Shorten it to {max_length} characters.",
    "too_long": "has too many parts. Split it into two messages.",
    "extra_forbidden": "is not a field of this block. Take it out.",
    "missing": "is missing. Fill it in.",
    "string_pattern_mismatch": "has characters that are not allowed here.",
    "greater_than_equal": "is too small. The least is {ge}.",
    "less_than_equal": "is too large. The most is {le}.",
    "union_tag_invalid": "is not a kind of block that exists. Choose one from the plus menu.",
    "union_tag_not_found": "has no kind. Choose one from the plus menu.",
    "literal_error": "is not one of the choices: {expected}.",
}


def _explain(error: ValidationError, raw: list[dict[str, Any]]) -> InvalidInput:
    faults: dict[str, str] = {}
    sentences: list[str] = []
    for fault in error.errors():
        where, title = _place(fault["loc"], raw)
        template = _REMEDIES.get(fault["type"], "cannot be read. Enter it again.")
        remedy = template.format_map(_Anything(fault.get("ctx", {})))
        faults[where] = f"This {remedy}"
        sentences.append(f"{title} {remedy}")
    return InvalidInput("content_invalid", "Not saved yet. " + " ".join(sentences), fields=faults)


class _Anything(dict[str, Any]):
    """A mapping for ``format_map`` that has an answer for every name."""

    def __missing__(self, key: str) -> str:
        return "another value"


def _place(loc: Iterable[int | str], raw: list[dict[str, Any]]) -> tuple[str, str]:
    """Turn pydantic's location into ``<block id>.<field>`` and words."""
    block: dict[str, Any] | None = None
    level: Any = raw
    rest: list[str] = []
    position = 0
    after_index = False
    for step in loc:
        is_kind = after_index and step in NAMES  # pydantic names the kind after the index
        after_index = isinstance(step, int)
        if isinstance(step, int) and isinstance(level, list) and step < len(level):
            block, position = level[step], step + 1
            level = block
            rest = []
        elif isinstance(step, str) and isinstance(level, dict) and step in ("left", "right"):
            level = level.get(step)
        elif step != "blocks" and not is_kind:
            rest.append(str(step))
    field = ".".join(rest) or "type"
    if block is None:
        return field, f"{field.capitalize()}:"
    kind = NAMES.get(str(block.get("type")), "Block")
    return f"{block.get('id')}.{field}", f"{kind} (block {position}), {field}: it"
