"""``campaigns users``: staff accounts from the command line."""

from __future__ import annotations

import click

from campaigns.accounts import users as staff_users
from campaigns.accounts.models import Role
from campaigns.cli import context
from campaigns.core.actors import SYSTEM


@click.group()
def users() -> None:
    """Look after staff accounts."""


@users.command()
@click.option("--email", required=True, help="Address to sign in with.")
@click.option("--name", required=True, help="Name as colleagues know it.")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.MARKETER.value
)
@click.option("--credential", help="Clinical credential, as printed under reviewed content.")
@click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for when left out, which keeps it out of the shell's history.",
)
@context.reports_errors
def create(email: str, name: str, role: str, credential: str | None, password: str) -> None:
    """Make an account for a member of staff."""
    services = context.services()
    with services.db.transaction() as session:
        user = staff_users.create(
            session,
            SYSTEM,
            email=email,
            name=name,
            password=password,
            role=Role(role),
            credential=credential,
            now=services.clock.now(),
        )
        click.echo(f"Made the account of {user.name} ({user.role}).")
