"""What somebody typed and ticked in a sign-up form, and whether it makes a sign-up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from campaigns.audience import interests
from campaigns.audience.models import Interest
from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures, forms
from campaigns.consent.models import SignupForm
from campaigns.contacts import addresses
from campaigns.contacts.models import Channel
from campaigns.core.errors import InvalidInput
from campaigns.public import frame
from campaigns.public.signups import Shown, Wish
from campaigns.web import context

_NAME_LENGTH = 80
_TICKS = ("email_ok", "sms_ok", "topics_ok", "adult")
_TEXTS = ("first_name", "last_name", "email", "phone", "postal_code")
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_BOX_OF = {"email": "email_ok", "sms": "sms_ok", "health_topic": "topics_ok", "adult": "adult"}
_CHANNEL_OF = {"email_ok": Channel.EMAIL, "sms_ok": Channel.SMS}


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
        typed = request.form
        return cls(
            values={name: typed.get(name, "").strip() for name in _TEXTS},
            ticks=frozenset(name for name in _TICKS if typed.get(name) == "1"),
            topics=frozenset(typed.getlist("topic")),
        )


def topic_name(code: str, name: str) -> str:
    """Return a topic's name in the language of the request, as far as we have one."""
    return frame.LANGUAGES[frame.language()].get(f"topic_{code}", name)


def topics_of(session: Session, form: SignupForm) -> list[Interest]:
    """Return the topics that a form offers, of those that are switched on."""
    found = interests.all_active(session)
    return found if form.topics is None else [one for one in found if one.code in form.topics]


def words_shown(session: Session, clinic: Clinic) -> dict[str, Shown]:
    """Return the words beside each box, as they are shown.

    Raises: NotConfigured ``disclosure_missing``.
    """
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


def check(
    session: Session,
    filled: Filled,
    clinic: Clinic,
    form: SignupForm,
    *,
    source_label: str,
    evidence: Mapping[str, Any],
) -> Wish | None:
    """Return the wish, or None after writing an error beside each faulty field."""
    say, errors, values = frame.say, filled.errors, filled.values
    ticks = {
        name for name in filled.ticks if _CHANNEL_OF.get(name, form.channels[0]) in form.channels
    }
    for name in ("first_name", "last_name"):
        if len(values[name]) > _NAME_LENGTH:
            errors[name] = say("error_long")
        elif any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in values[name]):
            errors[name] = say("error_characters")
    if not values["first_name"]:
        errors["first_name"] = say("error_name")
    if not ticks & _CHANNEL_OF.keys():
        errors["channel"] = say("error_channel" if len(form.channels) > 1 else "error_channel_one")
    email = _address("email", "email_ok", filled, ticks)
    phone = _address("phone", "sms_ok", filled, ticks)
    if values["postal_code"] and not _ZIP.fullmatch(values["postal_code"]):
        errors["postal_code"] = say("error_postal_code")
    if "adult" not in ticks:
        errors["adult"] = say("error_adult")
    topics = tuple(sorted(filled.topics & {one.code for one in topics_of(session, form)}))
    if topics and "topics_ok" not in ticks:
        errors["topics_ok"] = say("error_topics")
    if errors:
        return None
    shown = words_shown(session, clinic)
    return Wish(
        form_id=form.id,
        source=f"form:{form.slug}",
        first_name=values["first_name"],
        last_name=values["last_name"],
        postal_code=values["postal_code"][:5],
        email=email,
        phone=phone,
        topics=topics,
        locale=frame.language(),
        source_label=source_label,
        shown={kind: words for kind, words in shown.items() if _BOX_OF[kind] in ticks},
        evidence={**_evidence(values, shown["adult"], form), **evidence},
    )


def _address(name: str, box: str, filled: Filled, ticks: AbstractSet[str]) -> str | None:
    """Return the normalised address if its box is ticked; write an error if it is faulty."""
    if box not in ticks:
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


def _evidence(values: Mapping[str, str], adult: Shown, form: SignupForm) -> dict[str, Any]:
    """Return what proves the consent beyond its words: who, from where, on which page."""
    locale = frame.language()
    return {
        "person_name": f"{values['first_name']} {values['last_name']}".strip(),
        "form": form.slug,
        "page_title": forms.words_of(form, "headline", locale),
        "locale": locale,
        "adult": adult.text,
        "signature": "checkbox",
        "ip": request.remote_addr or "",
        "user_agent": request.user_agent.string[:300],
        "accept_language": request.headers.get("Accept-Language", "")[:100],
    }
