"""A service that knows the vendors' keys, on each database, and the vendors."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from campaigns.app import create_app
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.wiring import Services
from tests.conftest import make_services
from tests.factories.clinic import make_clinic
from tests.webhooks.signing import PUBLIC_URL, Vendors


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
def hooked(db: Database, clock: FixedClock, tmp_path: Path, vendors: Vendors) -> Services:
    return _hooked(db, clock, tmp_path, vendors)


@pytest.fixture
def each_hooked(each_db: Database, clock: FixedClock, tmp_path: Path, vendors: Vendors) -> Services:
    return _hooked(each_db, clock, tmp_path, vendors)


@pytest.fixture
def caller(hooked: Services) -> FlaskClient:
    return calling(hooked)


def calling(services: Services) -> FlaskClient:
    client = create_app(services).test_client()
    client.environ_base["HTTP_HOST"] = PUBLIC_URL.removeprefix("http://")
    return client


def _hooked(db: Database, clock: FixedClock, folder: Path, vendors: Vendors) -> Services:
    services = make_services(db, clock, folder, **vendors.settings)
    with db.transaction() as session:
        make_clinic(session, now=clock.now())
    return services
