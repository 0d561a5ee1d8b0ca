"""People: make, find, search, address, hold; and the lock that every opt-out takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import available_timezones

from sqlalchemy import ColumnElement, and_, delete, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from campaigns.contacts import addresses, areas
from campaigns.contacts.models import Address, Channel, Contact, ContactStatus
from campaigns.core.db import is_sqlite, keys_of
from campaigns.core.errors import InvalidInput, NotFound

NAME_LENGTH = 80
LOCALES = ("en", "es")

UNTIL_RELEASED = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a hold that lasts until somebody of the staff releases it."""

Place = tuple[str, str, int]
"""Where a page of the directory ended: last name, first name, id."""


def create(
    session: Session,
    *,
    now: datetime,
    first_name: str = "",
    last_name: str = "",
    email: str | None = None,
    phone: str | None = None,
    postal_code: str | None = None,
    state: str | None = None,
    city: str | None = None,
    timezone: str | None = None,
    locale: str = "en",
    source: str,
    adult_confirmed: bool = False,
) -> Contact:
    """Make a person with at most one address for each channel; agrees to nothing yet.

    Raises: InvalidInput ``contact_fields`` with a remedy for each faulty field.
    """
    faults: dict[str, str] = {}
    found: dict[Channel, str] = {}
    for field, channel, text in (("email", Channel.EMAIL, email), ("phone", Channel.SMS, phone)):
        if text and text.strip():
            try:
                found[channel] = addresses.normalise(channel, text)
            except InvalidInput as fault:
                faults[field] = fault.message
    details = _checked_details(
        faults,
        first_name=first_name,
        last_name=last_name,
        postal_code=postal_code,
        state=state,
        city=city,
        timezone=timezone,
        locale=locale,
    )
    contact = Contact(
        **details,
        source=source[:80],
        adult_confirmed=adult_confirmed,
        created_at=now,
        updated_at=now,
    )
    session.add(contact)
    session.flush()
    for channel, address in found.items():
        _write_address(session, contact.id, channel, address, now=now)
    session.flush()
    return contact


def edit(session: Session, contact_id: int, *, now: datetime, **details: str | None) -> list[str]:
    """Change a person's name, place, zone or language; return the names of what changed.

    Raises: NotFound ``contact``; InvalidInput ``contact_fields``.
    """
    contact = get(session, contact_id)
    faults: dict[str, str] = {}
    values = _checked_details(faults, **details)
    changed = [name for name, value in values.items() if getattr(contact, name) != value]
    for name in changed:
        setattr(contact, name, values[name])
    if changed:
        contact.updated_at = now
        session.flush()
    return changed


def get(session: Session, contact_id: int) -> Contact:
    """Return a person.

    Raises: NotFound ``contact``.
    """
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("contact", "This person is not in the list. Search for the name again.")
    return contact


def find_by_address(session: Session, channel: str, address: str) -> list[Contact]:
    """Return everybody who has a normalised address, oldest first; a phone may be shared."""
    query = (
        select(Contact)
        .join(Address, Address.contact_id == Contact.id)
        .where(Address.channel == channel, Address.address == address)
        .where(Contact.status.not_in([ContactStatus.MERGED, ContactStatus.ERASED]))
        .order_by(Contact.id)
    )
    return list(session.scalars(query))


def find_former(session: Session, channel: str, address: str) -> list[Contact]:
    """Return the people whose merged records have an address that did not move with them."""
    gone = aliased(Contact)
    query = (
        select(Contact)
        .join(gone, gone.merged_into_id == Contact.id)
        .join(Address, Address.contact_id == gone.id)
        .where(Address.channel == channel, Address.address == address)
        .where(Contact.status.not_in([ContactStatus.MERGED, ContactStatus.ERASED]))
        .order_by(Contact.id)
        .distinct()
    )
    return list(session.scalars(query))


def records_of(session: Session, contact_id: int) -> list[int]:
    """Return the numbers of a person's record and of all that were merged into it."""
    found, fresh = {contact_id}, {contact_id}
    while fresh:
        query = select(Contact.id).where(Contact.merged_into_id.in_(fresh))
        fresh = set(session.scalars(query)) - found
        found |= fresh
    return sorted(found)


def addresses_of(session: Session, contact_id: int) -> dict[Channel, Address]:
    """Return a person's addresses by channel."""
    rows = session.scalars(select(Address).where(Address.contact_id == contact_id))
    return {Channel(row.channel): row for row in rows}


def set_address(
    session: Session, contact_id: int, channel: str, address: str | None, *, now: datetime
) -> Address | None:
    """Give a person an address on a channel, replace it, or take it away with None.

    Consent is for an address: where the person may have agreed already, call
    ``consent.addressing.change`` instead, which also withdraws what no longer holds.

    Raises: NotFound ``contact``; InvalidInput when the address cannot be used.
    """
    contact = get(session, contact_id)
    if address is None or not address.strip():
        session.execute(
            delete(Address).where(Address.contact_id == contact_id, Address.channel == channel)
        )
        contact.updated_at = now
        session.flush()
        return None
    row = _write_address(
        session, contact_id, Channel(channel), addresses.normalise(channel, address), now=now
    )
    contact.updated_at = now
    session.flush()
    return row


def search(
    session: Session, text: str, *, limit: int = 50, after: Place | None = None
) -> list[Contact]:
    """Return people by name, email or phone, in the order of names; all of them for ``""``.

    Several words must each begin a first or last name. Four digits find the end of a
    phone number, more digits its beginning.
    """
    query = (
        select(Contact)
        .where(Contact.status.not_in([ContactStatus.MERGED, ContactStatus.ERASED]))
        .order_by(Contact.last_name, Contact.first_name, Contact.id)
        .limit(limit)
    )
    if after is not None:
        place = tuple_(Contact.last_name, Contact.first_name, Contact.id)
        query = query.where(place > after)
    condition = _matches(text.strip())
    if condition is not None:
        query = query.where(condition)
    return list(session.scalars(query))


def place_of(contact: Contact) -> Place:
    """Return where a person stands in the directory, to go on after it."""
    return (contact.last_name, contact.first_name, contact.id)


def note_heard(session: Session, contact_id: int, *, now: datetime) -> None:
    """Record a sign of life (a reply, a sign-up)."""
    _note(session, contact_id, last_heard_at=now)


def note_clicked(session: Session, contact_id: int, *, now: datetime) -> None:
    """Record that the person followed a link."""
    _note(session, contact_id, last_clicked_at=now, last_heard_at=now)


def note_booked(session: Session, contact_id: int, *, now: datetime) -> None:
    """Record that the person booked."""
    _note(session, contact_id, last_booked_at=now, last_heard_at=now)


def hold(
    session: Session, contact_id: int, *, until: datetime, reason: str, now: datetime
) -> Contact:
    """Pause marketing to a person until a moment; a longer pause is never shortened.

    Raises: NotFound ``contact``; InvalidInput ``hold_past``.
    """
    contact = get(session, contact_id)
    if until <= now:
        raise InvalidInput("hold_past", "The hold must end in the future. Nothing was changed.")
    if contact.hold_until is None or contact.hold_until < until:
        contact.hold_until = until
        contact.hold_reason = reason[:40]
        contact.updated_at = now
    session.flush()
    return contact


def release(session: Session, contact_id: int, *, now: datetime) -> Contact:
    """End a pause of marketing.

    Raises: NotFound ``contact``.
    """
    contact = get(session, contact_id)
    contact.hold_until = contact.hold_reason = None
    contact.updated_at = now
    session.flush()
    return contact


def is_open_end(until: datetime | None) -> bool:
    """Tell whether a hold has no day on which it ends."""
    return until is not None and until >= UNTIL_RELEASED


def set_tracking(session: Session, contact_id: int, *, off: bool, now: datetime) -> bool:
    """Record whether a person's clicks may be recorded; tell whether that changed.

    Raises: NotFound ``contact``.
    """
    contact = get(session, contact_id)
    if contact.no_click_tracking == off:
        return False
    contact.no_click_tracking = off
    contact.updated_at = now
    session.flush()
    return True


def set_status(session: Session, contact_id: int, status: ContactStatus, *, now: datetime) -> None:
    """Record that a person may not be addressed at all any more, or may again.

    Raises: NotFound ``contact``.
    """
    contact = get(session, contact_id)
    contact.status = status
    contact.updated_at = now
    session.flush()


def lock(session: Session, contact_ids: Iterable[int]) -> None:
    """Hold people's rows until the transaction ends, in the order of ids.

    Opt-outs and the gate both take this lock, so that a stop and a send of the same
    person happen one after the other. Whoever needs several people locks them in one
    call, before anything else; SQLite lets one writer in at a time and needs no lock.
    """
    if is_sqlite(session):
        return
    ids = sorted(set(contact_ids))
    if ids:
        session.execute(
            select(Contact.id)
            .where(Contact.id.in_(ids))
            .order_by(Contact.id)
            .with_for_update(key_share=True)
        )


def _write_address(
    session: Session, contact_id: int, channel: Channel, address: str, *, now: datetime
) -> Address:
    row = session.scalar(
        select(Address).where(Address.contact_id == contact_id, Address.channel == channel)
    )
    if row is None:
        row = Address(contact_id=contact_id, channel=channel)
        session.add(row)
    elif row.address == address:
        return row
    row.address = address
    row.address_hash = keys_of(session).address_hash(channel, addresses.mailbox(channel, address))
    row.created_at = now
    return row


def _note(session: Session, contact_id: int, **moments: datetime) -> None:
    """Write activity dates, never moving one backwards."""
    for name, at in moments.items():
        column = getattr(Contact, name)
        session.execute(
            update(Contact)
            .where(Contact.id == contact_id, or_(column.is_(None), column < at))
            .values({name: at})
        )


def _matches(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if "@" in text:
        return _has_address(Address.channel == Channel.EMAIL, _begins(Address.address, text))
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= 4 and not any(c.isalpha() for c in text):
        digits = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
        whole = Address.address == f"+1{digits}"
        beginning = _begins(Address.address, f"+1{digits}")
        end = Address.address.like(f"%{digits}")
        match = (
            whole if len(digits) == 10 else or_(beginning, end) if len(digits) == 4 else beginning
        )
        return _has_address(Address.channel == Channel.SMS, match)
    words = text.split()[:5]
    names = and_(
        *(or_(_begins(Contact.last_name, w), _begins(Contact.first_name, w)) for w in words)
    )
    whole_names = or_(_begins(Contact.last_name, text), _begins(Contact.first_name, text))
    if len(words) > 1:
        return or_(names, whole_names)
    email = _has_address(Address.channel == Channel.EMAIL, _begins(Address.address, text))
    return or_(names, email)


def _begins(column: object, text: str) -> ColumnElement[bool]:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: ColumnElement[bool] = column.ilike(f"{escaped}%", escape="\\")  # type: ignore[attr-defined]
    return found


def _has_address(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return Contact.id.in_(select(Address.contact_id).where(*conditions))


def _checked_details(faults: dict[str, str], **details: str | None) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for name, text in details.items():
        value = " ".join((text or "").split())
        try:
            values[name] = _checked_detail(name, value)
        except InvalidInput as fault:
            faults[name] = fault.message
    if faults:
        raise InvalidInput(
            "contact_fields",
            "Some fields need mending; what you typed is kept, nothing was saved yet.",
            fields=faults,
        )
    return values


def _checked_detail(name: str, value: str) -> str | None:
    if name in ("first_name", "last_name", "city") and len(value) > NAME_LENGTH:
        raise InvalidInput("too_long", f"At most {NAME_LENGTH} characters fit here.")
    if name in ("first_name", "last_name"):
        return value
    if name == "locale":
        language = (value or "en").lower().replace("_", "-").split("-")[0]
        if language not in LOCALES:
            raise InvalidInput("locale", "Choose English or Spanish.")
        return language
    if not value:
        return None
    if name == "state" and value.upper() not in areas.STATES:
        raise InvalidInput("state", "Give a US state as two letters, like NY.")
    if name == "postal_code":
        digits = value.replace("-", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) in (5, 9)):
            raise InvalidInput("postal_code", "A ZIP code has five digits, like 10001.")
    if name == "timezone" and value not in available_timezones():
        raise InvalidInput("timezone", "Choose a time zone from the list.")
    return value.upper() if name == "state" else value
