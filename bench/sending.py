"""How fast messages leave: the whole way from the outbox row to the provider's answer."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select

from bench import population, sinks, stage
from bench.figures import Figure, Row
from bench.stage import NOON, Stage
from campaigns.core import processes as own
from campaigns.delivery import fanout
from campaigns.delivery.dispatcher import Dispatcher
from campaigns.delivery.models import Message, MessageState
from campaigns.wiring import Services
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic

EMAIL_SQLITE = Row(
    name="email_sendgrid", unit="messages/s", better="more", floor=20_000, aim=60_000
)
EMAIL_POSTGRES = Row(
    name="email_sendgrid", unit="messages/s", better="more", floor=10_000, aim=40_000
)
SMTP = Row(name="email_smtp", unit="messages/s", better="more", floor=2_000, aim=8_000)
SMS = Row(name="sms", unit="messages/s", better="more", floor=800, aim=4_000)
FANOUT = Row(name="fanout_1m", unit="s", better="less", floor=10, aim=3)


def prepare(place: Stage, kind: str, people: int, *, channel: str = "email") -> Services:
    """Make a database with people and a broadcast to all of them that is due now."""
    services = place.new_database(kind)
    population.fill(services.db, people, now=NOON)
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        make_scheduled(session, now=NOON, channels=(channel,))
    return services


def fan_out(services: Services) -> float:
    """Write the outbox rows of everything that is due; return the seconds it took."""
    began = time.perf_counter()
    while fanout.tick(services):
        pass
    return time.perf_counter() - began


def fanout_rows(place: Stage, kind: str, *, people: int, runs: int) -> Figure:
    """Measure the fan-out of a broadcast, scaled to a million people."""
    figure = Figure(row=FANOUT, database=kind, size=people)
    origin = prepare(place, kind, people)
    for _ in range(runs):
        services = place.copy(origin)
        cpu = stage.cpu_seconds()
        figure.runs.append(fan_out(services) * 1_000_000 / people)
        figure.cpu.append((stage.cpu_seconds() - cpu) * 1e6 / people)
        place.drop(services)
    place.drop(origin)
    return figure


def send(services: Services, *, processes: int) -> float:
    """Send all that is planned with so many worker processes; return the seconds it took."""
    services.db.dispose()

    def work(_number: int) -> None:
        own.settle()  # as ``campaigns worker`` does
        dispatcher = Dispatcher(services)
        while dispatcher.run(seconds=600):
            pass
        dispatcher.close()

    return stage.in_processes(processes, work)


def accepted(services: Services) -> int:
    """Return how many messages the database says the provider has."""
    with services.db.reading() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(Message)
                .where(Message.state == MessageState.ACCEPTED)
            )
            or 0
        )


def measure(
    place: Stage,
    kind: str,
    *,
    row: Row,
    people: int,
    runs: int,
    channel: str,
    sink_kind: str,
    settings: Callable[[sinks.Sink], dict[str, str]],
    processes: int,
) -> Figure:
    """Measure one way out: each run starts from the same fanned-out database."""
    figure = Figure(row=row, database=kind, size=people)
    origin = prepare(place, kind, people, channel=channel)
    fan_out(origin)
    for _ in range(runs):
        with sinks.opened(sink_kind) as sink:
            services = place.copy(origin, **settings(sink))
            cpu = stage.cpu_seconds()
            seconds = send(services, processes=processes)
            cpu = stage.cpu_seconds() - cpu
            done = accepted(services)
            if done != sink.taken or not done:
                raise RuntimeError(f"{row.name}: {done} recorded, {sink.taken} taken")
            figure.runs.append(done / seconds)
            figure.cpu.append(cpu * 1e6 / done)
            place.drop(services)
    place.drop(origin)
    return figure


def by_sendgrid(sink: sinks.Sink) -> dict[str, str]:
    """Return the settings that lead email to a sink of SendGrid's form."""
    return {
        "CAMPAIGNS_EMAIL_PROVIDER": "sendgrid",
        "SENDGRID_API_KEY": "SG.bench",
        "SENDGRID_API_URL": sink.url,
        "SENDGRID_WEBHOOK_PUBLIC_KEY": new_public_key(),
        "CAMPAIGNS_EMAIL_BATCH_SIZE": "1000",
    }


def new_public_key() -> str:
    """Return a key such as SendGrid shows for its signed events."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def by_smtp(sink: sinks.Sink) -> dict[str, str]:
    """Return the settings that lead email to an SMTP sink."""
    return {
        "CAMPAIGNS_EMAIL_PROVIDER": "smtp",
        "CAMPAIGNS_SMTP_HOST": "127.0.0.1",
        "CAMPAIGNS_SMTP_PORT": str(sink.port),
        "CAMPAIGNS_SMTP_STARTTLS": "false",
    }


def by_twilio(sink: sinks.Sink) -> dict[str, str]:
    """Return the settings that lead texts to a sink of Twilio's form."""
    return {
        "CAMPAIGNS_SMS_PROVIDER": "twilio",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "bench",
        "TWILIO_API_URL": sink.url,
        "TWILIO_FROM": "+12125550100",
        "CAMPAIGNS_SMS_PER_SECOND": "1000",
        "CAMPAIGNS_SMS_IN_FLIGHT": "64",
    }
