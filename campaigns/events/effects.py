"""What each provider event does: the message's state, and who is not contacted any more.

Events may come late, twice and in any order. Message states only ever rise in rank (the
``note_`` functions see to that), suppressions only ever add, and each event is applied
once: it is marked in the transaction that applies it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from campaigns.consent import ledger, suppression
from campaigns.consent.models import ConsentStatus, Method, SuppressionReason
from campaigns.contacts import directory, notes
from campaigns.contacts.models import Channel
from campaigns.core import logs
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.db import is_sqlite
from campaigns.delivery import breakers, outcome
from campaigns.delivery.models import Message
from campaigns.events import ingest, texting, trouble
from campaigns.events.ingest import SENDGRID, Incoming
from campaigns.events.models import ProviderEvent

log = logs.get(__name__)
R = SuppressionReason

AT_ONCE = 2000
_CHUNK = 500
UNKNOWN = "unknown kind"
"""The effect of an event whose name is not known: it is kept, shown to staff, and does nothing."""
_PLAIN = frozenset({"processed", "deferred", "delivered", "open", "click", "queued", "sent"})
"""Kinds that touch nothing but the message's state: most of the traffic."""
_AT_STORING = {
    "processed": "accepted",
    "deferred": "accepted",
    "delivered": "delivered",
    "open": "logged only",
    "click": "logged only",
}
"""What SendGrid's plain kinds do; they lock no person, so they may be applied when stored."""
_USER_UNKNOWN = ("5.1.1", "5.1.10", "5.4.1")

DROPPED: dict[str, SuppressionReason] = {
    "bounced address": R.HARD_BOUNCE,
    "unsubscribed address": R.OPT_OUT,
    "spam reporting address": R.COMPLAINT,
    "invalid": R.INVALID,
}
"""Why SendGrid dropped a message, and what that says of the address."""
_OUR_FAULT = ("invalid smtpapi", "spam content", "quota", "not valid")


@dataclass(slots=True)
class Settled:
    """What one round found out about messages, to be written set by set.

    Accepted and delivered ones are grouped by the provider's id where the event brings it
    (texts), bounced and failed ones by reason and the provider's words.
    """

    accepted: dict[str | None, list[int]]
    delivered: dict[str | None, list[int]]
    bounced: dict[tuple[str, str], list[int]]
    failed: dict[tuple[str, str], list[int]]

    @classmethod
    def empty(cls) -> Settled:
        """Return one with nothing in it."""
        return cls(defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list))


def take_in(session: Session, events: Sequence[Incoming], *, now: datetime) -> int:
    """Store SendGrid's events, and apply at once what only moves messages on.

    That is nearly all of the traffic, and takes two statements for any number of events.
    Returns how many new ones wait for ``apply_pending``.
    """
    new = ingest.insert_new(session, events, effects=_AT_STORING, now=now)
    settled = Settled.empty()
    for kind, message_id in new:
        if message_id is None:
            continue
        if _AT_STORING.get(kind) == "accepted":
            settled.accepted[None].append(message_id)
        elif _AT_STORING.get(kind) == "delivered":
            settled.delivered[None].append(message_id)
    _write(session, settled, now)
    return sum(kind not in _AT_STORING for kind, _message_id in new)


def apply_pending(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Apply the oldest stored events that were not applied yet; return how many."""
    rows = session.execute(_pending(session, limit)).all()
    if not rows:
        return 0
    directory.lock(session, [row.contact_id for row in rows if _may_stop(row)])
    settled = Settled.empty()
    effects: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        effects[_apply(session, row, settled, now)].append(row.id)
    _write(session, settled, now)
    for effect, ids in effects.items():
        for start in range(0, len(ids), _CHUNK):
            session.execute(
                update(ProviderEvent)
                .where(ProviderEvent.id.in_(ids[start : start + _CHUNK]))
                .values(applied_at=now, effect=effect[:60])
                .execution_options(synchronize_session=False)
            )
    return len(rows)


def _apply(session: Session, row: Row[Any], settled: Settled, now: datetime) -> str:
    """Apply one event; a fault in one is noted on it and holds up no other."""
    table = _SENDGRID if row.provider == SENDGRID else texting.APPLY
    apply = table.get(row.kind)
    if apply is None:
        log.warning("event.unknown", provider=row.provider, kind=row.kind, event_id=row.id)
        return UNKNOWN
    if row.kind in _PLAIN:
        return apply(session, row, settled, now)
    try:
        with session.begin_nested():
            return apply(session, row, settled, now)
    except Exception as fault:
        log.exception("event.fault", provider=row.provider, kind=row.kind, event_id=row.id)
        return f"fault: {type(fault).__name__}"


def _pending(session: Session, limit: int) -> Any:
    query = (
        select(
            ProviderEvent.id,
            ProviderEvent.provider,
            ProviderEvent.kind,
            ProviderEvent.payload,
            ProviderEvent.received_at,
            ProviderEvent.occurred_at,
            Message.id.label("message_id"),
            Message.contact_id,
            Message.channel,
            Message.address,
            Message.origin_kind,
            Message.origin_id,
        )
        .outerjoin(Message, Message.id == ProviderEvent.message_id)
        .where(ProviderEvent.applied_at.is_(None))
        .order_by(ProviderEvent.id)
        .limit(limit)
    )
    if not is_sqlite(session):
        query = query.with_for_update(of=ProviderEvent, skip_locked=True)
    return query


def _may_stop(row: Row[Any]) -> bool:
    return row.contact_id is not None and row.kind not in ("processed", "delivered", "sent")


def _write(session: Session, settled: Settled, now: datetime) -> None:
    for provider_id, ids in settled.accepted.items():
        outcome.note_accepted(session, ids, now=now, provider_id=provider_id)
    for provider_id, ids in settled.delivered.items():
        outcome.note_delivered(session, ids, now=now, provider_id=provider_id)
    for (reason, detail), ids in settled.bounced.items():
        outcome.note_bounced(session, ids, reason=reason, detail=detail, now=now)
    for (reason, detail), ids in settled.failed.items():
        outcome.note_failed(session, ids, reason=reason, detail=detail, now=now)


# Each of these applies one kind of event and says in a few words what it did.


def _accepted(_session: Session, row: Row[Any], settled: Settled, _now: datetime) -> str:
    if row.message_id is not None:
        settled.accepted[None].append(row.message_id)
    return "accepted"


def _delivered(_session: Session, row: Row[Any], settled: Settled, _now: datetime) -> str:
    if row.message_id is not None:
        settled.delivered[None].append(row.message_id)
    return "delivered"


def _bounce(session: Session, row: Row[Any], settled: Settled, now: datetime) -> str:
    if row.message_id is not None:
        settled.bounced["hard_bounce", _words(row)].append(row.message_id)
    _suppress(session, row, R.HARD_BOUNCE, now)
    return "bounced, address suppressed"


def _blocked(session: Session, row: Row[Any], settled: Settled, now: datetime) -> str:
    text = f"{row.payload.get('status', '')} {row.payload.get('reason', '')}"
    if is_user_unknown(text):
        return _bounce(session, row, settled, now)
    if row.message_id is not None:
        settled.bounced["blocked", _words(row)].append(row.message_id)
    if trouble.note_block(session, row, now=now):
        return "blocked again, address rests"
    return "blocked"


def is_user_unknown(text: str) -> bool:
    """Tell whether a mail server's words say that there is no such mailbox."""
    return any(code in text.split() for code in _USER_UNKNOWN) or "user unknown" in text.lower()


def _dropped(session: Session, row: Row[Any], settled: Settled, now: datetime) -> str:
    reason = str(row.payload.get("reason") or "").strip().lower()
    found = DROPPED.get(reason)
    if row.message_id is not None:
        code = f"dropped_{found}" if found else "dropped"
        settled.failed[code[:40], _words(row)].append(row.message_id)
    if found is R.OPT_OUT:
        return "dropped, " + _unsubscribe(session, row, settled, now)
    if found is None and any(words in reason for words in _OUR_FAULT):
        trouble.pause_origin(
            session, row, f"SendGrid dropped it: {row.payload.get('reason')}", now=now
        )
        return "dropped through our fault, campaign paused"
    if found is not None:
        _suppress(session, row, found, now)
        return f"dropped, suppressed: {found}"
    return "dropped"


def _spam_report(session: Session, row: Row[Any], _settled: Settled, now: datetime) -> str:
    people = _people(session, row)
    for contact_id in people if _suppress(session, row, R.COMPLAINT, now) else []:
        notes.add(
            session,
            SYSTEM,
            contact_id,
            "Reported one of our emails as spam. Email has ended for good. Before texting or "
            "calling, please look at what this person was sent.",
            now=now,
        )
    return "complaint, address suppressed"


def _unsubscribe(session: Session, row: Row[Any], _settled: Settled, now: datetime) -> str:
    # An entry of the provider's list may be older than what the person agreed to since.
    at = min(row.occurred_at or now, now) if "list" in row.payload else now
    again = False
    for contact_id in _people(session, row):
        ledger.withdraw(
            session,
            contact_id=contact_id,
            channel=Channel.EMAIL,
            method=Method.PROVIDER,
            actor=Actor(kind=ActorKind.PROVIDER, name="SendGrid"),
            now=now,
            evidence={"event": row.id},
            expressed_at=at,
        )
        state = ledger.state_of(session, contact_id).get(Channel.EMAIL)
        again = again or (state is not None and state.status == ConsentStatus.GRANTED)
    if again:
        return "left earlier, agreed again since"
    _suppress(session, row, R.OPT_OUT, now)
    return "opted out of email"


def _logged(_session: Session, _row: Row[Any], _settled: Settled, _now: datetime) -> str:
    return "logged only"


def _account(session: Session, row: Row[Any], _settled: Settled, now: datetime) -> str:
    words = f"SendGrid changed the account: {row.payload.get('type', '')}".strip(": ")
    breakers.note_refused_account(session, Channel.EMAIL, words=words, now=now)
    return "email stopped"


_Apply = Callable[[Session, Row[Any], Settled, datetime], str]
_SENDGRID: dict[str, _Apply] = {
    "processed": _accepted,
    "deferred": _accepted,
    "delivered": _delivered,
    "bounce": _bounce,
    "blocked": _blocked,
    "dropped": _dropped,
    "spamreport": _spam_report,
    "unsubscribe": _unsubscribe,
    "group_unsubscribe": _unsubscribe,
    "group_resubscribe": _logged,  # never an opt-in: only the person's own words are
    "open": _logged,
    "click": _logged,
    "account_status_change": _account,
}


def _suppress(session: Session, row: Row[Any], reason: SuppressionReason, now: datetime) -> bool:
    """Block the address that the message went to; tell whether that was new."""
    address = _address(row)
    if not address:
        return False
    known = {one.reason for one in suppression.active_for(session, Channel.EMAIL, address, now)}
    suppression.add(
        session,
        channel=Channel.EMAIL,
        address=address,
        reason=reason,
        now=now,
        contact_id=row.contact_id,
        note=_words(row),
    )
    return reason not in known


def _people(session: Session, row: Row[Any]) -> list[int]:
    """Return whom an event is about: by our message, else by the address that it names."""
    if row.contact_id is not None:
        return [row.contact_id]
    address = _address(row)
    found = directory.find_by_address(session, Channel.EMAIL, address) if address else []
    return [person.id for person in found]


def _address(row: Row[Any]) -> str | None:
    address: str | None = row.address or row.payload.get("email")
    return address


def _words(row: Row[Any]) -> str:
    """Return the provider's words; text from foreign servers."""
    return str(row.payload.get("reason") or row.payload.get("response") or "")[:200]
