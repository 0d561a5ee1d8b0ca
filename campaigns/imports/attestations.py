"""What staff vouch for a whole file: the form that was used, its words, and its dates. Pure.

One attestation is one form. It is stored once, and the ledger's evidence of each line that
rests on it quotes its digest. It covers a line only where the line's own date, if it has
one, lies between the first and the last day on which the form was in use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

METHODS: dict[str, str] = {
    "paper_form": "Paper form, signed",
    "web_form": "Form on a website",
    "verbal_recorded": "Spoken, and recorded",
    "keyword": "Text with a keyword",
}
KINDS = ("email", "sms", "topic")
KIND_WORDS = {"email": "email", "sms": "texts", "topic": "keeping interests"}
MIN_STATEMENT = 10
MOST_PER_MONTH = 60
_MAX_WORDS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """One form, and who vouches that everybody in the file filled it in."""

    form: str
    """What the form is called, like "Summer open house, sign-up sheet"."""
    method: str
    first_day: date
    last_day: date
    words: Mapping[str, str]
    """``email``, ``sms``, ``topic`` -> the words on the form, as people read them."""
    disclosures: Mapping[str, int] = field(default_factory=dict)
    """The clinic's own wording, where the words are one of its versions."""
    per_month: int | None = None
    """How many messages a month the form promised at most."""
    kept: str = ""
    """Where the filled-in forms lie, in the staff's words."""
    scan: str | None = None
    """SHA-256 of a scan or screenshot of the form."""
    scan_id: int | None = None
    by: str = ""
    by_id: int | None = None
    at: datetime

    @property
    def statement(self) -> str:
        """The sentence that staff signed by ticking it."""
        return statement(self.first_day, self.last_day)

    @property
    def sha256(self) -> str:
        """The digest that ledger entries quote."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def canonical(self) -> str:
        """Return the text that the digest is over; the same on every machine."""
        body = {**self.as_json(), "statement": self.statement}
        return json.dumps(body, ensure_ascii=True, sort_keys=True, separators=(",", ":"))

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with the import."""
        return {
            "form": self.form,
            "method": self.method,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "words": dict(self.words),
            "disclosures": dict(self.disclosures),
            "per_month": self.per_month,
            "kept": self.kept,
            "scan": self.scan,
            "scan_id": self.scan_id,
            "by": self.by,
            "by_id": self.by_id,
            "at": self.at.astimezone(UTC).isoformat(),
        }

    def covers(self, kind: str, at: datetime | None, zone: ZoneInfo) -> bool:
        """Tell whether it speaks for a line; ``at`` is the line's own date, if it has one."""
        if kind not in self.words:
            return False
        return at is None or self.first_day <= at.astimezone(zone).date() <= self.last_day

    def moment(self, at: datetime | None) -> datetime:
        """Return when a person agreed: on their own date, else on the form's first day.

        Of the days on which it may have been, the earliest claims the least.
        """
        return at or datetime.combine(self.first_day, time(12), UTC)


def statement(first_day: date, last_day: date) -> str:
    """Return the sentence that staff tick."""
    if first_day == last_day:
        return f"Every person in this file filled in this form on {first_day.isoformat()}."
    return (
        "Every person in this file filled in this form between "
        f"{first_day.isoformat()} and {last_day.isoformat()}."
    )


def from_json(raw: Mapping[str, Any]) -> Attestation:
    """Return an attestation as ``as_json`` gave it."""
    days = {name: date.fromisoformat(raw[name]) for name in ("first_day", "last_day")}
    return Attestation(**{**raw, **days, "at": datetime.fromisoformat(raw["at"])})


def read(
    given: Mapping[str, Any],
    *,
    by: str,
    by_id: int | None,
    lacks: Callable[[str], list[str]],
    now: datetime,
) -> tuple[Attestation | None, dict[str, str]]:
    """Check what staff vouch for; return it, or None and a remedy for each faulty field.

    ``given`` has the fields of ``Attestation`` (days as dates or ISO text), and
    ``everybody``: whether the statement was ticked. ``lacks`` says what words about texts
    would need and do not have.
    """
    faults: dict[str, str] = {}
    method = str(given.get("method") or "")
    if method not in METHODS:
        faults["method"] = "Choose how these people agreed."
    form = " ".join(str(given.get("form") or "").split())[:120]
    if not form:
        faults["form"] = "Say which form it was, like: open house 2026, sign-up sheet."
    first, last = _day(given.get("first_day")), _day(given.get("last_day"))
    if first is None:
        faults["first_day"] = "Give the first day on which this form was filled in."
    if last is None:
        faults["last_day"] = "Give the last day on which this form was filled in."
    elif last > now.date():
        faults["last_day"] = "This day is still to come."
    elif first is not None and first > last:
        faults["last_day"] = "The last day is before the first."
    words = {
        kind: " ".join(str(text).split())[:_MAX_WORDS]
        for kind, text in dict(given.get("words") or {}).items()
        if kind in KINDS
    }
    if not words:
        faults["words"] = "Tick what the form asked for: email, texts, or keeping interests."
    for kind, text in words.items():
        if not text:
            faults[f"{kind}_words"] = "Give the words that they agreed to, as on the form."
    if words.get("sms") and (missing := lacks(words["sms"])):
        faults["sms_words"] = (
            "These words do not make an agreement to marketing texts: "
            + " ".join(missing)
            + " Leave texts out, or give the words of the form as they were."
        )
    kept = " ".join(str(given.get("kept") or "").split())[:500]
    if len(kept) < MIN_STATEMENT:
        faults["kept"] = "Say in a few words where the forms are, like: binder at the front desk."
    per_month = given.get("per_month")
    if per_month in ("", None):
        per_month = None
    elif not str(per_month).isdecimal() or not 1 <= int(per_month) <= MOST_PER_MONTH:
        faults["per_month"] = f"A number from 1 to {MOST_PER_MONTH}, or nothing."
    if given.get("everybody") is not True:
        faults["everybody"] = "Tick that it holds for every person in this file."
    if faults or first is None or last is None:
        return None, faults
    return Attestation(
        form=form,
        method=method,
        first_day=first,
        last_day=last,
        words=words,
        disclosures=dict(given.get("disclosures") or {}),
        per_month=None if per_month is None else int(per_month),
        kept=kept,
        scan=given.get("scan"),
        scan_id=given.get("scan_id"),
        by=by,
        by_id=by_id,
        at=now,
    ), {}


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value or "").strip())
    except ValueError:
        return None
