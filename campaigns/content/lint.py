"""The lint: privacy, claims, required elements, links, texts. Necessary, never sufficient.

``check`` is pure; ``check_draft`` and ``check_version`` gather what it needs from the
database. A finding that blocks stops a review request; a warning is shown to the author
and to the reviewer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience.models import Interest
from campaigns.clinic.models import Clinic
from campaigns.content import blocks, lexicon, requirements, richtext, text_findings, topic_words
from campaigns.content.addresses import check_url, shortener_of
from campaigns.content.blocks import Book, Button, Call, EmailSource, Heading, Text, TextSource
from campaigns.content.findings import BLOCK, WARN, Finding, Words
from campaigns.content.merge import parse, tag_source
from campaigns.content.models import Lesson, LessonVersion
from campaigns.core.errors import InvalidInput

__all__ = ["BLOCK", "WARN", "Finding", "Setting", "check", "check_draft", "check_version"]

_SPLIT = re.compile(r"(?<=[.!?])\s+|\n+")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_SPACED = re.compile(r"\b(?:\w[ .\-*_]){2,}\w\b")
_NEEDS_FALLBACK = ("first_name", "last_name", "signup_source", "signup_date")
_LIGHT_BOOKING = re.compile(
    rf"\b(?:book|schedule|reserve|try|get)\b[^.!?\n]{{0,40}}(?:{lexicon.LIGHT}|\bsessions?\b|\btreatments?\b)",
    re.IGNORECASE,
)
_LIGHT_LABEL = re.compile(rf"{lexicon.LIGHT}|\bsessions?\b|\btreatments?\b", re.IGNORECASE)
_LIGHT = re.compile(lexicon.LIGHT, re.IGNORECASE)
_BENEFIT = re.compile(rf"\b(?:{lexicon.BENEFIT})\b", re.IGNORECASE)
_HEDGE = re.compile(lexicon.HEDGE, re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the lint needs to know beside the words."""

    topics: tuple[str, ...] = ()
    """Names of the clinic's topics; they count as topic words."""
    topic: str | None = None
    """The code of the lesson's own topic; None for a general newsletter."""
    cleared: frozenset[str] = field(default_factory=frozenset)
    """Topics for which a cleared device indication is on file."""
    clinic: Clinic | None = None
    public_url: str = "https://link.example.com"

    @property
    def education_only(self) -> bool:
        """Whether no benefit may be named and booking leads to a consultation."""
        return self.topic is not None and self.topic not in self.cleared


def check(source: EmailSource | TextSource, setting: Setting | None = None) -> list[Finding]:
    """Return everything to fix or to think about, in reading order, blocking ones first."""
    setting = setting or Setting()
    found: list[Finding] = []
    if isinstance(source, EmailSource):
        found += requirements.check_email(source, setting)
        found += _links(source, setting)
    else:
        found += text_findings.check(source, setting)
    for words in _words(source):
        found += _privacy(words, setting)
        found += _claims(words, setting)
        found += _tags(words)
    found += _sender(setting)
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda f: f.level != BLOCK)


def check_sentence(text: str, title: str) -> list[Finding]:
    """Return what may not be claimed in words of staff on a public page; ``title`` names them."""
    return list(_claims(Words(where="page", field="", text=text, title=title), Setting()))


def check_draft(session: Session, lesson: Lesson, *, public_url: str = "") -> list[Finding]:
    """Check a lesson's draft."""
    return check(_read(lesson.channel, lesson.draft), setting_for(session, lesson, public_url))


def check_version(
    session: Session, version: LessonVersion, *, public_url: str = ""
) -> list[Finding]:
    """Check a frozen version, and the lesson that a text leads to."""
    lesson = session.get_one(Lesson, version.lesson_id)
    return check(_read(lesson.channel, version.source), setting_for(session, lesson, public_url))


def setting_for(session: Session, lesson: Lesson, public_url: str = "") -> Setting:
    """Gather what the lint needs to know for a lesson."""
    interests = list(session.scalars(select(Interest)))
    clinic = session.get(Clinic, 1)
    topic = next((i.code for i in interests if i.id == lesson.interest_id), None)
    return Setting(
        topics=tuple(i.name for i in interests if i.active),
        topic=topic,
        clinic=clinic,
        public_url=public_url or "https://link.example.com",
    )


def normalise(text: str) -> str:
    """Bring words into the form that is looked at: no invisible letters, no split words."""
    text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return _SPACED.sub(lambda m: re.sub(r"[ .\-*_]", "", m.group(0)), text)


def _read(channel: str, body: dict[str, object]) -> EmailSource | TextSource:
    return blocks.read_email(body) if channel == "email" else blocks.read_text(body)


def _words(source: EmailSource | TextSource) -> Iterator[Words]:
    if isinstance(source, TextSource):
        yield Words(where="body", field="body", text=source.body, title="the text")
        return
    yield Words(where="subject", field="subject", text=source.subject, title="the subject")
    yield Words(where="preheader", field="preheader", text=source.preheader, title="the preheader")
    for block in source.walk():
        title = blocks.NAMES[block.type]
        if isinstance(block, Text):
            plain = richtext.parse(block.html).plain
            yield Words(where=block.id, field="html", text=plain, title=title)
        for name in ("text", "label", "alt"):
            value = getattr(block, name, None)
            if isinstance(value, str) and value:
                yield Words(where=block.id, field=name, text=value, title=title)


def _sentences(text: str) -> list[str]:
    return [s.strip() for s in _SPLIT.split(text) if s.strip()]


def _privacy(words: Words, setting: Setting) -> Iterator[Finding]:
    if words.where not in ("subject", "preheader", "body"):
        return
    match = topic_words.pattern(setting.topics).search(normalise(words.text))
    if match is None:
        return
    neutral = {
        "subject": topic_words.NEUTRAL_SUBJECT,
        "preheader": topic_words.NEUTRAL_PREHEADER,
        "body": topic_words.NEUTRAL_TEXT,
    }[words.where]
    yield Finding(
        level=BLOCK,
        code="topic_shown",
        where=words.where,
        field=words.field,
        found=words.text,
        message=f'"{match.group(0)}" in {words.title} would show others what a person is '
        "interested in. Keep it for the inside of the email.",
        replacement=neutral,
    )


def _claims(words: Words, setting: Setting) -> Iterator[Finding]:
    for sentence in _sentences(words.text):
        looked_at = normalise(sentence)
        rule, match = _first_rule(looked_at)
        if rule is not None and match is not None:
            if rule.code == "fda_cleared" and setting.topic not in setting.cleared:
                rule = lexicon.RULES[0]  # without a device on file it may not be said at all
            whole = rule.passing is not None and not rule.word_only
            yield Finding(
                level=rule.level,
                code=f"claim_{rule.code}",
                where=words.where,
                field=words.field,
                found=sentence if whole else _as_written(match.group(0), sentence),
                message=_claim_message(rule, match.group(0), words.title),
                replacement=rule.passing,
            )
        elif setting.education_only:
            yield from _education(words, sentence, looked_at)


def _claim_message(rule: lexicon.Rule, hit: str, title: str) -> str:
    shown = hit if len(hit) <= 40 else hit[:40].rsplit(" ", 1)[0] + "…"
    verb = "may not be said" if rule.level == BLOCK else "needs a second look"
    return f'"{shown}" in {title} {verb}. {rule.why}'


def _as_written(hit: str, sentence: str) -> str:
    return hit if hit in sentence else sentence


def _first_rule(sentence: str) -> tuple[lexicon.Rule | None, re.Match[str] | None]:
    for rule in lexicon.RULES:
        match = rule.pattern.search(sentence)
        if match:
            return rule, match
    return None, None


def _education(words: Words, sentence: str, looked_at: str) -> Iterator[Finding]:
    """Check a sentence on a topic for which no device is cleared."""
    if words.field == "label":
        if _LIGHT_LABEL.search(looked_at):
            yield _education_finding(words, sentence, "Ask our clinicians")
    elif _LIGHT_BOOKING.search(looked_at):
        yield _education_finding(words, sentence, "Ask our clinicians what may fit you.")
    elif _LIGHT.search(looked_at) and _BENEFIT.search(looked_at) and not _HEDGE.search(looked_at):
        yield Finding(
            level=BLOCK,
            code="education_claim",
            where=words.where,
            field=words.field,
            found=sentence,
            message=f"This sentence in {words.title} names a benefit of light therapy. On this "
            "topic no device has a cleared indication on file, so it may only inform.",
            replacement=lexicon.RESEARCH,
        )


def _education_finding(words: Words, sentence: str, replacement: str) -> Finding:
    return Finding(
        level=BLOCK,
        code="education_booking",
        where=words.where,
        field=words.field,
        found=sentence,
        message=f"{words.title} offers light therapy on a topic that is education only. "
        "Invite people to ask instead; the button leads to a consultation.",
        replacement=replacement,
    )


def _tags(words: Words) -> Iterator[Finding]:
    for tag in parse(words.text).tags:
        if tag.name in _NEEDS_FALLBACK and not tag.fallback:
            fallback = "there" if tag.name == "first_name" else "our clinic"
            better = tag_source(type(tag)(tag.name, tag.filters, fallback))
            written = re.search(rf"\{{\{{\s*{tag.name}\b[^}}]*\}}\}}", words.text)
            yield Finding(
                level=WARN,
                code="merge_fallback",
                where=words.where,
                field=words.field,
                found=written.group(0) if written else "",
                message=f"Not everybody has a {tag.name.replace('_', ' ')} on file. "
                "Add what to say instead.",
                replacement=better,
            )


def _links(source: EmailSource, setting: Setting) -> Iterator[Finding]:
    words = topic_words.pattern(setting.topics)
    for block in source.walk():
        addresses: Iterable[str] = ()
        name = "url"
        if isinstance(block, Button) and block.url:
            addresses = (block.url,)
        elif isinstance(block, Text):
            addresses, name = [a for a, _label in richtext.parse(block.html).links], "html"
        for address in addresses:
            yield from _address(address, block.id, name, words)
        if isinstance(block, Heading | Button | Book | Call) and block.type == "heading":
            continue


def _address(address: str, where: str, name: str, words: re.Pattern[str]) -> Iterator[Finding]:
    try:
        check_url(address)
    except InvalidInput as error:
        yield Finding(
            level=BLOCK,
            code="link_scheme",
            where=where,
            field=name,
            found=address,
            message=error.message,
        )
        return
    if shortener_of(address):
        yield Finding(
            level=BLOCK,
            code="link_shortener",
            where=where,
            field=name,
            found=address,
            message="A public link shortener hides where a link leads, and mail filters and "
            "carriers refuse it. Use the page's own address.",
        )
    match = words.search(re.sub(r"[/_.?=&%+-]+", " ", address))
    if match:
        yield Finding(
            level=BLOCK,
            code="topic_in_link",
            where=where,
            field=name,
            found=address,
            message=f'This address contains "{match.group(0)}". Whoever sees the address learns '
            "the topic. Link to a page with a neutral address.",
        )


def _sender(setting: Setting) -> Iterator[Finding]:
    if setting.clinic is None:
        return
    for name in (setting.clinic.name, setting.clinic.brand):
        match = topic_words.pattern(setting.topics).search(name)
        if match:
            yield Finding(
                level=BLOCK,
                code="topic_in_sender",
                where="sender",
                found=name,
                message=f'The sender\'s name contains "{match.group(0)}", which would show others '
                "the topic. Change the name under Settings, Clinic.",
            )
            return
