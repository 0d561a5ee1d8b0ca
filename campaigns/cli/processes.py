"""``campaigns run``, ``web`` and ``worker``: the processes of the service.

``run`` is for one machine: it brings the schema up to date, prints the set-up link while
nobody has used it, and keeps a web process and a worker alive side by side. It holds a
lock beside a SQLite file, so that a second ``run`` on the same file is refused in words.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campaigns.cli import context
from campaigns.core import logs, processes
from campaigns.core.errors import Conflict, NotConfigured
from campaigns.core.processes import FileLock
from campaigns.core.settings import Settings, is_loopback

if TYPE_CHECKING:
    from campaigns.wiring import Services

log = logs.get(__name__)

ROOT = Path(__file__).resolve().parents[2]
_RESTART_AFTER_SECONDS = 1.0
_STOP_WITHIN_SECONDS = 30.0
_PORT_WAIT_SECONDS = 5.0


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to serve on (CAMPAIGNS_PORT).")
@click.option("--demo", is_flag=True, help="Load the demonstration clinic into an empty database.")
@click.option(
    "--second-factor/--no-second-factor",
    default=True,
    help="Whether staff sign in with a second factor; may be off on a loopback address only.",
)
@context.reports_errors
def run(port: int | None, demo: bool, second_factor: bool) -> None:
    """Serve everything on this machine: web pages, webhooks and the worker."""
    overrides: dict[str, str] = {}
    if port is not None:
        overrides["CAMPAIGNS_PORT"] = str(port)
    settings = context.settings(**overrides)
    if settings.public_url is None:
        overrides["CAMPAIGNS_PUBLIC_URL"] = f"http://127.0.0.1:{settings.port}"
        settings = context.settings(**overrides)
    if not second_factor and is_loopback(settings.public_url or ""):
        overrides["CAMPAIGNS_REQUIRE_SECOND_FACTOR"] = "false"
        settings = context.settings(**overrides)
    if demo:
        overrides["CAMPAIGNS_DEMONSTRATION"] = "true"
        settings = context.settings(**overrides)
    lock = lock_of(settings)
    _require_free_port(settings.host, settings.port)
    services = _prepared(settings, demo=demo)
    _print_welcome(services)
    services.db.dispose()
    _supervise(overrides)
    lock.release()


@click.command()
@context.reports_errors
def web() -> None:
    """Serve the web pages and webhooks alone (needs CAMPAIGNS_PUBLIC_URL)."""
    settings = _reachable_settings("web")
    if not processes.is_child():  # ``run`` has just brought the schema up to date
        _services(settings).db.dispose()
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    if processes.is_child():
        processes.die_with_parent()
    processes.mark_children()
    server = Granian(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=4,
        backlog=1024,
        working_dir=ROOT,
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )
    server.serve()


@click.command()
@context.reports_errors
def worker() -> None:
    """Run the worker alone (needs CAMPAIGNS_PUBLIC_URL); several may share a database."""
    services = _services(_reachable_settings("worker"))
    from campaigns.jobs.embedded import Worker

    if processes.is_child():
        processes.die_with_parent()
    runner = Worker(services)
    processes.settle()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runner.stop())
    runner.run()
    services.db.dispose()


def _reachable_settings(name: str) -> Settings:
    settings = context.settings()
    if settings.public_url is None:
        raise NotConfigured(
            "public_url",
            f"CAMPAIGNS_PUBLIC_URL is missing: {name} needs the address under which patients "
            "reach this service, for the links in messages. (`campaigns run` sets a local one.)",
            fields={"CAMPAIGNS_PUBLIC_URL": "is missing"},
        )
    return settings


def _services(settings: Settings) -> Services:
    """Return services on a current schema. What they need is loaded only here."""
    from campaigns.core import schema
    from campaigns.wiring import build

    services = build(settings)
    schema.require_current(services.db)
    context.finish_rotation(services)
    return services


def _prepared(settings: Settings, *, demo: bool) -> Services:
    from campaigns.cli import first_start
    from campaigns.wiring import build

    services = build(settings)
    first_start.prepare(services)
    context.finish_rotation(services)
    if demo:
        from campaigns.cli.demonstration import clinic

        clinic.load(services)
        clinic.lead_bookings_here(services)
    return services


def lock_of(settings: Settings) -> FileLock:
    """Take the lock of the one service that may run here, or raise Conflict."""
    database = settings.resolved_database_url
    if settings.is_sqlite:
        path = Path(database.removeprefix("sqlite:///"))
        lock = FileLock(path.with_name(path.name + ".lock"))
        lock.acquire(what=str(path))
        return lock
    lock = FileLock(settings.data_dir / "run.lock")
    lock.acquire(what=str(settings.data_dir))
    return lock


def _require_free_port(host: str, port: int) -> None:
    """Raise Conflict if the port stays taken (a killed predecessor's web process may linger)."""
    give_up = time.monotonic() + _PORT_WAIT_SECONDS
    while not _is_free(host, port):
        if time.monotonic() > give_up:
            raise Conflict(
                "port_taken",
                f"Port {port} on {host} is in use by another program. Nothing was started: "
                "end that program, or choose another port with PORT= (make) or --port.",
            )
        time.sleep(0.2)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _print_welcome(services: Services) -> None:
    from campaigns.accounts import setup

    with services.db.transaction() as session:
        token = setup.issue_link(session, now=services.clock.now())
    address = services.public_url
    click.echo(f"Campaigns is starting on {address}")
    if token is not None:
        click.echo("Nobody has an account yet. Open this one-time link to make the first one:")
        click.echo(f"  {address}/staff/set-up/{token}")
    sys.stdout.flush()


def _supervise(overrides: dict[str, str]) -> None:
    """Keep both children alive until a signal asks to stop; then stop them in order."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    children: dict[str, subprocess.Popen[bytes]] = {}
    started: dict[str, float] = {}

    def start(name: str) -> None:
        started[name] = time.monotonic()
        children[name] = subprocess.Popen(
            [sys.executable, "-m", "campaigns", name],
            env=processes.child_environment(**overrides),
        )

    for name in ("web", "worker"):
        start(name)
    while not stopping.wait(0.2):
        for name, child in list(children.items()):
            code = child.poll()
            if code is None or time.monotonic() - started[name] < _RESTART_AFTER_SECONDS:
                continue
            log.warning("process_restarted", process=name, exit_code=code)
            start(name)
    _stop(children)


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        child.terminate()
    deadline = time.monotonic() + _STOP_WITHIN_SECONDS
    for child in children.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
