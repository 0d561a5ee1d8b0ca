"""What a filled-in sign-up form does: ask for confirmation, and believe nothing before it.

Nobody has proved who they are yet. So an address that is known already keeps its person's
data: only blanks are filled, a new phone number and topics are kept as claims with the
request and applied when the email is confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from campaigns.audience import interests
from campaigns.clinic import profile
from campaigns.consent import forms, ledger, limits, optin
from campaigns.consent.limits import Connection
from campaigns.consent.models import Action, ConsentEvidence, Method, OptInRequest
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact, ContactStatus
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import InvalidInput
from campaigns.delivery import confirmations


class TextNext(StrEnum):
    """What became of a phone number that waited for its email to be confirmed."""

    NONE = ""
    ASKED = "asked"
    """A text is on its way that asks to confirm it."""
    CLOSED = "closed"
    """No text can be sent now (a limit, the day's money): the number was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The words that stood beside a ticked box."""

    disclosure_id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A sign-up that passed every check of the form; addresses are normalised."""

    form_id: int
    source: str
    """How the person came, as kept with them: ``form:main``."""
    first_name: str
    last_name: str
    postal_code: str
    email: str | None
    """Set only when the email box was ticked."""
    phone: str | None
    """Set only when the text box was ticked."""
    topics: tuple[str, ...]
    """Empty unless the topics box was ticked."""
    locale: str
    source_label: str
    shown: Mapping[str, Shown]
    """By kind of wording, for the boxes that were ticked."""
    evidence: Mapping[str, Any] = field(default_factory=dict)


def take(session: Session, wish: Wish, connection: Connection, *, now: datetime) -> None:
    """Record a sign-up and ask for its confirmation, as far as the limits allow.

    The caller has checked ``limits.may_submit`` under ``limits.hold_lock``.
    """
    email = _if_allowed(session, Channel.EMAIL, wish.email, now)
    phone = _if_allowed(session, Channel.SMS, wish.phone, now)
    by_email = _find(session, Channel.EMAIL, email, wish)
    by_phone = _find(session, Channel.SMS, phone, wish)
    if by_email is not None and by_email.status != ContactStatus.ACTIVE:
        email = None
    if by_phone is not None and by_phone.status != ContactStatus.ACTIVE:
        phone = None
    phone_later = None
    if email and phone and by_email is not None and by_phone is None:
        phone, phone_later = None, phone  # a known person's new number: once the email proved it
    limits.note(
        session, connection, email=email, phone=phone, text_parts=_parts(session, phone), now=now
    )
    if not email and not phone:
        return
    created = None
    if (email and by_email is None) or (phone and by_phone is None):
        created = _create(session, wish, email, phone, by_email, by_phone, now)
    if email:
        claims = _claims(wish, phone_later) if by_email is not None else {}
        _ask(session, by_email or created, Channel.EMAIL, email, wish, claims, now)
    if phone:
        _ask(session, by_phone or created, Channel.SMS, phone, wish, {}, now)
    if created is not None and wish.topics:
        channel = Channel.EMAIL if email and by_email is None else Channel.SMS
        _store_topics(
            session, created.id, channel, wish.topics, wish.shown, wish.evidence, wish.source, now
        )


def can_pay(session: Session, now: datetime) -> bool:
    """Tell whether today's money has room for one more text that asks for confirmation."""
    clinic = profile.get(session)
    return limits.budget(session, now).allows(confirmations.text_parts(session, clinic))


def apply_claims(
    session: Session, request: OptInRequest, connection: Connection, *, now: datetime
) -> TextNext:
    """Apply what was claimed with a request, now that its email is confirmed.

    Returns what became of the phone number, if one was claimed.
    """
    proof = session.get(ConsentEvidence, request.entry_id) if request.entry_id else None
    claims: Mapping[str, Any] = (proof.details.get("claims") or {}) if proof else {}
    evidence = {k: v for k, v in (proof.details if proof else {}).items() if k != "claims"}
    contact = directory.get(session, request.contact_id)
    shown = {
        kind: Shown(disclosure_id=value["disclosure_id"], text=value["text"])
        for kind, value in claims.get("shown", {}).items()
    }
    if claims.get("topics"):
        _store_topics(
            session, contact.id, request.channel, tuple(claims["topics"]), shown, evidence,
            f"form:{evidence.get('form', forms.MAIN)}", now,
        )  # fmt: skip
    phone = claims.get("phone")
    if not phone or Channel.SMS in directory.addresses_of(session, contact.id):
        return TextNext.NONE
    limits.hold_lock(session)
    if not limits.may_confirm(session, Channel.SMS, phone, now) or not can_pay(session, now):
        return TextNext.CLOSED
    limits.note(
        session, connection, email=None, phone=phone, text_parts=_parts(session, phone), now=now
    )
    directory.set_address(session, contact.id, Channel.SMS, phone, now=now)
    _request(
        session, contact.id, Channel.SMS, phone, shown["sms"], evidence,
        claims.get("source_label", ""), request.form_id, now,
    )  # fmt: skip
    return TextNext.ASKED


def _if_allowed(session: Session, channel: str, address: str | None, now: datetime) -> str | None:
    if address and limits.may_confirm(session, channel, address, now):
        return address
    return None


def _find(session: Session, channel: str, address: str | None, wish: Wish) -> Contact | None:
    """Return the person an address belongs to; of several, the one with this name."""
    people = directory.find_by_address(session, channel, address) if address else []
    if len(people) <= 1:
        return people[0] if people else None
    name = (wish.first_name.casefold(), wish.last_name.casefold())
    return next(
        (p for p in people if (p.first_name.casefold(), p.last_name.casefold()) == name), None
    )


def _create(
    session: Session,
    wish: Wish,
    email: str | None,
    phone: str | None,
    by_email: Contact | None,
    by_phone: Contact | None,
    now: datetime,
) -> Contact:
    return directory.create(
        session,
        now=now,
        first_name=wish.first_name,
        last_name=wish.last_name,
        email=email if by_email is None else None,
        phone=phone if by_phone is None else None,
        postal_code=wish.postal_code or None,
        locale=wish.locale,
        source=wish.source,
        adult_confirmed=True,
    )


def _ask(
    session: Session,
    contact: Contact | None,
    channel: Channel,
    address: str,
    wish: Wish,
    claims: Mapping[str, Any],
    now: datetime,
) -> None:
    assert contact is not None  # either found or made
    _fill_blanks(session, contact, wish, now)
    evidence = {**wish.evidence, **({"claims": claims} if claims else {})}
    shown = wish.shown["email" if channel == Channel.EMAIL else "sms"]
    _request(
        session, contact.id, channel, address, shown, evidence, wish.source_label, wish.form_id, now
    )


def _request(
    session: Session,
    contact_id: int,
    channel: Channel,
    address: str,
    shown: Shown,
    evidence: Mapping[str, Any],
    source_label: str,
    form_id: int | None,
    now: datetime,
) -> None:
    entry = ledger.record(
        session,
        contact_id=contact_id,
        channel=channel,
        action=Action.OPT_IN_REQUESTED,
        method=Method.WEB_FORM,
        actor=_person(contact_id),
        now=now,
        disclosure_id=shown.disclosure_id,
        wording=shown.text,
        address=address,
        evidence=dict(evidence),
        source_label=source_label,
    )
    optin.request(
        session,
        contact_id=contact_id,
        channel=channel,
        address=address,
        entry_id=entry.id,
        origin=optin.FORM,
        form_id=form_id,
        now=now,
    )


def _store_topics(
    session: Session,
    contact_id: int,
    channel: str,
    topics: tuple[str, ...],
    shown: Mapping[str, Shown],
    evidence: Mapping[str, Any],
    source: str,
    now: datetime,
) -> None:
    agreed = shown["health_topic"]
    ledger.record(
        session,
        contact_id=contact_id,
        channel=channel,
        action=Action.HEALTH_TOPIC_CONSENT,
        method=Method.WEB_FORM,
        actor=_person(contact_id),
        now=now,
        disclosure_id=agreed.disclosure_id,
        wording=agreed.text,
        evidence=dict(evidence),
    )
    active = {interest.code for interest in interests.all_active(session)}
    kept = interests.codes_of(session, contact_id) | (set(topics) & active)
    try:
        interests.set_for_contact(
            session, contact_id, kept, actor=_person(contact_id), source=source, now=now
        )
    except InvalidInput:  # a topic was switched off in between: keep the rest as it was
        return


def _claims(wish: Wish, phone_later: str | None) -> dict[str, Any]:
    """Return what a known person's form claims beyond the email that proves it."""
    claims: dict[str, Any] = {}
    kinds: list[str] = []
    if wish.topics:
        claims["topics"] = list(wish.topics)
        kinds.append("health_topic")
    if phone_later:
        claims["phone"] = phone_later
        kinds.append("sms")
    if claims:
        claims["source_label"] = wish.source_label
        claims["shown"] = {
            kind: {"disclosure_id": wish.shown[kind].disclosure_id, "text": wish.shown[kind].text}
            for kind in kinds
        }
    return claims


def _fill_blanks(session: Session, contact: Contact, wish: Wish, now: datetime) -> None:
    blanks = {
        name: value
        for name, value in (
            ("first_name", wish.first_name),
            ("last_name", wish.last_name),
            ("postal_code", wish.postal_code),
        )
        if value and not getattr(contact, name)
    }
    if contact.first_name or contact.last_name:  # half of another person's name helps nobody
        blanks = {name: value for name, value in blanks.items() if name == "postal_code"}
    if blanks:
        directory.edit(session, contact.id, now=now, **blanks)
    if not contact.adult_confirmed:
        contact.adult_confirmed = True
    directory.note_heard(session, contact.id, now=now)


def _parts(session: Session, phone: str | None) -> int:
    return confirmations.text_parts(session, profile.get(session)) if phone else 0


def _person(contact_id: int) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=contact_id)
