"""Versions of the words beside each consent control, and the words as a person saw them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.clinic.defaults import FREQUENCY_PER_MONTH
from campaigns.consent import checklist
from campaigns.consent.models import Disclosure
from campaigns.consent.texts import DEFAULTS, KINDS, LOCALES
from campaigns.core.actors import SYSTEM, Actor
from campaigns.core.errors import InvalidInput, NotConfigured, NotFound

_NAMES = frozenset({"BRAND", "N", "PRIVACY_URL", "TERMS_URL"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
MOST_PER_MONTH = 30

_SMS_ELEMENTS = (
    ("{BRAND}", "It must name who texts: {BRAND}."),
    ("{N}", "It must say how many messages a month: {N}."),
    ("STOP", "It must say how to leave: STOP."),
    ("HELP", "It must say how to get help: HELP."),
    ("{PRIVACY_URL}", "It must link to the privacy page: {PRIVACY_URL}."),
    ("{TERMS_URL}", "It must link to the program's terms: {TERMS_URL}."),
)
_SMS_SENSE = (
    (re.compile(r"autom"), "It must say that the texts are automated."),
    (re.compile(r"marketing|promo"), "It must say that they are marketing."),
    (
        re.compile(r"\bno\w*\b[^.]*\bcondi"),
        "It must say that consent is no condition of buying.",
    ),
    (re.compile(r"\brates\b|\btarifas\b"), "It must say that message and data rates may apply."),
)
"""What the law asks the words to say (47 CFR 64.1200(f)(9)), in English or Spanish."""


def current(session: Session, kind: str, locale: str = "en") -> Disclosure:
    """Return the words in use for a control; English where a language has none.

    Raises: NotConfigured ``disclosure_missing``.
    """
    for language in dict.fromkeys((locale, "en")):
        found = session.scalar(
            select(Disclosure)
            .where(
                Disclosure.kind == kind,
                Disclosure.locale == language,
                Disclosure.retired_at.is_(None),
            )
            .order_by(Disclosure.version.desc())
            .limit(1)
        )
        if found is not None:
            return found
    raise NotConfigured(
        "disclosure_missing",
        f"There is no consent wording for “{kind}” yet. Start the service once with: campaigns run",
    )


def render(disclosure: Disclosure, *, brand: str, privacy_url: str, terms_url: str) -> str:
    """Return the words as a person reads them: these are what the ledger keeps."""
    values = {
        "BRAND": brand,
        "N": str(disclosure.frequency_per_month or ""),
        "PRIVACY_URL": privacy_url,
        "TERMS_URL": terms_url,
    }
    return _PLACEHOLDER.sub(
        lambda match: values.get(match.group(1), match.group(0)), disclosure.text
    )


def create_defaults(session: Session, *, now: datetime) -> None:
    """Make version 1 of each wording that has none; does nothing where there is one."""
    rows = session.execute(select(Disclosure.kind, Disclosure.locale).distinct())
    known = {(row.kind, row.locale) for row in rows}
    for (kind, locale), words in DEFAULTS.items():
        if (kind, locale) not in known:
            session.add(
                Disclosure(
                    kind=kind,
                    locale=locale,
                    version=1,
                    text=words,
                    frequency_per_month=FREQUENCY_PER_MONTH if kind == "sms" else None,
                    checklist=checklist.shipped() if kind == "sms" else {},
                    approved_by=checklist.SHIPPED,
                    approved_at=now,
                    created_at=now,
                )
            )
    session.flush()
    if not known:
        audit.append(
            session,
            SYSTEM,
            "disclosures.created",
            subject_kind="disclosure",
            subject_id=None,
            now=now,
        )


def publish(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    locale: str,
    text: str,
    frequency_per_month: int | None = None,
    ticked: Collection[str] = (),
    now: datetime,
) -> Disclosure:
    """Put new words in use; whoever agreed to earlier ones keeps those, and their promise.

    ``ticked`` are the points of ``checklist.TICKED`` that the actor vouches for; words for
    texts need them all.

    Raises: InvalidInput ``disclosure_kind``, ``disclosure_text``, ``disclosure_frequency``,
    ``disclosure_checklist``.
    """
    if kind not in KINDS or locale not in LOCALES:
        raise InvalidInput("disclosure_kind", "There is no such wording to change.")
    text = " ".join(text.split())
    faults = _faults(kind, text, frequency_per_month)
    if faults:
        raise InvalidInput("disclosure_text", " ".join(faults), fields={"text": " ".join(faults)})
    if kind == "sms" and not 1 <= (frequency_per_month or 0) <= MOST_PER_MONTH:
        raise InvalidInput(
            "disclosure_frequency",
            f"Promise between 1 and {MOST_PER_MONTH} messages a month.",
            fields={"frequency_per_month": f"A number from 1 to {MOST_PER_MONTH}."},
        )
    if kind == "sms":
        _require_ticked(ticked)
    in_use = session.scalars(
        select(Disclosure).where(
            Disclosure.kind == kind, Disclosure.locale == locale, Disclosure.retired_at.is_(None)
        )
    ).all()
    newest = session.scalar(
        select(func.max(Disclosure.version)).where(
            Disclosure.kind == kind, Disclosure.locale == locale
        )
    )
    for old in in_use:
        old.retired_at = now
    disclosure = Disclosure(
        kind=kind,
        locale=locale,
        version=(newest or 0) + 1,
        text=text,
        frequency_per_month=frequency_per_month if kind in ("sms", "email") else None,
        checklist=checklist.ticked(ticked) if kind == "sms" else {},
        approved_by=actor.name,
        approved_by_id=actor.id,
        approved_at=now,
        created_at=now,
    )
    session.add(disclosure)
    session.flush()
    audit.append(
        session,
        actor,
        "disclosure.published",
        subject_kind="disclosure",
        subject_id=disclosure.id,
        now=now,
        kind=kind,
        locale=locale,
        version=disclosure.version,
        vouched_for="".join(sorted(ticked)) if kind == "sms" else "",
    )
    return disclosure


def approve(
    session: Session, actor: Actor, disclosure_id: int, *, ticked: Collection[str], now: datetime
) -> Disclosure:
    """Vouch for a version in the clinic's own name, in place of who did before.

    Raises: NotFound ``disclosure``; InvalidInput ``disclosure_text`` where the words no
    longer say what they must, ``disclosure_checklist``.
    """
    disclosure = session.get(Disclosure, disclosure_id)
    if disclosure is None:
        raise NotFound("disclosure", "There is no such wording. Open the page again.")
    faults = _faults(disclosure.kind, disclosure.text, disclosure.frequency_per_month)
    if faults:
        raise InvalidInput("disclosure_text", " ".join(faults), fields={"text": " ".join(faults)})
    if disclosure.kind == "sms":
        _require_ticked(ticked)
        disclosure.checklist = checklist.ticked(ticked)
    disclosure.approved_by, disclosure.approved_by_id = actor.name, actor.id
    disclosure.approved_at = now
    session.flush()
    audit.append(
        session,
        actor,
        "disclosure.approved",
        subject_kind="disclosure",
        subject_id=disclosure.id,
        now=now,
        kind=disclosure.kind,
        version=disclosure.version,
        vouched_for="".join(sorted(ticked)),
    )
    return disclosure


def require_usable(session: Session, disclosure_id: int, kind: str) -> None:
    """Raise InvalidInput ``disclosure_unapproved`` unless consent may rest on this version."""
    found = session.get(Disclosure, disclosure_id)
    if found is None or found.kind != kind or not checklist.may_be_used(found):
        raise InvalidInput(
            "disclosure_unapproved",
            "This consent would rest on wording that nobody has approved for it. Approve it "
            "under Settings, Consent wording; nothing was recorded.",
        )


def unusable(session: Session) -> set[int]:
    """Return the versions for texts on which no consent may rest."""
    rows = session.scalars(select(Disclosure).where(Disclosure.kind == "sms"))
    return {row.id for row in rows if not checklist.may_be_used(row)}


def _require_ticked(ticked: Collection[str]) -> None:
    if missing := [point for point in checklist.TICKED if point not in ticked]:
        words = " ".join(checklist.POINTS[point] for point in missing)
        raise InvalidInput(
            "disclosure_checklist",
            f"These words are not in use yet. Still to be ticked by whoever approves them: {words}",
            fields={"checklist": f"Tick each point that holds. Still open: {words}"},
        )


def list_all(session: Session) -> list[Disclosure]:
    """Return all versions, newest first within each wording."""
    query = select(Disclosure).order_by(
        Disclosure.kind, Disclosure.locale, Disclosure.version.desc()
    )
    return list(session.scalars(query))


def _faults(kind: str, text: str, frequency: int | None) -> list[str]:
    if not text:
        return ["The wording is empty."]
    faults = [
        f"{{{name}}} is not known; use {{BRAND}}, {{N}}, {{PRIVACY_URL}} and {{TERMS_URL}}."
        for name in _PLACEHOLDER.findall(text)
        if name not in _NAMES
    ]
    if kind == "sms":
        faults += [remedy for element, remedy in _SMS_ELEMENTS if element not in text]
        faults += [remedy for sense, remedy in _SMS_SENSE if not sense.search(text.lower())]
    elif kind != "adult" and "{BRAND}" not in text:
        faults.append("It must name the clinic: {BRAND}.")
    if kind == "email" and frequency is None and "{N}" in text:
        faults.append("It promises {N} messages; give the number.")
    return faults
