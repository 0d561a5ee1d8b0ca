"""The default way out: nothing leaves the machine, everything lands on the Outbox page.

What lands there is delivered: it is where its recipient would read it, and there is no
journey after it of which a receipt could tell.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import insert, select

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
from campaigns.providers.holes import Skeleton
from campaigns.providers.models import LocalDelivery

_LATE = Refused(kind=RefusalKind.TEMPORARY, code="deadline", reason="The time to send had passed.")


class LocalEmailSender:
    """Keeps each email as its recipient would see it."""

    name = "local"
    max_recipients = 1000
    in_flight = 1

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def send(self, batch: EmailBatch, deadline: Deadline) -> Outcome:
        """Fill each person's holes and store the result."""
        if time.monotonic() >= deadline.monotonic:
            return _LATE
        at = self._clock.now()
        bodies: dict[frozenset[str], tuple[Skeleton, Skeleton, Skeleton]] = {}
        rows = []
        for person in batch.recipients:
            keys = frozenset(person.holes)
            if keys not in bodies:
                bodies[keys] = (
                    Skeleton(batch.subject, keys),
                    Skeleton(batch.html, keys),
                    Skeleton(batch.text, keys),
                )
            subject, html, text = bodies[keys]
            rows.append(
                {
                    "message_token": person.message_token,
                    "channel": "email",
                    "to": person.address,
                    "sender": f"{batch.sender_name} <{batch.sender_email}>",
                    "subject": subject.fill(person.holes),
                    "html": html.fill(person.holes),
                    "text": text.fill(person.holes),
                    "headers": {**batch.headers, **person.headers},
                    "at": at,
                }
            )
        with self._db.transaction() as session:
            session.execute(insert(LocalDelivery), rows)
        return Accepted(provider_id=None, delivered=True)

    def kept(self, message_tokens: Sequence[str]) -> frozenset[str]:
        """Return those of the messages that are in the outbox."""
        return _kept(self._db, message_tokens)


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
        return Accepted(provider_id=None, delivered=True)

    def kept(self, message_tokens: Sequence[str]) -> frozenset[str]:
        """Return those of the messages that are in the outbox."""
        return _kept(self._db, message_tokens)


def _kept(db: Database, message_tokens: Sequence[str]) -> frozenset[str]:
    with db.reading() as session:
        return frozenset(
            session.scalars(
                select(LocalDelivery.message_token).where(
                    LocalDelivery.message_token.in_(message_tokens)
                )
            )
        )
