"""How fast SendGrid's events are taken in: signed batches of 1,000 through the webhook."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select, update

from bench import sending, stage
from bench.figures import Figure, Row
from bench.stage import NOON, Stage
from campaigns.app import create_app
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message, MessageState
from campaigns.wiring import Services

EVENTS = Row(name="sendgrid_events", unit="events/s", better="more", floor=5_000, aim=50_000)
BATCH = 1_000
_PATH = "/webhooks/sendgrid/events"


def take_in(place: Stage, kind: str, *, people: int, runs: int) -> Figure:
    """Measure two events for each message, "processed" and "delivered", in mixed batches."""
    figure = Figure(row=EVENTS, database=kind, size=2 * people)
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    origin = sending.prepare(place, kind, people)
    sending.fan_out(origin)
    with origin.db.transaction() as session:
        session.execute(
            update(Message)
            .where(Message.state == MessageState.PLANNED)
            .values(state=MessageState.ACCEPTED, intent_at=NOON, accepted_at=NOON, attempt_id=1)
        )
    for _ in range(runs):
        services = place.copy(
            origin,
            CAMPAIGNS_EMAIL_PROVIDER="sendgrid",
            SENDGRID_API_KEY="SG.bench",
            SENDGRID_WEBHOOK_PUBLIC_KEY=base64.b64encode(der).decode(),
        )
        posts = [_signed(key, batch) for batch in _batches(services)]
        client = create_app(services).test_client()
        cpu, began = stage.cpu_seconds(), time.perf_counter()
        for body, headers in posts:
            answer = client.post(_PATH, data=body, headers=headers)
            if answer.status_code != 200:
                raise RuntimeError(f"the webhook answered {answer.status_code}")
        seconds, cpu = time.perf_counter() - began, stage.cpu_seconds() - cpu
        events = sum(body.count(b'"event":') for body, _headers in posts)
        figure.runs.append(events / seconds)
        figure.cpu.append(cpu * 1e6 / events)
        place.drop(services)
    place.drop(origin)
    return figure


def _batches(services: Services) -> list[list[dict[str, Any]]]:
    with services.db.reading() as session:
        rows = session.execute(
            select(Message.id, Message.address, Message.contact_id)
            .where(Message.state == MessageState.ACCEPTED)
            .order_by(Message.id)
        ).all()
    now = int(NOON.timestamp())
    events = [
        {
            "email": f"person{row.contact_id}@example.com",
            "timestamp": now,
            "event": event,
            "sg_event_id": secrets.token_urlsafe(16),
            "sg_message_id": f"bench.{row.id}.0",
            "mid": services.tokens.issue(Purpose.MESSAGE, row.id),
        }
        for event in ("processed", "delivered")
        for row in rows
    ]
    return [events[start : start + BATCH] for start in range(0, len(events), BATCH)]


def _signed(
    key: ec.EllipticCurvePrivateKey, events: list[dict[str, Any]]
) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(events, separators=(",", ":")).encode()
    at = str(int(NOON.timestamp()))
    signature = key.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))
    return body, {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": at,
    }
