"""The default way out: nothing leaves the machine, everything lands on the Outbox page."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import insert

from campaigns.core.clock import Clock
from campaigns.core.db import Database
from campaigns.delivery.ports import (
    Accepted,
    Deadline,
    EmailBatch,
    Outcome,
    RefusalKind,
    Refused,
    TextMessage,
)
from campaigns.providers.models import LocalDelivery

_LATE = Refused(kind=RefusalKind.TEMPORARY, code="deadline", reason="The time to send had passed.")


class LocalEmailSender:
    """Keeps each email as its recipient would see it."""

    name = "local"
    max_recipients = 1000

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def send(self, batch: EmailBatch, deadline: Deadline) -> Outcome:
        """Fill each person's holes and store the result."""
        if time.monotonic() >= deadline.monotonic:
            return _LATE
        at = self._clock.now()
        rows = [
            {
                "message_token": person.message_token,
                "channel": "email",
                "to": person.address,
                "sender": f"{batch.sender_name} <{batch.sender_email}>",
                "subject": _fill(batch.subject, person.holes),
                "html": _fill(batch.html, person.holes),
                "text": _fill(batch.text, person.holes),
                "headers": {**batch.headers, **person.headers},
                "at": at,
            }
            for person in batch.recipients
        ]
        with self._db.transaction() as session:
            session.execute(insert(LocalDelivery), rows)
        return Accepted(provider_id=None)


class LocalSmsSender:
    """Keeps each text."""

    name = "local"

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def send(self, text: TextMessage, deadline: Deadline) -> Outcome:
        """Store the text."""
        if time.monotonic() >= deadline.monotonic:
            return _LATE
        with self._db.transaction() as session:
            session.add(
                LocalDelivery(
                    message_token=text.message_token,
                    channel="sms",
                    to=text.to,
                    sender="",
                    text=text.body,
                    headers={},
                    at=self._clock.now(),
                )
            )
        return Accepted(provider_id=None)


def _fill(body: str, holes: Mapping[str, str]) -> str:
    for key, value in holes.items():
        body = body.replace(key, value)
    return body
