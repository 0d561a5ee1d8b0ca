"""``campaigns db``: the schema."""

from __future__ import annotations

import click

from campaigns.cli import context, first_start
from campaigns.core import schema
from campaigns.wiring import build


@click.group()
def db() -> None:
    """Look after the database's schema."""


@db.command()
@context.reports_errors
def upgrade() -> None:
    """Bring the database to the newest schema; safe to repeat."""
    services = build(context.settings())
    before = schema.current(services.db)
    first_start.prepare(services)
    after = schema.current(services.db)
    if before == after:
        click.echo(f"The schema is up to date ({after}).")
    else:
        click.echo(f"The schema went from {before or 'nothing'} to {after}.")


@db.command()
@context.reports_errors
def current() -> None:
    """Show the database's schema and the one that this version needs."""
    services = build(context.settings())
    click.echo(f"database: {schema.current(services.db) or 'empty'}, needed: {schema.head()}")
