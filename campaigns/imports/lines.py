"""One record of a file as what it says about one person. Pure.

A value that cannot be used is left out with a remark; a line is refused only where
nobody could be reached by it, or it cannot be read at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.contacts import addresses
from campaigns.contacts.models import Channel
from campaigns.core.errors import InvalidInput
from campaigns.imports import cells
from campaigns.imports.cells import Stand
from campaigns.imports.reading import Record

TOPIC = "topic"
NAME_LENGTH = 80
KINDS = (Channel.EMAIL.value, Channel.SMS.value, TOPIC)
KIND_WORDS = {"email": "email", "sms": "texts", "topic": "keeping interests"}


@dataclass(frozen=True, slots=True)
class Proof:
    """That a person agreed: when, by what road, to which words."""

    at: datetime
    source: str
    wording: str | None = None
    disclosure_id: int | None = None
    attested: bool = False
    """Staff vouched for the whole file; otherwise the line itself says so."""


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
        attestations: Mapping[str, Proof],
        now: datetime,
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
        self.attestations = attestations
        self.now = now
        self._stands = [
            (code, channels)
            for code, channels in (
                ("status", ("email", "sms")),
                ("email_status", ("email",)),
                ("sms_status", ("sms",)),
                ("opt_out", ("email", "sms")),
                ("email_opt_out", ("email",)),
                ("sms_opt_out", ("sms",)),
            )
            if code in self.single
        ]

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
        if self._stands:
            self._read_stands(line, values)
        self._read_proofs(line, values)
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

    def _read_stands(self, line: Line, values: list[str]) -> None:
        for code, channels in self._stands:
            text = self._cell(values, code)
            if not text:
                continue
            leaving = code.endswith("opt_out")
            stand = cells.read_leaving(text) if leaving else cells.read_stand(text)
            if stand is Stand.UNKNOWN:
                line.remarks.append(
                    f"“{text[:40]}” in “{self.names[self.single[code]]}” is not understood; "
                    "counted as no agreement."
                )
                stand = Stand.NEUTRAL
            moment = cells.read_moment(text) if leaving and stand is Stand.OUT else None
            for channel in channels:
                if _GRAVITY[stand] > _GRAVITY[line.stands.get(channel, Stand.IN)]:
                    line.stands[channel] = stand
                if moment is not None:
                    line.left_at[channel] = moment

    def _read_proofs(self, line: Line, values: list[str]) -> None:
        for kind in KINDS:
            if (kind == "email" and line.email is None) or (kind == "sms" and line.phone is None):
                continue
            if line.stands.get(kind, Stand.IN) is not Stand.IN:
                continue
            proof = self._own_proof(line, values, kind) or self.attestations.get(kind)
            if proof is not None:
                line.proofs[kind] = proof

    def _own_proof(self, line: Line, values: list[str], kind: str) -> Proof | None:
        shared = kind != TOPIC
        at_text = self._cell(values, f"{kind}_consent_at") or (
            self._cell(values, "consent_at") if shared else ""
        )
        source = self._cell(values, f"{kind}_consent_source") or self._cell(
            values, "consent_source"
        )
        wording = self._cell(values, f"{kind}_consent_wording") or (
            self._cell(values, "consent_wording") if shared else ""
        )
        if not at_text:
            return None
        what = KIND_WORDS[kind]
        at = cells.read_moment(at_text)
        if at is None:
            line.remarks.append(
                f"“{at_text[:40]}” is not a date, so there is no proof of consent to {what}."
            )
            return None
        if at > self.now:
            line.remarks.append(
                f"The date of consent to {what} is in the future, so it is no proof."
            )
            return None
        if not source:
            line.remarks.append(
                f"It does not say how consent to {what} was given, so there is no proof."
            )
            return None
        if kind == "sms" and not wording:
            line.remarks.append(
                "The words agreed to are missing, so there is no proof of consent to texts."
            )
            return None
        return Proof(at, source[:120], wording or None)

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


def proof_from_json(raw: Mapping[str, Any]) -> Proof:
    """Return what staff vouched for, as it is kept with the import."""
    return Proof(
        at=datetime.fromisoformat(raw["at"]),
        source=str(raw["source"]),
        wording=raw.get("wording") or None,
        disclosure_id=raw.get("disclosure_id"),
        attested=True,
    )
