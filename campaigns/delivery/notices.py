"""Messages of service: the request to confirm a sign-up, answers to texts.

They carry no lesson and no marketing. The outbox row's ``body`` names the template and
its values, or holds a complete text.
"""

from __future__ import annotations

import html as html_escape
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.clinic import profile
from campaigns.clinic.models import Clinic
from campaigns.consent import optin
from campaigns.content import sms
from campaigns.core.errors import InvalidInput

CONFIRM = "confirm"
"""Template of the request to confirm a sign-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The request to confirm, in one language."""

    subject: str
    asked: str
    on_file: str
    do: str
    do_not: str
    link: str
    text: str


_ENGLISH = _Words(
    subject="Please confirm your email address",
    asked="Somebody, probably you, signed up with this address for wellness education and "
    "booking links from {brand}.",
    on_file="{brand} has this address on file and would like to send you wellness education and "
    "booking links.",
    do="To confirm that you want this, open the page below and press the button.",
    do_not="If you do not want it, do nothing: you will get no more email about this.",
    link="Confirm my address",
    text="{brand}: Reply Y to confirm up to {per_month} wellness texts/mo. "
    "Msg & data rates may apply. HELP for help, STOP to cancel.",
)
_SPANISH = _Words(
    subject="Confirme su dirección de correo",
    asked="Alguien, probablemente usted, se inscribió con esta dirección para recibir de {brand} "
    "educación sobre bienestar y enlaces para reservar citas.",
    on_file="{brand} tiene esta dirección en sus registros y quisiera enviarle educación sobre "
    "bienestar y enlaces para reservar citas.",
    do="Para confirmar que lo desea, abra la página siguiente y pulse el botón.",
    do_not="Si no lo desea, no haga nada: no recibirá más correos sobre esto.",
    link="Confirmar mi dirección",
    text="{brand}: Responda Y para confirmar hasta {per_month} textos de bienestar/mes. "
    "Pueden aplicarse tarifas de msjs y datos. HELP: ayuda, STOP: cancelar.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A body with one hole: the link."""

    subject: str
    html: str
    text: str
    link_hole: str


def email(body: Mapping[str, Any], *, clinic: Clinic) -> Notice:
    """Return the request to confirm an email address, or an email that is given in full."""
    if "text" in body:
        return _given(str(body.get("subject", "")), str(body["text"]))
    if body.get("template") != CONFIRM:
        raise InvalidInput(
            "notice_unknown", f"There is no email template {body.get('template')!r}."
        )
    hole, words = _hole(), _words(body)
    opening = words.asked if body.get("origin") in (optin.FORM, optin.KEYWORD) else words.on_file
    opening = opening.format(brand=clinic.name)
    foot = ", ".join(part for part in (clinic.name, profile.postal_address(clinic)) if part)
    link = f'<p><a href="{hole}">{words.link}</a></p>'
    content = _paragraphs(opening, words.do) + link + _paragraphs(words.do_not, foot)
    return Notice(
        subject=words.subject,
        html=_page(words.subject, content, locale="es" if words is _SPANISH else "en"),
        text=f"{opening}\n\n{words.do}\n\n{hole}\n\n{words.do_not}\n\n{foot}\n",
        link_hole=hole,
    )


def _words(body: Mapping[str, Any]) -> _Words:
    return _SPANISH if body.get("locale") == "es" else _ENGLISH


def _given(subject: str, words: str) -> Notice:
    return Notice(
        subject=subject,
        html=_page(subject, _paragraphs(*words.split("\n\n"))),
        text=words,
        link_hole=_hole(),
    )


def shared(body: Mapping[str, Any] | None, message_id: int) -> str:
    """Return a key that is equal for messages that may share one POST."""
    if body and body.get("template") == CONFIRM:
        return f"{CONFIRM}:{body.get('origin')}:{body.get('locale', 'en')}"
    return f"message:{message_id}"


def _hole() -> str:
    return f"-%{secrets.token_hex(8)}:0%-"


def _paragraphs(*words: str) -> str:
    return "".join(f"<p>{html_escape.escape(part)}</p>" for part in words)


def _page(title: str, content: str, *, locale: str = "en") -> str:
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8">'
        f"<title>{html_escape.escape(title)}</title></head>"
        '<body style="font-family:sans-serif;font-size:16px;line-height:1.6;max-width:560px">'
        f"{content}</body></html>"
    )


def text(body: Mapping[str, Any], *, clinic: Clinic) -> str:
    """Return a complete text: given in full, or the request to confirm a number."""
    if "text" in body:
        return str(body["text"])
    if body.get("template") != CONFIRM:
        raise InvalidInput("notice_unknown", f"There is no text template {body.get('template')!r}.")
    brand = sms.transliterate(clinic.brand)[0]
    per_month = body.get("per_month") or 4 * clinic.sms_per_week
    return _words(body).text.format(brand=brand, per_month=per_month)
