"""What people are interested in: the list, and who has which.

An interest is health information about a person. It is stored only where the person
agreed that topics are stored, and it never leaves the clinic.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.audience.models import ContactInterest, Interest
from campaigns.consent import ledger
from campaigns.consent.models import ConsentStatus
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput, NotFound, NotPermitted

DEFAULTS: tuple[tuple[str, str, bool], ...] = (
    ("muscle_spasms", "Muscle spasms", True),
    ("skin", "Skin", True),
    ("joint_pain", "Joint pain", True),
    ("menstrual_cramps", "Menstrual cramps", True),
    ("wound_healing", "Wound healing", False),
    ("hair_growth", "Hair growth", False),
)
"""Code, name, whether it ships switched on."""


def create_defaults(session: Session) -> None:
    """Add the interests that the service ships with; leaves those that exist alone."""
    known = set(session.scalars(select(Interest.code)))
    for position, (code, name, active) in enumerate(DEFAULTS, start=1):
        if code not in known:
            session.add(Interest(code=code, name=name, active=active, position=position))
    session.flush()


def all_active(session: Session) -> list[Interest]:
    """Return the interests that are switched on, in their order."""
    return list(
        session.scalars(
            select(Interest).where(Interest.active).order_by(Interest.position, Interest.id)
        )
    )


def list_all(session: Session) -> list[Interest]:
    """Return every interest, switched on or not, in their order."""
    return list(session.scalars(select(Interest).order_by(Interest.position, Interest.id)))


def switch(session: Session, actor: Actor, code: str, *, active: bool, now: datetime) -> Interest:
    """Switch an interest on or off; what people have already stays theirs."""
    interest = session.scalar(select(Interest).where(Interest.code == code))
    if interest is None:
        raise NotFound("interest_unknown", f"There is no interest “{code}”.")
    if interest.active != active:
        interest.active = active
        audit.append(
            session,
            actor,
            "interest.switched",
            subject_kind="interest",
            subject_id=interest.id,
            now=now,
            active=active,
        )
    return interest


def names(session: Session) -> dict[str, str]:
    """Return the name of each interest by its code."""
    return {i.code: i.name for i in list_all(session)}


def codes_of(session: Session, contact_id: int) -> set[str]:
    """Return the codes of a person's interests."""
    return set(
        session.scalars(
            select(Interest.code)
            .join(ContactInterest, ContactInterest.interest_id == Interest.id)
            .where(ContactInterest.contact_id == contact_id)
        )
    )


def ways_of(session: Session, contact_id: int) -> dict[str, frozenset[Channel]]:
    """Return by which channels a person wants to hear of each interest, by its code."""
    rows = session.execute(
        select(Interest.code, ContactInterest.by_email, ContactInterest.by_sms)
        .join(ContactInterest, ContactInterest.interest_id == Interest.id)
        .where(ContactInterest.contact_id == contact_id)
    )
    return {
        row.code: frozenset(
            channel
            for channel, wanted in ((Channel.EMAIL, row.by_email), (Channel.SMS, row.by_sms))
            if wanted
        )
        for row in rows
    }


def set_ways(
    session: Session,
    contact_id: int,
    ways: Mapping[str, Collection[Channel]],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Say by which channels a person wants to hear of interests they have; others stay.

    Raises: InvalidInput for an interest without any channel: leave the interest instead.
    """
    before, changed = ways_of(session, contact_id), 0
    for code, channels in ways.items():
        if not channels:
            raise InvalidInput("interest_no_way", "Choose email, texts, or both.")
        if code not in before or before[code] == frozenset(channels):
            continue
        changed += 1
        session.execute(
            update(ContactInterest)
            .where(
                ContactInterest.contact_id == contact_id,
                ContactInterest.interest_id
                == select(Interest.id).where(Interest.code == code).scalar_subquery(),
            )
            .values(by_email=Channel.EMAIL in channels, by_sms=Channel.SMS in channels)
            .execution_options(synchronize_session=False)
        )
    if changed:
        audit.append(
            session,
            actor,
            "interests.changed",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            ways=changed,
        )
    session.flush()


def may_store(session: Session, contact_id: int) -> bool:
    """Tell whether the person agreed, and still agrees, that topics are stored."""
    return ledger.has_topic_consent(session, contact_id)


def set_for_contact(
    session: Session,
    contact_id: int,
    codes: Collection[str],
    *,
    actor: Actor,
    source: str,
    now: datetime,
) -> set[str]:
    """Make these the person's interests, and return them. None at all is always allowed.

    Raises: NotPermitted when the person has not agreed that topics are stored;
    InvalidInput for a code that is unknown or switched off (unless the person has it).
    """
    if session.get(Contact, contact_id) is None:
        raise NotFound("contact_unknown", "There is no such person.")
    wanted = set(codes)
    present = codes_of(session, contact_id)
    if wanted and not may_store(session, contact_id):
        raise NotPermitted(
            "topics_not_agreed",
            "This person has not agreed that we store the topics they picked. Nothing was "
            "changed. Record their agreement first.",
        )
    ids = _ids(session, wanted - present, wanted & present)
    if present - wanted:
        gone = select(Interest.id).where(Interest.code.in_(sorted(present - wanted)))
        session.execute(
            delete(ContactInterest).where(
                ContactInterest.contact_id == contact_id, ContactInterest.interest_id.in_(gone)
            )
        )
    for code in sorted(wanted - present):
        session.add(
            ContactInterest(
                contact_id=contact_id, interest_id=ids[code], since=now, source=source[:80]
            )
        )
    if wanted != present:
        audit.append(
            session,
            actor,
            "interests.changed",
            subject_kind="contact",
            subject_id=contact_id,
            now=now,
            added=len(wanted - present),
            removed=len(present - wanted),
        )
    session.flush()
    return wanted


def _ids(session: Session, new: set[str], kept: set[str]) -> dict[str, int]:
    rows: Sequence[Interest] = session.scalars(
        select(Interest).where(Interest.code.in_(sorted(new | kept)))
    ).all()
    usable = {i.code: i.id for i in rows if i.active or i.code in kept}
    missing = sorted((new | kept) - set(usable))
    if missing:
        raise InvalidInput(
            "interest_unknown",
            f"Not an interest that is switched on: {', '.join(missing)}. Nothing was changed.",
            fields={"interests": "Choose from the list."},
        )
    return usable


def move(session: Session, keep_id: int, drop_id: int, now: datetime) -> None:
    """Give a merged record's interests to the one that stays; see ``consent.merging``.

    Where the person took back that topics are kept, they are not kept; a way that either
    record closed to a topic stays closed to it.
    """
    del now
    state = ledger.state_of(session, keep_id).get(ledger.TOPIC)
    query = select(ContactInterest).where(ContactInterest.contact_id.in_([keep_id, drop_id]))
    rows = list(session.scalars(query))
    mine = {row.interest_id: row for row in rows if row.contact_id == keep_id}
    for row in rows:
        if row.contact_id == keep_id:
            continue
        session.delete(row)
        session.flush()
        if state is not None and state.status == ConsentStatus.WITHDRAWN:
            continue
        held = mine.get(row.interest_id)
        if held is not None:
            held.by_email, held.by_sms = held.by_email and row.by_email, held.by_sms and row.by_sms
            continue
        session.add(
            ContactInterest(
                contact_id=keep_id,
                interest_id=row.interest_id,
                since=row.since,
                source=row.source,
                by_email=row.by_email,
                by_sms=row.by_sms,
            )
        )
    session.flush()
