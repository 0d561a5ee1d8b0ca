"""The text part of an email, built from its blocks and not from its HTML."""

from __future__ import annotations

from campaigns.content import merge, richtext, wording
from campaigns.content.blocks import (
    AnyBlock,
    Book,
    Button,
    Call,
    Columns,
    Disclaimer,
    Divider,
    Footer,
    Heading,
    ImageBlock,
    ReviewedBy,
    Spacer,
    Text,
)
from campaigns.content.mjml import frame
from campaigns.content.slots import TEXT, Slots


class TextComposer:
    """Writes the text part of one variant of an email."""

    def __init__(self, slots: Slots, numbers: dict[str, list[int]], *, book_label: str) -> None:
        self._slots = slots
        self._book_label = book_label
        self._numbers = numbers

    def document(self, blocks: tuple[AnyBlock, ...]) -> str:
        """Write the whole text part."""
        name = self._slots.named
        parts = [part for block in blocks if (part := self._block(block))]
        footer = frame("footer.txt").substitute(
            brand=name("brand", TEXT),
            signup=name("_signup", TEXT),
            unsubscribe=name("_unsubscribe", TEXT),
            preferences=name("_preferences", TEXT),
            view=name("_view", TEXT),
            clinic_name=name("clinic_name", TEXT),
            clinic_address=name("clinic_address", TEXT),
            clinic_phone=name("clinic_phone", TEXT),
            education_only=wording.EDUCATION_ONLY,
            no_replies=wording.NO_REPLIES,
        )
        return "\n\n".join([*parts, footer])

    def _words(self, text: str) -> str:
        return merge.parse(text).fill(lambda tag: self._slots.put(tag, TEXT))

    def _link(self, block_id: str, ordinal: int = 0) -> str:
        return f"{self._slots.named('_click', TEXT)}/{self._numbers[block_id][ordinal]}"

    def _block(self, block: AnyBlock) -> str:
        match block:
            case Heading():
                return (
                    self._words(block.text).upper()
                    if not merge.parse(block.text).tags
                    else (self._words(block.text))
                )
            case Text():
                ordinal = iter(range(len(self._numbers.get(block.id, []))))
                return richtext.parse(block.html).to_text(
                    self._words, lambda _address: self._link(block.id, next(ordinal))
                )
            case ImageBlock():
                return f"[Picture: {self._words(block.alt)}]" if block.image and block.alt else ""
            case Button():
                return self._press(block.id, block.label)
            case Book():
                return self._press(block.id, block.label or self._book_label)
            case Call():
                phone = self._slots.named("clinic_phone", TEXT)
                return f"{self._words(block.label or wording.CALL_LABEL)}: {phone}"
            case Columns():
                inner = [self._block(b) for b in (*block.left, *block.right)]
                return "\n\n".join(part for part in inner if part)
            case ReviewedBy():
                return self._slots.named("_reviewed", TEXT)
            case Disclaimer():
                return wording.DISCLAIMER
            case Divider():
                return "----"
            case Spacer() | Footer():
                return ""

    def _press(self, block_id: str, label: str) -> str:
        return f"{self._words(label)}: {self._link(block_id)}"
