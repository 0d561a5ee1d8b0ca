"""What Twilio calls: texts that people send, and what became of ours.

The signature is checked against the configured public address, whatever the request
claims about its host. A signed request whose form is not as it must be is refused, too.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import request

from campaigns.accounts.permissions import open_to_all
from campaigns.core.errors import InvalidInput
from campaigns.core.signing import Purpose
from campaigns.events import inbound, ingest, twilio_forms
from campaigns.providers.signatures import TwilioVerifier, digest_of
from campaigns.web import context
from campaigns.webhooks.blueprint import Answer, bp, refused, stored
from campaigns.webhooks.sendgrid import apply_stored

EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_FORM_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 100


@bp.post("/twilio/inbound")
@open_to_all("signed by Twilio: checked against our own public address")
def twilio_inbound() -> Answer:
    """Store a text and do what it says; the answer is empty, because answers are messages."""
    pairs = _signed_form()
    if pairs is None:
        return refused()
    try:
        form = twilio_forms.read_inbound(pairs)
    except InvalidInput:
        return refused()
    if form.account != context.services().settings.twilio_account_sid:
        return refused()
    with context.transaction() as session:
        inbound.receive(
            session,
            form,
            signature_digest=_digest(),
            now=context.now(),
            public_url=context.services().public_url,
        )
    return EMPTY_TWIML, 200, {"Content-Type": "text/xml; charset=utf-8"}


@bp.post("/twilio/status/<token>")
@open_to_all("signed by Twilio: checked against our own public address")
def twilio_status(token: str) -> Answer:
    """Store what became of a text, then apply it."""
    pairs = _signed_form()
    if pairs is None:
        return refused()
    services = context.services()
    try:
        form = twilio_forms.read_status(pairs)
    except InvalidInput:
        return refused()
    message_id = services.tokens.read(Purpose.MESSAGE, token)
    if form.account != services.settings.twilio_account_sid or message_id is None:
        return refused()
    event = twilio_forms.status_event(form, message_id=message_id, signature_digest=_digest())
    with context.transaction() as session:
        new = ingest.store(session, [event], now=context.now())
    if new:
        apply_stored()
    return stored()


def _signed_form() -> list[tuple[str, str]] | None:
    """Return the form if Twilio signed it for this address, None otherwise."""
    services = context.services()
    token = services.settings.twilio_auth_token
    if token is None or request.mimetype != _FORM_TYPE:
        return None
    body = request.get_data(cache=False)
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
        query = request.query_string.decode("ascii")
    except (ValueError, UnicodeError):
        return None
    url = services.public_url + request.path + (f"?{query}" if query else "")
    accepted = TwilioVerifier(token.get_secret_value()).accepts(
        url,
        pairs,
        signature=_signature(),
        settings=request.headers.get("X-Twilio-Webhooks-Signature-Settings"),
    )
    return pairs if accepted else None


def _signature() -> str | None:
    return request.headers.get("X-Twilio-Signature")


def _digest() -> str:
    """Return what is kept of the signature.

    The address belongs to it: Twilio signs it, and two messages' callbacks may otherwise
    be alike.
    """
    return digest_of(f"{request.path}\n{_signature()}")
