"""``campaigns doctor``: check that what is stored holds together."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable

import click
from sqlalchemy.orm import Session

from campaigns.cli import context, doctor_ledger
from campaigns.reports import invariants
from campaigns.wiring import Services

Check = Callable[[Services, Session], str | None]
"""Returns what is wrong and what to do, or None."""


def _invariant(check: invariants.Check) -> Check:
    return lambda services, session: check(session, services.clock.now())


def _keys(services: Services, _: Session) -> str | None:
    mode = stat.S_IMODE(services.settings.key_ring_path.stat().st_mode)
    if mode & 0o077 == 0:
        return None
    path = services.settings.key_ring_path
    return f"{path} can be read by others (mode {mode:o}). Run: chmod 600 {path}"


CHECKS: dict[str, Check] = {
    "the key ring belongs to this database": doctor_ledger.key_ring,
    "the consent ledger is whole": doctor_ledger.ledger,
    "every agreement has its entry": doctor_ledger.agreements,
    "records that stay are guarded": doctor_ledger.guards,
    "every address is under its own hash": doctor_ledger.addresses_under_their_hash,
    "words for texts are approved": doctor_ledger.wording,
    **{name: _invariant(check) for name, check in invariants.CHECKS.items()},
    "the key ring is private": _keys,
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@context.reports_errors
def doctor(as_json: bool) -> None:
    """Check that what is stored holds together; exit code 1 if anything does not."""
    services = context.services()
    found: dict[str, str | None] = {}
    with services.db.reading() as session:
        for name, check in CHECKS.items():
            found[name] = check(services, session)
    services.db.dispose()
    if as_json:
        click.echo(json.dumps({"ok": not any(found.values()), "checks": found}))
    else:
        for name, fault in found.items():
            click.echo(f"  FAULT  {name}: {fault}" if fault else f"  ok     {name}")
    sys.exit(1 if any(found.values()) else 0)
