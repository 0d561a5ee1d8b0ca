"""Blocks to MJML to HTML; and the check that nothing unwanted came through."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from string import Template as Frame

from mjml import mjml2html

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
from campaigns.content.links import TRAP_LINK
from campaigns.content.slots import HTML, Slots, is_mark_start
from campaigns.core.errors import InvalidInput

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "email"

_COLUMN_WIDTH = 552
_MJML_TAGS = {
    "mjml",
    "mj-head",
    "mj-title",
    "mj-preview",
    "mj-raw",
    "mj-attributes",
    "mj-all",
    "mj-text",
    "mj-button",
    "mj-image",
    "mj-divider",
    "mj-spacer",
    "mj-section",
    "mj-column",
    "mj-style",
    "mj-body",
    "meta",
}
_WORD_TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "h1", "h2", "h3"}
_HTML_TAGS = _WORD_TAGS | {
    "html",
    "head",
    "title",
    "meta",
    "style",
    "body",
    "div",
    "table",
    "tbody",
    "tr",
    "td",
    "img",
}


@cache
def frame(name: str) -> Frame:
    """Read one of the templates in templates/email once."""
    return Frame((FOLDER / name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Look:
    """The clinic's brand in an email."""

    accent: str = "#b3261e"
    lang: str = "en"

    @classmethod
    def of(cls, accent: str | None, lang: str = "en") -> Look:
        """Make a look; anything but a #rrggbb colour falls back to the default accent."""
        good = accent is not None and re.fullmatch(r"#[0-9a-fA-F]{6}", accent) is not None
        return cls(accent, lang) if accent is not None and good else cls(lang=lang)

    @property
    def on_accent(self) -> str:
        """White or near-black, whichever can be read on the accent colour."""
        red, green, blue = (int(self.accent[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
        ]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return "#ffffff" if 1.05 / (luminance + 0.05) >= 4.5 else "#111111"


class Composer:
    """Writes the MJML of one variant of an email."""

    def __init__(self, slots: Slots, numbers: dict[str, list[int]], *, book_label: str) -> None:
        self._slots = slots
        self._book_label = book_label
        self._numbers = numbers

    def words(self, text: str) -> str:
        """Escape plain words and turn their merge tags into places."""
        return merge.parse(text).fill(lambda tag: self._slots.put(tag, HTML), html.escape)

    def link(self, block_id: str, ordinal: int = 0) -> str:
        """Return the address of a block's link."""
        number = self._numbers[block_id][ordinal]
        return f"{self._slots.named('_click', HTML)}/{number}"

    def document(
        self, blocks: tuple[AnyBlock, ...], *, subject: str, preheader: str, look: Look
    ) -> str:
        """Write the whole email as MJML."""
        name = self._slots.named
        return frame("frame.mjml").substitute(
            lang=html.escape(look.lang),
            title=self.words(subject),
            preheader=self.words(preheader),
            accent=look.accent,
            on_accent=look.on_accent,
            brand=name("brand", HTML),
            view=name("_view", HTML),
            trap=f"{name('_click', HTML)}/{TRAP_LINK}",
            body=self._sections(blocks),
            footer=frame("footer.mjml").substitute(
                brand=name("brand", HTML),
                signup=name("_signup", HTML),
                unsubscribe=name("_unsubscribe", HTML),
                preferences=name("_preferences", HTML),
                clinic_name=name("clinic_name", HTML),
                clinic_address=name("clinic_address", HTML),
                clinic_phone=name("clinic_phone", HTML),
                education_only=html.escape(wording.EDUCATION_ONLY),
                no_replies=html.escape(wording.NO_REPLIES),
            ),
        )

    def _sections(self, blocks: tuple[AnyBlock, ...]) -> str:
        """Write blocks one below the other; neighbours share a section, which keeps mail small."""
        out: list[str] = []
        stack: list[str] = []

        def close() -> None:
            if stack:
                out.append(_section(f"<mj-column>{''.join(stack)}</mj-column>"))
                stack.clear()

        for block in blocks:
            if isinstance(block, Columns):
                close()
                left = "".join(self._element(b, width=252) for b in block.left)
                right = "".join(self._element(b, width=252) for b in block.right)
                out.append(_section(f"<mj-column>{left}</mj-column><mj-column>{right}</mj-column>"))
            elif not isinstance(block, Footer):
                stack.append(self._element(block))
        close()
        return "\n".join(out)

    def _element(self, block: AnyBlock, *, width: int = _COLUMN_WIDTH) -> str:
        match block:
            case Heading():
                tag = f"h{block.level}"
                return (
                    f'<mj-text css-class="words"><{tag}>{self.words(block.text)}</{tag}></mj-text>'
                )
            case Text():
                return f'<mj-text css-class="words">{self._rich(block)}</mj-text>'
            case ImageBlock():
                return self._image(block, width)
            case Button():
                return self._button(self.link(block.id), block.label)
            case Book():
                return self._button(self.link(block.id), block.label or self._book_label)
            case Call():
                return self._button(self.link(block.id), block.label or wording.CALL_LABEL)
            case Divider():
                return "<mj-divider />"
            case Spacer():
                return f'<mj-spacer height="{block.height}px" />'
            case ReviewedBy():
                line = self._slots.named("_reviewed", HTML)
                return f'<mj-text font-size="14px" css-class="quiet"><p>{line}</p></mj-text>'
            case Disclaimer():
                words = html.escape(wording.DISCLAIMER)
                return f'<mj-text font-size="14px" css-class="quiet"><p>{words}</p></mj-text>'
            case Columns() | Footer():
                raise ValueError(f"a {block.type} block cannot stand inside a column")

    def _rich(self, block: Text) -> str:
        ordinal = iter(range(len(self._numbers.get(block.id, []))))
        return richtext.parse(block.html).to_html(
            self.words, lambda _address: self.link(block.id, next(ordinal))
        )

    def _button(self, address: str, label: str) -> str:
        return f'<mj-button css-class="press" href="{address}">{self.words(label)}</mj-button>'

    def _image(self, block: ImageBlock, width: int) -> str:
        if not block.image:
            return ""
        shown = min(block.width or width, width)
        source = f"{self._slots.named('_images', HTML)}/{block.image}"
        return f'<mj-image src="{source}" alt="{self.words(block.alt)}" width="{shown}px" />'


def _section(columns: str) -> str:
    return f'<mj-section css-class="card">{columns}</mj-section>'


def compile_html(source: str) -> str:
    """Turn MJML into HTML, checked before and after.

    Raises: InvalidInput when anything stands in it that an email must not carry.
    """
    _Check(_MJML_TAGS | _WORD_TAGS).run(source)
    result: str = mjml2html(source, fonts={})  # no fonts from elsewhere
    _Check(_HTML_TAGS).run(result)
    return result


class _Check(HTMLParser):
    """Refuses unknown tags, event handlers and addresses that are not ours."""

    def __init__(self, tags: set[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._tags = tags

    def run(self, source: str) -> None:
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._tags:
            self._refuse(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("srcdoc", "srcset", "formaction", "action"):
                self._refuse(name)
            if name in ("href", "src", "background") and not is_mark_start(value or ""):
                self._refuse(f"{name}={value}")
            if name == "http-equiv" and (value or "").lower() == "refresh":
                self._refuse("meta refresh")

    def _refuse(self, what: str) -> None:
        raise InvalidInput(
            "email_unsafe",
            f"This email holds something that may not be sent ({what[:60]}). "
            "It was not compiled; remove the block that you changed last.",
        )
