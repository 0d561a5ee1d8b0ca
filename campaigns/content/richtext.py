"""Rich text, kept small on purpose: paragraphs, bold, italic, lists, links.

What staff type or paste is sanitised by ``nh3`` first, then read into a little document
of our own and written again from that. The email's HTML and its text part both come
from the document, never from the typed markup.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3

from campaigns.content.addresses import check_url

_TAGS = {"p", "div", "br", "strong", "b", "em", "i", "a", "ul", "ol", "li"}
_DROP_WITH_CONTENT = {"script", "style", "title", "template", "iframe", "object", "svg", "math"}


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style; ``text`` may be a line break."""

    text: str
    bold: bool = False
    italic: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list with bullets or numbers."""

    ordered: bool
    items: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Rich text, read and clean."""

    parts: tuple[Paragraph | Listing, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every run, in order."""
        found: list[Run] = []
        for part in self.parts:
            groups = (part.runs,) if isinstance(part, Paragraph) else part.items
            found.extend(run for group in groups for run in group)
        return tuple(found)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Each link as (address, label); neighbouring runs of one address are one link."""
        found: list[tuple[str, str]] = []
        for part in self.parts:
            for group in (part.runs,) if isinstance(part, Paragraph) else part.items:
                before = ""
                for run in group:
                    if run.href and run.href == before:
                        found[-1] = (run.href, found[-1][1] + run.text)
                    elif run.href:
                        found.append((run.href, run.text))
                    before = run.href
        return tuple(found)

    def to_html(
        self,
        text: Callable[[str], str] = html.escape,
        link: Callable[[str], str] = html.escape,
        link_attributes: str = "",
    ) -> str:
        """Write HTML; ``text`` escapes a run, ``link`` gives an address, once per link."""
        return "".join(_part_html(part, text, link, link_attributes) for part in self.parts)

    def to_text(self, text: Callable[[str], str], link: Callable[[str], str]) -> str:
        """Write plain text; each link is followed by its address in brackets."""
        lines: list[str] = []
        for part in self.parts:
            if isinstance(part, Paragraph):
                lines.append(_runs_text(part.runs, text, link))
                continue
            items = [
                f"{f'{n}.' if part.ordered else '-'} {_runs_text(item, text, link)}"
                for n, item in enumerate(part.items, 1)
            ]
            lines.append("\n".join(items))
        return "\n\n".join(lines)

    @property
    def plain(self) -> str:
        """The words alone, for the lint and for lists."""
        return self.to_text(str, lambda _address: "")


def parse(source: str) -> Document:
    """Read typed or pasted markup.

    Raises: InvalidInput when a link's address is not allowed.
    """
    _refuse_bad_links(source)
    clean = nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags=_DROP_WITH_CONTENT,
        attributes={"a": {"href"}},
        url_schemes={"https"},
        link_rel=None,
        strip_comments=True,
    )
    reader = _Reader()
    reader.feed(clean)
    reader.close()
    return Document(tuple(reader.finish()))


def canonical(source: str) -> str:
    """Return the markup as it is stored: sanitised, the same for the same words."""
    return parse(source).to_html()


def for_editor(source: str) -> str:
    """Return stored markup in the shape that the rich-text editor works on."""
    out: list[str] = []
    before: str | None = None
    for part in parse(source).parts:
        markup = _part_html(part, html.escape, html.escape, "")
        if isinstance(part, Paragraph):
            markup = f"<div>{markup[3:-4]}</div>"
            if before == "p":
                out[-1] = out[-1][: -len("</div>")] + "<br><br>" + markup[len("<div>") :]
                continue
            before = "p"
        else:
            before = "list"
        out.append(markup)
    return "".join(out)


def from_plain(text: str) -> str:
    """Turn plain text into stored markup; a blank line starts a paragraph."""
    paragraphs = [p.strip() for p in text.split("\n\n") if p.strip()]
    return "".join(f"<p>{html.escape(p).replace(chr(10), '<br>')}</p>" for p in paragraphs)


def _part_html(
    part: Paragraph | Listing,
    text: Callable[[str], str],
    link: Callable[[str], str],
    link_attributes: str,
) -> str:
    if isinstance(part, Paragraph):
        return f"<p>{_runs_html(part.runs, text, link, link_attributes)}</p>"
    tag = "ol" if part.ordered else "ul"
    items = "".join(
        f"<li>{_runs_html(item, text, link, link_attributes)}</li>" for item in part.items
    )
    return f"<{tag}>{items}</{tag}>"


def _runs_html(
    runs: tuple[Run, ...],
    text: Callable[[str], str],
    link: Callable[[str], str],
    link_attributes: str,
) -> str:
    out: list[str] = []
    href = ""
    for run in runs:
        if run.href != href:
            if href:
                out.append("</a>")
            if run.href:
                out.append(f'<a href="{link(run.href)}"{link_attributes}>')
            href = run.href
        body = "<br>" if run.text == "\n" else text(run.text)
        if run.italic:
            body = f"<em>{body}</em>"
        if run.bold:
            body = f"<strong>{body}</strong>"
        out.append(body)
    if href:
        out.append("</a>")
    return "".join(out)


def _runs_text(
    runs: tuple[Run, ...], text: Callable[[str], str], link: Callable[[str], str]
) -> str:
    out: list[str] = []
    href = ""
    for run in (*runs, Run("")):
        if href and run.href != href:
            address = link(href)
            out.append(f" ({address})" if address else "")
        href = run.href
        out.append("\n" if run.text == "\n" else text(run.text))
    return "".join(out).strip()


class _LinkReader(HTMLParser):
    """Collects the address of each link as a browser would understand it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.extend(value or "" for name, value in attrs if name == "href")


def _refuse_bad_links(source: str) -> None:
    reader = _LinkReader()
    reader.feed(source)
    reader.close()
    for address in reader.found:
        check_url(address)


class _Reader(HTMLParser):
    """Reads sanitised markup into paragraphs and lists."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[Paragraph | Listing] = []
        self._runs: list[Run] = []
        self._bold = 0
        self._italic = 0
        self._href = ""
        self._list: list[tuple[Run, ...]] | None = None
        self._ordered = False
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "div"):
            self._end_block()
        elif tag in ("ul", "ol"):
            self._end_block()
            self._depth += 1
            if self._depth == 1:
                self._list, self._ordered = [], tag == "ol"
        elif tag == "li":
            self._end_block()
        elif tag in ("strong", "b"):
            self._bold += 1
        elif tag in ("em", "i"):
            self._italic += 1
        elif tag == "br":
            if self._runs and self._runs[-1].text == "\n" and self._list is None:
                self._runs.pop()
                self._end_block()  # two breaks in a row are a new paragraph
            else:
                self._runs.append(Run("\n", href=self._href))
        elif tag == "a":
            address = dict(attrs).get("href") or ""
            self._href = check_url(address) if address else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "div", "li"):
            self._end_block()
        elif tag in ("ul", "ol"):
            self._end_block()
            self._depth = max(0, self._depth - 1)
            if self._depth == 0 and self._list is not None:
                if self._list:
                    self._parts.append(Listing(self._ordered, tuple(self._list)))
                self._list = None
        elif tag in ("strong", "b"):
            self._bold = max(0, self._bold - 1)
        elif tag in ("em", "i"):
            self._italic = max(0, self._italic - 1)
        elif tag == "a":
            self._href = ""

    def handle_data(self, data: str) -> None:
        text = " ".join(data.replace("\xa0", " ").split())
        if data[:1].isspace() or data[:1] == "\xa0":
            text = " " + text
        if len(text.strip()) and (data[-1:].isspace() or data[-1:] == "\xa0"):
            text += " "
        if not self._runs or self._runs[-1].text.endswith((" ", "\n")):
            text = text.lstrip(" ")
        if not text:
            return
        run = Run(text, self._bold > 0, self._italic > 0, self._href)
        last = self._runs[-1] if self._runs else None
        if last and last.text != "\n" and _style(last) == _style(run):
            self._runs[-1] = Run(last.text + text, *_style(run))
        else:
            self._runs.append(run)

    def finish(self) -> list[Paragraph | Listing]:
        """Close what is still open and return everything read."""
        self._end_block()
        if self._list:
            self._parts.append(Listing(self._ordered, tuple(self._list)))
        return self._parts

    def _end_block(self) -> None:
        runs = self._runs
        self._runs = []
        while runs and not runs[-1].text.strip():
            runs.pop()
        while runs and not runs[0].text.strip():
            runs.pop(0)
        if not runs:
            return
        last = runs[-1]
        runs[-1] = Run(last.text.rstrip(" "), *_style(last))
        if self._list is not None:
            self._list.append(tuple(runs))
        else:
            self._parts.append(Paragraph(tuple(runs)))


def _style(run: Run) -> tuple[bool, bool, str]:
    return run.bold, run.italic, run.href
