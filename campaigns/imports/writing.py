"""One chunk of a file into the database: a few statements for hundreds of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.audience.models import ContactInterest
from campaigns.consent import ledger
from campaigns.consent.ledger import TOPIC, BulkOutcome
from campaigns.consent.models import ConsentState, ConsentStatus, SuppressionReason
from campaigns.contacts import addresses
from campaigns.contacts.models import Address, Channel, Contact
from campaigns.core.actors import Actor
from campaigns.core.db import Base, is_sqlite, keys_of
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
    _write_people(session, target, people, now)
    wishes = wishes_of(decisions, import_id=target.id, filename=target.filename)
    outcome = ledger.import_grants(session, wishes, actor=target.actor, now=now)
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


def _write_people(session: Session, target: Target, people: list[Known], now: datetime) -> None:
    fresh = [person for person in people if person.new]
    for person, number in zip(fresh, _new_ids(session, len(fresh)), strict=True):
        person.id = number
    if fresh:
        session.execute(
            insert(_table(Contact)),
            [
                {
                    "id": person.id,
                    **person.values,
                    "status": person.status,
                    "adult_confirmed": person.adult,
                    "source": target.source,
                    "created_at": now,
                    "updated_at": now,
                }
                for person in fresh
            ],
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
    rows = [
        {
            "contact_id": person.id,
            "channel": channel,
            "address": address,
            "address_hash": ring.address_hash(channel, addresses.mailbox(channel, address)),
            "created_at": now,
        }
        for person in people
        for channel, address in person.added.items()
    ]
    if rows:
        session.execute(insert(_table(Address)), rows)


def _table(model: type[Base]) -> Table:
    """Return a model's table: inserting by it costs half of inserting by the model."""
    return cast("Table", model.__table__)


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
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for decision in naming:
        assert decision.person is not None
        if decision.person.id not in agreed:
            decision.line.remarks.append(TOPICS_LEFT_OUT)
            continue
        for code in decision.line.topics:
            key = (decision.person.id, target.interest_ids[code])
            rows[key] = {
                "contact_id": key[0],
                "interest_id": key[1],
                "since": now,
                "source": target.source,
            }
    if rows:
        dialect = sqlite if is_sqlite(session) else postgresql
        session.execute(
            dialect.insert(_table(ContactInterest)).on_conflict_do_nothing(), list(rows.values())
        )
    return topic_figures(naming, agreed)


def topic_figures(naming: Sequence[Decision], agreed: set[int]) -> Counter[str]:
    """Count the people whose interests are stored, and those whose are left out."""
    people = {d.person.id for d in naming if d.person is not None}
    return Counter(topics_stored=len(people & agreed), topics_without_consent=len(people - agreed))


def _agreed_to_topics(session: Session, ids: list[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(ids), 900):
        found |= set(
            session.scalars(
                select(ConsentState.contact_id).where(
                    ConsentState.contact_id.in_(ids[start : start + 900]),
                    ConsentState.channel == TOPIC,
                    ConsentState.status == ConsentStatus.GRANTED,
                )
            )
        )
    return found


def _write_rows(session: Session, target: Target, decisions: Sequence[Decision]) -> None:
    plain, telling = [], []
    for decision in decisions:
        line = decision.line
        row = {
            "import_id": target.id,
            "line": line.line,
            "outcome": decision.outcome,
            "contact_id": decision.person.id if decision.person else None,
        }
        if decision.reason is None and not line.remarks:
            plain.append(row)
            continue
        reason = decision.reason or " ".join(line.remarks)
        code = decision.code or "remark"
        telling.append({**row, "code": code, "reason": reason, "cells": line.cells})
    for rows in (plain, telling):
        if rows:
            session.execute(insert(_table(ImportRow)), rows)
