"""Twilio's webhook forms, checked strictly before anything is believed of them.

Twilio signs names and values run together without separators, so a signature also fits a
form whose boundaries were shifted. What keeps that harmless: each name once, every field
that is used in its exact form, and each signature used once (``signature_digest``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.core.errors import InvalidInput
from campaigns.events.ingest import TWILIO, Incoming, natural_key

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_SID = r"(?:SM|MM)[0-9a-f]{32}"
_FORMS = {
    "MessageSid": re.compile(_SID),
    "SmsSid": re.compile(_SID),
    "SmsMessageSid": re.compile(_SID),
    "AccountSid": re.compile(r"AC[0-9a-f]{32}"),
    "MessagingServiceSid": re.compile(r"MG[0-9a-f]{32}|"),
    "From": re.compile(r"\+[1-9]\d{6,14}|\d{3,8}"),
    "To": re.compile(r"\+[1-9]\d{6,14}|\d{3,8}"),
    "NumMedia": re.compile(r"\d{1,2}"),
    "NumSegments": re.compile(r"\d{1,2}"),
    "ApiVersion": re.compile(r"\d{4}-\d{2}-\d{2}|"),
    "OptOutType": re.compile(r"STOP|START|HELP"),
    "ErrorCode": re.compile(r"\d{1,6}|"),
    "RawDlrDoneDate": re.compile(r"\d{10}|"),
}
STATUSES = frozenset(
    {"accepted", "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "failed"}
    | {"canceled", "read", "receiving", "received", "partially_delivered"}
)
_LONGEST_BODY = 1600 * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundForm:
    """A text that a person sent."""

    sid: str
    account: str
    sender: str
    to: str
    body: str
    opt_out_type: str | None
    media: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusForm:
    """What became of a text of ours."""

    sid: str
    account: str
    status: str
    error_code: int | None
    to: str


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a form as a mapping.

    Raises: InvalidInput when a name is odd or occurs twice, or a known value has not its form.
    """
    form: dict[str, str] = {}
    for name, value in pairs:
        if not _NAME.fullmatch(name) or name in form:
            raise _faulty()
        pattern = _FORMS.get(name)
        if pattern is not None and not pattern.fullmatch(value):
            raise _faulty()
        form[name] = value
    return form


def read_inbound(pairs: Iterable[tuple[str, str]]) -> InboundForm:
    """Return an incoming text.

    Raises: InvalidInput when the form is not one.
    """
    form = once(pairs)
    _require(form, "MessageSid", "AccountSid", "From", "To", "Body", "NumMedia")
    if len(form["Body"]) > _LONGEST_BODY or not form["From"].startswith("+"):
        raise _faulty()
    if form.get("SmsStatus", "received") not in ("received", "receiving"):
        raise _faulty()
    return InboundForm(
        sid=form["MessageSid"],
        account=form["AccountSid"],
        sender=form["From"],
        to=form["To"],
        body=form["Body"].replace("\x00", ""),
        opt_out_type=form.get("OptOutType"),
        media=int(form["NumMedia"]),
    )


def read_status(pairs: Iterable[tuple[str, str]]) -> StatusForm:
    """Return a status callback.

    Raises: InvalidInput when the form is not one.
    """
    form = once(pairs)
    _require(form, "MessageSid", "AccountSid", "MessageStatus", "To")
    if form["MessageStatus"] not in STATUSES:
        raise _faulty()
    return StatusForm(
        sid=form["MessageSid"],
        account=form["AccountSid"],
        status=form["MessageStatus"],
        error_code=int(form["ErrorCode"]) if form.get("ErrorCode") else None,
        to=form["To"],
    )


def status_event(form: StatusForm, *, message_id: int | None, signature_digest: str) -> Incoming:
    """Return the event that a status callback tells of."""
    payload: dict[str, object] = {"status": form.status, "sid": form.sid}
    if form.error_code is not None:
        payload["error_code"] = form.error_code
    return Incoming(
        provider=TWILIO,
        kind=form.status,
        event_id=None,
        dedupe_key=natural_key(TWILIO, form.sid, form.status),
        message_id=message_id,
        payload=payload,
        signature_digest=signature_digest,
    )


def _require(form: dict[str, str], *names: str) -> None:
    if any(name not in form for name in names):
        raise _faulty()


def _faulty() -> InvalidInput:
    return InvalidInput("form_faulty", "The form is not one that Twilio sends.")
