"""Merge tags: ``{{ first_name | default: "there" }}``. Output only; there is no logic.

A text is parsed once into static parts and tags. Names and filters come from a fixed
list, so nothing that staff or patients type is ever evaluated: a tag that is not on the
list is refused before anything is saved, and a value that looks like a tag is text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from campaigns.core.errors import InvalidInput

PERSON_NAMES = ("first_name", "last_name", "signup_source", "signup_date")
CLINIC_NAMES = ("clinic_name", "brand", "clinic_phone", "clinic_address", "clinic_website")
NAMES: dict[str, str] = {
    "first_name": "the person's first name",
    "last_name": "the person's last name",
    "signup_source": "where the person signed up",
    "signup_date": "when the person signed up",
    "clinic_name": "the clinic's full name",
    "brand": "the clinic's short name",
    "clinic_phone": "the clinic's phone number",
    "clinic_address": "the clinic's postal address",
    "clinic_website": "the clinic's website",
}
"""Every name that a tag may use, with what it stands for."""

FILTERS = ("default", "capitalize", "upcase", "downcase")

_MAX_DEFAULT = 60
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_BODY = re.compile(r"\s*([^\s|]+)\s*((?:\|.*)?)", re.DOTALL)
_FILTER = re.compile(
    r"""\|\s*([A-Za-z_]+)\s*(?::\s*(?:"([^"{}]*)"|'([^'{}]*)'|“([^”{}]*)”)\s*)?""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Tag:
    """One merge tag: a name, the filters in order, and the fallback for an empty value."""

    name: str
    filters: tuple[str, ...] = ()
    fallback: str = ""

    def value(self, raw: str) -> str:
        """Apply the filters to a raw value; the fallback stands in for an empty one."""
        value = raw if raw and not raw.isspace() else self.fallback
        for name in self.filters:
            value = _APPLY[name](value)
        return value


_APPLY: dict[str, Callable[[str], str]] = {
    "capitalize": lambda value: value[:1].upper() + value[1:],
    "upcase": str.upper,
    "downcase": str.lower,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: static strings and tags, in order."""

    parts: tuple[str | Tag, ...]

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tags, in order of appearance."""
        return tuple(part for part in self.parts if isinstance(part, Tag))

    def fill(self, put: Callable[[Tag], str], escape: Callable[[str], str] = str) -> str:
        """Join the parts: static text through ``escape``, each tag through ``put``."""
        return "".join(put(p) if isinstance(p, Tag) else escape(p) for p in self.parts)

    def fill_values(self, values: Mapping[str, str]) -> str:
        """Join the parts with plain values, unescaped; for measuring and for lists."""
        return self.fill(lambda tag: tag.value(values.get(tag.name, "")))


def parse(text: str) -> Template:
    """Split a text into static parts and tags.

    Raises: InvalidInput when a tag is unknown, unfinished or uses an unknown filter; the
    message suggests the nearest name.
    """
    parts: list[str | Tag] = []
    end = 0
    for match in _TAG.finditer(text):
        _add_static(parts, text[end : match.start()])
        parts.append(_parse_tag(match.group(1)))
        end = match.end()
    _add_static(parts, text[end:])
    return Template(tuple(parts))


def tag_source(tag: Tag) -> str:
    """Write a tag as staff would type it."""
    steps = [tag.name]
    if tag.fallback:
        steps.append(f'default: "{tag.fallback}"')
    steps.extend(tag.filters)
    return "{{ " + " | ".join(steps) + " }}"


def _add_static(parts: list[str | Tag], text: str) -> None:
    for mark in ("{{", "}}", "{%", "%}"):
        if mark in text:
            raise InvalidInput(
                "merge_tag_unfinished",
                f'"{mark}" is not part of a complete merge tag. Write it like '
                '{{ first_name | default: "there" }}, or take the braces out.',
            )
    if text:
        parts.append(text)


def _parse_tag(body: str) -> Tag:
    match = _BODY.fullmatch(body)
    name = match.group(1) if match else body.strip()
    if name not in NAMES:
        raise InvalidInput("merge_tag_unknown", _unknown(name, "merge tag", NAMES))
    assert match is not None
    filters: list[str] = []
    fallback = ""
    rest = match.group(2)
    position = 0
    while position < len(rest):
        step = _FILTER.match(rest, position)
        if step is None:
            raise InvalidInput(
                "merge_tag_filter",
                f"The merge tag for {name} has something after it that is not understood. "
                f'Write it like {{{{ {name} | default: "there" }}}}.',
            )
        position = step.end()
        argument = next((g for g in step.groups()[1:] if g is not None), None)
        filter_name = step.group(1)
        if filter_name not in FILTERS:
            raise InvalidInput(
                "merge_tag_filter", _unknown(filter_name, "merge tag filter", FILTERS)
            )
        if filter_name == "default":
            fallback = _fallback(name, argument)
        elif argument is not None:
            raise InvalidInput(
                "merge_tag_filter", f"The filter {filter_name} takes no value. Take it out."
            )
        else:
            filters.append(filter_name)
    return Tag(name, tuple(filters), fallback)


def _fallback(name: str, argument: str | None) -> str:
    text = " ".join((argument or "").split())
    if not text:
        raise InvalidInput(
            "merge_tag_filter",
            f'The fallback of {name} is empty. Write it like {{{{ {name} | default: "there" }}}}.',
        )
    if len(text) > _MAX_DEFAULT:
        raise InvalidInput(
            "merge_tag_filter",
            f"The fallback of {name} is longer than {_MAX_DEFAULT} characters. Shorten it.",
        )
    return text


def _unknown(found: str, what: str, known: Mapping[str, str] | tuple[str, ...]) -> str:
    shown = found if len(found) <= 40 else found[:40] + "…"
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.5)
    if near:
        return f'There is no {what} called "{shown}". Did you mean {near[0]}?'
    return f'There is no {what} called "{shown}". These can be used: {", ".join(known)}.'
