"""What every command starts from: settings, services, errors as words."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from campaigns.core import logs
from campaigns.core import settings as core_settings
from campaigns.core.errors import CampaignsError
from campaigns.core.settings import Settings

if TYPE_CHECKING:
    from campaigns.wiring import Services

P = ParamSpec("P")
R = TypeVar("R")


def settings(**overrides: Any) -> Settings:
    """Read the settings and set logging up; overrides go by the variable's name."""
    found = core_settings.load(**overrides)
    logs.configure(level=found.log_level, plain=found.log_plain)
    return found


def services(*, migrate: bool = False, rotated: bool = True, **overrides: Any) -> Services:
    """Return services on a database whose schema is current.

    ``migrate`` brings it there first; otherwise an outdated schema is a Conflict that
    names the command to run. A rotation of keys that was cut short is finished.
    """
    from campaigns.core import schema
    from campaigns.wiring import build

    built = build(settings(**overrides))
    if migrate:
        schema.upgrade(built.db)
    else:
        schema.require_current(built.db)
    if rotated:
        finish_rotation(built)
    return built


def finish_rotation(built: Services) -> None:
    """Carry hashes of addresses over to the current key where a rotation did not get to it."""
    if len(built.keys.all("suppression")) == 1:
        return
    from campaigns.consent import rehashing

    with built.db.reading() as session:
        due = rehashing.is_due(session)
    if due:
        with built.db.transaction() as session:
            rehashing.finish(session)


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a domain error, or a database that is full or broken, into words and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CampaignsError as error:
            click.echo(f"campaigns: {error.message}", err=True)
            for name, fault in error.fields.items():
                if fault not in error.message:
                    click.echo(f"  {name}: {fault}", err=True)
            sys.exit(1)
        except Exception as error:
            # By its name, because commands that need no database do not load the library.
            if type(error).__name__ not in ("OperationalError", "DatabaseError"):
                raise
            cause = str(getattr(error, "orig", error)).strip()
            click.echo(f"campaigns: The database cannot be used: {cause}", err=True)
            sys.exit(1)

    return run
