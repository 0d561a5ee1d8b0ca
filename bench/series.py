"""How long a drip's tick takes with 10,000 people due among many more enrolled."""

from __future__ import annotations

import time
from datetime import timedelta

from sqlalchemy import insert

from bench import population, stage
from bench.figures import Figure, Row
from bench.stage import NOON, Stage
from campaigns.delivery import steps
from campaigns.drips.models import Enrolment, EnrolmentState
from tests.factories.clinic import make_clinic
from tests.factories.drips import make_live_drip

TICK = Row(name="drip_tick", unit="s", better="less", floor=2, aim=0.3)
DUE = 10_000


def tick(place: Stage, kind: str, *, people: int, runs: int) -> Figure:
    """Measure the ticks that hand 10,000 due steps to the outbox, among so many enrolled."""
    figure = Figure(row=TICK, database=kind, size=people)
    origin = place.new_database(kind)
    population.fill(origin.db, people, now=NOON)
    with origin.db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
        version_id, drip_id = drip.version_id, drip.id
    for first in range(1, people + 1, population.PAGE):
        numbers = range(first, min(first + population.PAGE, people + 1))
        with origin.db.transaction() as session:
            session.connection().execute(
                insert(Enrolment),
                [
                    {
                        "drip_id": drip_id,
                        "contact_id": number,
                        "entry": 1,
                        "version_id": version_id,
                        "state": EnrolmentState.ACTIVE,
                        "position": 0,
                        "enrolled_at": NOON - timedelta(days=3),
                        "waits_from": NOON - timedelta(days=3),
                        "next_due_at": NOON + timedelta(minutes=number - DUE),
                    }
                    for number in numbers
                ],
            )
    for _ in range(runs):
        services = place.copy(origin)
        cpu, began = stage.cpu_seconds(), time.perf_counter()
        done = 0
        while done < DUE and (now_done := steps.tick(services)):
            done += now_done
        seconds, cpu = time.perf_counter() - began, stage.cpu_seconds() - cpu
        if done != DUE:
            raise RuntimeError(f"{done} of {DUE} steps were handed over")
        figure.runs.append(seconds)
        figure.cpu.append(cpu * 1e6 / DUE)
        place.drop(services)
    place.drop(origin)
    return figure
