"""One record of a file as what it says about one person. Pure.

A value that cannot be used is left out with a remark; a line is refused only where
nobody could be reached by it, or it cannot be read at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns.contacts import addresses
from campaigns.core.errors import InvalidInput
from campaigns.imports import cells
from campaigns.imports.attestations import Attestation
from campaigns.imports.cells import Stand
from campaigns.imports.proofs import Proof, ProofReader
from campaigns.imports.reading import Record

NAME_LENGTH = 80
UTC_ZONE = ZoneInfo("UTC")


@dataclass(slots=True)
class Line:
    """What one record says. ``refusal`` is a code and a reason; then the rest is empty."""

    line: int
    next_line: int
    cells: list[str]
    first_name: str = ""
    last_name: str = ""
    email: str | None = None
    phone: str | None = None
    postal_code: str | None = None
    state: str | None = None
    city: str | None = None
    timezone: str | None = None
    locale: str | None = None
    adult: bool = False
    topics: tuple[str, ...] = ()
    """Codes of interests that are switched on."""
    stands: dict[str, Stand] = field(default_factory=dict)
    """By channel: what the line says about leaving, where it says something."""
    left_at: dict[str, datetime] = field(default_factory=dict)
    recorded: dict[str, str] = field(default_factory=dict)
    """By channel: that the earlier system has this person as subscribed, in words."""
    stale: set[str] = field(default_factory=set)
    """Kinds whose proof is older than 18 months."""
    proofs: dict[str, Proof] = field(default_factory=dict)
    """By channel, and ``topic``."""
    remarks: list[str] = field(default_factory=list)
    unknown_topics: tuple[str, ...] = ()
    refusal: tuple[str, str] | None = None


class Layout:
    """How the lines of one file are to be read."""

    def __init__(
        self,
        header: Sequence[str],
        mapping: Mapping[str, str],
        *,
        topics: Mapping[str, str],
        attestations: Sequence[Attestation] = (),
        now: datetime,
        holds: str = "",
        date_order: str = cells.MONTH_FIRST,
        zone: ZoneInfo = UTC_ZONE,
    ) -> None:
        self.width = len(header)
        self.single: dict[str, int] = {}
        self.many: dict[str, list[int]] = {}
        for position, name in enumerate(header):
            code = mapping.get(name, "")
            if code:
                self.single.setdefault(code, position)
                self.many.setdefault(code, []).append(position)
        self.names = list(header)
        self.topics = topics
        self._proofs = ProofReader(self.single, attestations, now=now, order=date_order, zone=zone)
        self.now = now
        self.date_order = date_order
        self._everybody = HOLDS.get(holds, Stand.IN)
        self._stands = [
            (code, channels)
            for code, channels in (
                ("status", ("email", "sms")),
                ("email_status", ("email",)),
                ("sms_status", ("sms",)),
                ("opt_out", ("email", "sms")),
                ("email_opt_out", ("email",)),
                ("sms_opt_out", ("sms",)),
                ("email_suppressed", ("email",)),
                ("email_bounced", ("email",)),
                ("email_complained", ("email",)),
            )
            if code in self.single
        ]

    @property
    def tells_stops(self) -> bool:
        """Whether a line of this file can say that somebody is not to be contacted."""
        return bool(self._stands) or self._everybody in STOPS

    def read(self, record: Record) -> Line:
        """Return what a record says."""
        line = Line(record.line, record.next_line, record.cells)
        if record.fault is not None:
            line.refusal = record.fault
            return line
        values = record.cells
        if not any(value.strip() for value in values):
            line.refusal = ("empty", "The line is empty.")
            return line
        self._read_addresses(line, values)
        if line.refusal is not None:
            return line
        self._read_person(line, values)
        self._read_stands(line, values)
        self._proofs.read(line, values)
        if "interests" in self.single:
            self._read_topics(line, values)
        return line

    def _cell(self, values: list[str], code: str) -> str:
        position = self.single.get(code)
        return "" if position is None else values[position].strip()

    def _read_addresses(self, line: Line, values: list[str]) -> None:
        faults = []
        email, phone = self._cell(values, "email"), self._cell(values, "phone")
        if email:
            try:
                line.email = addresses.normalise_email(email)
            except InvalidInput as fault:
                faults.append((fault.code, f"The email was left out. {fault.message}"))
        if phone:
            try:
                line.phone = addresses.normalise_phone(phone)
            except InvalidInput as fault:
                faults.append((fault.code, f"The phone was left out. {fault.message}"))
        if line.email is None and line.phone is None:
            code = faults[0][0] if faults else "address_missing"
            reason = " ".join(
                message.replace("The email was left out. ", "").replace(
                    "The phone was left out. ", ""
                )
                for _, message in faults
            )
            line.refusal = (code, reason or "There is neither an email nor a phone on this line.")
        line.remarks += [message for _, message in faults]

    def _read_person(self, line: Line, values: list[str]) -> None:
        first, last = self._cell(values, "first_name"), self._cell(values, "last_name")
        if "full_name" in self.single and not (first and last):
            split = cells.split_name(self._cell(values, "full_name"))
            first, last = first or split[0], last or split[1]
        line.first_name = self._short(line, " ".join(first.split()), "first name")
        line.last_name = self._short(line, " ".join(last.split()), "last name")
        line.city = self._short(line, " ".join(self._cell(values, "city").split()), "city") or None
        if text := self._cell(values, "state"):
            line.state = cells.read_state(text)
            if line.state is None:
                line.remarks.append(f"“{text[:40]}” is not a US state, so it was left out.")
        if text := self._cell(values, "postal_code"):
            line.postal_code = cells.read_postal_code(text, line.state)
            if line.postal_code is None:
                line.remarks.append(f"“{text[:40]}” is not a US ZIP code, so it was left out.")
        if text := self._cell(values, "locale"):
            line.locale = cells.read_language(text)
            if line.locale is None:
                line.remarks.append(f"The language “{text[:40]}” is not offered; English is used.")
        if text := self._cell(values, "timezone"):
            line.timezone = cells.read_timezone(text)
            if line.timezone is None:
                line.remarks.append(f"“{text[:40]}” is not a time zone, so it was left out.")
        if text := self._cell(values, "adult"):
            line.adult = cells.read_yes(text) is True

    def _short(self, line: Line, text: str, what: str) -> str:
        if len(text) <= NAME_LENGTH:
            return text
        line.remarks.append(f"The {what} is longer than {NAME_LENGTH} letters and was left out.")
        return ""

    def _moment(self, text: str) -> datetime | None:
        return cells.read_moment(text, self.date_order)

    def _read_stands(self, line: Line, values: list[str]) -> None:
        if self._everybody is not Stand.IN:
            line.stands = {"email": self._everybody}
            if self._everybody is not Stand.BOUNCED:
                line.stands["sms"] = self._everybody
        for code, channels in self._stands:
            for position in self.many[code]:
                text = values[position].strip()
                if text:
                    self._read_stand(line, code, channels, text, self.names[position])

    def _read_stand(
        self, line: Line, code: str, channels: tuple[str, ...], text: str, column: str
    ) -> None:
        stand = _READERS.get(code, cells.read_stand)(text)
        if stand is Stand.UNKNOWN:
            line.remarks.append(
                f"“{text[:40]}” in “{column}” is not understood; counted as no agreement."
            )
            stand = Stand.NEUTRAL
        moment = self._moment(text) if code not in _STATES and stand in STOPS else None
        for channel in channels:
            said = stand
            if code == "status" and channel == "sms" and stand in (Stand.BOUNCED, Stand.COMPLAINED):
                said = Stand.NEUTRAL  # of the mailbox, not of the phone
            if _GRAVITY[said] > _GRAVITY[line.stands.get(channel, Stand.IN)]:
                line.stands[channel] = said
            if moment is not None and moment <= self.now:
                line.left_at[channel] = moment
            if code in ("email_status", "sms_status") and stand is Stand.IN:
                line.recorded[channel] = f"recorded as “{text[:40]}” in “{column}”"

    def _read_topics(self, line: Line, values: list[str]) -> None:
        known: dict[str, None] = {}
        unknown: dict[str, None] = {}
        for position in self.many["interests"]:
            for word in cells.split_topics(values[position]):
                code = self.topics.get(topic_key(word))
                if code is None:
                    unknown[word[:60]] = None
                else:
                    known[code] = None
        line.topics, line.unknown_topics = tuple(known), tuple(unknown)
        if unknown:
            line.remarks.append(
                "Not an interest that is switched on, so left out: " + ", ".join(unknown) + "."
            )


_GRAVITY = {
    Stand.IN: 0,
    Stand.NEUTRAL: 1,
    Stand.UNKNOWN: 1,
    Stand.BOUNCED: 2,
    Stand.OUT: 3,
    Stand.COMPLAINED: 4,
}
STOPS = frozenset({Stand.BOUNCED, Stand.OUT, Stand.COMPLAINED})
HOLDS: dict[str, Stand] = {
    "unsubscribed": Stand.OUT,
    "cleaned": Stand.BOUNCED,
    "nonsubscribed": Stand.NEUTRAL,
}
"""What everybody in a file is, where the file as a whole says so (Mailchimp's exports)."""
_STATES = frozenset({"status", "email_status", "sms_status"})


def _leaving_as(stand: Stand) -> Callable[[str], Stand]:
    """Return a reader of a column that says one thing by a yes, a date or a reason."""

    def read(text: str) -> Stand:
        said = cells.read_leaving(text)
        return said if said in (Stand.IN, Stand.UNKNOWN) else stand

    return read


_READERS: dict[str, Callable[[str], Stand]] = {
    "opt_out": cells.read_leaving,
    "email_opt_out": cells.read_leaving,
    "sms_opt_out": cells.read_leaving,
    "email_suppressed": cells.read_suppression,
    "email_bounced": _leaving_as(Stand.BOUNCED),
    "email_complained": _leaving_as(Stand.COMPLAINED),
}


SPANISH_TOPICS = {
    "espasmos musculares": "muscle_spasms",
    "piel": "skin",
    "dolor articular": "joint_pain",
    "dolor de articulaciones": "joint_pain",
    "cólicos menstruales": "menstrual_cramps",
    "colicos menstruales": "menstrual_cramps",
}


def topic_key(text: str) -> str:
    """Return an interest's name or code in the form that the two are compared in."""
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


def topic_words(interests: Mapping[str, str]) -> dict[str, str]:
    """Return the code of each interest by every word that a file may use for it."""
    words = {topic_key(code): code for code in interests}
    words |= {topic_key(name): code for code, name in interests.items()}
    words |= {word: code for word, code in SPANISH_TOPICS.items() if code in interests}
    return words
