"""What SendGrid calls: its signed events, and mail that people send to us."""

from __future__ import annotations

import hmac
from functools import lru_cache

from flask import request

from campaigns.accounts.permissions import open_to_all
from campaigns.core import logs
from campaigns.events import effects, inbound_mail, ingest, sendgrid_events
from campaigns.events.ingest import Incoming, natural_key
from campaigns.providers.signatures import SendGridVerifier
from campaigns.web import context
from campaigns.webhooks.blueprint import Answer, bp, refused, stored

log = logs.get(__name__)


@bp.post("/sendgrid/events")
@open_to_all("signed by SendGrid: checked over the raw body before anything is read")
def sendgrid_events_in() -> Answer:
    """Store a batch of events, and apply them."""
    key = context.services().settings.sendgrid_webhook_public_key
    body = request.get_data(cache=False)
    if key is None or not _verifier(key).accepts(
        body,
        signature=request.headers.get("X-Twilio-Email-Event-Webhook-Signature"),
        timestamp=request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp"),
    ):
        return refused()
    events = sendgrid_events.read(body, context.services().tokens)
    if _take_in(events):
        apply_stored()
    return stored()


@bp.post("/sendgrid/inbound")
@open_to_all("carries a secret of ours, because SendGrid does not sign this webhook")
def sendgrid_inbound() -> Answer:
    """Act on an email: an unsubscribe by mail, or a reply that says stop."""
    if not _knows_secret():
        return refused()
    mail = inbound_mail.read(request.form.to_dict())
    now = context.now()
    message_id = mail.headers.get("message-id")
    with context.transaction() as session:
        effect = inbound_mail.apply(session, mail, now=now)
        told = Incoming(
            provider=ingest.SENDGRID,
            kind="email_received",
            dedupe_key=natural_key("mail", message_id, mail.sender, mail.recipients, effect),
            payload={"effect": effect},
        )
        ingest.store(session, [told], now=now)
    log.info("mail.received", effect=effect)
    return stored()


def _take_in(events: list[Incoming]) -> int:
    """Store events; return how many wait to be applied. What cannot be applied is still stored."""
    now = context.now()
    try:
        with context.transaction() as session:
            return effects.take_in(session, events, now=now)
    except Exception:
        log.exception("events.not_applied")
    with context.transaction() as session:
        return ingest.store(session, events, now=now)


def apply_stored() -> None:
    """Apply what is stored; what fails here stays stored, and the worker applies it later."""
    services = context.services()
    try:
        while True:
            with services.db.transaction() as session:
                if effects.apply_pending(session, now=services.clock.now()) < effects.AT_ONCE:
                    return
    except Exception:
        log.exception("events.not_applied")


def _knows_secret() -> bool:
    secret = context.services().settings.inbound_email_secret
    if secret is None:
        return False
    basic = request.authorization
    given = (basic.password if basic is not None else None) or request.args.get("key", "")
    return hmac.compare_digest(given.encode(), secret.get_secret_value().encode())


@lru_cache(maxsize=4)
def _verifier(public_key: str) -> SendGridVerifier:
    return SendGridVerifier(public_key)
