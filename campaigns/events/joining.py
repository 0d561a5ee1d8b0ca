"""Somebody texts the keyword of a poster: they are asked to confirm, as by any other road.

The text is the signature, the poster holds the words (``consent.keyword_words``), and
nothing but the one request to confirm goes out before a Y.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.clinic import profile
from campaigns.consent import disclosures, forms, keyword_words, ledger, limits, optin
from campaigns.consent.models import Action, ConsentStatus, Disclosure, Method, SignupForm
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel, Contact, ContactStatus
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import InvalidInput
from campaigns.delivery import confirmations, notices

LOCALE = "en"
"""Posters carry the English words in any language, so these were shown."""
_SOURCE_LABEL = "a text to our number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What a keyword led to."""

    contact_id: int | None = None
    asked: bool = False
    """A request to confirm is on its way, by this text or an earlier one."""
    already: bool = False
    """The person gets texts: there is nothing to ask."""


def form_of(session: Session, text: str) -> SignupForm | None:
    """Return the form whose keyword a text is, None for any other text."""
    return forms.by_keyword(session, text)


def take(
    session: Session,
    form: SignupForm,
    number: str,
    *,
    contact_id: int | None,
    words: str,
    sid: str,
    public_url: str,
    now: datetime,
) -> Joined:
    """Take a keyword from a number; ``contact_id`` is whose it is, None for nobody we know.

    Limits and the day's money hold as for the form; past them nothing is sent, and the
    text stays in the inbox for staff. Sending it twice asks once.
    """
    try:
        number = addresses.normalise_phone(number)
    except InvalidInput:  # a short code, or a number of another country
        return Joined(contact_id=contact_id)
    contact = directory.get(session, contact_id) if contact_id is not None else None
    if contact is not None:
        if contact.status != ContactStatus.ACTIVE:
            return Joined(contact_id=contact.id)
        state = ledger.state_of(session, contact.id).get(Channel.SMS)
        if state is not None and state.status == ConsentStatus.GRANTED:
            return Joined(contact_id=contact.id, already=True)
        if optin.open_request(session, contact.id, Channel.SMS, now=now) is not None:
            return Joined(contact_id=contact.id, asked=True)
    limits.hold_lock(session)
    parts = confirmations.text_parts(session, profile.get(session))
    if (
        limits.is_flooded(session, now)
        or not limits.may_confirm(session, Channel.SMS, number, now)
        or not limits.budget(session, now).allows(parts)
    ):
        return Joined(contact_id=contact_id)
    limits.note(
        session, limits.phone_connection(session, number),
        email=None, phone=number, text_parts=parts, now=now,
    )  # fmt: skip
    contact = contact or _create(session, form, number, now)
    disclosure = disclosures.current(session, Channel.SMS, LOCALE)
    entry = ledger.record(
        session,
        contact_id=contact.id,
        channel=Channel.SMS,
        action=Action.OPT_IN_REQUESTED,
        method=Method.KEYWORD,
        actor=Actor(kind=ActorKind.PERSON, id=contact.id),
        now=now,
        disclosure_id=disclosure.id,
        wording=shown(session, form, disclosure, number_texted(session), public_url),
        address=number,
        evidence={
            "words": words,
            "sid": sid,
            "form": form.slug,
            "place": "keyword",
            "signature": "text",
            "locale": LOCALE,
        },
        source_label=forms.words_of(form, "source", LOCALE) or _SOURCE_LABEL,
    )
    request = optin.request(
        session,
        contact_id=contact.id,
        channel=Channel.SMS,
        address=number,
        entry_id=entry.id,
        origin=optin.KEYWORD,
        form_id=form.id,
        now=now,
    )
    return Joined(contact_id=contact.id, asked=request is not None)


def shown(
    session: Session, form: SignupForm, disclosure: Disclosure, number: str, public_url: str
) -> str:
    """Return all that somebody reads before they confirm: the poster's words, then our text."""
    clinic = profile.get(session)
    poster = keyword_words.render(
        disclosure,
        keyword=form.keyword or "",
        number=number,
        brand=clinic.brand,
        public_url=public_url,
        locale=LOCALE,
    )
    body = {
        "template": notices.CONFIRM,
        "locale": LOCALE,
        "per_month": disclosure.frequency_per_month,
    }
    return f"{poster}\n\n{notices.text(body, clinic=clinic)}"


def number_texted(session: Session) -> str:
    """Return the number that posters name, as people read it; empty where none is set."""
    number = profile.get(session).text_number or ""
    digits = number.removeprefix("+1")
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 else number


def _create(session: Session, form: SignupForm, number: str, now: datetime) -> Contact:
    return directory.create(
        session,
        now=now,
        phone=number,
        source=f"form:{form.slug}",
        adult_confirmed=True,
    )
