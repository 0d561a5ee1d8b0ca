"""The hosted sign-up form, ``/f/main``: what is shown, what is checked, what is answered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.audience import interests
from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures, limits
from campaigns.contacts import addresses
from campaigns.core import logs
from campaigns.core.errors import InvalidInput, NotConfigured
from campaigns.public import frame, seals, signups
from campaigns.public.blueprint import bp
from campaigns.public.seals import Seal
from campaigns.public.signups import Shown, Wish
from campaigns.web import context

log = logs.get(__name__)

SLUG = "main"
OLDEST = timedelta(hours=24)
QUICKEST = timedelta(seconds=2)
"""No person fills the form faster."""
TRAP = "website"
"""A field that people do not see; programs fill it in."""
_NAME_LENGTH = 80
_TICKS = ("email_ok", "sms_ok", "topics_ok", "adult")
_TEXTS = ("first_name", "last_name", "email", "phone", "postal_code")
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_BOX_OF = {"email": "email_ok", "sms": "sms_ok", "health_topic": "topics_ok", "adult": "adult"}


@dataclass(slots=True)
class Filled:
    """What somebody typed and ticked, kept for the next try."""

    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_TEXTS, ""))
    ticks: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_request(cls) -> Filled:
        """Read the form of this request."""
        form = request.form
        return cls(
            values={name: form.get(name, "").strip() for name in _TEXTS},
            ticks=frozenset(name for name in _TICKS if form.get(name) == "1"),
            topics=frozenset(form.getlist("topic")),
        )


@bp.get("/f/<slug>")
@open_to_all("anybody may ask for messages")
def sign_up(slug: str) -> Response:
    """Show the form."""
    if slug != SLUG:
        return frame.not_found()
    return _show(Filled())


@bp.post("/f/<slug>")
@open_to_all("anybody may ask for messages; nothing is sent but one confirmation")
def submit(slug: str) -> Response:
    """Check the form; take the sign-up, or show the form again with what was typed."""
    if slug != SLUG:
        return frame.not_found()
    filled = Filled.of_request()
    if request.form.get(TRAP):
        log.warning("signup_trap")
        return _answer(filled)
    services, now = context.services(), context.now()
    with context.reading() as session:
        clinic = frame.clinic_of(session)
        if clinic is None:
            return frame.not_found()
        known = {interest.code for interest in interests.all_active(session)}
        wish = _check(session, filled, clinic, known)
    if wish is None:
        return _show(filled, status=422)
    age = seals.age(services.keys, Seal.SIGN_UP, request.form.get("shown_at", ""), now)
    if age is None or not QUICKEST <= age <= OLDEST:
        filled.errors["form"] = frame.say("error_stale")
        return _show(filled, status=422)
    with context.transaction() as session:
        limits.hold_lock(session)
        connection = limits.connection_of(session, request.remote_addr or "")
        allowed = limits.may_submit(session, connection, now)
        if allowed:
            signups.take(session, wish, connection, now=now)
    if not allowed:
        log.warning("signup_limit")
        response = frame.page("busy.html", status=429)
        response.headers["Retry-After"] = "3600"
        return response
    return _answer(filled)


def _show(filled: Filled, *, status: int = 200) -> Response:
    services = context.services()
    with context.reading() as session:
        clinic = frame.clinic_of(session)
        if clinic is None:
            return frame.not_found()
        try:
            words = {kind: shown.text for kind, shown in _words(session, clinic).items()}
        except NotConfigured:
            return frame.not_found()
        topics = [(i.code, topic_name(i.code, i.name)) for i in interests.all_active(session)]
    return frame.page(
        "form.html",
        status=status,
        filled=filled,
        words=words,
        topics=topics,
        shown_at=seals.seal(services.keys, Seal.SIGN_UP, context.now()),
        trap=TRAP,
    )


def _answer(filled: Filled) -> Response:
    return frame.page("answer.html", wants_sms="sms_ok" in filled.ticks)


def topic_name(code: str, name: str) -> str:
    """Return a topic's name in the language of the request, as far as we have one."""
    return frame.LANGUAGES[frame.language()].get(f"topic_{code}", name)


def _words(session: Session, clinic: Clinic) -> dict[str, Shown]:
    """Return the words beside each box, as they are shown."""
    locale, base = frame.language(), context.services().public_url
    found: dict[str, Shown] = {}
    for kind in _BOX_OF:
        disclosure = disclosures.current(session, kind, locale)
        text = disclosures.render(
            disclosure,
            brand=clinic.brand,
            privacy_url=f"{base}/privacy",
            terms_url=f"{base}/terms",
        )
        found[kind] = Shown(disclosure_id=disclosure.id, text=text)
    return found


def _check(session: Session, filled: Filled, clinic: Clinic, known: set[str]) -> Wish | None:
    """Return the wish, or None after writing an error beside each faulty field."""
    say, errors, values, ticks = frame.say, filled.errors, filled.values, filled.ticks
    for name in ("first_name", "last_name"):
        if len(values[name]) > _NAME_LENGTH:
            errors[name] = say("error_long")
        elif any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in values[name]):
            errors[name] = say("error_characters")
    if not values["first_name"]:
        errors["first_name"] = say("error_name")
    if not ticks & {"email_ok", "sms_ok"}:
        errors["channel"] = say("error_channel")
    email = _address("email", "email_ok", filled)
    phone = _address("phone", "sms_ok", filled)
    if values["postal_code"] and not _ZIP.fullmatch(values["postal_code"]):
        errors["postal_code"] = say("error_postal_code")
    if "adult" not in ticks:
        errors["adult"] = say("error_adult")
    topics = tuple(sorted(filled.topics & known))
    if topics and "topics_ok" not in ticks:
        errors["topics_ok"] = say("error_topics")
    if errors:
        return None
    shown = _words(session, clinic)
    return Wish(
        first_name=values["first_name"],
        last_name=values["last_name"],
        postal_code=values["postal_code"][:5],
        email=email,
        phone=phone,
        topics=topics,
        locale=frame.language(),
        source_label=frame.say("source_label"),
        shown={kind: words for kind, words in shown.items() if _BOX_OF[kind] in ticks},
        evidence=_evidence(values, shown["adult"]),
    )


def _address(name: str, box: str, filled: Filled) -> str | None:
    """Return the normalised address if its box is ticked; write an error if it is faulty."""
    if box not in filled.ticks:
        return None
    text = filled.values[name]
    if not text:
        filled.errors[name] = frame.say(f"error_{name}_missing")
        return None
    normalise = addresses.normalise_email if name == "email" else addresses.normalise_phone
    try:
        return normalise(text)
    except InvalidInput:
        filled.errors[name] = frame.say(f"error_{name}")
        return None


def _evidence(values: Mapping[str, str], adult: Shown) -> dict[str, Any]:
    """Return what proves the consent beyond its words: who, from where, on which page."""
    return {
        "person_name": f"{values['first_name']} {values['last_name']}".strip(),
        "form": f"{SLUG}",
        "source_url": f"{context.services().public_url}/f/{SLUG}",
        "locale": frame.language(),
        "adult": adult.text,
        "signature": "checkbox",
        "ip": request.remote_addr or "",
        "user_agent": request.user_agent.string[:300],
        "accept_language": request.headers.get("Accept-Language", "")[:100],
    }
