"""What must always hold of the messages on record; each check says what is wrong, or nothing.

Asked by ``campaigns doctor`` and after every test of a crash. A fault means that the
program or somebody beside it broke a promise: nothing here repairs anything. What only
the provider's own log can show (that it took a message once) the crash tests count there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.consent.models import Action, ConsentEntry
from campaigns.contacts.models import Contact
from campaigns.delivery.models import (
    Attempt,
    Batch,
    ContactHours,
    HourProfile,
    Message,
    MessageState,
    Origin,
)
from campaigns.events.models import ProviderEvent

S = MessageState
STUCK_AFTER = timedelta(minutes=15)
CHECKING_AT_MOST = timedelta(hours=26)
STOP_TAKES = timedelta(minutes=1)
"""How long a stop may have waited for the database after its time was read."""
HOURS_OF_LAST = timedelta(days=30)
MOST_TEXTS = 20_000
FROM_HOUR, TO_HOUR = 8, 21
"""Where no text may leave outside, in the recipient's own time (47 CFR 64.1200(c)(1))."""
_HANDED_OVER = (S.ACCEPTED, S.DELIVERED, S.BOUNCED)
_OPEN = (S.PLANNED, S.HELD, S.SENDING)
_MARKETING = (Origin.BROADCAST.value, Origin.DRIP_STEP.value)

Check = Callable[[Session, datetime], str | None]


def find_faults(session: Session, now: datetime) -> dict[str, str]:
    """Run every check; return those that found something, by name. Empty when all holds."""
    found = {name: check(session, now) for name, check in CHECKS.items()}
    return {name: fault for name, fault in found.items() if fault}


def _count(session: Session, *conditions: object) -> int:
    statement = select(func.count()).where(*conditions)  # type: ignore[arg-type]
    return int(session.scalar(statement) or 0)


def _twice(session: Session, _: datetime) -> str | None:
    """Find addresses that got one campaign twice (the key guards people; this, households)."""
    other = aliased(Message)
    doubles = _count(
        session,
        Message.origin_kind == Origin.BROADCAST.value,
        Message.state.in_(_HANDED_OVER),
        other.origin_kind == Message.origin_kind,
        other.origin_id == Message.origin_id,
        other.channel == Message.channel,
        other.address == Message.address,
        other.id > Message.id,
        other.state.in_(_HANDED_OVER),
    )
    return f"{doubles} addresses got one campaign twice." if doubles else None


def _sent_again(session: Session, _: datetime) -> str | None:
    """Find requests that were accepted and whose messages left again with another."""
    carried = (
        select(Attempt.id)
        .outerjoin(Message, Message.attempt_id == Attempt.id)
        .where(Attempt.outcome == "accepted")
        .group_by(Attempt.id, Attempt.messages)
        .having(func.count(Message.id) < Attempt.messages)
        .subquery()
    )
    wrong = session.scalar(select(func.count()).select_from(carried))
    if not wrong:
        return None
    return (
        f"{wrong} accepted requests carried messages that were sent again afterwards. Stop "
        "everything on the Settings page and compare with the provider's own log."
    )


def _complete(session: Session, _: datetime) -> str | None:
    """Find campaigns whose channels have not the same people."""
    counts: dict[int, dict[str, int]] = {}
    for origin_id, channel, people in session.execute(
        select(Message.origin_id, Message.channel, func.count())
        .join(Broadcast, Broadcast.id == Message.origin_id)
        .where(
            Message.origin_kind == Origin.BROADCAST.value,
            Broadcast.fanned_out_at.is_not(None),
            Broadcast.email_version_id.is_not(None),
            Broadcast.sms_version_id.is_not(None),
        )
        .group_by(Message.origin_id, Message.channel)
    ):
        counts.setdefault(origin_id, {})[channel] = people
    uneven = sorted(
        number for number, found in counts.items() if len(found) < 2 or len({*found.values()}) > 1
    )
    if not uneven:
        return None
    return f"Campaign {uneven[0]} has not the same people on both channels: somebody is missing."


def _ended(session: Session, _: datetime) -> str | None:
    """Find people who wait in a campaign that counts as sent."""
    waiting = _count(
        session,
        Broadcast.state == BroadcastState.SENT,
        Message.origin_kind == Origin.BROADCAST.value,
        Message.origin_id == Broadcast.id,
        Message.state.in_(_OPEN),
    )
    return f"{waiting} messages wait in campaigns that count as sent." if waiting else None


def _after_stop(session: Session, _: datetime) -> str | None:
    """Find who was written to after leaving, without having agreed again in between."""
    back = aliased(ConsentEntry)
    agreed_again = exists().where(
        back.contact_id == ConsentEntry.contact_id,
        back.channel == ConsentEntry.channel,
        back.id > ConsentEntry.id,
        back.action.in_([Action.OPT_IN_CONFIRMED, Action.TAKEN_BACK]),
        back.recorded_at <= Message.intent_at,
    )
    after = session.execute(
        select(Message.id, Message.intent_at, ConsentEntry.recorded_at)
        .join(
            ConsentEntry,
            and_(
                ConsentEntry.contact_id == Message.contact_id,
                ConsentEntry.channel == Message.channel,
                ConsentEntry.action == Action.OPT_OUT,
                ConsentEntry.recorded_at < Message.intent_at,
            ),
        )
        .where(
            Message.origin_kind.in_(_MARKETING),
            Message.state.in_((*_HANDED_OVER, S.SENDING, S.UNCERTAIN)),
            ~agreed_again,
        )
    ).all()
    late = {row.id for row in after if row.intent_at - row.recorded_at > STOP_TAKES}
    if not late:
        return None
    return (
        f"{len(late)} messages left after the person had left (the first is message {min(late)}). "
        "Stop everything on the Settings page and ask the people's pardon."
    )


def _unapplied(session: Session, now: datetime) -> str | None:
    """Find reports of providers that nobody acted upon."""
    waiting = _count(
        session,
        ProviderEvent.applied_at.is_(None),
        ProviderEvent.received_at < now - STUCK_AFTER,
    )
    if not waiting:
        return None
    return f"{waiting} reports of providers wait for over 15 minutes. Is a worker running?"


def _unproven(session: Session, _: datetime) -> str | None:
    """Find marketing messages that left and name no entry of the ledger that is there."""
    without = session.scalar(
        select(func.count())
        .select_from(Message)
        .outerjoin(ConsentEntry, ConsentEntry.id == Message.consent_entry_id)
        .where(
            Message.origin_kind.in_(_MARKETING),
            Message.state.in_((*_HANDED_OVER, S.SENDING)),
            ConsentEntry.id.is_(None),
        )
    )
    return f"{without} messages left without naming a consent entry." if without else None


def _no_orphans(session: Session, _: datetime) -> str | None:
    """Find what left without a request on record, and what belongs to nobody."""
    without_post = session.scalar(
        select(func.count())
        .select_from(Message)
        .outerjoin(Attempt, Attempt.id == Message.attempt_id)
        .where(
            Message.intent_at.is_not(None), Message.attempt_id.is_not(None), Attempt.id.is_(None)
        )
    )
    nobody = session.scalar(
        select(func.count())
        .select_from(Message)
        .outerjoin(Contact, Contact.id == Message.contact_id)
        .where(Message.contact_id.is_not(None), Contact.id.is_(None))
    )
    if not without_post and not nobody:
        return None
    return (
        f"{without_post or 0} messages have no request on record, {nobody or 0} belong to a "
        "person who is not there: rows were deleted outside the service."
    )


def _in_hours(session: Session, now: datetime) -> str | None:
    """Find texts of campaigns that left outside 8:00 to 21:00 where their recipient is."""
    rows = session.execute(
        select(Message.intent_at, HourProfile.zones)
        .join(Contact, Contact.id == Message.contact_id)
        .join(ContactHours, ContactHours.contact_id == Message.contact_id)
        .join(HourProfile, HourProfile.id == ContactHours.profile_id)
        .where(
            Message.channel == "sms",
            Message.origin_kind.in_(_MARKETING),
            Message.state.in_(_HANDED_OVER),
            Message.intent_at > now - HOURS_OF_LAST,
            # A person who moved since had other hours then.
            Contact.updated_at < Message.intent_at,
        )
        .order_by(Message.id.desc())
        .limit(MOST_TEXTS)
    )
    wrong = sum(
        any(not FROM_HOUR <= at.astimezone(ZoneInfo(zone)).hour < TO_HOUR for zone in zones)
        for at, zones in rows
        if at is not None
    )
    return f"{wrong} texts of campaigns left outside lawful hours." if wrong else None


def _stuck(session: Session, now: datetime) -> str | None:
    """Find what has been under way for longer than any request takes."""
    stuck = _count(session, Message.state == S.SENDING, Message.intent_at < now - STUCK_AFTER)
    if not stuck:
        return None
    return f"{stuck} messages have been leaving for over 15 minutes. Is a worker running?"


def _unheld(session: Session, _: datetime) -> str | None:
    """Find what is under way in a batch that is closed."""
    loose = session.scalar(
        select(func.count())
        .select_from(Message)
        .outerjoin(Batch, Batch.id == Message.batch_id)
        .where(Message.state == S.SENDING, or_(Batch.id.is_(None), Batch.done_at.is_not(None)))
    )
    if not loose:
        return None
    return f"{loose} messages are under way in a batch that is closed: they would never end."


def _checking(session: Session, now: datetime) -> str | None:
    """Find unclear outcomes that are older than a day and two hours."""
    old = _count(session, Message.state == S.UNCERTAIN, Message.intent_at < now - CHECKING_AT_MOST)
    if not old:
        return None
    return f"{old} messages wait for proof for over 26 hours. Do the provider's webhooks arrive?"


CHECKS: dict[str, Check] = {
    "every message names its consent": _unproven,
    "nobody got a campaign twice": _twice,
    "nothing accepted was sent again": _sent_again,
    "everybody of a campaign is accounted for": _complete,
    "campaigns that are sent have nobody waiting": _ended,
    "nobody was written to after leaving": _after_stop,
    "texts left in lawful hours": _in_hours,
    "reports of providers are applied": _unapplied,
    "messages have their requests and people": _no_orphans,
    "no message is stuck": _stuck,
    "what is under way can end": _unheld,
    "open questions are settled in time": _checking,
}
