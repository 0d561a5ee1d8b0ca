"""What an import would do, without doing it: the same reading, matching and rules.

A test holds it to the truth: the figures of a forecast are the figures of the run.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.consent.ledger import TOPIC, BulkOutcome, Wish
from campaigns.consent.models import Action, ConsentState, ConsentStatus, SuppressionReason
from campaigns.contacts.models import Channel
from campaigns.imports import files, reading, runner, stopping, tallies, writing
from campaigns.imports.lines import Line
from campaigns.imports.matching import Decision, Directory
from campaigns.imports.stopping import Held
from campaigns.imports.wishes import wishes_of

MOST_LINES = 50_000
EXAMPLES = 10
_CHUNK = 900


@dataclass(frozen=True, slots=True)
class Example:
    """A line that would be refused, or kept with a remark."""

    line: int
    cells: list[str]
    reason: str


@dataclass(slots=True)
class Forecast:
    """The figures of an import before it is run."""

    lines: int = 0
    complete: bool = True
    """Whether all lines were looked at."""
    outcomes: Counter[str] = field(default_factory=Counter)
    tally: Counter[str] = field(default_factory=Counter)
    refused: list[Example] = field(default_factory=list)
    remarked: list[Example] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Some of the people who would be added."""


def forecast(
    session: Session, import_id: int, *, now: datetime, most: int = MOST_LINES
) -> Forecast:
    """Go through a file as the runner would, and write nothing.

    Raises: InvalidInput ``column_missing``; Conflict when the file is not kept any more.
    """
    found = files.get(session, import_id)
    lines, start = files.lines_of(session, found)
    layout = files.layout_of(session, found, now=now)
    records = reading.records(lines, found.delimiter, start=start, width=layout.width)
    directory = Directory(found.id, fill_only=bool(found.options.get("fill_only")))
    standing = _Standing(session, now)
    if layout.tells_stops:
        ahead = reading.records(lines, found.delimiter, start=start, width=layout.width)
        standing.note_stops(layout.read(record) for record in itertools.islice(ahead, most))
    result = Forecast()
    while chunk := list(itertools.islice(records, runner.CHUNK)):
        if result.lines >= most:
            result.complete = False
            break
        read = [layout.read(record) for record in chunk]
        reasons = standing.reasons_of(read)
        stopping.refuse_erased(read, reasons)
        directory.load(session, read)
        decisions = [directory.decide(line) for line in read]
        wishes = wishes_of(decisions, import_id=found.id, filename=found.filename)
        outcome = standing.apply(wishes, reasons)
        result.tally += tallies.of_wishes(wishes, outcome, reasons=reasons, now=now)
        result.tally += Counter(email_bounced=writing.count_bounces(decisions))
        result.tally += _topics(decisions, standing)
        writing.note_refusals(decisions, outcome)
        result.tally += writing.note_outcomes(decisions)
        _note(result, decisions)
    return result


def _note(result: Forecast, decisions: Sequence[Decision]) -> None:
    for decision in decisions:
        line = decision.line
        result.lines += 1
        result.outcomes[decision.outcome] += 1
        if decision.reason is not None:
            if len(result.refused) < EXAMPLES:
                result.refused.append(Example(line.line, line.cells, decision.reason))
        elif line.remarks and len(result.remarked) < EXAMPLES:
            result.remarked.append(Example(line.line, line.cells, " ".join(line.remarks)))
        if decision.outcome == "created" and len(result.names) < EXAMPLES:
            name = f"{line.first_name} {line.last_name}".strip()
            result.names.append(name or line.email or line.phone or "")


def _topics(decisions: Sequence[Decision], standing: _Standing) -> Counter[str]:
    naming = [d for d in decisions if d.person is not None and d.line.topics]
    ids = {d.person.id for d in naming if d.person is not None}
    agreed = {i for i in ids if standing.status((i, TOPIC)) == ConsentStatus.GRANTED}
    for decision in naming:
        if decision.person is not None and decision.person.id not in agreed:
            decision.line.remarks.append(writing.TOPICS_LEFT_OUT)
    return writing.topic_figures(naming, agreed)


class _Standing:
    """Where people stand, on file and as the lines before have left it."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self._states: dict[tuple[int, str], str] = {}
        self._stopped: set[Held] = set()
        """Mailboxes and phones that the people of this file closed so far."""
        self._of_file: dict[Held, set[SuppressionReason]] = {}
        self._loaded: set[int] = set()

    def note_stops(self, lines: Iterable[Line]) -> None:
        """Note what the file itself says about who is not to be contacted, before all else."""
        for stop in stopping.of_lines(lines):
            mailbox = stopping.mailbox_of((stop.channel, stop.address))
            self._of_file.setdefault(mailbox, set()).add(stop.reason)

    def reasons_of(self, lines: Sequence[Line]) -> dict[Held, set[SuppressionReason]]:
        """Return why addresses of these lines are not contacted, on file or by the file."""
        found = stopping.reasons_of(self._session, lines, now=self._now)
        for held in {held for line in lines for held in stopping.held_by(line)}:
            if own := self._of_file.get(stopping.mailbox_of(held)):
                found[held] = found.get(held, set()) | own
        return found

    def status(self, key: tuple[int, str]) -> str | None:
        self._load_states({key[0]})
        return self._states.get(key)

    def apply(
        self, wishes: Sequence[Wish], reasons: Mapping[Held, set[SuppressionReason]]
    ) -> BulkOutcome:
        """Say what the ledger would do, and remember it."""
        outcome = BulkOutcome()
        self._load_states({wish.contact_id for wish in wishes})
        for wish in sorted(wishes, key=lambda w: w.action != Action.OPT_OUT):
            key, address = wish.key, (str(wish.channel), wish.address)
            known = self._states.get(key)
            mailbox = stopping.mailbox_of(address)
            stopped = mailbox in self._stopped or bool(
                reasons.get(address, set()) & stopping.CLOSED_FOR_FILES
            )
            if wish.action == Action.OPT_OUT:
                if known == ConsentStatus.WITHDRAWN and stopped:
                    outcome.unchanged.add(key)
                    continue
                self._stopped.add(mailbox)
                self._states[key] = ConsentStatus.WITHDRAWN
            elif known == ConsentStatus.WITHDRAWN or (wish.address and stopped):
                outcome.refused.add(key)
            elif known == ConsentStatus.GRANTED:
                outcome.unchanged.add(key)
            elif wish.action is not None:
                self._states[key] = ConsentStatus.GRANTED
            elif known in (None, ConsentStatus.NONE):
                email = wish.channel == Channel.EMAIL
                self._states[key] = ConsentStatus.UNCONFIRMED if email else ConsentStatus.WAITING
                outcome.unproven.add(key)
            else:
                outcome.unchanged.add(key)
        return outcome

    def _load_states(self, ids: set[int]) -> None:
        wanted = sorted(i for i in ids - self._loaded if i > 0)
        self._loaded |= ids
        for start in range(0, len(wanted), _CHUNK):
            rows = self._session.execute(
                select(ConsentState.contact_id, ConsentState.channel, ConsentState.status).where(
                    ConsentState.contact_id.in_(wanted[start : start + _CHUNK])
                )
            )
            self._states.update({(row.contact_id, row.channel): row.status for row in rows})
