"""Messages ready to send: shared skeletons for many people, values for each.

A version is compiled once. People whose conditions select the same blocks share a
*variant*; a *skeleton* is a variant with the clinic's values in it and a hole for each
value that differs from person to person. Only the holes are computed for a person.

Hole keys carry a random prefix, so no value and no static text can hold one; and a value
that holds the prefix all the same loses it. Replacing keys in any order, and repeatedly,
gives the same text.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter

from sqlalchemy.orm import Session

from campaigns.clinic.models import Clinic
from campaigns.content import blocks as content_blocks
from campaigns.content import links, merge, slots, wording
from campaigns.content.blocks import AnyBlock, Condition, EmailSource, ReviewedBy
from campaigns.content.links import LinkSpec
from campaigns.content.merge import CLINIC_NAMES, Tag
from campaigns.content.mjml import Composer, Look, compile_html
from campaigns.content.models import Lesson, LessonVersion
from campaigns.content.people import PERSON_VALUES, PersonUrls, PersonView, clinic_values
from campaigns.content.plaintext import TextComposer
from campaigns.content.slots import ESCAPES, HTML, Parts, Slot, Slots
from campaigns.content.texts import CompiledText
from campaigns.core.errors import NotFound

GMAIL_CLIPS_AT = 102 * 1024
"""Bytes of HTML beyond which Gmail hides the rest, the footer with it."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which of a version's conditions are met; people with equal variants share a body."""

    met: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """An email as one person gets it."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one value is made, and the keys that it goes under."""

    get: Callable[[PersonView], str]
    tag: Tag
    keys: tuple[tuple[str, Callable[[str], str]], ...]

    def fill(self, raw: str, prefix: str) -> dict[str, str]:
        """Return the value under each of its keys, escaped for the place where it stands."""
        value = self.tag.value(raw)
        if value.isalnum():
            return {key: value for key, _escape in self.keys}
        if prefix in value:
            value = value.replace(prefix, " ")
        return {key: escape(value) for key, escape in self.keys}


_KEPT = 1024
"""How many different values of a tag a skeleton remembers: first names and dates recur."""


@dataclass(frozen=True, slots=True)
class EmailSkeleton:
    """A body shared by many people. ``holes`` are the keys that stand in it."""

    subject: str
    html: str
    text: str
    holes: tuple[str, ...]
    _prefix: str = field(repr=False)
    _values: tuple[tuple[_Plan, dict[str, dict[str, str]]], ...] = field(repr=False)
    """How each value is made, and what was made already."""
    _urls: tuple[tuple[str, Callable[[PersonUrls], str]], ...] = field(repr=False)

    def values_for(self, person: PersonView, urls: PersonUrls) -> dict[str, str]:
        """Return each hole's value for a person, escaped for the place where it stands."""
        out: dict[str, str] = {}
        for plan, made in self._values:
            raw = plan.get(person)
            found = made.get(raw)
            if found is None:
                found = plan.fill(raw, self._prefix)
                if len(made) < _KEPT:
                    made[raw] = found
            out.update(found)
        for key, get in self._urls:
            out[key] = get(urls)
        return out

    def render(self, person: PersonView, urls: PersonUrls) -> Rendered:
        """Return the email as one person gets it; for previews, tests and the local outbox."""
        values = self.values_for(person, urls)
        return Rendered(
            subject=put_values(self.subject, values),
            html=put_values(self.html, values),
            text=put_values(self.text, values),
        )

    @property
    def size(self) -> int:
        """Bytes of HTML, to compare with ``GMAIL_CLIPS_AT``."""
        return len(self.html.encode())


def put_values(text: str, values: Mapping[str, str]) -> str:
    """Replace every key in one pass."""
    if not values:
        return text
    return re.sub("|".join(map(re.escape, values)), lambda m: values[m.group(0)], text)


class CompiledEmail:
    """A version of an email, ready to make skeletons."""

    channel = "email"

    def __init__(self, source: EmailSource, *, consultation: bool) -> None:
        self.source = source
        self.links: tuple[LinkSpec, ...] = links.extract(source, consultation=consultation)
        self.conditions: tuple[Condition, ...] = tuple(
            dict.fromkeys(b.condition for b in source.blocks if b.condition)
        )
        self.book_label = wording.ASK_LABEL if consultation else wording.BOOK_LABEL
        self._numbers: dict[str, list[int]] = {}
        for spec in self.links:
            self._numbers.setdefault(spec.block_id, []).append(spec.number)
        self._compiled: dict[tuple[Variant, bool, str], _Compiled] = {}

    @property
    def interest_codes(self) -> frozenset[str]:
        """The interests that conditions ask about; empty if nobody's interests matter."""
        return frozenset(c.value for c in self.conditions if c.kind == "interest")

    def variant_for(
        self, interests: frozenset[str], channels: frozenset[str] = frozenset()
    ) -> Variant:
        """Return the variant of a person with these interests and agreed channels."""
        return Variant(
            tuple(
                (c.value in (interests if c.kind == "interest" else channels)) == (c.op == "has")
                for c in self.conditions
            )
        )

    def blocks_of(self, variant: Variant) -> tuple[AnyBlock, ...]:
        """Return the blocks that people of a variant see."""
        met = dict(zip(self.conditions, variant.met, strict=True))
        return tuple(b for b in self.source.blocks if b.condition is None or met[b.condition])

    def skeleton(
        self,
        variant: Variant,
        *,
        clinic: Clinic,
        key_prefix: str | None = None,
        public_url: str | None = None,
        reviewed_line: str = "",
        locale: str = "en",
        test: bool = False,
    ) -> EmailSkeleton:
        """Make the body that people of a variant share.

        ``key_prefix`` must be unguessable; without one a random one is drawn.
        ``public_url`` is where images are served, ``""`` for a preview on this site.
        ``reviewed_line`` comes from ``review.reviewed_line``; empty prints nothing.
        ``test`` marks it as a test, in the subject and above everything else.
        """
        look = Look.of(clinic.accent, locale)
        compiled = self._compile(variant, bool(reviewed_line), look)
        if public_url is None and compiled.has_images:
            raise ValueError("an email with images needs the public address")
        prefix = key_prefix or secrets.token_hex(8)
        if len(prefix) < 8 or prefix in compiled.static:
            raise ValueError("the key prefix is too short, or occurs in the email itself")
        fixed = clinic_values(clinic)
        fixed["_reviewed"] = reviewed_line
        fixed["_images"] = f"{public_url or ''}/i"
        keys: dict[Slot, str] = {}
        numbered: dict[tuple[Tag, str], str] = {}

        def put(slot: Slot) -> str:
            name = slot.tag.name
            if name in fixed:
                return ESCAPES[slot.context](slot.tag.value(fixed[name]))
            # Addresses need no escaping, so both bodies share one hole.
            where = "" if name in _URLS else slot.context
            key = numbered.setdefault((slot.tag, where), f"-%{prefix}:{len(numbered)}%-")
            keys[slot] = key
            return key

        subject = slots.one_line(slots.fill(compiled.subject, put))
        html = slots.fill(compiled.html, put)
        text = slots.fill(compiled.text, put)
        if test:
            subject = f"[TEST] {subject}"
            html = _BODY_TAG.sub(lambda m: m.group(0) + _TEST_BANNER, html, count=1)
            text = f"[TEST] {wording.TEST_NOTICE}\n\n{text}"
        return EmailSkeleton(
            subject=subject,
            html=html,
            text=text,
            holes=tuple(numbered.values()),
            _prefix=prefix,
            _values=_value_plans(keys),
            _urls=tuple(
                {
                    key: _URLS[slot.tag.name]
                    for slot, key in keys.items()
                    if slot.tag.name in _URLS
                }.items()
            ),
        )

    def _compile(self, variant: Variant, reviewed: bool, look: Look) -> _Compiled:
        key = (variant, reviewed, f"{look.accent}{look.lang}")
        found = self._compiled.get(key)
        if found is None:
            shown = tuple(
                b for b in self.blocks_of(variant) if reviewed or not isinstance(b, ReviewedBy)
            )
            found = _Compiled.of(self.source, shown, self._numbers, look, self.book_label)
            self._compiled[key] = found
        return found


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One variant, split at its slots."""

    subject: Parts
    html: Parts
    text: Parts
    has_images: bool
    static: str

    @classmethod
    def of(
        cls,
        source: EmailSource,
        shown: tuple[AnyBlock, ...],
        numbers: dict[str, list[int]],
        look: Look,
        book_label: str,
    ) -> _Compiled:
        marks = Slots()
        document = Composer(marks, numbers, book_label=book_label).document(
            shown, subject=source.subject, preheader=source.preheader, look=look
        )
        html = marks.split(compile_html(document))
        text = marks.split(TextComposer(marks, numbers, book_label=book_label).document(shown))
        subject = marks.split(_subject(marks, source.subject))
        every = (*subject, *html, *text)
        return cls(
            subject=subject,
            html=html,
            text=text,
            has_images=any(isinstance(p, Slot) and p.tag.name == "_images" for p in html),
            static="\n".join(p for p in every if isinstance(p, str)),
        )


def _subject(marks: Slots, subject: str) -> str:
    return merge.parse(subject).fill(lambda tag: marks.put(tag, slots.SUBJECT))


_BODY_TAG = re.compile(r"<body[^>]*>")
_TEST_BANNER = (
    '<div style="padding:12px;background:#ffe08a;color:#1f2328;font:600 14px/1.4 sans-serif;'
    f'text-align:center">[TEST] {wording.TEST_NOTICE}</div>'
)

_URLS: dict[str, Callable[[PersonUrls], str]] = {
    "_click": attrgetter("click"),
    "_unsubscribe": attrgetter("unsubscribe"),
    "_preferences": attrgetter("preferences"),
    "_view": attrgetter("view"),
}


def _value_plans(
    keys: dict[Slot, str],
) -> tuple[tuple[_Plan, dict[str, dict[str, str]]], ...]:
    grouped: dict[Tag, list[tuple[str, Callable[[str], str]]]] = {}
    for slot, key in keys.items():
        if slot.tag.name in PERSON_VALUES:
            grouped.setdefault(slot.tag, []).append((key, ESCAPES[slot.context]))
    return tuple(
        (_Plan(PERSON_VALUES[tag.name], tag, tuple(found)), {}) for tag, found in grouped.items()
    )


@lru_cache(maxsize=256)
def _compiled(channel: str, source: str, consultation: bool) -> CompiledEmail | CompiledText:
    import json

    if channel == "email":
        return compile_email(json.loads(source), consultation=consultation)
    return CompiledText(content_blocks.read_text(json.loads(source)), consultation=consultation)


def compile_email(draft: Mapping[str, object], *, consultation: bool = True) -> CompiledEmail:
    """Compile a draft or a frozen source; raises InvalidInput as ``blocks.read_email``."""
    return CompiledEmail(content_blocks.read_email(draft), consultation=consultation)


def load(session: Session, version_id: int) -> CompiledEmail | CompiledText:
    """Return a version ready to render; versions never change, so it is kept.

    Raises: NotFound.
    """
    version = session.get(LessonVersion, version_id)
    if version is None:
        raise NotFound("version_missing", "This version of the content does not exist.")
    lesson = session.get_one(Lesson, version.lesson_id)
    return _compiled(
        lesson.channel,
        content_blocks.canonical_json(version.source),
        version.booking == links.CONSULTATION,
    )


__all__ = [
    "CLINIC_NAMES",
    "GMAIL_CLIPS_AT",
    "HTML",
    "CompiledEmail",
    "CompiledText",
    "EmailSkeleton",
    "PersonUrls",
    "PersonView",
    "Rendered",
    "Variant",
    "compile_email",
    "load",
    "put_values",
]
