"""Stating the intent to send: the one transaction in which the gate decides.

Inside it the switches, suppressions, consents, caps and hours are read again, the rows
that may leave become ``sending`` with their address and consent on record, and a row in
``attempts`` stands for each POST that follows. Only after it has committed does the
first byte go out. On SQLite it is BEGIN IMMEDIATE; on Postgres the contact rows are
locked in the order of their ids, as every opt-out locks them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session, aliased
from sqlalchemy.types import TypeEngine

from campaigns.clinic.models import Clinic
from campaigns.consent import optin
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.content import rendering
from campaigns.content.rendering import CompiledEmail, CompiledText, Variant
from campaigns.core import rows
from campaigns.core.db import is_sqlite
from campaigns.core.errors import CampaignsError
from campaigns.delivery import claims, composition, frames, gate, notices, profiles
from campaigns.delivery.claims import Claim
from campaigns.delivery.facts import Frame
from campaigns.delivery.letters import Letter
from campaigns.delivery.models import Attempt, Message, MessageState
from campaigns.delivery.parts import MACHINE, Parts
from campaigns.delivery.ports import digest_of
from campaigns.delivery.rates import Bucket
from campaigns.eligibility.gate import Drop, Hold, Kind, Verdict

MESSAGES: Any = Message.__table__

_DROPPED_AS = {
    "expired": MessageState.EXPIRED,
    "cancelled": MessageState.CANCELLED,
    "left_drip": MessageState.CANCELLED,
}
TWIN_CODE = "shared_address"
STALE_CODE = "stale_consent"
"""In place of a campaign's message such a person gets one request to confirm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One POST to come: the people it carries and the attempt that stands for it."""

    attempt_id: int
    variant: Variant | None
    letters: tuple[Letter, ...]


@dataclass(slots=True, kw_only=True)
class Intent:
    """What one pass of the gate decided about a batch."""

    claim: Claim
    clinic: Clinic
    content: CompiledEmail | CompiledText | None
    reviewed_line: str = ""
    posts: list[Post] = field(default_factory=list)
    seen: int = 0
    """Rows that the gate looked at."""
    waits: str | None = None
    """The code of what keeps rows planned until somebody lifts it."""
    fault: CampaignsError | None = None
    """Why nothing could be composed; nothing was stated then."""
    starved: bool = False
    """Whether the sender's rate allows nothing just now."""


def state(
    session: Session, parts: Parts, claim: Claim, *, take: int, now: datetime
) -> Intent | None:
    """Let the gate decide about up to ``take`` rows of a batch; None if the claim was lost."""
    held = claims.renew(session, claim)
    if held is None:
        return None
    sender = parts.email if claim.channel == Channel.EMAIL else parts.sms
    bucket = _bucket(session, parts, claim)
    if bucket is not None:
        take = min(take, bucket.available)
    if not is_sqlite(session):
        session.connection().execute(_HINTS)
    _lock_people(session, claim, take)
    frame, clinic, approval = frames.read(
        session,
        kind=claim.kind,
        channel=claim.channel,
        origin_id=claim.origin_id,
        version_id=claim.version_id,
        provider=sender.name,
        now=now,
    )
    content = None if claim.version_id is None else rendering.load(session, claim.version_id)
    intent = Intent(claim=held, clinic=clinic, content=content)
    if take < 1:
        intent.starved = True
        return intent
    intent.reviewed_line = approval.line if approval is not None else ""
    judged = sorted(
        session.connection()
        .execute(
            gate.for_batch(claim.kind, sqlite_form=is_sqlite(session)),
            {**frame.parameters(), "batch_id": claim.batch_id, "take": take},
        )
        .all(),
        key=_ROW_ID,
    )
    intent.seen = len(judged)
    sending = _apply(session, judged, frame, intent)
    if sending:
        try:
            composed = composition.compose(
                session, parts, sending, frame, clinic=clinic, content=content
            )
        except CampaignsError as fault:
            intent.fault = fault
            return intent
        _record(
            session,
            intent,
            composed,
            provider=sender.name,
            max_people=_capacity(parts, claim),
            now=now,
        )
        if bucket is not None:
            bucket.spend(sum(letter.segments or 1 for letter in composed))
    return intent


_HINTS = select(
    func.set_config("enable_seqscan", "off", True),
    func.set_config("enable_mergejoin", "off", True),
    func.set_config("random_page_cost", "1.1", True),
)
"""For what is left of the transaction: a batch looks few people up, and Postgres would read
every person there is as long as there are not hundreds of thousands."""


def _capacity(parts: Parts, claim: Claim) -> int:
    if claim.channel == Channel.SMS:
        return 1
    return min(parts.email.max_recipients, parts.settings.email_batch_size)


def _bucket(session: Session, parts: Parts, claim: Claim) -> Bucket | None:
    if claim.channel != Channel.SMS or parts.sms.name == "local":
        return None
    return Bucket(session, f"sms:{parts.sms.name}", parts.settings.sms_per_second, MACHINE.now())


def _lock_people(session: Session, claim: Claim, take: int) -> None:
    """Lock everybody whose stop would matter, in id order; refresh their hours."""
    planned = (
        select(Message.contact_id)
        .where(Message.batch_id == claim.batch_id, Message.state == MessageState.PLANNED)
        .order_by(Message.id)
        .limit(take)
    )
    if not is_sqlite(session):
        # People before rows, as every opt-out does it (it locks the person, then takes back
        # what waits). Everybody of the batch: whichever rows are still planned afterwards,
        # their people are held.
        waiting = select(Message.contact_id).where(
            Message.batch_id == claim.batch_id, Message.state == MessageState.PLANNED
        )
        mine, theirs = aliased(Address), aliased(Address)
        sharing = (
            select(theirs.contact_id)
            .join(mine, (mine.channel == theirs.channel) & (mine.address == theirs.address))
            .where(mine.contact_id.in_(waiting.scalar_subquery()), mine.channel == claim.channel)
        )
        session.execute(
            select(Contact.id)
            .where(Contact.id.in_(waiting.union(sharing).subquery().select()))
            .order_by(Contact.id)
            .with_for_update(key_share=True)
        ).all()
        # The rows themselves too: a cancellation comes before the gate reads, or after it.
        session.execute(
            select(Message.id)
            .where(Message.batch_id == claim.batch_id, Message.state == MessageState.PLANNED)
            .order_by(Message.id)
            .limit(take)
            .with_for_update()
        ).all()
    profiles.refresh(session, planned.subquery().select())


_CODE = itemgetter(0)
_ROW_ID = itemgetter(1 + gate.NEEDED.index("row_id"))
_ADDRESS = itemgetter(1 + gate.NEEDED.index("address"))
"""Where these stand in a judged row: by name they cost ten times as much."""


def _apply(session: Session, rows: Any, frame: Frame, intent: Intent) -> list[Row[Any]]:
    """Write what the gate refused or held; return the rows that may leave."""
    sending: list[Row[Any]] = []
    dropped: list[dict[str, Any]] = []
    stale: list[int] = []
    held: list[dict[str, Any]] = []
    taken: set[str] = set()
    for row in rows:
        verdict: Verdict
        if _CODE(row) is None:
            address = _ADDRESS(row)
            if address not in taken:
                taken.add(address)
                sending.append(row)
                continue
            # One POST must not carry an address twice. In a broadcast the second is a
            # twin; else it stays planned, and the next pass counts the first.
            if frame.kind is not Kind.BROADCAST:
                continue
            verdict = Drop(TWIN_CODE)
        else:
            verdict = gate.verdict_of(row, frame)
        if isinstance(verdict, Drop):
            state = _DROPPED_AS.get(verdict.code, MessageState.SUPPRESSED)
            if verdict.code == STALE_CODE and row.contact_id is not None:
                stale.append(row.contact_id)
            dropped.append({"b_id": row.row_id, "b_state": state, "b_reason": verdict.code})
        elif isinstance(verdict, Hold) and verdict.until is not None:
            held.append({"b_id": row.row_id, "b_until": verdict.until, "b_reason": verdict.code})
        elif isinstance(verdict, Hold):
            intent.waits = verdict.code
    if stale:
        optin.ask_again(session, frame.channel, stale, now=frame.now)
    connection = session.connection()
    if dropped:
        connection.execute(_DROP, [{**values, "b_now": frame.now} for values in dropped])
    if held:
        connection.execute(_HOLD, held)
    return sending


_DROP = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("b_id"))
    .values(state=bindparam("b_state"), reason=bindparam("b_reason"), settled_at=bindparam("b_now"))
)
_HOLD = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("b_id"))
    .values(
        state=MessageState.HELD,
        reason=bindparam("b_reason"),
        held_until=bindparam("b_until"),
        batch_id=None,
    )
)


def _record(
    session: Session,
    intent: Intent,
    composed: list[Letter],
    *,
    provider: str,
    max_people: int,
    now: datetime,
) -> None:
    """Write the attempts and the intent of every letter."""
    groups = _groups(intent.content, composed)
    chunks = [
        (variant, found[start : start + max_people])
        for (variant, _shared), found in groups.items()
        for start in range(0, len(found), max_people)
    ]
    ids = _begin_attempts(
        session, intent.claim, [len(chunk) for _, chunk in chunks], provider=provider, now=now
    )
    rows_of: list[tuple[Any, ...]] = []
    for attempt_id, (variant, chunk) in zip(ids, chunks, strict=True):
        intent.posts.append(Post(attempt_id=attempt_id, variant=variant, letters=tuple(chunk)))
        rows_of.extend(
            (
                letter.message_id,
                attempt_id,
                letter.address,
                letter.entry_id,
                letter.segments,
                None if letter.text is None else digest_of(letter.text),
            )
            for letter in chunk
        )
    stated = rows.table(session, "stated", _STATED, rows_of)
    session.connection().execute(
        update(MESSAGES)
        .where(MESSAGES.c.id == stated.c.message_id)
        .values(
            state=MessageState.SENDING.value,
            reason=None,
            held_until=None,
            intent_at=now,
            provider=provider,
            attempt_id=stated.c.attempt_id,
            address=stated.c.address,
            consent_entry_id=stated.c.entry_id,
            segments=stated.c.segments,
            text_digest=stated.c.text_digest,
        )
    )


def _begin_attempts(
    session: Session, claim: Claim, sizes: list[int], *, provider: str, now: datetime
) -> list[int]:
    """Write an attempt of each size, in one statement however many; return their ids in order."""
    table: Any = Attempt.__table__
    shared = {
        "batch_id": claim.batch_id,
        "channel": claim.channel,
        "provider": provider,
        "holder": claim.holder,
        "started_at": now,
    }
    made = rows.table(session, "made", {"messages": Integer()}, [(size,) for size in sizes])
    values = [literal(value, table.c[name].type) for name, value in shared.items()]
    statement = insert(table).from_select(
        [*shared, "messages"], select(*values, made.c.messages).select_from(made)
    )
    # Attempts of one size are alike until they have their messages: any of them serves.
    by_size: dict[int, list[int]] = {}
    for row in session.connection().execute(statement.returning(table.c.id, table.c.messages)):
        by_size.setdefault(row[1], []).append(row[0])
    for found in by_size.values():
        found.sort(reverse=True)
    return [by_size[size].pop() for size in sizes]


def _groups(
    content: CompiledEmail | CompiledText | None, composed: list[Letter]
) -> dict[tuple[Variant | None, str], list[Letter]]:
    """Return the letters by what they share: the variant of the body, or the notice."""
    if isinstance(content, CompiledEmail) and not content.conditions:
        return {(content.variant_for(frozenset()), ""): composed}
    groups: dict[tuple[Variant | None, str], list[Letter]] = {}
    for letter in composed:
        variant = (
            content.variant_for(letter.person.interests, letter.person.channels)
            if isinstance(content, CompiledEmail)
            else None
        )
        shared = "" if content is not None else notices.shared(letter.body, letter.message_id)
        groups.setdefault((variant, shared), []).append(letter)
    return groups


_STATED: dict[str, TypeEngine[Any]] = {
    "message_id": BigInteger(),
    "attempt_id": BigInteger(),
    "address": String(),
    "entry_id": BigInteger(),
    "segments": Integer(),
    "text_digest": String(),
}
