"""A database whose key ring is gone: no opt-out could be recognised, so nothing starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from campaigns.core import settings
from campaigns.core.db import Database
from campaigns.core.errors import NotConfigured
from campaigns.wiring import build


def settings_for(database: Database, folder: Path) -> settings.Settings:
    url = make_url(database.url).render_as_string(hide_password=False)
    return settings.load({"CAMPAIGNS_DATA_DIR": str(folder), "CAMPAIGNS_DATABASE_URL": url})


def test_a_database_without_its_key_ring_is_refused(each_db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    with pytest.raises(NotConfigured, match=r"keys\.json is missing"):
        build(settings_for(each_db, folder))
    assert not (folder / "keys.json").exists()


def test_a_first_start_makes_the_key_ring(tmp_path: Path) -> None:
    found = settings.load({"CAMPAIGNS_DATA_DIR": str(tmp_path / "new")})
    build(found).db.dispose()
    assert found.key_ring_path.exists()
