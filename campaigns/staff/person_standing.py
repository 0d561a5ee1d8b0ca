"""Where a person stands on each channel, in words: agreed, pending, left, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.consent import ledger, suppression
from campaigns.consent.models import (
    ConsentEntry,
    ConsentState,
    ConsentStatus,
    Method,
    Suppression,
    SuppressionReason,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel, Contact, ContactStatus
from campaigns.delivery import person_reach
from campaigns.delivery.person_reach import Obstacle
from campaigns.web import templating

NAMES = {Channel.EMAIL: "Email", Channel.SMS: "Text"}

HOW = {
    Method.WEB_FORM: "on the sign-up form",
    Method.PAPER_FORM: "on paper",
    Method.KEYWORD: "by text",
    Method.VERBAL: "in person or by phone",
    Method.IMPORT: "on a list that was imported with proof",
    Method.PREFERENCES: "on the preference page",
    Method.ONE_CLICK: "with the mailbox's unsubscribe button",
    Method.UNSUBSCRIBE_PAGE: "on the unsubscribe page",
    Method.REPLY: "in a reply",
    Method.PROVIDER: "through the provider",
    Method.STAFF: "to the staff",
    Method.UNDO: "by undoing a stop",
}

WORDS = {
    ConsentStatus.GRANTED: ("agreed", "green"),
    ConsentStatus.PENDING: ("pending", "amber"),
    ConsentStatus.UNCONFIRMED: ("no proof yet", "grey"),
    ConsentStatus.WAITING: ("no proof yet", "grey"),
    ConsentStatus.WITHDRAWN: ("left", "red"),
    ConsentStatus.NONE: ("not asked", "grey"),
}
"""A state in one or two words, and its colour; for the list."""

_GONE = {
    ContactStatus.MINOR: "This person is under 18.",
    ContactStatus.DECEASED: "This person has died.",
    ContactStatus.MERGED: "This record was merged into another one.",
    ContactStatus.ERASED: "This person asked to be erased.",
}

_WITHOUT_PROOF = {
    ConsentStatus.UNCONFIRMED: "There is no proof of consent. One request to confirm may go out.",
    ConsentStatus.WAITING: "There is no proof of consent; nothing goes out until there is.",
}
_SAID_ALREADY = frozenset({"opted_out", "withdrawn", "no_address"})
"""Rules of the gate whose reason the sentence about consent gives already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A channel's state for a row of the list."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A channel's state for the person's page."""

    channel: Channel
    name: str
    address: str | None
    sentence: str
    """What the person said, when and where."""
    verdict: str
    """What the gate says of this moment: ``yes``, ``later`` (it ends by itself) or ``no``."""
    because: str
    """Why not, or until when not; empty when messages may go out."""
    tone: str
    status: str
    blocks: tuple[Suppression, ...] = ()
    """What staff may take off the do-not-contact list."""


def shorts(
    session: Session, people: Sequence[Contact], now: datetime
) -> dict[int, dict[str, Short]]:
    """Return the state of every channel that each of these people has an address for."""
    ids = [person.id for person in people]
    states = {
        (row.contact_id, row.channel): row.status
        for row in session.execute(
            select(ConsentState.contact_id, ConsentState.channel, ConsentState.status).where(
                ConsentState.contact_id.in_(ids)
            )
        )
    }
    blocked = suppression.active_suppression(Address.channel, Address.address_hash, now)
    rows = session.execute(
        select(Address.contact_id, Address.channel, blocked.label("blocked")).where(
            Address.contact_id.in_(ids)
        )
    )
    found: dict[int, dict[str, Short]] = {number: {} for number in ids}
    for row in rows:
        status = states.get((row.contact_id, row.channel), ConsentStatus.NONE)
        text, tone = WORDS[ConsentStatus(status)]
        if row.blocked and status != ConsentStatus.WITHDRAWN:
            text, tone = "do not contact", "red"
        found[row.contact_id][row.channel] = Short(text=text, tone=tone)
    return found


def of_person(
    session: Session, contact: Contact, *, providers: Mapping[str, str], now: datetime
) -> list[Standing]:
    """Return where the person stands on email and on texts; the gate says what may leave."""
    states = ledger.state_of(session, contact.id)
    held = directory.addresses_of(session, contact.id)
    answers = person_reach.explain_person(session, contact.id, providers=providers, now=now)
    found = {answer.channel: answer.obstacles for answer in answers}
    return [
        _channel(
            session,
            contact,
            channel,
            held.get(channel),
            states.get(channel),
            found.get(channel, ()),
            now,
        )
        for channel in Channel
    ]


def _channel(
    session: Session,
    contact: Contact,
    channel: Channel,
    held: Address | None,
    state: ConsentState | None,
    obstacles: Sequence[Obstacle],
    now: datetime,
) -> Standing:
    status = ConsentStatus(state.status) if state else ConsentStatus.NONE
    blocks = suppression.active_for(session, channel, held.address, now) if held else []
    first = obstacles[0] if obstacles else None
    tone = WORDS[status][1]
    if blocks:
        tone = "red"
    elif held is None:
        tone = "grey"
    return Standing(
        channel=channel,
        name=NAMES[channel],
        address=held.address if held else None,
        sentence=_sentence(session, channel, state, status, has_address=held is not None),
        verdict="yes" if first is None else "no" if first.until is None else "later",
        because=_because(first, contact, status, blocks) if first is not None else "",
        tone=tone,
        status=status,
        blocks=tuple(b for b in blocks if b.reason in suppression.LIFTED_BY_STAFF),
    )


def _sentence(
    session: Session,
    channel: Channel,
    state: ConsentState | None,
    status: ConsentStatus,
    *,
    has_address: bool,
) -> str:
    if state is None or status == ConsentStatus.NONE:
        if not has_address:
            return "No email address." if channel == Channel.EMAIL else "No mobile number."
        if state is not None and state.entry_id is not None:
            return "The address changed; not asked for the new one yet."
        return "Not asked yet."
    if status == ConsentStatus.UNCONFIRMED:
        return "The address came without proof of consent."
    if status == ConsentStatus.WAITING:
        return "The number came without proof of consent."
    entry = session.get(ConsentEntry, state.entry_id) if state.entry_id else None
    on = f"on {templating.clinic_date(state.since)}"
    how = HOW.get(Method(entry.method), "") if entry else ""
    if status == ConsentStatus.GRANTED:
        return f"Agreed {on} {how}".strip() + "."
    if status == ConsentStatus.PENDING:
        return f"Asked for messages {on}, not confirmed yet."
    return f"Said stop {on} {how}".strip() + f". {_words(session, state, entry)}"


def _words(session: Session, state: ConsentState, entry: ConsentEntry | None) -> str:
    """Return when exactly, by which road and in which words a stop was said."""
    proof = ledger.evidence_of(session, [entry.id]).get(entry.id, {}) if entry else {}
    said, road = str(proof.get("words") or ""), str(proof.get("how") or "")
    at = state.since.astimezone(templating.zone())
    return f"At {at:%H:%M}" + (f", {road}" if road else "") + (f": “{said}”." if said else ".")


def summary(standings: Sequence[Standing]) -> str:
    """Return the answer to "what may this person get now", in one line."""
    parts = []
    for standing in standings:
        if standing.verdict == "yes":
            parts.append(f"{standing.name.lower()} yes")
        elif standing.verdict == "later":
            parts.append(f"{standing.name.lower()} not now")
        else:
            why = standing.sentence if standing.status != ConsentStatus.GRANTED else ""
            why = why.split(". ")[0] or standing.because
            parts.append(f"{standing.name.lower()} no, {why[:1].lower()}{why[1:]}".rstrip("."))
    return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + "."


def _also(blocks: list[Suppression]) -> str:
    """Return what closes the address beside the person's own word."""
    graver = [b for b in blocks if b.reason not in suppression.LIFTED_BY_CONSENT]
    if not graver:
        return ""
    return f"Also: {', '.join(suppression.IN_WORDS[SuppressionReason(b.reason)] for b in graver)}."


def _because(
    obstacle: Obstacle, contact: Contact, status: ConsentStatus, blocks: list[Suppression]
) -> str:
    """Say which rule of the gate decides, with what is known of this very person."""
    match obstacle.code:
        case "inactive" if contact.status != ContactStatus.ACTIVE:
            return _GONE[ContactStatus(contact.status)]
        case code if code in _SAID_ALREADY:
            return _also(blocks)
        case "do_not_contact" if blocks:
            words = suppression.IN_WORDS[SuppressionReason(blocks[0].reason)]
            return f"On the do-not-contact list: {words}."
        case "unconfirmed" | "waiting_for_proof" | "no_consent":
            return _WITHOUT_PROOF.get(status, "")
        case "on_hold" if contact.hold_until is not None:
            return f"Messages are held until {templating.clinic_date(contact.hold_until)}."
    return obstacle.sentence
