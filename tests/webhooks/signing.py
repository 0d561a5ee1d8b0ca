"""Signs requests as SendGrid, Twilio and a booking system do, with keys of the test's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PUBLIC_URL = "http://127.0.0.1:8000"
ACCOUNT = "AC" + "a" * 32
_numbers = itertools.count(1)


def new_sid() -> str:
    return "SM" + secrets.token_hex(16)


@dataclass
class Vendors:
    """The other side of every webhook."""

    token: str = "twilio-token"
    booking_secret: str = "booking-secret"
    mail_secret: str = "mail-secret"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def settings(self) -> dict[str, str]:
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "SENDGRID_WEBHOOK_PUBLIC_KEY": base64.b64encode(der).decode(),
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": self.token,
            "CAMPAIGNS_BOOKING_WEBHOOK_SECRET": self.booking_secret,
            "CAMPAIGNS_INBOUND_EMAIL_SECRET": self.mail_secret,
        }

    def event_headers(self, body: bytes, stamp: str | None = None) -> dict[str, str]:
        stamp = stamp or str(int(time.time()))
        signature = self.key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }

    def post_events(self, client: FlaskClient, events: Any) -> TestResponse:
        body = json.dumps(events).encode() + b"\r\n"
        return client.post(
            "/webhooks/sendgrid/events",
            data=body,
            headers=self.event_headers(body),
            content_type="application/json",
        )

    def form_headers(self, url: str, form: dict[str, str]) -> dict[str, str]:
        signed = url + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(self.token.encode(), signed.encode(), hashlib.sha1).digest()
        return {"X-Twilio-Signature": base64.b64encode(digest).decode()}

    def post_form(self, client: FlaskClient, path: str, form: dict[str, str]) -> TestResponse:
        return client.post(
            path,
            data=urlencode(form),
            headers=self.form_headers(PUBLIC_URL + path, form),
            content_type="application/x-www-form-urlencoded",
        )

    def text(self, client: FlaskClient, sender: str, body: str, **values: str) -> TestResponse:
        return self.post_form(client, "/webhooks/twilio/inbound", inbound(sender, body, **values))

    def post_booking(
        self,
        client: FlaskClient,
        told: Any,
        *,
        source: str = "desk",
        at: float | None = None,
        secret: str | None = None,
    ) -> TestResponse:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        stamp = str(int(at or time.time()))
        key = (secret or self.booking_secret).encode()
        mac = hmac.new(key, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return client.post(
            f"/webhooks/bookings/{source}",
            data=body,
            headers={"X-Campaigns-Signature": f"t={stamp},v1={mac}"},
            content_type="application/json",
        )


def inbound(sender: str, body: str, **values: str) -> dict[str, str]:
    """The form of a text that a person sent."""
    sid = values.pop("sid", None) or new_sid()
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": ACCOUNT,
        "MessagingServiceSid": "MG" + "b" * 32,
        "From": sender,
        "To": "+16195550100",
        "Body": body,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        "FromCountry": "US",
        "FromZip": "",
        **values,
    }


def status(sid: str, state: str, to: str, **values: str) -> dict[str, str]:
    """The form of a status callback."""
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": state,
        "SmsStatus": state,
        "To": to,
        "From": "+16195550100",
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        **values,
    }


def event(kind: str, token: str | None, email: str, **values: Any) -> dict[str, Any]:
    """One SendGrid event."""
    number = next(_numbers)
    told: dict[str, Any] = {
        "email": email,
        "event": kind,
        "timestamp": 1_795_000_000 + number,
        "sg_event_id": f"event-{number}",
        "sg_message_id": f"request.recvd-{number}.0",
        **values,
    }
    if token is not None:
        told["mid"] = token
    return told
