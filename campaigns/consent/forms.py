"""Sign-up forms: what each offers, in which words, where it may be framed, what came of it.

Whatever a form offers, the boxes, their words and double opt-in are the same: staff choose
the surroundings, never the consent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.consent import keywords
from campaigns.consent.models import OptInRequest, SignupForm
from campaigns.contacts.models import Channel
from campaigns.core.actors import SYSTEM, Actor
from campaigns.core.errors import Conflict, InvalidInput, NotFound

MAIN = "main"
"""The form that our own pages and messages lead to; it is never switched off."""
KEYWORD = "JOIN"
LOCALES = ("en", "es")
WORDS = {"headline": 70, "lead": 240, "source": 80, "thanks": 300}
"""What staff may say in their own words, and how long it may be."""
MOST_ORIGINS = 10
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_KEYWORD = re.compile(r"[A-Z0-9]{2,12}")
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?|localhost"
    r"|127\.0\.0\.1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A form as somebody typed it; ``create`` and ``change`` check all of it at once."""

    name: str
    channels: Sequence[str] = (Channel.EMAIL, Channel.SMS)
    topics: Sequence[str] | None = None
    keyword: str = ""
    origins: Sequence[str] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many people asked for messages through a form, and how many confirmed."""

    asked: int = 0
    confirmed: int = 0


def create_defaults(session: Session, *, now: datetime) -> None:
    """Make the main form where it is missing; leaves it alone where it exists."""
    if session.scalar(select(SignupForm.id).where(SignupForm.slug == MAIN)) is not None:
        return
    taken = by_keyword(session, KEYWORD) is not None
    draft = Draft(name="Main sign-up page", keyword="" if taken else KEYWORD)
    _add(session, SYSTEM, MAIN, _checked(session, draft, None), now)


def list_all(session: Session) -> list[SignupForm]:
    """Return all forms: the main one, then those in use, by name."""
    main_first = case((SignupForm.slug == MAIN, 0), else_=1)
    query = select(SignupForm).order_by(main_first, SignupForm.active.desc(), SignupForm.name)
    return list(session.scalars(query))


def get(session: Session, form_id: int) -> SignupForm:
    """Return a form.

    Raises: NotFound ``signup_form``.
    """
    form = session.get(SignupForm, form_id)
    if form is None:
        raise NotFound("signup_form", "There is no such sign-up form.")
    return form


def by_slug(session: Session, slug: str) -> SignupForm | None:
    """Return the form at ``/f/<slug>``, switched on or not."""
    return session.scalar(select(SignupForm).where(SignupForm.slug == slug))


def by_keyword(session: Session, text: str) -> SignupForm | None:
    """Return the form in use whose keyword somebody texted; None for any other text."""
    words = keywords.normalise(text).upper()
    if not _KEYWORD.fullmatch(words):
        return None
    # "0" is read as "o" in a word, in what is texted and in what staff chose.
    query = select(SignupForm).where(SignupForm.keyword.is_not(None), SignupForm.active)
    for form in session.scalars(query):
        if keywords.normalise(form.keyword or "").upper() == words:
            return form
    return None


def create(session: Session, actor: Actor, draft: Draft, *, slug: str, now: datetime) -> SignupForm:
    """Make a form; its address is fixed from then on.

    Raises: InvalidInput ``signup_form_fields``, all faults together by field.
    """
    slug = slug.strip().lower()
    fault = None
    if not _SLUG.fullmatch(slug):
        fault = "Use small letters, digits and hyphens, like front-desk."
    elif by_slug(session, slug) is not None:
        fault = "There is a form at this address already. Choose another."
    return _add(session, actor, slug, _checked(session, draft, None, {"slug": fault}), now)


def change(
    session: Session, actor: Actor, form_id: int, draft: Draft, *, now: datetime
) -> SignupForm:
    """Change a form; its address stays.

    Raises: NotFound ``signup_form``; InvalidInput ``signup_form_fields``.
    """
    form = get(session, form_id)
    values = _checked(session, draft, form)
    changed = sorted(name for name, value in values.items() if getattr(form, name) != value)
    for name in changed:
        setattr(form, name, values[name])
    if changed:
        form.updated_at = now
        _note(session, actor, "changed", form, now, fields=changed)
    return form


def switch(
    session: Session, actor: Actor, form_id: int, *, active: bool, now: datetime
) -> SignupForm:
    """Switch a form on or off; who signed up through it stays.

    Raises: NotFound ``signup_form``; Conflict ``signup_form_main``, ``signup_form_keyword``.
    """
    form = get(session, form_id)
    if form.active == active:
        return form
    if not active and form.slug == MAIN:
        raise Conflict(
            "signup_form_main",
            "The main form stays on: carriers look at it, and links in our messages lead to it.",
        )
    form.active, form.updated_at = active, now
    _note(session, actor, "switched", form, now, active=active)
    return form


def words_of(form: SignupForm, key: str, locale: str) -> str:
    """Return what staff wrote for a place in a language; empty where our own words stand."""
    return str((form.words.get(key) or {}).get(locale) or "")


def tallies(session: Session) -> dict[int, Tally]:
    """Count the people who asked and who confirmed, for every form at once."""
    confirmed = case((OptInRequest.confirmed_at.is_not(None), OptInRequest.contact_id))
    rows = session.execute(
        select(
            OptInRequest.form_id,
            func.count(OptInRequest.contact_id.distinct()),
            func.count(confirmed.distinct()),
        )
        .where(OptInRequest.form_id.is_not(None))
        .group_by(OptInRequest.form_id)
    )
    return {row[0]: Tally(asked=row[1], confirmed=row[2]) for row in rows if row[0] is not None}


def origin_of(typed: str) -> str:
    """Return the origin of a website's address (``https://www.example.com``).

    Raises: InvalidInput ``origin``.
    """
    text = typed.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    try:
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (UnicodeError, ValueError):
        host, port = "", None
    local = host in ("localhost", "127.0.0.1")
    known = parts.scheme == "https" or (parts.scheme == "http" and local)
    if not known or not _HOST.fullmatch(host) or "@" in parts.netloc:
        raise InvalidInput(
            "origin", f"“{text[:60]}” is no address of a website, like https://www.example.com."
        )
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _add(
    session: Session, actor: Actor, slug: str, values: dict[str, Any], now: datetime
) -> SignupForm:
    form = SignupForm(slug=slug, active=True, created_at=now, updated_at=now, **values)
    session.add(form)
    session.flush()
    _note(session, actor, "created", form, now)
    return form


def _checked(
    session: Session,
    draft: Draft,
    form: SignupForm | None,
    faults: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    found = {name: fault for name, fault in (faults or {}).items() if fault}
    name = " ".join(draft.name.split())
    if not 1 <= len(name) <= 80:
        found["name"] = "Give it a name of at most 80 characters."
    channels = [str(channel) for channel in Channel if channel in draft.channels]
    if not channels:
        found["channels"] = "Offer email, text messages or both."
    keyword, fault = _keyword(session, draft.keyword, form)
    if keyword and Channel.SMS not in channels:
        fault = "A keyword needs a form that offers text messages."
    if fault:
        found["keyword"] = fault
    origins: list[str] = []
    try:
        origins = list(dict.fromkeys(origin_of(text) for text in draft.origins if text.strip()))
    except InvalidInput as wrong:
        found["origins"] = wrong.message
    if len(origins) > MOST_ORIGINS:
        found["origins"] = f"At most {MOST_ORIGINS} websites."
    words = _words(draft, found)
    if found:
        raise InvalidInput(
            "signup_form_fields", "Some fields need mending; nothing was saved yet.", fields=found
        )
    return {
        "name": name,
        "channels": channels,
        "topics": None if draft.topics is None else sorted(set(draft.topics)),
        "keyword": keyword,
        "embed_origins": origins,
        "words": words,
    }


def _keyword(
    session: Session, typed: str, form: SignupForm | None
) -> tuple[str | None, str | None]:
    """Return the keyword as it is stored, and what is wrong with it."""
    keyword = typed.strip().upper()
    if not keyword:
        return None, None
    if not _KEYWORD.fullmatch(keyword) or not keyword.isascii():
        return None, "One word of 2 to 12 letters or digits, like JOIN."
    reading = keywords.classify(keyword)
    if reading.intent not in ("other", "confirm") or (
        reading.intent == "confirm" and keyword != KEYWORD
    ):
        return None, f"{keyword} means something else in a text already. Choose another word."
    said = keywords.normalise(keyword)
    for other in session.scalars(select(SignupForm).where(SignupForm.keyword.is_not(None))):
        same = keywords.normalise(other.keyword or "") == said
        if same and (form is None or other.id != form.id):
            return None, f"“{other.name}” has this keyword. Choose another word."
    return keyword, None


def _words(draft: Draft, found: dict[str, str]) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for key, most in WORDS.items():
        for locale in LOCALES:
            text = " ".join(str(draft.words.get(key, {}).get(locale, "")).split())
            if len(text) > most:
                found[f"{key}_{locale}"] = f"At most {most} characters fit here."
            if text:
                words.setdefault(key, {})[locale] = text
    return words


def _note(
    session: Session, actor: Actor, verb: str, form: SignupForm, now: datetime, **details: Any
) -> None:
    session.flush()
    audit.append(
        session,
        actor,
        f"signup_form.{verb}",
        subject_kind="signup_form",
        subject_id=form.id,
        now=now,
        **details,
    )
