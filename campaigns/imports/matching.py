"""Who a line is about: somebody on file, somebody earlier in the file, or somebody new.

By email first, then by phone. A household may share a phone: a different name with an
email of its own, or a different first name, is a different person. Where the line points
at two people it is refused, because a wrong merge cannot be told apart afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.contacts.models import Address, Channel, Contact, ContactStatus
from campaigns.core import bulk
from campaigns.imports.lines import Line
from campaigns.imports.models import ImportRow

EMAIL, SMS = Channel.EMAIL.value, Channel.SMS.value
_EMAIL_SHARED = (
    "{} people on file share this email and the name fits none or several of them. Nothing was "
    "changed. Correct the line, or the people."
)
_PHONE_SHARED = (
    "{} people on file share this phone and the name fits none or several of them. Nothing was "
    "changed. Add an email, or correct the name."
)
_TWO_PEOPLE = (
    "The email belongs to one person on file and the phone to another, and the name does not "
    "tell which is meant. Nothing was changed. Join the two, or correct the line."
)
_OTHER_EMAIL = (
    "The phone belongs to a person on file of the same name who has a different email. Nothing "
    "was changed. Correct the email here or there."
)
_INACTIVE = "This person is on file and marked as {}. Nothing was changed."
FIELDS = ("first_name", "last_name", "postal_code", "state", "city", "timezone", "locale")


_of_fields = attrgetter(*FIELDS)


@dataclass(slots=True, eq=False)
class Known:
    """A person as matching sees them. ``id`` is below zero until they are stored."""

    id: int
    values: dict[str, Any]
    email: str | None = None
    phone: str | None = None
    adult: bool = False
    status: str = ContactStatus.ACTIVE
    line: int | None = None
    """The first line of this file that is about them."""
    new: bool = False
    changed: dict[str, Any] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)
    """Channel -> address that they did not have."""


@dataclass(slots=True)
class Decision:
    """What is to become of a line."""

    line: Line
    outcome: str
    """``created``, ``updated``, ``unchanged`` or ``refused``."""
    person: Known | None = None
    code: str | None = None
    reason: str | None = None


class Directory:
    """The people whom some lines may be about, by their addresses."""

    def __init__(self, import_id: int, *, fill_only: bool) -> None:
        self._import_id = import_id
        self._fill_only = fill_only
        self._by_address: dict[tuple[str, str], list[Known]] = {}
        self._by_id: dict[int, Known] = {}
        self._looked_up: set[tuple[str, str]] = set()
        self._new_ids = itertools.count(-1, -1)

    def load(self, session: Session, lines: Iterable[Line]) -> None:
        """Read the people who have an address of these lines, and their other address."""
        wanted = {key for line in lines for key in _keys(line) if key not in self._looked_up}
        self._looked_up |= wanted
        ids: set[int] = set()
        for channel in (EMAIL, SMS):
            texts = [address for c, address in wanted if c == channel]
            query = select(Address.contact_id).where(
                Address.channel == channel, bulk.among(session, Address.address, texts)
            )
            ids |= set(session.scalars(query))
        self._load_people(session, sorted(ids - self._by_id.keys()))

    def _load_people(self, session: Session, ids: Sequence[int]) -> None:
        if not ids:
            return
        lines = {
            row.contact_id: row.line
            for row in session.execute(
                select(ImportRow.contact_id, ImportRow.line)
                .where(
                    bulk.among(session, ImportRow.contact_id, ids),
                    ImportRow.import_id == self._import_id,
                )
                .order_by(ImportRow.line.desc())
            )
        }
        columns = [getattr(Contact, name) for name in FIELDS]
        for row in session.execute(
            select(Contact.id, Contact.status, Contact.adult_confirmed, *columns).where(
                bulk.among(session, Contact.id, ids),
                Contact.status.not_in([ContactStatus.MERGED, ContactStatus.ERASED]),
            )
        ):
            self._by_id[row.id] = Known(
                id=row.id,
                values=dict(zip(FIELDS, row[3:], strict=True)),
                adult=row.adult_confirmed,
                status=row.status,
                line=lines.get(row.id),
            )
        for contact_id, channel, address in session.execute(
            select(Address.contact_id, Address.channel, Address.address).where(
                bulk.among(session, Address.contact_id, ids)
            )
        ):
            person = self._by_id.get(contact_id)
            if person is not None:
                self._place(person, channel, address)

    def _place(self, person: Known, channel: str, address: str) -> None:
        if channel == EMAIL:
            person.email = address
        else:
            person.phone = address
        owners = self._by_address.setdefault((channel, address), [])
        if not owners:
            owners.append(person)
        elif person not in owners:
            owners.append(person)
            owners.sort(key=lambda p: (p.new, abs(p.id)))

    def decide(self, line: Line) -> Decision:
        """Say what is to become of a line, and remember it for the lines that follow."""
        if line.refusal is not None:
            code, reason = line.refusal
            return Decision(line, "refused", None, code, reason)
        person, fault = self._find(line)
        if person is not None and person.status != ContactStatus.ACTIVE:
            fault = ("person_inactive", _INACTIVE.format(person.status))
        if fault is not None:
            return Decision(line, "refused", None, *fault)
        if person is None:
            return Decision(line, "created", self._make(line))
        if person.line is not None:
            line.remarks.append(
                f"The same person as line {person.line}; what this line adds was added to them."
            )
        outcome = "updated" if self._merge(person, line) else "unchanged"
        person.line = person.line or line.line
        return Decision(line, outcome, person)

    def _find(self, line: Line) -> tuple[Known | None, tuple[str, str] | None]:
        by_email = self._owners("email", line.email)
        by_phone = self._owners("sms", line.phone)
        if by_email:
            person = _best(by_email, line)
            if person is None:
                return None, ("person_ambiguous", _EMAIL_SHARED.format(len(by_email)))
            others = [p for p in by_phone if p is not person]
            if line.phone and person.phone not in (None, line.phone):
                line.remarks.append("They have a different mobile phone on file, which was kept.")
                line.phone = None
                line.proofs.pop("sms", None)
            elif others and person.phone is None and _may_be_another(others, line):
                return None, ("person_conflict", _TWO_PEOPLE)
            return person, None
        if not by_phone:
            return None, None
        if line.email is None:
            return self._by_phone_alone(by_phone, line)
        without = [p for p in by_phone if p.email is None and _may_be(p, line)]
        if len(without) == 1:
            return without[0], None
        if any(_same_name(p, line) for p in by_phone):
            return None, ("person_conflict", _OTHER_EMAIL)
        return None, None  # a household: another person with the same phone

    def _by_phone_alone(
        self, by_phone: list[Known], line: Line
    ) -> tuple[Known | None, tuple[str, str] | None]:
        fitting = [p for p in by_phone if _may_be(p, line)]
        if len(fitting) == 1:
            return fitting[0], None
        named = [p for p in fitting if _same_name(p, line)]
        if len(named) == 1:
            return named[0], None
        if fitting:
            return None, ("person_ambiguous", _PHONE_SHARED.format(len(by_phone)))
        return None, None

    def _owners(self, channel: str, address: str | None) -> list[Known]:
        return self._by_address.get((channel, address), []) if address else []

    def _make(self, line: Line) -> Known:
        values = dict(zip(FIELDS, _of_fields(line), strict=True))
        values["locale"] = line.locale or "en"
        person = Known(
            id=next(self._new_ids), values=values, adult=line.adult, line=line.line, new=True
        )
        for channel, address in _keys(line):
            person.added[channel] = address
            self._place(person, channel, address)
        return person

    def _merge(self, person: Known, line: Line) -> bool:
        """Add what the line knows; a blank never replaces a value. Tell whether it changed."""
        changed = False
        for name in FIELDS:
            value = getattr(line, name)
            present = person.values[name]
            if not value or value == present or (present and self._fill_only):
                continue
            person.values[name] = value
            if not person.new:
                person.changed[name] = value
            changed = True
        if line.adult and not person.adult:
            person.adult = changed = True
            if not person.new:
                person.changed["adult_confirmed"] = True
        for channel, address in _keys(line):
            held = person.email if channel == "email" else person.phone
            if held is None:
                person.added[channel] = address
                self._place(person, channel, address)
                changed = True
        return changed


def _keys(line: Line) -> list[tuple[str, str]]:
    keys = []
    if line.email:
        keys.append((EMAIL, line.email))
    if line.phone:
        keys.append((SMS, line.phone))
    return keys


def _name(first: str | None, last: str | None) -> str:
    return f"{first or ''} {last or ''}".strip().casefold()


def _same_name(person: Known, line: Line) -> bool:
    mine = _name(line.first_name, line.last_name)
    return bool(mine) and mine == _name(person.values["first_name"], person.values["last_name"])


def _may_be(person: Known, line: Line) -> bool:
    """Tell whether the names do not speak against it: the same, or one is not known."""
    return all(
        not mine or not theirs or mine.casefold() == theirs.casefold()
        for mine, theirs in (
            (line.first_name, person.values["first_name"]),
            (line.last_name, person.values["last_name"]),
        )
    )


def _may_be_another(others: Collection[Known], line: Line) -> bool:
    nameless = not _name(line.first_name, line.last_name)
    return nameless or any(_same_name(p, line) for p in others)


def _best(owners: Collection[Known], line: Line) -> Known | None:
    """Return the one person whom the line means; None where it could be several."""
    if len(owners) == 1:
        return next(iter(owners))
    for fits in (
        [p for p in owners if line.phone and p.phone == line.phone],
        [p for p in owners if _same_name(p, line)],
    ):
        if len(fits) == 1:
            return fits[0]
    return None
