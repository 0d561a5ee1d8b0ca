"""A person's history for the page: what reports know, and consent with the words shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts.models import AuditEntry
from campaigns.consent import ledger, suppression
from campaigns.consent.models import Action, ConsentEntry, Method, SuppressionReason, Wording
from campaigns.contacts import directory, notes
from campaigns.contacts.models import Channel, Contact
from campaigns.reports import timeline
from campaigns.staff.person_standing import HOW

LENGTH = 100

FILTERS: dict[str, tuple[str, frozenset[str]]] = {
    "all": ("Everything", frozenset({"message", "click", "reply", "series", "booking",
                                     "consent", "note", "record"})),
    "messages": ("Messages", frozenset({"message", "click", "reply", "series"})),
    "consent": ("Consent", frozenset({"consent"})),
    "bookings": ("Bookings", frozenset({"booking"})),
    "notes": ("Notes", frozenset({"note", "record"})),
}  # fmt: skip
"""Name in the address -> label, kinds."""

_FROM_REPORTS = frozenset({"message", "click", "reply", "series", "booking"})
_ABOUT_TOPICS = frozenset({"series"})
_THINGS = {Channel.EMAIL: "email", Channel.SMS: "texts", ledger.TOPIC: "keeping topics"}

_SAID = {
    Action.OPT_IN_REQUESTED: "Asked for {thing}, to be confirmed",
    Action.OPT_IN_CONFIRMED: "Agreed to {thing}",
    Action.OPT_OUT: "Said stop to {thing}",
    Action.HEALTH_TOPIC_CONSENT: "Agreed that topics are kept",
    Action.HEALTH_TOPIC_WITHDRAWN: "Took back that topics are kept",
    Action.TAKEN_BACK: "The agreement to {thing} was taken back with the import it came from",
    Action.ADDRESS_CHANGED: "Consent to {thing} ended with a change of address",
    Action.ERASED: "Erased at the person's request",
}
_TONES = {
    Action.OPT_IN_CONFIRMED: "green",
    Action.HEALTH_TOPIC_CONSENT: "green",
    Action.OPT_IN_REQUESTED: "amber",
}
_DONE = {
    "contact.created": "Added by {who}",
    "contact.edited": "Details changed by {who}",
    "contact.held": "Messages held by {who}",
    "contact.released": "Hold ended by {who}",
    "contact.merged": "A second record was merged in by {who}",
    "interests.changed": "Interests changed by {who}",
    "tracking.off": "Clicks are not recorded any more, on the wish of {who}",
    "tracking.on": "Clicks are recorded again, on the wish of {who}",
    "confirmation.asked": "A request to confirm was ordered by {who}",
}
_EVIDENCE = (
    ("words", "In the person's words"),
    ("how", "How"),
    ("merged_from", "From the record that was merged in, number"),
    ("note", "Note"),
    ("source_url", "Page"),
    ("source", "How it was given"),
    ("ip", "Network address"),
    ("confirmed_at", "Confirmed"),
    ("signature", "Signature"),
    ("file", "File"),
    ("line", "Line of the file"),
    ("attestation", "Vouched for with the import, fingerprint"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the history."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    tone: str = "grey"
    wording: str | None = None
    """The exact words that the person was shown."""
    facts: tuple[tuple[str, str], ...] = ()
    scan_id: int | None = None
    """A scan of the signed form."""


def of_person(
    session: Session,
    contact: Contact,
    *,
    kinds: frozenset[str],
    shows_topics: bool,
    before: datetime | None = None,
) -> list[Line]:
    """Return the newest lines of these kinds; names of campaigns only to who may know topics."""
    wanted = kinds if shows_topics else kinds - _ABOUT_TOPICS
    lines: list[Line] = []
    if wanted & _FROM_REPORTS:
        found = timeline.of_person(
            session, contact.id, limit=LENGTH, kinds=wanted & _FROM_REPORTS, before=before
        )
        lines += [_from_report(happening, shows_topics) for happening in found]
    if "consent" in wanted:
        lines += _consent(session, contact, before)
        lines += _suppressions(session, contact)
    if "note" in wanted:
        lines += [
            Line(at=note.at, kind="note", title=f"Note by {note.author}", detail=note.text)
            for note in notes.list_of(session, contact.id)
        ]
    if "record" in wanted:
        hidden = frozenset() if shows_topics else frozenset({"interests.changed"})
        lines += _records(session, contact, before, set(_DONE) - hidden)
    if before is not None:
        lines = [line for line in lines if line.at < before]
    lines.sort(key=lambda line: line.at, reverse=True)
    return lines[:LENGTH]


def _from_report(happening: timeline.Happening, shows_topics: bool) -> Line:
    title = happening.title
    if happening.kind == "message" and not shows_topics:
        channel, _, rest = title.partition(":")
        title = f"{channel}: {rest.rsplit(', ', 1)[-1].strip()}"
    return Line(
        at=happening.at,
        kind=happening.kind,
        title=title,
        detail=happening.detail,
        tone=happening.tone,
    )


def _consent(session: Session, contact: Contact, before: datetime | None) -> list[Line]:
    query = (
        select(ConsentEntry, Wording.text)
        .outerjoin(Wording, Wording.sha256 == ConsentEntry.wording_sha256)
        .where(ConsentEntry.contact_id.in_(directory.records_of(session, contact.id)))
        .order_by(ConsentEntry.expressed_at.desc(), ConsentEntry.id.desc())
        .limit(LENGTH)
    )
    if before is not None:
        query = query.where(ConsentEntry.expressed_at < before)
    rows = session.execute(query).all()
    proofs = ledger.evidence_of(session, [entry.id for entry, _ in rows])
    lines = []
    for entry, words in rows:
        action = Action(entry.action)
        how = HOW.get(Method(entry.method), "")
        recorded = "" if entry.recorded_at == entry.expressed_at else ", recorded later"
        lines.append(
            Line(
                at=entry.expressed_at,
                kind="consent",
                title=_SAID[action].format(thing=_THINGS.get(entry.channel, entry.channel)),
                detail=(how + recorded).strip(", ") + _quoted(action, proofs.get(entry.id, {})),
                tone=_TONES.get(action, "red"),
                wording=words,
                facts=_facts(proofs.get(entry.id, {})),
                scan_id=proofs.get(entry.id, {}).get("scan_id"),
            )
        )
    return lines


def _quoted(action: Action, proof: dict[str, Any]) -> str:
    """Return the words of a stop, to be read without opening anything."""
    said = str(proof.get("words") or "")
    return f": “{said}”" if said and action == Action.OPT_OUT else ""


def _facts(proof: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((label, str(proof[name])) for name, label in _EVIDENCE if proof.get(name))


def _suppressions(session: Session, contact: Contact) -> list[Line]:
    held = [
        (str(row.channel), row.address)
        for number in directory.records_of(session, contact.id)
        for row in directory.addresses_of(session, number).values()
    ]
    lines = []
    for row in suppression.history_of(session, held):
        words = suppression.IN_WORDS[SuppressionReason(row.reason)]
        thing = _THINGS.get(row.channel, row.channel)
        own_stop = row.reason in suppression.LIFTED_BY_CONSENT and row.contact_id == contact.id
        if not own_stop:  # the stop itself is in the ledger, with its words
            lines.append(
                Line(
                    at=row.created_at,
                    kind="consent",
                    title=f"Put on the do-not-contact list for {thing}",
                    detail=words,
                    tone="red",
                    facts=(("Note", row.note),) if row.note else (),
                )
            )
        if row.lifted_at is not None:
            lines.append(
                Line(
                    at=row.lifted_at,
                    kind="consent",
                    title=f"Taken off the do-not-contact list for {thing}",
                    detail="by the person's own consent"
                    if row.lifted_by_entry_id
                    else "by the staff",
                    tone="green",
                )
            )
    return lines


def _records(
    session: Session, contact: Contact, before: datetime | None, actions: set[str]
) -> list[Line]:
    query = (
        select(AuditEntry)
        .where(
            AuditEntry.subject_kind == "contact",
            AuditEntry.subject_id.in_(directory.records_of(session, contact.id)),
            AuditEntry.action.in_(actions),
        )
        .order_by(AuditEntry.id.desc())
        .limit(LENGTH)
    )
    if before is not None:
        query = query.where(AuditEntry.at < before)
    return [
        Line(
            at=entry.at,
            kind="record",
            title=_DONE[entry.action].format(who=entry.actor_name or "the service"),
            detail=str(entry.detail.get("until", "")),
        )
        for entry in session.scalars(query)
    ]
