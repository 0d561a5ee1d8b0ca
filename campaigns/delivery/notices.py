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
from campaigns.content import sms
from campaigns.core.errors import InvalidInput

CONFIRM = "confirm"
"""Template of the request to confirm a sign-up."""

_SUBJECT = "Please confirm your email address"
_ASKED = (
    "Somebody, probably you, signed up with this address for wellness education and booking "
    "links from {brand}."
)
_ON_FILE = (
    "{brand} has this address on file and would like to send you wellness education and "
    "booking links."
)
_DO = "To confirm that you want this, open the page below and press the button."
_DO_NOT = "If you do not want it, do nothing: you will get no more email about this."


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
    hole = _hole()
    opening = (_ON_FILE if body.get("origin") == "import" else _ASKED).format(brand=clinic.name)
    foot = ", ".join(part for part in (clinic.name, profile.postal_address(clinic)) if part)
    link = f'<p><a href="{hole}">Confirm my address</a></p>'
    return Notice(
        subject=_SUBJECT,
        html=_page(_SUBJECT, _paragraphs(opening, _DO) + link + _paragraphs(_DO_NOT, foot)),
        text=f"{opening}\n\n{_DO}\n\n{hole}\n\n{_DO_NOT}\n\n{foot}\n",
        link_hole=hole,
    )


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
        return f"{CONFIRM}:{body.get('origin')}"
    return f"message:{message_id}"


def _hole() -> str:
    return f"-%{secrets.token_hex(8)}:0%-"


def _paragraphs(*words: str) -> str:
    return "".join(f"<p>{html_escape.escape(part)}</p>" for part in words)


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
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
    return (
        f"{brand}: Reply Y to confirm up to {per_month} wellness texts/mo. "
        "Msg & data rates may apply. HELP for help, STOP to cancel."
    )
