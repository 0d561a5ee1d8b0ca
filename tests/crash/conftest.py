"""Workers on a fresh database, closed after the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.core.db import Database
from tests.factories.workers import Workers


@pytest.fixture
def workers(db: Database, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(db, tmp_path)
    yield made
    made.close()


@pytest.fixture
def each_workers(each_db: Database, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(each_db, tmp_path)
    yield made
    made.close()
