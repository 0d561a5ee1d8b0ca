"""How fast a group is counted, and people come in: the audience side of the table."""

from __future__ import annotations

import time

from bench import population, stage
from bench.figures import Figure, Row
from bench.imports import content
from bench.stage import NOON, Stage
from campaigns.audience import interests, segments
from campaigns.core.actors import SYSTEM
from campaigns.imports import files, runner

COUNT = Row(name="segment_count_1m", unit="ms", better="less", floor=300, aim=80)
IMPORT = Row(name="import_1m", unit="rows/s", better="more", floor=20_000, aim=60_000)

RULE = {
    "all": [
        {"field": "interest", "op": "has", "value": "joint_pain"},
        {"field": "email_consent", "op": "is", "value": "agreed"},
        {"field": "state", "op": "in", "value": ["NY", "IL", "TX"]},
        {"field": "added", "op": "not_within", "value": 30},
    ]
}
"""Four conditions: an interest, consent, places, and a date."""


def count(place: Stage, kind: str, *, people: int, runs: int) -> Figure:
    """Measure the count of a group of four conditions, scaled to a million people."""
    figure = Figure(row=COUNT, database=kind, size=people)
    services = place.new_database(kind)
    population.fill(services.db, people, now=NOON)
    found = 0
    for _ in range(runs + 1):
        with services.db.reading() as session:
            cpu, began = stage.cpu_seconds(), time.perf_counter()
            found = segments.count(session, RULE, NOON)
            seconds, cpu = time.perf_counter() - began, stage.cpu_seconds() - cpu
        figure.runs.append(seconds * 1000 * 1_000_000 / people)
        figure.cpu.append(cpu * 1e6 / people)
    if not 0 < found < people:
        raise RuntimeError(f"the group of the benchmark has {found} of {people} people")
    del figure.runs[0], figure.cpu[0]  # the first fills the caches
    place.drop(services)
    return figure


def import_rows(place: Stage, kind: str, *, people: int, runs: int) -> Figure:
    """Measure the import of a file: phone, email and consent of each row looked at."""
    figure = Figure(row=IMPORT, database=kind, size=people)
    body = content(people, proof=False)
    for _ in range(runs):
        services = place.new_database(kind)
        with services.db.transaction() as session:
            interests.create_defaults(session)
            found = files.receive(
                session, SYSTEM, filename="bench.csv", content=body, now=services.clock.now()
            )
            files.start(session, SYSTEM, found.id, now=services.clock.now())
        cpu, began = stage.cpu_seconds(), time.perf_counter()
        done = runner.run(services.db, found.id, services.clock)
        seconds, cpu = time.perf_counter() - began, stage.cpu_seconds() - cpu
        if done != people:
            raise RuntimeError(f"{done} of {people} rows came in")
        figure.runs.append(people / seconds)
        figure.cpu.append(cpu * 1e6 / people)
        place.drop(services)
    return figure
