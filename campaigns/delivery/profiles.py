"""Which hours each person has: a few hundred profiles for any number of people.

A profile is a set of zones and states. People are joined to one by what it derives from
(their zone, ZIP code, state and area code); whoever changed is derived again before the
gate looks. Python computes open or next opening once for each profile, SQL joins.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from campaigns.clinic import switches
from campaigns.clinic.models import Clinic, Closure
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.core import rows
from campaigns.core.db import change, is_sqlite
from campaigns.delivery.models import ContactHours, HourProfile
from campaigns.delivery.parts import Parts
from campaigns.eligibility import caps, hours, zones
from campaigns.eligibility.hours import Profile, Window

UNKNOWN_ID = 0
"""Stands for people whose profile has not been derived: every zone of the country."""
_UNKNOWN = Profile(zones=tuple(sorted(zones.UNKNOWN)), states=())

_PAGE = 5_000

_phone = aliased(Address)


def source_key() -> ColumnElement[str]:
    """Return, as SQL, what a profile derives from; needs the ``_phone`` join."""
    return (
        func.coalesce(Contact.timezone, "")
        + "|"
        + func.coalesce(func.substr(Contact.postal_code, 1, 5), "")
        + "|"
        + func.coalesce(Contact.state, "")
        + "|"
        + func.coalesce(func.substr(_phone.address, 3, 3), "")
    )


def refresh(session: Session, contact_ids: Any) -> int:
    """Derive the profile of people whose data changed; ``contact_ids`` is a list or a SELECT."""
    key = source_key()
    stale = (
        select(Contact.id.label("contact_id"), key.label("source"))
        .outerjoin(_phone, (_phone.contact_id == Contact.id) & (_phone.channel == Channel.SMS))
        .outerjoin(ContactHours, ContactHours.contact_id == Contact.id)
        .where(
            Contact.id.in_(contact_ids),
            ContactHours.derived_from.is_(None) | (ContactHours.derived_from != key),
        )
        .order_by(Contact.id)
    ).cte("stale")
    # Kept whole: SQLite would work out the source anew wherever it is named.
    stale = stale.prefix_with("MATERIALIZED")
    by_source = {
        source: profile_key(source) for source in session.scalars(select(stale.c.source).distinct())
    }
    if not by_source:
        return 0
    ids = _ids_of(session, set(by_source.values()))
    given = rows.table(
        session,
        "profiles",
        {"source": String(), "profile_id": BigInteger()},
        ((source, ids[name]) for source, name in by_source.items()),
    )
    profile = select(given).cte("profile_of").prefix_with("MATERIALIZED")
    derived = (
        select(stale.c.contact_id, profile.c.profile_id, stale.c.source)
        .select_from(stale.join(profile, profile.c.source == stale.c.source))
        # Without a WHERE, SQLite reads ON CONFLICT as part of the join.
        .where(literal(1, Integer) == 1)
    )
    into: Any = (sqlite if is_sqlite(session) else postgresql).insert(ContactHours)
    upsert = into.from_select(
        ["contact_id", "profile_id", "derived_from"], derived, include_defaults=False
    )
    return change(
        session,
        upsert.on_conflict_do_update(
            index_elements=["contact_id"],
            set_={
                "profile_id": upsert.excluded.profile_id,
                "derived_from": upsert.excluded.derived_from,
            },
        ),
    )


def tick(parts: Parts) -> int:
    """Derive the profiles of people who came since the last round; return how many."""
    newest = select(func.coalesce(func.max(ContactHours.contact_id), 0)).scalar_subquery()
    page = select(Contact.id).where(Contact.id > newest).order_by(Contact.id).limit(_PAGE)
    with parts.db.reading() as session:
        if session.scalar(page.limit(1)) is None:
            return 0
    with parts.db.transaction() as session:
        return refresh(session, page.subquery().select())


def _ids_of(session: Session, keys: set[str]) -> dict[str, int]:
    query = select(HourProfile.key, HourProfile.id).where(HourProfile.key.in_(keys))
    known = {row[0]: row[1] for row in session.execute(query)}
    missing = keys - known.keys()
    if missing:
        table: Any = HourProfile.__table__
        new: Any = (sqlite if is_sqlite(session) else postgresql).insert(table)
        fresh = [
            {"key": key, "zones": list(parse(key).zones), "states": list(parse(key).states)}
            for key in sorted(missing)
        ]
        session.connection().execute(new.on_conflict_do_nothing(index_elements=["key"]), fresh)
        known = {row[0]: row[1] for row in session.execute(query)}
    return known


def of_person(session: Session, contact_id: int) -> Profile:
    """Return a person's profile from her data as they are now, kept or not; nothing is written."""
    source = session.scalar(
        select(source_key())
        .select_from(Contact)
        .outerjoin(_phone, (_phone.contact_id == Contact.id) & (_phone.channel == Channel.SMS))
        .where(Contact.id == contact_id)
    )
    return _UNKNOWN if source is None else parse(profile_key(source))


@lru_cache(maxsize=65_536)
def profile_key(source: str) -> str:
    """Return the key of the profile that follows from ``zone|ZIP|state|area code``."""
    zone, postal_code, state, area_code = source.split("|")
    found = zones.candidates(
        timezone=zone or None,
        postal_code=postal_code or None,
        state=state or None,
        area_code=area_code or None,
    )
    return ",".join(sorted(found.zones)) + "|" + ",".join(sorted(found.states))


@lru_cache(maxsize=8192)
def parse(key: str) -> Profile:
    """Return the profile that a key names."""
    zone_part, _, state_part = key.partition("|")
    return Profile(
        zones=tuple(zone_part.split(",")), states=tuple(s for s in state_part.split(",") if s)
    )


def window_of(session: Session, clinic: Clinic, channel: str, now: datetime) -> Window:
    """Return when the clinic and the law allow messages on a channel."""
    today = now.date()
    closures = session.execute(
        select(Closure.starts_on, Closure.ends_on)
        .where(
            Closure.ends_on >= today - timedelta(days=2),
            Closure.starts_on <= today + timedelta(days=60),
        )
        .order_by(Closure.starts_on)
    ).all()
    sms = channel == Channel.SMS
    return Window(
        week=hours.week_of(clinic.sms_window if sms else clinic.email_window),
        statutory=sms,
        strict=clinic.strict_hours,
        closures=tuple((row[0], row[1]) for row in closures),
        clinic_zone=clinic.timezone,
        stopped_states=switches.stopped_states(session) if sms else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    valid_from: datetime
    valid_until: datetime
    text: str


_tables: dict[tuple[Any, ...], _Table] = {}


def hours_json(session: Session, window: Window, now: datetime, *, sqlite_form: bool) -> str:
    """Return the hours of every profile at ``now`` as JSON, for SQL to join.

    Kept until the next moment at which any profile opens, closes or begins a month.
    """
    found_profiles = session.execute(
        select(HourProfile.id, HourProfile.key).order_by(HourProfile.id)
    )
    known = ((UNKNOWN_ID, _key(_UNKNOWN)), *(tuple(row) for row in found_profiles))
    cache_key = (known, window, sqlite_form)
    found = _tables.get(cache_key)
    if found is not None and found.valid_from <= now < found.valid_until:
        return found.text
    found = _compute(known, window, now, sqlite_form)
    if len(_tables) > 64:
        _tables.clear()
    _tables[cache_key] = found
    return found.text


def _key(profile: Profile) -> str:
    return ",".join(profile.zones) + "|" + ",".join(profile.states)


def _compute(known: Any, window: Window, now: datetime, sqlite_form: bool) -> _Table:
    until = now + timedelta(days=1)
    entries = []
    for profile_id, key in known:
        profile = parse(key)
        start, end = hours.month_of(profile, now)
        for moments in hours.openings(profile, window, now):
            until = min([until, *(moment for moment in moments if moment > now)])
        until = min(until, end)
        is_open = hours.open_at(profile, window, now)
        cap = caps.of_states(profile.states, strict=window.strict) if window.statutory else None
        entries.append(
            {
                "i": profile_id,
                "o": is_open,
                "n": None if is_open else _at(hours.next_open(profile, window, now), sqlite_form),
                "s": _at(start, sqlite_form),
                "e": _at(end, sqlite_form),
                "c": cap,
                "x": hours.is_stopped(profile, window),
            }
        )
    return _Table(valid_from=now, valid_until=until, text=json.dumps(entries))


def _at(at: datetime | None, sqlite_form: bool) -> str | None:
    return None if at is None else rows.moment(at, sqlite_form=sqlite_form)


def window_end(profile_key_text: str, window: Window, now: datetime) -> datetime | None:
    """Return when the window that is open now ends for a profile."""
    return hours.closes_at(parse(profile_key_text), window, now)
