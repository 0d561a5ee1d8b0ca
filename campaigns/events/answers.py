"""The fixed texts with which the service answers a reply: STOP, HELP, START, and health.

No marketing in any of them, one text part where possible (brand of up to 24 letters); the
Spanish ones do without the accented letters that would double a text's parts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures, suppression
from campaigns.consent.folding import fold
from campaigns.consent.models import Disclosure
from campaigns.contacts.models import Channel, Contact
from campaigns.core.errors import CampaignsError
from campaigns.delivery import outbox
from campaigns.delivery.models import Message, Origin
from campaigns.events.models import InboundText

ANSWER_WITHIN = timedelta(minutes=5)
"""A confirmation later than this would need a reason (47 CFR 64.1200(a)(12))."""
ONE_HEALTH_ANSWER_PER = timedelta(hours=24)
UNKNOWN_ANSWERS = 3
"""Answers a day to a number that nobody on file has: two machines must not talk for ever."""
TWILIO_ANSWERS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
    | {"start", "yes", "unstop", "help", "info"}
)
"""Whole replies, in any case, that Twilio answers by itself: a second answer is one too many."""
DEFAULT_FREQUENCY = 8
HEALTH = "health"
_SPANISH = "es"
_ABOVE = (
    ("the mobile number above", "this mobile number"),
    ("el número móvil indicado arriba", "este número móvil"),
)
"""In a text, the number that the box of a form points at is the one that reads it."""


def _words(block: str) -> frozenset[str]:
    return frozenset(block.split())


_SPANISH_WORDS = _words("""
    alto baja parar cancelar ayuda mas si ya mensajes textos quiero quiten borrenme por favor
    gracias deje dejen dejar mi me numero equivocado hola que de la lista borrame bueno manden
    escriban molesten para con una cita dolor duele tengo estoy como cuando donde
""")
_ENGLISH_WORDS = _words("""
    stop please the you my number text texts message messages do not dont want off list and is
    this to of remove unsubscribe thanks wrong have for hi hello how when where
""")
_HEALTH = _words("""
    pain pains painful hurt hurts hurting ache aches aching sore bleed bleeding blood swollen
    swelling fever dizzy dizziness chest breath breathe breathing numb numbness vomit vomiting
    nausea rash infected infection medicine medication medications meds pill pills dose dosage
    prescription refill pregnant allergy allergic symptom symptoms suicide suicidal emergency
    911 overdose faint fainted burning itch itching fracture fractured diagnosis diabetes
    ibuprofen tylenol aspirin antibiotic antibiotics wound stitches headache migraine seizure
    dolor dolores duele duelen sangre sangrado fiebre mareo mareos hinchado hinchada respirar
    vomito nauseas medicina medicinas pastilla pastillas receta embarazada alergia sintoma
    sintomas emergencia herida infeccion
""")


def stop(clinic: Clinic, *, locale: str = "en") -> str:
    """Confirm that somebody left."""
    if locale == _SPANISH:
        return f"{clinic.brand}: Listo, usted ya no recibe mensajes de marketing de nosotros."
    return f"{clinic.brand}: You are opted out and will get no more marketing texts from us."


def help_(clinic: Clinic, *, frequency: int, locale: str = "en") -> str:
    """Say who writes, how to reach us, how to stop."""
    reach = list(filter(None, [_shown(clinic.phone), clinic.website]))
    if locale == _SPANISH:
        return (
            f"{clinic.brand}, textos de bienestar. Ayuda: {' o '.join(reach) or 'la clinica'}. "
            f"Hasta {frequency} msjs/mes. Se aplican tarifas de msjs y datos. "
            "Responda STOP para salir."
        )
    return (
        f"{clinic.brand} wellness texts. Help: {' or '.join(reach) or 'our front desk'}. "
        f"Up to {frequency} msgs/mo. Msg & data rates may apply. Reply STOP to opt out."
    )


def welcome(clinic: Clinic, *, frequency: int, locale: str = "en") -> str:
    """Say what somebody who came back has signed up for."""
    if locale == _SPANISH:
        return (
            f"{clinic.brand}: Ya recibe consejos de bienestar y enlaces para citas, hasta "
            f"{frequency} msjs/mes. Se aplican tarifas de msjs y datos. HELP: ayuda. STOP: salir."
        )
    return (
        f"{clinic.brand}: You're signed up for wellness tips & booking links, up to {frequency} "
        "msgs/mo. Msg & data rates may apply. Reply HELP for help, STOP to opt out."
    )


def ask_again(clinic: Clinic, *, frequency: int, locale: str = "en") -> str:
    """Ask somebody who came back, and whose old agreement does not hold, to agree again."""
    if locale == _SPANISH:
        return (
            f"{clinic.brand}: Responda Y para confirmar hasta {frequency} textos de "
            "bienestar/mes. Se aplican tarifas de msjs y datos. HELP: ayuda. STOP: salir."
        )
    return (
        f"{clinic.brand}: Reply Y to confirm up to {frequency} wellness texts/mo. "
        "Msg & data rates may apply. HELP for help, STOP to cancel."
    )


def ask_in_full(clinic: Clinic, disclosure: Disclosure, *, public_url: str, locale: str) -> str:
    """Ask for an agreement in writing by text alone: all the words, because no form shows them."""
    words = disclosures.render(
        disclosure,
        brand=clinic.brand,
        privacy_url=f"{public_url}/privacy",
        terms_url=f"{public_url}/terms",
    )
    for above, here in _ABOVE:
        words = words.replace(above, here)
    last = "Responda Y para confirmar." if locale == _SPANISH else "Reply Y to confirm."
    return f"{clinic.brand}: {words} {last}"


def health(clinic: Clinic, *, locale: str = "en") -> str:
    """Say that nobody gives medical advice by text, and where to turn."""
    phone = _shown(clinic.phone)
    if locale == _SPANISH:
        call = f"Llame al {phone}. " if phone else "Llame a la clinica. "
        return (
            f"{clinic.brand}: Por este medio no se atienden preguntas de salud. {call}"
            "Emergencia: 911."
        )
    call = f"Call {phone}. " if phone else "Please call the clinic. "
    return (
        f"{clinic.brand}: This number is not monitored for medical questions. {call}Emergency: 911."
    )


def promised(session: Session) -> int:
    """Return how many texts a month the current wording promises at most."""
    try:
        found = disclosures.current(session, "sms")
    except CampaignsError:
        return DEFAULT_FREQUENCY
    return found.frequency_per_month or DEFAULT_FREQUENCY


def is_answered_by_provider(body: str, opt_out_type: str | None) -> bool:
    """Tell whether Twilio has answered this reply itself."""
    return opt_out_type is not None or body.strip().casefold() in TWILIO_ANSWERS


def language(session: Session, row: InboundText, body: str) -> str:
    """Return the language to answer in: the person's own, or that of the reply."""
    if row.contact_id is not None:
        person = session.get(Contact, row.contact_id)
        if person is not None and (person.locale or "").startswith(_SPANISH):
            return _SPANISH
    said = fold(body).split()
    spanish = sum(1 for word in said if word in _SPANISH_WORDS)
    return _SPANISH if spanish > sum(1 for word in said if word in _ENGLISH_WORDS) else "en"


def asks_about_health(body: str) -> bool:
    """Tell whether a reply speaks of symptoms or medicine: nobody watches this number for those."""
    return any(word in _HEALTH for word in fold(body).split())


def send(
    session: Session,
    row: InboundText,
    text: str,
    now: datetime,
    *,
    passes_stop: bool = False,
    about: str | None = None,
) -> bool:
    """Send the one fixed answer to a reply; the inbound text is its subject, so it is one.

    A text that was read late (``row.received_at`` is when it was sent) gets its answer
    within five minutes of its own time or not at all. A number that nobody on file has is
    answered too, a few times a day. Returns whether an answer was planned.
    """
    expires_at = row.received_at + ANSWER_WITHIN
    if expires_at <= now:
        return False
    if row.contact_id is None and not _may_answer_stranger(session, row.from_address, now):
        return False
    body: dict[str, Any] = {"text": text, "passes_stop": passes_stop}
    if about:
        body["about"] = about
    planned = outbox.enqueue(
        session,
        origin_kind=Origin.REPLY,
        origin_id=0,
        subject_id=row.id,
        channel=Channel.SMS,
        contact_id=row.contact_id,
        address=row.from_address if row.contact_id is None else None,
        body=body,
        due_at=now,
        now=now,
        expires_at=expires_at,
    )
    return planned is not None


def send_health(
    session: Session, row: InboundText, clinic: Clinic, body: str, now: datetime
) -> bool:
    """Answer a question of health once in 24 hours, and not while staff are writing."""
    if row.contact_id is None or not clinic.answers_health or not asks_about_health(body):
        return False
    answered = session.scalar(
        select(Message.id)
        .where(
            Message.contact_id == row.contact_id,
            Message.channel == Channel.SMS,
            Message.origin_kind == Origin.REPLY,
            Message.created_at > now - ONE_HEALTH_ANSWER_PER,
            or_(Message.origin_id != 0, Message.body["about"].as_string() == HEALTH),
        )
        .limit(1)
    )
    if answered is not None:
        return False
    text = health(clinic, locale=language(session, row, body))
    return send(session, row, text, now, about=HEALTH)


def _may_answer_stranger(session: Session, number: str, now: datetime) -> bool:
    """Tell whether a number without a person may be answered: seldom, and never after a demand."""
    reasons = {row.reason for row in suppression.active_for(session, Channel.SMS, number, now)}
    if reasons - suppression.LIFTED_BY_CONSENT:
        return False
    answered = session.scalars(
        select(Message.id)
        .where(
            Message.contact_id.is_(None),
            Message.origin_kind == Origin.REPLY,
            Message.address == number,
            Message.created_at > now - timedelta(days=1),
        )
        .limit(UNKNOWN_ANSWERS)
    )
    return len(list(answered)) < UNKNOWN_ANSWERS


def _shown(phone: str | None) -> str | None:
    if not phone:
        return None
    digits = phone.removeprefix("+1")
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else phone
