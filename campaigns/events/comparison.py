"""Our do-not-contact list against the email provider's own lists, every night (SG-06).

Whatever stands on SendGrid's lists and is missing here was an event that never reached us.
It is stored as that event and applied by the same rules; nothing is ever taken off their
lists. What stands only on ours is counted and left: SendGrid need not know. Twilio has no
list of who said STOP to it; there a refused text (21610) tells us, and ``polling``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.clinic import profile
from campaigns.consent import suppression
from campaigns.consent.models import Suppression, SuppressionReason
from campaigns.contacts import addresses
from campaigns.contacts.models import Channel
from campaigns.core import logs
from campaigns.core.actors import Actor
from campaigns.core.db import is_sqlite, keys_of
from campaigns.core.errors import InvalidInput
from campaigns.delivery.models import Message
from campaigns.delivery.parts import Parts
from campaigns.delivery.ports import EmailLists, Listed
from campaigns.events import effects, ingest
from campaigns.events.ingest import Incoming, natural_key
from campaigns.events.models import Comparison, ProviderEvent

log = logs.get(__name__)
R = SuppressionReason

NIGHTLY_FROM = 3
"""The hour, by the clinic's clock, from which the night's comparison may begin."""
GIVEN_UP_AFTER = timedelta(hours=2)
"""A comparison that did not end by then was killed with its process: another one takes over."""
_CLOSE = timedelta(days=1)
"""An event and its entry on the list carry times of different clocks."""
_KINDS = {
    "bounces": ("bounce", frozenset({R.HARD_BOUNCE})),
    "blocks": ("blocked", frozenset({R.HARD_BOUNCE, R.SOFT_BLOCK, R.BLOCKED})),
    "spam_reports": ("spamreport", frozenset({R.COMPLAINT})),
    "invalid_emails": ("dropped", frozenset({R.INVALID})),
    "unsubscribes": ("unsubscribe", frozenset({R.OPT_OUT, R.PROVIDER_OPT_OUT})),
    "groups": ("group_unsubscribe", frozenset({R.OPT_OUT, R.PROVIDER_OPT_OUT})),
}
"""The event that each list is made of, and the reasons under which we would have it."""


def ask(session: Session, actor: Actor, provider: str, *, now: datetime) -> bool:
    """Ask the worker to compare now; False when a comparison waits or is under way already."""
    waiting = select(Comparison.id).where(
        Comparison.provider == provider,
        Comparison.finished_at.is_(None),
        or_(Comparison.started_at.is_(None), Comparison.started_at > now - GIVEN_UP_AFTER),
    )
    if session.scalar(waiting.limit(1)) is not None:
        return False
    session.add(Comparison(provider=provider, asked_by=actor.name[:120], asked_at=now))
    session.flush()
    return True


def last(session: Session, provider: str) -> Comparison | None:
    """Return the newest comparison, under way or done."""
    query = select(Comparison).where(Comparison.provider == provider)
    return session.scalar(query.order_by(Comparison.id.desc()).limit(1))


def tick(parts: Parts) -> int:
    """Compare if the night has come, or staff asked; return 1 when a comparison was made.

    Raises: OSError when the provider's lists cannot be read; the row says so, too.
    """
    sender = parts.email
    if not isinstance(sender, EmailLists):
        return 0
    number = _claim(parts, sender.name)
    if number is None:
        return 0
    try:
        counts = _compare(parts, sender)
    except Exception as fault:
        _finish(parts, number, error=f"{type(fault).__name__}: {fault}")
        raise
    _finish(parts, number, counts=counts)
    log.info("comparison.done", provider=sender.name, **_totals(counts))
    return 1


def _totals(counts: dict[str, Any]) -> dict[str, int]:
    lists = counts["lists"].values()
    return {
        "theirs": sum(one["theirs"] for one in lists),
        "added": sum(one["added"] for one in lists),
        "only_theirs": sum(one["only_theirs"] for one in lists),
        "only_ours": sum(counts["only_ours"].values()),
    }


def _claim(parts: Parts, provider: str) -> int | None:
    """Take the comparison that is due; only one process gets it, whoever leads."""
    now = parts.clock.now()
    with parts.db.reading() as session:
        local = now.astimezone(ZoneInfo(profile.get(session).timezone))
        night = local.date() if local.hour >= NIGHTLY_FROM else None
        known = select(Comparison.id).where(
            Comparison.provider == provider, Comparison.night == night
        )
        is_due = night is not None and session.scalar(known) is None
        if not is_due and session.scalar(_open(provider, now)) is None:
            return None
    with parts.db.transaction() as session:
        if is_due:
            insert = (sqlite if is_sqlite(session) else postgresql).insert(Comparison)
            session.execute(
                insert.values(
                    provider=provider, night=night, asked_by="", asked_at=now
                ).on_conflict_do_nothing()
            )
        found = _open(provider, now).with_for_update(skip_locked=True)
        row = session.scalar(found)
        if row is None:
            return None
        row.started_at = now
        number: int = row.id
        return number


def _open(provider: str, now: datetime) -> Any:
    return (
        select(Comparison)
        .where(
            Comparison.provider == provider,
            Comparison.finished_at.is_(None),
            or_(Comparison.started_at.is_(None), Comparison.started_at <= now - GIVEN_UP_AFTER),
        )
        .order_by(Comparison.id)
        .limit(1)
    )


def _finish(
    parts: Parts, number: int, *, counts: dict[str, Any] | None = None, error: str | None = None
) -> None:
    with parts.db.transaction() as session:
        row = session.get_one(Comparison, number)
        row.finished_at, row.counts = parts.clock.now(), counts or {}
        row.error = logs.mask(error)[:500] if error else None


def _compare(parts: Parts, sender: EmailLists) -> dict[str, Any]:
    lists: dict[str, Any] = {}
    theirs: set[str] = set()
    for name in sender.lists:
        seen: Counter[str] = Counter(theirs=0, added=0, only_theirs=0)
        for page in sender.suppressed(name):
            with parts.db.transaction() as session:
                seen.update(_take(session, name, page, theirs, now=parts.clock.now()))
        lists[name] = dict(seen)
    applied = 1
    while applied:
        with parts.db.transaction() as session:
            applied = effects.apply_pending(session, now=parts.clock.now())
    with parts.db.reading() as session:
        return {"lists": lists, "only_ours": _only_ours(session, theirs, now=parts.clock.now())}


def _take(
    session: Session, name: str, page: Sequence[Listed], theirs: set[str], *, now: datetime
) -> Counter[str]:
    """Store what of a page is missing here, as the events that it came from."""
    kind, reasons = _KINDS[name]
    seen: Counter[str] = Counter(theirs=len(page))
    keys = keys_of(session)
    entries: list[tuple[Listed, str, list[str]]] = []
    for one in page:
        try:
            address = addresses.normalise_email(one.address)
        except InvalidInput:
            continue  # cannot be anybody's here
        hashes = keys.address_hashes(Channel.EMAIL, address)
        theirs.update(hashes)
        entries.append((one, address, hashes))
    ours = _held(session, [each for _one, _address, hashes in entries for each in hashes])
    new: list[Incoming] = []
    for one, address, hashes in entries:
        held = [row for each in hashes for row in ours.get(each, []) if row.reason in reasons]
        if any(_is_same(row, one, now) for row in held):
            continue
        message_id = _message_of(session, address, one) if name == "blocks" else None
        if name == "blocks" and message_id is None and not _speaks_of_user(one):
            continue  # of a message that we did not send, or that we know was blocked
        new.append(_event(name, kind, one, address, message_id))
    added = ingest.store(session, new, now=now)
    seen.update(added=added, only_theirs=len(new) - added)
    return seen


def _event(name: str, kind: str, one: Listed, address: str, message_id: int | None) -> Incoming:
    payload: dict[str, object] = {"list": name, "email": address}
    reason = "Invalid" if name == "invalid_emails" else one.reason
    payload.update({"reason": logs.mask(reason)[:500]} if reason else {})
    payload.update({"status": one.status[:40]} if one.status else {})
    return Incoming(
        provider=ingest.SENDGRID,
        kind=kind,
        dedupe_key=natural_key("sendgrid-list", name, one.group, address, one.at),
        message_id=message_id,
        occurred_at=one.at,
        payload=payload,
    )


def _held(session: Session, hashes: list[str]) -> dict[str, list[Suppression]]:
    """Return what our list has, or had, of these addresses."""
    found: dict[str, list[Suppression]] = {}
    for start in range(0, len(hashes), 500):
        query = select(Suppression).where(
            Suppression.channel == Channel.EMAIL,
            Suppression.address_hash.in_(hashes[start : start + 500]),
        )
        for row in session.scalars(query):
            found.setdefault(row.address_hash, []).append(row)
    return found


def _is_same(row: Suppression, one: Listed, now: datetime) -> bool:
    """Tell whether a row of ours holds now, or held and was lifted since the entry was made."""
    if row.lifted_at is None and (row.expires_at is None or row.expires_at > now):
        return True
    return one.at is None or row.created_at >= one.at - _CLOSE


def _message_of(session: Session, address: str, one: Listed) -> int | None:
    """Return the message that a block was of, unless its block is on record."""
    latest = (
        select(Message.id)
        .where(
            Message.channel == Channel.EMAIL,
            Message.address == address,
            Message.intent_at.is_not(None),
            Message.intent_at <= (one.at or datetime.max.replace(tzinfo=UTC)) + _CLOSE / 24,
        )
        .order_by(Message.intent_at.desc())
        .limit(1)
    )
    found = session.scalar(latest)
    if found is None:
        return None
    known = select(ProviderEvent.id).where(
        ProviderEvent.message_id == found, ProviderEvent.kind == "blocked"
    )
    return found if session.scalar(known.limit(1)) is None else None


def _speaks_of_user(one: Listed) -> bool:
    return effects.is_user_unknown(f"{one.status} {one.reason}")


def _only_ours(session: Session, theirs: set[str], *, now: datetime) -> dict[str, int]:
    """Count by reason what our list blocks and none of theirs does."""
    counts: Counter[str] = Counter()
    wanted = [reason for _kind, reasons in _KINDS.values() for reason in reasons]
    query = select(Suppression.address_hash, Suppression.reason).where(
        Suppression.channel == Channel.EMAIL,
        Suppression.reason.in_(wanted),
        suppression.is_active(now),
    )
    for row in session.execute(query.execution_options(yield_per=2000)):
        if row.address_hash not in theirs:
            counts[str(row.reason)] += 1
    return dict(counts)


def differences(row: Comparison) -> dict[str, int] | None:
    """Return a finished comparison's sums; None while it has none."""
    return _totals(row.counts) if row.counts else None
