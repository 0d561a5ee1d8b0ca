"""The words on a paper form: one of the versions that there were, or others, typed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from campaigns.clinic import profile
from campaigns.consent import checklist, disclosures, elements
from campaigns.consent.models import Disclosure
from campaigns.contacts.models import Channel
from campaigns.web import context, templating

OTHER = "other"
_LANGUAGES = {"en": "English", "es": "Spanish"}


@dataclass(frozen=True, slots=True)
class Said:
    """Words that a person agreed to, and the version that they are, if they are one."""

    disclosure_id: int | None
    text: str


def choices(session: Session, locale: str) -> dict[str, list[tuple[str, str]]]:
    """Return for each channel the versions that a form may carry, the one in use first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for channel in Channel:
        usable = [
            one
            for one in disclosures.list_all(session)
            if one.kind == channel and checklist.may_be_used(one)
        ]
        usable.sort(key=lambda d: (d.locale != locale, d.retired_at is not None, -d.version))
        found[channel] = [(str(one.id), _label(one)) for one in usable]
        found[channel].append((OTHER, "Other words: I type them below"))
    return found


def read(
    form: Mapping[str, str],
    channels: Sequence[Channel],
    errors: dict[str, str],
    *,
    on_paper: bool,
    signed_on: date | None,
) -> dict[str, Said]:
    """Return the words by channel; a channel that is missing has the words in use.

    Faults go into ``errors`` by field. Words about texts that are not ours must say what
    the law asks for, or the form is no agreement to marketing texts.
    """
    found: dict[str, Said] = {}
    for channel in channels:
        chosen = form.get(f"{channel}_version", "")
        typed = " ".join(form.get(f"{channel}_words", "").split())
        if chosen and chosen != OTHER:
            said = _version(chosen, channel, signed_on, errors)
        else:
            said = Said(None, typed) if typed else None
            if chosen == OTHER and not typed:
                errors[f"{channel}_words"] = "Type the words that are printed on the form."
        if said is None:
            continue
        if channel == Channel.SMS and said.disclosure_id is None and on_paper:
            _check_texts(said.text, errors)
        found[channel] = said
    return found


def _version(
    chosen: str, channel: str, signed_on: date | None, errors: dict[str, str]
) -> Said | None:
    with context.reading() as session:
        row = session.get(Disclosure, int(chosen)) if chosen.isdecimal() else None
        if row is None or row.kind != channel or not checklist.may_be_used(row):
            errors[f"{channel}_version"] = "Choose the words that are printed on the form."
            return None
        since = row.created_at.astimezone(templating.zone()).date()
        if row.version > 1 and signed_on is not None and signed_on < since:
            errors[f"{channel}_version"] = (
                f"Version {row.version} was published on {templating.clinic_date(row.created_at)}, "
                "after this form was signed. Choose the version that is printed on the form."
            )
            return None
        return Said(row.id, _rendered(session, row))


def _check_texts(text: str, errors: dict[str, str]) -> None:
    with context.reading() as session:
        clinic = profile.get(session)
        shown = {_rendered(session, d) for d in disclosures.list_all(session) if d.kind == "sms"}
        names = (clinic.brand, clinic.name)
    missing = [] if text in shown else elements.lacks_for_texts(text, names=names)
    if missing:
        errors["sms_words"] = (
            "These words do not make an agreement to marketing texts: "
            + " ".join(missing)
            + " Check the form, or untick texts."
        )


def _rendered(session: Session, disclosure: Disclosure) -> str:
    base = context.services().public_url
    return disclosures.render(
        disclosure,
        brand=profile.get(session).brand,
        privacy_url=f"{base}/privacy",
        terms_url=f"{base}/sms-program",
    )


def _label(disclosure: Disclosure) -> str:
    since = templating.clinic_date(disclosure.created_at)
    language = _LANGUAGES.get(disclosure.locale, disclosure.locale)
    if disclosure.retired_at is None:
        return f"{language}, version {disclosure.version}, since {since}"
    until = templating.clinic_date(disclosure.retired_at)
    return f"{language}, version {disclosure.version}, {since} to {until}"
