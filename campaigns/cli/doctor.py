"""``campaigns doctor``: check that what is stored holds together."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from datetime import timedelta

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from campaigns.cli import context, doctor_ledger
from campaigns.delivery.models import Message, MessageState
from campaigns.wiring import Services

STUCK_AFTER = timedelta(minutes=15)
CHECKING_AT_MOST = timedelta(hours=26)

Check = Callable[[Services, Session], str | None]
"""Returns what is wrong and what to do, or None."""


def _twice(_: Services, session: Session) -> str | None:
    """No address got one campaign twice (the key guards people; this guards households)."""
    other = aliased(Message)
    left = (MessageState.ACCEPTED, MessageState.DELIVERED)
    doubles = session.scalar(
        select(func.count())
        .select_from(Message)
        .join(
            other,
            (other.origin_kind == Message.origin_kind)
            & (other.origin_id == Message.origin_id)
            & (other.channel == Message.channel)
            & (other.address == Message.address)
            & (other.id > Message.id),
        )
        .where(
            Message.origin_kind == "broadcast",
            Message.state.in_(left),
            other.state.in_(left),
        )
    )
    return f"{doubles} addresses got one campaign twice." if doubles else None


def _unproven_sends(_: Services, session: Session) -> str | None:
    """Each marketing message that left names the consent on which it left."""
    left = (MessageState.SENDING, MessageState.ACCEPTED, MessageState.DELIVERED)
    without = session.scalar(
        select(func.count()).where(
            Message.origin_kind.in_(("broadcast", "drip_step")),
            Message.state.in_(left),
            Message.consent_entry_id.is_(None),
        )
    )
    return f"{without} messages left without naming a consent entry." if without else None


def _stuck(services: Services, session: Session) -> str | None:
    now = services.clock.now()
    stuck = session.scalar(
        select(func.count()).where(
            Message.state == MessageState.SENDING, Message.intent_at < now - STUCK_AFTER
        )
    )
    if not stuck:
        return None
    return f"{stuck} messages have been leaving for over 15 minutes. Is a worker running?"


def _checking(services: Services, session: Session) -> str | None:
    now = services.clock.now()
    old = session.scalar(
        select(func.count()).where(
            Message.state == MessageState.UNCERTAIN, Message.intent_at < now - CHECKING_AT_MOST
        )
    )
    if not old:
        return None
    return f"{old} messages wait for proof for over 26 hours. Do the provider's webhooks arrive?"


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
    "every message names its consent": _unproven_sends,
    "nobody got a campaign twice": _twice,
    "no message is stuck": _stuck,
    "open questions are settled in time": _checking,
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
