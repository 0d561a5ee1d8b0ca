"""The hosted page of a lesson: the same blocks as the email, as a plain web page.

Texts and "view in browser" lead here. The page around it (neutral first screen, brand,
headers) is the public surface's.
"""

from __future__ import annotations

import html

from campaigns.clinic.models import Clinic
from campaigns.content import merge, richtext, slots, wording
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
from campaigns.content.merge import Tag
from campaigns.content.people import PersonUrls, PersonView, clinic_values, person_values
from campaigns.content.rendering import CompiledEmail


def lesson_page(
    lesson: CompiledEmail,
    *,
    clinic: Clinic,
    person: PersonView | None = None,
    urls: PersonUrls | None = None,
    reviewed_line: str = "",
) -> str:
    """Return a lesson as an HTML fragment: escaped, without style, script or frame.

    Without ``person`` (a preview, or a forwarded page) fallbacks stand in for names, and
    blocks that depend on the person are left out. Without ``urls`` links lead straight to
    their page, and booking and calling are left to the page around it.
    """
    return _Page(lesson, clinic, person, urls, reviewed_line).write()


def _condition_met(block: AnyBlock, person: PersonView | None) -> bool:
    condition = block.condition
    if condition is None:
        return True
    if person is None:
        return False
    held = person.interests if condition.kind == "interest" else person.channels
    return (condition.value in held) == (condition.op == "has")


class _Page:
    def __init__(
        self,
        lesson: CompiledEmail,
        clinic: Clinic,
        person: PersonView | None,
        urls: PersonUrls | None,
        reviewed_line: str,
    ) -> None:
        self._lesson = lesson
        self._person = person
        self._urls = urls
        self._reviewed = reviewed_line
        self._phone = clinic.phone or ""
        self._values = {**person_values(person or PersonView()), **clinic_values(clinic)}
        self._numbers: dict[str, list[int]] = {}
        self._targets: dict[int, str] = {}
        for spec in lesson.links:
            self._numbers.setdefault(spec.block_id, []).append(spec.number)
            self._targets[spec.number] = spec.target if spec.kind == "url" else ""

    def write(self) -> str:
        blocks = self._lesson.source.blocks
        return "\n".join(
            part for b in blocks if _condition_met(b, self._person) and (part := self._block(b))
        )

    def _words(self, text: str) -> str:
        def put(tag: Tag) -> str:
            return html.escape(slots.one_line(tag.value(self._values[tag.name])))

        return merge.parse(text).fill(put, html.escape)

    def _address(self, number: int) -> str:
        return html.escape(self._urls.link(number) if self._urls else self._targets[number])

    def _press(self, block_id: str, label: str) -> str:
        address = self._address(self._numbers[block_id][0])
        if not address:
            return ""
        return (
            f'<p><a class="button" rel="noreferrer" href="{address}">{self._words(label)}</a></p>'
        )

    def _block(self, block: AnyBlock) -> str:
        match block:
            case Heading():
                tag = f"h{max(2, block.level)}"
                return f"<{tag}>{self._words(block.text)}</{tag}>"
            case Text():
                numbers = iter(self._numbers.get(block.id, []))
                return richtext.parse(block.html).to_html(
                    self._words, lambda _a: self._address(next(numbers)), ' rel="noreferrer"'
                )
            case ImageBlock():
                return self._image(block)
            case Button():
                return self._press(block.id, block.label)
            case Book():
                return self._press(block.id, block.label or self._lesson.book_label)
            case Call():
                return self._call(block)
            case Columns():
                sides = [
                    "".join(self._block(b) for b in side) for side in (block.left, block.right)
                ]
                return (
                    '<div class="columns">' + "".join(f"<div>{s}</div>" for s in sides) + "</div>"
                )
            case ReviewedBy():
                return (
                    f'<p class="quiet">{html.escape(self._reviewed)}</p>' if self._reviewed else ""
                )
            case Disclaimer():
                return f'<p class="quiet">{html.escape(wording.DISCLAIMER)}</p>'
            case Divider():
                return "<hr>"
            case Spacer() | Footer():
                return ""

    def _call(self, block: Call) -> str:
        if not self._phone:
            return ""
        label = self._words(block.label or wording.CALL_LABEL)
        address = (
            self._address(self._numbers[block.id][0])
            if self._urls
            else f"tel:{html.escape(self._phone)}"
        )
        return f'<p><a class="button" href="{address}">{label}</a></p>'

    def _image(self, block: ImageBlock) -> str:
        if not block.image:
            return ""
        size = f' width="{block.width}" height="{block.height}"' if block.width else ""
        return f'<p><img src="/i/{block.image}" alt="{self._words(block.alt)}"{size}></p>'
