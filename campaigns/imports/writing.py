"""One chunk of a file into the database: a few statements for hundreds of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from campaigns.audience.models import ContactInterest
from campaigns.consent import ledger
from campaigns.consent.ledger import TOPIC, BulkOutcome
from campaigns.consent.models import ConsentState, ConsentStatus, SuppressionReason
from campaigns.contacts import addresses
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.core import bulk
from campaigns.core.actors import Actor
from campaigns.core.db import is_sqlite, keys_of
from campaigns.imports import stopping, tallies
from campaigns.imports.attestations import KIND_WORDS
from campaigns.imports.cells import Stand
from campaigns.imports.matching import FIELDS, Decision, Known
from campaigns.imports.models import ImportRow
from campaigns.imports.stopping import Held
from campaigns.imports.wishes import wishes_of

LEFT_BEFORE = (
    "Previously opted out of {}. Asked not to be contacted before, and stays so; only a new "
    "sign-up of their own changes that."
)
OPTED_OUT = "opted_out_before"
"""Code of a line that is kept, and whose agreement is refused."""
TOPICS_LEFT_OUT = "The interests were left out: there is no agreement on file that they are kept."


@dataclass(frozen=True, slots=True)
class Target:
    """The import that a chunk belongs to."""

    id: int
    filename: str
    actor: Actor
    interest_ids: Mapping[str, int]
    """Ids of the interests that are switched on, by code."""

    @property
    def source(self) -> str:
        """How its people came, as kept with each."""
        return f"import:{self.id}"


def write(
    session: Session,
    target: Target,
    decisions: Sequence[Decision],
    *,
    reasons: Mapping[Held, set[SuppressionReason]],
    now: datetime,
) -> Counter[str]:
    """Store what was decided for a chunk; return its figures.

    ``reasons``: why addresses of the chunk are not contacted now.
    """
    people = list({id(d.person): d.person for d in decisions if d.person is not None}.values())
    fresh = _write_people(session, target, people, now)
    wishes = wishes_of(decisions, import_id=target.id, filename=target.filename)
    outcome = ledger.import_grants(session, wishes, actor=target.actor, now=now, fresh=fresh)
    stopping.claim(session, wishes)
    tally = tallies.of_wishes(wishes, outcome, reasons=reasons, now=now)
    tally["email_bounced"] = count_bounces(decisions)
    tally += _write_topics(session, target, decisions, now)
    note_refusals(decisions, outcome)
    tally += note_outcomes(decisions)
    _write_rows(session, target, decisions)
    return +tally


def note_refusals(decisions: Sequence[Decision], outcome: BulkOutcome) -> None:
    """Say on each line whose agreement is refused that the person opted out before."""
    if not outcome.refused:
        return
    for decision in decisions:
        person = decision.person
        if person is None:
            continue
        things = [
            KIND_WORDS[channel] for channel in Channel if (person.id, channel) in outcome.refused
        ]
        if things:
            decision.line.remarks.append(LEFT_BEFORE.format(" and ".join(things)))
            decision.code = OPTED_OUT


def count_bounces(decisions: Sequence[Decision]) -> int:
    """Count the lines whose email the earlier system found to be dead."""
    return sum(
        1
        for d in decisions
        if d.person is not None
        and d.line.email is not None
        and d.line.email == d.person.email
        and d.line.stands.get(Channel.EMAIL) is Stand.BOUNCED
    )


def note_outcomes(decisions: Sequence[Decision]) -> Counter[str]:
    """Count what does not depend on consent: repeats, unknown interests, remarks."""
    tally: Counter[str] = Counter()
    for decision in decisions:
        person, line = decision.person, decision.line
        if person is None:
            continue
        tally["same_person"] += person.line != line.line and person.line is not None
        tally["topics_unknown"] += bool(line.unknown_topics)
        tally["remarks"] += bool(line.remarks)
    return tally


def _write_people(session: Session, target: Target, people: list[Known], now: datetime) -> set[int]:
    """Write people and their addresses; return the ids of those who are new."""
    fresh = [person for person in people if person.new]
    for person, number in zip(fresh, _new_ids(session, len(fresh)), strict=True):
        person.id = number
    bulk.insert(
        session,
        Contact,
        ("id", *FIELDS, "status", "adult_confirmed"),
        [(p.id, *(p.values[name] for name in FIELDS), p.status, p.adult) for p in fresh],
        same={
            "source": target.source,
            "created_at": now,
            "updated_at": now,
            "no_click_tracking": False,
        },
    )
    changed = [p for p in people if not p.new and (p.changed or p.added)]
    if changed:
        session.execute(
            update(Contact),
            [
                {
                    "id": p.id,
                    **{name: p.values[name] for name in FIELDS},
                    "adult_confirmed": p.adult,
                    "updated_at": now,
                }
                for p in changed
            ],
        )
    ring = keys_of(session)
    bulk.insert(
        session,
        Address,
        ("contact_id", "channel", "address", "address_hash"),
        [
            (
                person.id,
                channel,
                address,
                ring.address_hash(channel, addresses.mailbox(channel, address)),
            )
            for person in people
            for channel, address in person.added.items()
        ],
        same={"created_at": now},
    )
    return {person.id for person in fresh}


def _new_ids(session: Session, count: int) -> list[int]:
    """Reserve ids. SQLite has one writer at a time, so the next ones are ours."""
    if not count:
        return []
    if is_sqlite(session):
        last = session.scalar(select(func.max(Contact.id))) or 0
        return list(range(last + 1, last + 1 + count))
    query = text(
        "SELECT nextval(pg_get_serial_sequence('contacts', 'id')) FROM generate_series(1, :n)"
    )
    return list(session.scalars(query, {"n": count}))


def _write_topics(
    session: Session, target: Target, decisions: Sequence[Decision], now: datetime
) -> Counter[str]:
    naming = [d for d in decisions if d.person is not None and d.line.topics]
    agreed = _agreed_to_topics(session, sorted({d.person.id for d in naming if d.person}))
    rows: dict[tuple[int, int], None] = {}
    for decision in naming:
        assert decision.person is not None
        if decision.person.id not in agreed:
            decision.line.remarks.append(TOPICS_LEFT_OUT)
            continue
        for code in decision.line.topics:
            rows[decision.person.id, target.interest_ids[code]] = None
    bulk.insert(
        session,
        ContactInterest,
        ("contact_id", "interest_id"),
        list(rows),
        same={"since": now, "source": target.source, "by_email": True, "by_sms": True},
        skipping=True,
    )
    return topic_figures(naming, agreed)


def topic_figures(naming: Sequence[Decision], agreed: set[int]) -> Counter[str]:
    """Count the people whose interests are stored, and those whose are left out."""
    people = {d.person.id for d in naming if d.person is not None}
    return Counter(topics_stored=len(people & agreed), topics_without_consent=len(people - agreed))


def _agreed_to_topics(session: Session, ids: list[int]) -> set[int]:
    if not ids:
        return set()
    return set(
        session.scalars(
            select(ConsentState.contact_id).where(
                bulk.among(session, ConsentState.contact_id, ids),
                ConsentState.channel == TOPIC,
                ConsentState.status == ConsentStatus.GRANTED,
            )
        )
    )


def _write_rows(session: Session, target: Target, decisions: Sequence[Decision]) -> None:
    plain: list[tuple[Any, ...]] = []
    telling: list[tuple[Any, ...]] = []
    for decision in decisions:
        line = decision.line
        row = (line.line, decision.outcome, decision.person.id if decision.person else None)
        if decision.reason is None and not line.remarks:
            plain.append(row)
            continue
        reason = decision.reason or " ".join(line.remarks)
        telling.append((*row, decision.code or "remark", reason, line.cells))
    columns = ("line", "outcome", "contact_id")
    same = {"import_id": target.id}
    bulk.insert(session, ImportRow, columns, plain, same=same)
    bulk.insert(session, ImportRow, (*columns, "code", "reason", "cells"), telling, same=same)
