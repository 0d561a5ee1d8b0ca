"""A database whose key ring is gone: no opt-out could be recognised, so nothing starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from campaigns.cli.main import main
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


def test_a_file_that_is_no_database_is_named_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite3").write_text("not a database" * 100)
    url = f"sqlite:///{tmp_path / 'broken.sqlite3'}"
    given = {"CAMPAIGNS_DATA_DIR": str(tmp_path), "CAMPAIGNS_DATABASE_URL": url}
    answer = CliRunner().invoke(main, ["doctor"], env=given)
    assert answer.exit_code == 1
    assert "The database cannot be used: file is not a database" in answer.output
    assert "Traceback" not in answer.output
