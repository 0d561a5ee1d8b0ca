"""What proves that a line's person agreed: the line's own columns, or what staff vouch for. Pure.

A date alone proves nothing. It counts with how the agreement was given: a source, the
network address or confirmation that another system's export quotes, or that system's own
record "subscribed"; for texts with the words besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from campaigns.imports import cells
from campaigns.imports.attestations import KIND_WORDS, KINDS, Attestation
from campaigns.imports.cells import Stand

if TYPE_CHECKING:
    from campaigns.imports.lines import Line

TOPIC = "topic"
STALE_AFTER = timedelta(days=548)
"""18 months: after so long without a message, an agreement is asked for again (CON-10)."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a person agreed: when, by what road, to which words."""

    at: datetime
    source: str
    wording: str | None = None
    disclosure_id: int | None = None
    attestation: str | None = None
    """Digest of what staff vouched for; None where the line itself says so."""
    per_month: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    """What else the export knows: network address, time and address of confirming."""

    @property
    def attested(self) -> bool:
        """Whether staff vouched for it."""
        return self.attestation is not None


class ProofReader:
    """Reads the proof of lines of one file."""

    def __init__(
        self,
        single: Mapping[str, int],
        attestations: Sequence[Attestation],
        *,
        now: datetime,
        order: str,
        zone: ZoneInfo,
    ) -> None:
        self.single = single
        self.attestations = [(one, one.sha256) for one in attestations]
        self.now = now
        self.order = order
        self.zone = zone
        self._kinds = [
            kind
            for kind in KINDS
            if f"{kind}_consent_at" in single
            or (kind != TOPIC and "consent_at" in single)
            or any(kind in one.words for one in attestations)
        ]
        """Only kinds for which this file can have a proof at all."""

    def read(self, line: Line, values: list[str]) -> None:
        """Find what proves each consent of a line, with a remark where something is missing."""
        for kind in self._kinds:
            if (kind == "email" and line.email is None) or (kind == "sms" and line.phone is None):
                continue
            if line.stands.get(kind, Stand.IN) is not Stand.IN:
                continue
            proof = self._proof(line, values, kind)
            if proof is None:
                continue
            line.proofs[kind] = proof
            if proof.at < self.now - STALE_AFTER:
                line.stale.add(kind)

    def _proof(self, line: Line, values: list[str], kind: str) -> Proof | None:
        """Return the line's own proof, else what staff vouch for where that covers the line."""
        at_text = self._proof_cell(values, kind, "at")
        if not at_text:
            return self._attested(kind, None)
        what = KIND_WORDS[kind]
        at = cells.read_moment(at_text, self.order)
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
        details = self._details(values, kind)
        source = self._proof_cell(values, kind, "source") or _source(details, line, kind)
        wording = self._proof_cell(values, kind, "wording")
        if source and (wording or kind != "sms"):
            return Proof(at, source[:120], wording or None, details=details)
        if (proof := self._attested(kind, at)) is not None:
            return proof
        if any(kind in one.words for one, _ in self.attestations):
            line.remarks.append(
                f"The date of consent to {what}, {at.astimezone(self.zone).date()}, is not within "
                "the days that staff vouch for, so there is no proof."
            )
        elif not source:
            line.remarks.append(
                f"It does not say how consent to {what} was given, so there is no proof."
            )
        else:
            line.remarks.append(
                "The words agreed to are missing, so there is no proof of consent to texts."
            )
        return None

    def _proof_cell(self, values: list[str], kind: str, part: str) -> str:
        own = self._cell(values, f"{kind}_consent_{part}")
        shared = kind != TOPIC or part == "source"
        return own or (self._cell(values, f"consent_{part}") if shared else "")

    def _details(self, values: list[str], kind: str) -> dict[str, str]:
        found = {"ip": self._cell(values, "consent_ip") if kind != TOPIC else ""}
        if kind == "email":
            confirmed = cells.read_moment(self._cell(values, "email_confirmed_at"), self.order)
            found["confirmed_at"] = confirmed.isoformat() if confirmed else ""
            found["confirmed_ip"] = self._cell(values, "email_confirmed_ip")
        return {name: value[:60] for name, value in found.items() if value}

    def _attested(self, kind: str, at: datetime | None) -> Proof | None:
        for one, digest in self.attestations:
            if one.covers(kind, at, self.zone):
                return Proof(
                    at=one.moment(at),
                    source=one.form,
                    wording=one.words[kind],
                    disclosure_id=one.disclosures.get(kind),
                    attestation=digest,
                    per_month=one.per_month,
                )
        return None

    def _cell(self, values: list[str], code: str) -> str:
        position = self.single.get(code)
        return "" if position is None else values[position].strip()


def _source(details: Mapping[str, str], line: Line, kind: str) -> str:
    """Say how somebody agreed where only the export's own record tells."""
    if "ip" in details:
        return f"sign-up online, from the network address {details['ip']}"
    if "confirmed_at" in details:
        return "sign-up online, confirmed"
    return line.recorded.get(kind, "")
