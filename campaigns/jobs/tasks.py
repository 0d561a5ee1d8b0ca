"""The tasks themselves: one bounded round each, returning how much was done."""

from __future__ import annotations

from campaigns.accounts import sessions, throttle
from campaigns.consent import scans
from campaigns.core.clock import SystemClock
from campaigns.delivery import work
from campaigns.drips import enrolment
from campaigns.events import comparison, polling
from campaigns.events import work as events
from campaigns.imports import runner
from campaigns.wiring import Services


def deliver(services: Services) -> int:
    """Fan out, decide, send, settle: one round of everything that is due."""
    return work.run_once(services)


def run_imports(services: Services) -> int:
    """Work on files that are being imported or taken back."""
    return runner.tick(services.db, services.clock)


def move_drips(services: Services) -> int:
    """Let people into drips and out of them, and work out when their next step is due."""
    with services.db.transaction() as session:
        return enrolment.tick(session, now=services.clock.now())


def take_in(services: Services) -> int:
    """Apply events that a webhook stored and could not apply; decide overdue replies."""
    return events.run_once(services.db, services.clock)


def read_replies(services: Services) -> int:
    """Ask the provider for texts that no webhook brought."""
    return polling.tick(services)


def compare_lists(services: Services) -> int:
    """Compare our do-not-contact list with the provider's own, at night or when asked."""
    return comparison.tick(services)


def clean_up(services: Services) -> int:
    """Forget sessions and throttles that are over, and scans that nobody refers to."""
    now = services.clock.now()
    with services.db.transaction() as session:
        sessions.purge(session, now=now)
        throttle.purge(session, now=now)
        referred = scans.known(session)
    store = scans.Store(services.settings.data_dir / scans.FOLDER, services.keys)
    store.sweep(referred, now=SystemClock().now())  # files' ages are by the machine's clock
    return 0
