"""Whether the service lives (/healthz) and can work (/readyz)."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaigns.accounts.permissions import open_to_all
from campaigns.core import schema
from campaigns.web import context


@open_to_all("tells nothing but that the process answers")
def healthz() -> tuple[str, int, dict[str, str]]:
    """Answer at once."""
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}


@open_to_all("tells nothing but that the database answers and has the right schema")
def readyz() -> tuple[str, int, dict[str, str]]:
    """Answer 200 when the database can be read and has the schema this version needs."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    services = context.services()
    try:
        with services.db.reading() as session:
            session.execute(text("SELECT 1"))
        found = schema.current(services.db)
    except SQLAlchemyError:
        return "database does not answer\n", 503, headers
    if found != schema.head():
        return "database needs: campaigns db upgrade\n", 503, headers
    return "ready\n", 200, headers


def register(app: Flask) -> None:
    """Add the two routes."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
