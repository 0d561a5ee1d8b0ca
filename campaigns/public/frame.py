"""The frame of every public page: language, the clinic's brand and colour, one answer each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from campaigns.clinic import profile
from campaigns.clinic.models import Clinic
from campaigns.core.errors import NotConfigured
from campaigns.public import english, spanish
from campaigns.public.accent import accent_of
from campaigns.web import context

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": english.TEXTS, "es": spanish.TEXTS}


def language() -> str:
    """Return the language of this request: as chosen on the page, else the browser's."""
    try:
        chosen = request.values.get("lang", "")
    except HTTPException:  # a form too large to read still gets an answer in words
        chosen = ""
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(list(LANGUAGES), default="en") or "en"


class Words:
    """The catalogue in one language; callable from templates as ``t("key", brand=...)``."""

    def __init__(self, locale: str) -> None:
        self._texts = LANGUAGES[locale]

    def __call__(self, key: str, **values: str) -> str:
        """Return a text with its places filled."""
        return self._texts[key].format(**values)


def say(key: str, **values: str) -> str:
    """Return a text in the language of this request."""
    return Words(language())(key, **values)


def write_date(at: datetime, zone: str, locale: str) -> str:
    """Return a day in words, in the clinic's zone."""
    day = at.astimezone(ZoneInfo(zone))
    words = Words(locale)
    month = words("months").split()[day.month - 1]
    return words("date", day=str(day.day), month=month, year=str(day.year))


def write_phone(number: str | None) -> str:
    """Return a US number as people read it; anything else as it is."""
    if number and number.startswith("+1") and len(number) == 12:
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number or ""


def clinic_of(session: Session) -> Clinic | None:
    """Return the clinic, or None while it has not been set up."""
    try:
        return profile.get(session)
    except NotConfigured:
        return None


def page(
    template: str,
    *,
    status: int = 200,
    layout: str = "public/base.html",
    ancestors: Sequence[str] = (),
    scripts: bool = False,
    **values: Any,
) -> Response:
    """Render a page of templates/public in the frame.

    ``ancestors`` are the websites that may frame it, none by default; ``scripts`` lets our
    own script files run, which only the front desk's tablet needs.
    """
    locale = language()
    other = "en" if locale == "es" else "es"
    with context.reading() as session:
        clinic = clinic_of(session)
    words = Words(locale)
    accent = accent_of(clinic.accent if clinic else "")
    body = render_template(
        f"public/{template}",
        t=words,
        locale=locale,
        other_locale=other,
        other_url=f"?{urlencode({**request.args.to_dict(), 'lang': other})}",
        clinic=clinic,
        brand=clinic.brand if clinic else words("this_clinic"),
        clinic_name=clinic.name if clinic else words("this_clinic"),
        clinic_phone=write_phone(clinic.phone) if clinic else "",
        accent_css=accent.css,
        layout=layout,
        language_switch=request.method == "GET" and request.url_rule is not None and status == 200,
        **values,
    )
    response = make_response(body, status)
    response.headers["Content-Language"] = locale
    response.headers["Vary"] = "Accept-Language"
    framed_by = " ".join(ancestors) or "'none'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self' {accent.csp_hash}; img-src 'self'; "
        + ("script-src 'self'; " if scripts else "")
        + f"form-action 'self'; base-uri 'none'; frame-ancestors {framed_by}"
    )
    return response


def not_found() -> Response:
    """Return the neutral page for every token or address that leads nowhere."""
    return page("not_found.html", status=404)


def faulty(status: int) -> Response:
    """Return the page for a request that cannot be served as it came."""
    return page("faulty.html", status=status)
