"""``campaigns keys``: new keys for the key ring."""

from __future__ import annotations

import click

from campaigns.cli import context
from campaigns.core.errors import Conflict
from campaigns.core.keys import PURPOSES
from campaigns.core.processes import FileLock
from campaigns.core.settings import Settings


@click.group()
def keys() -> None:
    """Look after the key ring, which lies outside the database."""


@keys.command()
@click.option(
    "--only", type=click.Choice(PURPOSES), multiple=True, help="One purpose; all when left out."
)
@context.reports_errors
def rotate(only: tuple[str, ...]) -> None:
    """Make new keys and carry the do-not-contact list over to them.

    Stop the service first, on every machine, and copy the new key ring to each of them.
    Old keys stay in the ring: links in messages already sent go on working.
    """
    from campaigns.core import keys as key_rings

    settings = context.settings()
    lock = _stopped(settings)
    context.services().db.dispose()  # a database that this version knows, with its own ring
    purposes = only or PURPOSES
    key_rings.rotate(settings.key_ring_path, purposes)
    carried = _finish()
    click.echo(
        f"New keys for {', '.join(purposes)} are in {settings.key_ring_path}; "
        f"{carried} stored hashes carried over. Back the file up before you start the service, "
        "and copy it to every machine."
    )
    lock.release()


@keys.command()
@context.reports_errors
def finish() -> None:
    """Finish a rotation that was cut short; safe to repeat."""
    lock = _stopped(context.settings())
    click.echo(f"{_finish()} stored hashes carried over to the current key.")
    lock.release()


def _finish() -> int:
    from campaigns.consent import rehashing

    services = context.services(rotated=False)
    try:
        with services.db.transaction() as session:
            return rehashing.finish(session)
    finally:
        services.db.dispose()


def _stopped(settings: Settings) -> FileLock:
    """Hold the service's own lock; refuse while a worker elsewhere is at work."""
    from sqlalchemy import select

    from campaigns.cli.processes import lock_of
    from campaigns.jobs.models import Lease

    lock = lock_of(settings)
    services = context.services(rotated=False)
    with services.db.reading() as session:
        held = session.scalar(select(Lease.holder).where(Lease.until > services.clock.now()))
    services.db.dispose()
    if held is not None:
        lock.release()
        raise Conflict(
            "worker_running",
            f"A worker is running ({held}), and would go on with the old keys. Stop the service "
            "on every machine, wait a minute, and try again. Nothing was changed.",
        )
    return lock
