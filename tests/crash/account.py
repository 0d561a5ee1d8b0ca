"""The account after a crash test: the stand-ins' own log against what the service reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, text

from campaigns.contacts.models import Address, Contact
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Attempt, Message, MessageState
from tests.crash.town import Town

S = MessageState
WENT_OUT = frozenset({S.ACCEPTED, S.DELIVERED, S.BOUNCED})
OPEN = frozenset({S.PLANNED, S.HELD, S.SENDING})
LATE = 120.0
"""Seconds after a confirmed stop within which a POST that was under way may still end."""


@dataclass(slots=True)
class Account:
    """What went wrong, each with a few examples; all empty when nothing did."""

    messages: int = 0
    checking: int = 0
    states: Counter[str] = field(default_factory=Counter)
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    after_optout: list[str] = field(default_factory=list)
    stops: int = 0
    cut_off: int = 0
    """POSTs whose answer no worker lived to read."""

    @property
    def holds(self) -> bool:
        """Whether nobody got two, nobody is missing and nobody was written to after leaving."""
        return not (self.twice or self.lost or self.after_optout)

    def line(self, kills: int) -> str:
        """The one line that the run ends with."""
        return (
            f"crash: kills={kills} messages={self.messages} twice={len(self.twice)} "
            f"lost={len(self.lost)} after_optout={len(self.after_optout)} checking={self.checking}"
        )


def draw_up(town: Town, broadcasts: dict[int, int]) -> Account:
    """Compare log and database for campaigns, each given with the group it went to."""
    account = Account()
    with town.services.db.reading() as session:
        rows: dict[int, Any] = {
            row.id: row
            for row in session.execute(
                select(
                    Message.id,
                    Message.origin_id,
                    Message.contact_id,
                    Message.channel,
                    Message.state,
                    Message.reason,
                ).where(Message.origin_kind == "broadcast")
            )
        }
        towns = session.execute(select(Contact.id, Contact.city)).all()
        phones = set(session.scalars(select(Address.contact_id).where(Address.channel == "sms")))
        seen = session.execute(
            text("SELECT kind, contact_id, channel, message_id FROM witness ORDER BY id")
        ).all()
        account.cut_off = (
            session.scalar(select(func.count()).where(Attempt.outcome == "uncertain")) or 0
        )
    account.states.update(f"{r.state}:{r.reason}" if r.reason else r.state for r in rows.values())
    account.messages = sum(row.reason != "no_address" for row in rows.values())
    account.checking = sum(row.state == S.UNCERTAIN for row in rows.values())
    # What the vendor itself answers to a STOP carries no id of ours.
    read = town.services.tokens.read
    log = [(read(Purpose.MESSAGE, e["mid"]), e) for e in town.vendor.accepted() if e["mid"]]
    _twice(account, log, rows)
    _lost(account, log, rows, broadcasts, towns, phones)
    _after_optout(account, town, log, rows, seen)
    return account


def _twice(account: Account, log: list[Any], rows: dict[int, Any]) -> None:
    of_message = Counter(number for number, _entry in log)
    for number, times in of_message.items():
        account.twice += [f"message {number}, {times} times"] * (times - 1)
    of_person: dict[Any, set[int]] = {}
    for number, entry in log:
        if number in rows:
            key = (rows[number].origin_id, rows[number].channel, entry["to"])
            of_person.setdefault(key, set()).add(number)
    for key, numbers in of_person.items():
        account.twice += [f"{key} by messages {sorted(numbers)}"] * (len(numbers) - 1)


def _lost(
    account: Account,
    log: list[Any],
    rows: dict[int, Any],
    broadcasts: dict[int, int],
    towns: Any,
    phones: set[int],
) -> None:
    taken = {number for number, _entry in log}
    account.lost += [f"taken, and unknown here: {n}" for n in taken - rows.keys()]
    there = {(row.origin_id, row.contact_id, row.channel) for row in rows.values()}
    members: dict[str, list[int]] = {}
    for contact_id, city in towns:
        members.setdefault(city, []).append(contact_id)
    for broadcast_id, group in broadcasts.items():
        for contact_id in members.get(f"Town {group}", []):
            for channel in ("email", "sms"):
                if channel == "sms" and contact_id not in phones:
                    continue
                if (broadcast_id, contact_id, channel) not in there:
                    account.lost.append(f"no row: {broadcast_id}, {contact_id}, {channel}")
    for number, row in rows.items():
        if row.state in OPEN:
            account.lost.append(f"message {number} never came to an end: {row.state}")
        elif row.state in WENT_OUT and number not in taken:
            account.lost.append(f"message {number} is reported as sent and never was")
        elif row.state not in WENT_OUT and row.state != S.UNCERTAIN and number in taken:
            account.lost.append(f"message {number} went out and is reported as {row.state}")


def _after_optout(
    account: Account, town: Town, log: list[Any], rows: dict[int, Any], seen: Any
) -> None:
    stopped: set[tuple[int, str]] = set()
    wrong: set[int] = set()
    for kind, contact_id, channel, message_id in seen:
        if kind == "stop":
            stopped.add((contact_id, channel))
        elif (contact_id, channel) in stopped:
            wrong.add(message_id)
    account.stops = len(stopped)
    confirmed = {(contact_id, channel): at for contact_id, channel, at in town.left}
    for key in confirmed.keys() - stopped:
        account.after_optout.append(f"a confirmed stop is not on file: {key}")
    for number, entry in log:
        row = rows.get(number)
        if row is None:
            continue
        at = confirmed.get((row.contact_id, row.channel))
        if number in wrong or (at is not None and entry["at"] > at + LATE):
            account.after_optout.append(f"message {number} left after the stop")
