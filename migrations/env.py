"""Alembic's entry: runs the migrations on the connection that it is handed."""

from __future__ import annotations

import importlib
import pkgutil

from alembic import context

import campaigns
from campaigns.core.db import Base

for module in pkgutil.walk_packages(campaigns.__path__, "campaigns."):
    if module.name.endswith(".models"):
        importlib.import_module(module.name)


def run() -> None:
    """Run with the connection given by ``campaigns.core.schema``."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
