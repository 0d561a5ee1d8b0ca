"""How long staff wait for a page: p95 over the main screens, with a full database."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import quantiles

from sqlalchemy import insert, text

from bench import population
from bench.figures import Figure, Row
from bench.stage import NOON, Stage
from campaigns.app import create_app
from campaigns.delivery.models import Message, MessageState
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic

PAGES = Row(name="staff_page_p95", unit="ms", better="less", floor=300, aim=100)
MESSAGES_EACH = 5
PATHS = (
    "/staff/",
    "/staff/home/last-days",
    "/staff/campaigns/",
    "/staff/campaigns/1/progress",
    "/staff/people/",
    "/staff/people/?q=Family42",
    "/staff/people/4242",
    "/staff/groups/",
    "/staff/library/",
    "/staff/inbox/",
    "/staff/outbox/",
    "/staff/reports/",
    "/staff/reports/campaigns/1",
    "/staff/calendar/",
    "/staff/drips/",
)


def p95(place: Stage, kind: str, *, people: int, runs: int) -> Figure:
    """Measure the 95th percentile over every page of the list, five looks at each."""
    figure = Figure(row=PAGES, database=kind, size=people)
    services = place.new_database(kind)
    population.fill(services.db, people, now=NOON)
    _write_history(services, people)
    client = create_app(services).test_client()
    sign_in(client, services)
    for path in PATHS:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    for _ in range(runs):
        took = []
        for _look in range(5):
            for path in PATHS:
                began = time.perf_counter()
                client.get(path)
                took.append((time.perf_counter() - began) * 1000)
        figure.runs.append(quantiles(took, n=20)[-1])
    place.drop(services)
    return figure


def _write_history(services: Services, people: int) -> None:
    """Write five sent messages for each person, over five campaigns of the last weeks."""
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        ids = [
            make_scheduled(session, now=NOON, name=f"Campaign {number}").id
            for number in range(MESSAGES_EACH)
        ]
        session.execute(text("UPDATE broadcasts SET state = 'sent'"))
    for number, broadcast_id in enumerate(ids):
        at = NOON - timedelta(days=6 * number + 1)
        for first in range(1, people + 1, population.PAGE):
            contacts = range(first, min(first + population.PAGE, people + 1))
            with services.db.transaction() as session:
                session.connection().execute(
                    insert(Message),
                    [
                        {
                            "origin_kind": "broadcast",
                            "origin_id": broadcast_id,
                            "subject_id": contact,
                            "channel": "email",
                            "contact_id": contact,
                            "address": population.email_of(contact),
                            "state": MessageState.DELIVERED,
                            "due_at": at,
                            "intent_at": at,
                            "accepted_at": at,
                            "delivered_at": at,
                            "settled_at": at,
                            "consent_entry_id": 3 * contact - 2,
                            "tries": 0,
                            "checks": 0,
                            "created_at": at,
                        }
                        for contact in contacts
                    ],
                )
    with services.db.transaction() as session:
        session.execute(text("ANALYZE"))
