"""Make one record of two that are the same person: find the other, compare, decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import interests
from campaigns.consent import ledger, merging, standing
from campaigns.consent.models import ConsentStatus
from campaigns.contacts import directory, notes
from campaigns.contacts.models import Channel, Contact, ContactStatus
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.staff import person_standing
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.staff.person import name_of
from campaigns.web import context, templating

FOUND = 10
_STOPPED = "stopped: nothing is sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the comparison."""

    name: str
    mine: str
    theirs: str
    after: str
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who may be the same person."""

    contact: Contact
    name: str
    about: str


@bp.before_request
def lead_to_the_kept_record() -> Response | None:
    """Lead from a record that was merged to the one that stays; nothing is changed on the old."""
    number = (request.view_args or {}).get("contact_id")
    if number is None:
        return None
    with context.reading() as session:
        contact = session.get(Contact, number)
        kept_id = contact.merged_into_id if contact is not None else None
    if kept_id is None:
        return None
    if request.method not in ("GET", "HEAD"):
        raise Conflict(
            "merged_meanwhile",
            "This record was merged into another one. Nothing was changed. Open the person again "
            "and do it there.",
        )
    values = {**(request.view_args or {}), **request.args.to_dict(), "contact_id": kept_id}
    notify(f"Record {number} was merged into this one.", "blue")
    return redirect(url_for(request.endpoint or "staff.person", **values), 302)


@bp.get("/people/<int:contact_id>/merge")
@requires(Permission.EDIT_PEOPLE)
def merge_person(contact_id: int) -> str:
    """Find the other record; with ``other``, show both and what one record will hold."""
    text = " ".join(request.args.get("q", "")[:100].replace("\0", "").split())
    other_id = request.args.get("other", type=int)
    with context.reading() as session:
        contact = directory.get(session, contact_id)
        other = directory.get(session, other_id) if other_id else None
        found = _candidates(session, contact, text) if other is None else []
        rows = _compare(session, contact, other) if other is not None else []
        told = _told(session, contact, other) if other is not None else []
        fault = _fault(contact, other)
    return render_template(
        "staff/people/merge.html",
        contact=contact,
        name=name_of(contact),
        other=other,
        other_name=name_of(other) if other else "",
        text=text,
        found=found,
        rows=rows,
        told=told,
        fault=fault,
    )


@bp.post("/people/<int:contact_id>/merge")
@requires(Permission.EDIT_PEOPLE)
def merge_people(contact_id: int) -> Response:
    """Merge the other record into this one."""
    other_id = request.form.get("other", type=int)
    if other_id is None:
        raise InvalidInput("merge_other", "Choose the other record first. Nothing was changed.")
    if request.form.get("same") != "yes":
        notify("Nothing was merged: tick that both are the same person.", "red")
        return redirect(url_for("staff.merge_person", contact_id=contact_id, other=other_id), 303)
    with context.transaction() as session:
        merging.merge(
            session, keep_id=contact_id, drop_id=other_id, actor=actor(), now=context.now()
        )
    notify(f"Merged. Everything about record {other_id} is on this page now.")
    return redirect(url_for("staff.person", contact_id=contact_id), 303)


def _fault(contact: Contact, other: Contact | None) -> str:
    if ContactStatus.ERASED in (contact.status, other.status if other else None):
        return "An erased person cannot be merged."
    if other is not None and other.id == contact.id:
        return "These are the same record."
    if other is not None and other.merged_into_id is not None:
        return "That record was merged already."
    return ""


def _candidates(session: Session, contact: Contact, text: str) -> list[Candidate]:
    """Return who fits what was typed; without anything typed, who shares a name or an address."""
    wanted = text or f"{contact.first_name} {contact.last_name}".strip()
    people = (
        {row.id: row for row in directory.search(session, wanted, limit=FOUND)} if wanted else {}
    )
    if not text:
        for channel, held in directory.addresses_of(session, contact.id).items():
            for row in directory.find_by_address(session, channel, held.address)[:FOUND]:
                people.setdefault(row.id, row)
    people.pop(contact.id, None)
    return [
        Candidate(contact=row, name=name_of(row), about=_about(session, row))
        for row in list(people.values())[:FOUND]
    ]


def _about(session: Session, contact: Contact) -> str:
    held = directory.addresses_of(session, contact.id)
    parts = [_written(channel, row.address) for channel, row in held.items()]
    place = ", ".join(part for part in (contact.city, contact.state) if part)
    since = f"in the list since {templating.clinic_date(contact.created_at)}"
    return "; ".join([*parts, *([place] if place else []), since])


def _written(channel: str, address: str) -> str:
    return templating.phone(address) if channel == Channel.SMS else address


def _compare(session: Session, mine: Contact, theirs: Contact) -> list[Row]:
    rows = [_row("Name", [name_of(mine), name_of(theirs)], _name_after(mine, theirs))]
    held = [directory.addresses_of(session, one.id) for one in (mine, theirs)]
    states = [ledger.state_of(session, one.id) for one in (mine, theirs)]
    plan = merging.forecast(session, mine.id, theirs.id)
    for channel, label in ((Channel.EMAIL, "Email"), (Channel.SMS, "Mobile number")):
        shown = [_written(channel, h[channel].address) if channel in h else "" for h in held]
        outcome = plan[channel]
        rows.append(
            _row(label, shown, _written(channel, outcome.address) if outcome.address else "")
        )
        said = [_status(s[channel].status if channel in s else ConsentStatus.NONE) for s in states]
        label = "Consent to email" if channel == Channel.EMAIL else "Consent to texts"
        rows.append(_row(label, said, _status(outcome.status)))
    for label, name in (
        ("ZIP code", "postal_code"),
        ("City", "city"),
        ("State", "state"),
        ("Time zone", "timezone"),
    ):
        pair = [str(getattr(one, name) or "") for one in (mine, theirs)]
        rows.append(_row(label, pair, pair[0] or pair[1]))
    if may(Permission.READ_INTERESTS):
        rows.append(_topics(session, mine, theirs))
    counts = [str(len(notes.list_of(session, one.id))) for one in (mine, theirs)]
    rows.append(_row("Notes", counts, str(sum(map(int, counts)))))
    since = [templating.clinic_date(one.created_at) for one in (mine, theirs)]
    rows.append(_row("In the list since", since, since[0]))
    clicks = ["not recorded" if one.no_click_tracking else "recorded" for one in (mine, theirs)]
    rows.append(_row("Clicks", clicks, "not recorded" if "not recorded" in clicks else clicks[0]))
    return [row for row in rows if row.mine or row.theirs]


def _row(name: str, pair: Sequence[str], after: str) -> Row:
    mine, theirs = pair
    return Row(name=name, mine=mine, theirs=theirs, after=after, differs=mine != theirs)


def _name_after(mine: Contact, theirs: Contact) -> str:
    parts = [getattr(mine, n) or getattr(theirs, n) for n in ("first_name", "last_name")]
    return " ".join(filter(None, parts)) or name_of(mine)


def _status(status: str) -> str:
    if status == ConsentStatus.WITHDRAWN:
        return _STOPPED
    return person_standing.WORDS[ConsentStatus(status)][0]


def _topics(session: Session, mine: Contact, theirs: Contact) -> Row:
    names = interests.names(session)
    codes = [interests.codes_of(session, one.id) for one in (mine, theirs)]
    closed = any(
        (state := standing.current(session, one.id, standing.TOPIC)) is not None
        and state.status == ConsentStatus.WITHDRAWN
        for one in (mine, theirs)
    )
    said = [", ".join(names[code] for code in names if code in kept) for kept in codes]
    both = ", ".join(names[code] for code in names if code in codes[0] | codes[1])
    return _row("Interests", said, "none: the person took that back" if closed else both)


def _told(session: Session, mine: Contact, theirs: Contact) -> list[str]:
    """Return in sentences what is not to be overlooked."""
    told = []
    for channel, outcome in merging.forecast(session, mine.id, theirs.id).items():
        word = "Email" if channel == Channel.EMAIL else "Texts"
        thing = "address" if channel == Channel.EMAIL else "number"
        if outcome.status == ConsentStatus.WITHDRAWN:
            told.append(
                f"{word}: one of the two said stop, so the stop holds for the person. Only the "
                "person can take that back."
            )
        if outcome.left is not None:
            told.append(
                f"{word}: {_written(channel, outcome.left)} stays with the old record and is not "
                f"written to any more. A stop from that {thing} still counts."
                if channel == Channel.SMS
                else f"{word}: {outcome.left} stays with the old record and is not written to "
                "any more."
            )
        if outcome.taken == ConsentStatus.GRANTED:
            kept = _written(channel, outcome.address or "")
            told.append(f"{word}: the agreement given for {kept} comes along.")
    if mine.locale != theirs.locale:
        told.append("The records differ in language; that of the record that stays holds.")
    return told
