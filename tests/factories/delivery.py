"""Builds broadcasts on their way, and ways out that follow a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.models import Broadcast
from campaigns.contacts.models import Contact
from campaigns.delivery import work
from campaigns.delivery.models import Message
from campaigns.delivery.ports import (
    Accepted,
    Deadline,
    EmailBatch,
    Found,
    Outcome,
    SmsLookup,
    TextMessage,
    digest_of,
)
from campaigns.wiring import Services
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member

EmailScript = Callable[[EmailBatch], Outcome | None]
SmsScript = Callable[[TextMessage], Outcome | None]


class ScriptedEmail:
    """A way out for email that answers by a script and remembers whom it took."""

    name = "sendgrid"
    in_flight = 1

    def __init__(self, script: EmailScript | None = None, *, max_recipients: int = 1000) -> None:
        self.script = script
        self.max_recipients = max_recipients
        self.batches: list[EmailBatch] = []
        self.taken: list[str] = []
        """Addresses of batches that really went out, whatever was answered."""

    def send(self, batch: EmailBatch, deadline: Deadline) -> Outcome:
        """Answer by the script, else accept."""
        self.batches.append(batch)
        answer = self.script(batch) if self.script else None
        if answer is None:
            answer = Accepted(provider_id=f"request-{len(self.batches)}", status_code=202)
        if isinstance(answer, Accepted):
            self.taken.extend(person.address for person in batch.recipients)
        return answer


class ScriptedSms:
    """A way out for texts that answers by a script, and a list to look texts up in."""

    name = "twilio"

    def __init__(self, script: SmsScript | None = None) -> None:
        self.script = script
        self.texts: list[TextMessage] = []
        self.listed: list[TextMessage] = []
        self.lookups: list[SmsLookup] = []
        self._lock = threading.Lock()

    def send(self, text: TextMessage, deadline: Deadline) -> Outcome:
        """Answer by the script, else accept."""
        with self._lock:
            self.texts.append(text)
            answer = self.script(text) if self.script else None
            if answer is None:
                answer = Accepted(provider_id=f"SM{len(self.texts)}", status_code=201)
            if isinstance(answer, Accepted):
                self.listed.append(text)
            return answer

    def find(self, lookup: SmsLookup) -> Found | None:
        """Look a text up among those that went out."""
        self.lookups.append(lookup)
        for number, text in enumerate(self.listed):
            if (text.to, digest_of(text.body)) == (lookup.to, lookup.digest):
                return Found(provider_id=f"FOUND{number}")
        return None


def with_ways(services: Services, **ways: Any) -> Services:
    """Return the services with other ways out, and texts as fast as they come."""
    quick = services.settings.model_copy(update={"sms_per_second": 1000.0})
    return replace(services, **{"settings": quick, **ways})


def make_people(session: Session, count: int, *, now: datetime, **values: Any) -> list[Contact]:
    """Make people who agreed to both channels."""
    return [make_member(session, now=now, **values) for _ in range(count)]


def make_sending(
    services: Services,
    *,
    people: int = 3,
    channels: Sequence[str] = ("email",),
    clinic: dict[str, Any] | None = None,
    person: dict[str, Any] | None = None,
    **values: Any,
) -> Broadcast:
    """Make a clinic, people, and a broadcast to everybody that is due now."""
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now, **(clinic or {}))
        make_people(session, people, now=now, **(person or {}))
        return make_scheduled(session, now=now, channels=tuple(channels), **values)


def settle(services: Services, *, rounds: int = 50) -> None:
    """Let the worker's rounds run until they find nothing to do."""
    for _ in range(rounds):
        if not work.run_once(services):
            return
    raise AssertionError("the worker found work without end")


def states(services: Services, **where: Any) -> dict[str, int]:
    """Return how many messages are in which state, with the reason where there is one."""
    with services.db.reading() as session:
        rows = session.execute(
            select(Message.state, Message.reason, func.count())
            .filter_by(**where)
            .group_by(Message.state, Message.reason)
        )
        return {f"{s}:{r}" if r else s: n for s, r, n in rows}


def messages(services: Services, **where: Any) -> list[Message]:
    """Return messages in the order they were planned."""
    with services.db.reading() as session:
        return list(session.scalars(select(Message).filter_by(**where).order_by(Message.id)))
