"""A clinic of its own, served on loopback, whose database can be put back in milliseconds."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import WSGIRequestHandler, make_server

from campaigns.accounts import setup
from campaigns.app import create_app
from campaigns.cli import first_start
from campaigns.core import keys as key_rings
from campaigns.core import settings
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.signing import Tokens
from campaigns.providers.local import LocalEmailSender, LocalSmsSender
from campaigns.web.sessions import cookie_name
from campaigns.wiring import Services
from tests.factories.service import free_port

NOW = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)
"""A Tuesday, 13:00 in New York and 10:00 in Los Angeles."""
PASSWORD = "four quiet lamps at noon"


class Scene:
    """A clinic, its service on loopback, and the numbers by which pages are opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "campaigns.sqlite3"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock = FixedClock(NOW)
        self.ids: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.services = self._services()
        self.session_id = ""
        self._kept: sqlite3.Connection | None = None

    def _services(self) -> Services:
        ring = key_rings.new_key_ring()
        database = Database(f"sqlite:///{self.file}", keys=ring)
        return Services(
            settings=settings.load(
                {
                    "CAMPAIGNS_DATA_DIR": str(self.folder),
                    "CAMPAIGNS_PUBLIC_URL": self.url,
                    "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
                    "CAMPAIGNS_SMS_PER_SECOND": "500",
                    "CAMPAIGNS_DEMONSTRATION": "true",
                }
            ),
            clock=self.clock,
            keys=ring,
            tokens=Tokens(ring),
            db=database,
            email=LocalEmailSender(database, self.clock),
            sms=LocalSmsSender(database, self.clock),
        )

    def keep(self) -> None:
        """Remember the database as it is now."""
        self._kept = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(self.file)) as live:
            live.backup(self._kept)

    def put_back(self) -> None:
        """Make the database what it was when it was kept."""
        assert self._kept is not None
        with closing(sqlite3.connect(self.file, timeout=20)) as live:
            self._kept.backup(live)

    def signed_in(
        self, browser: Browser, *, width: int = 1280, dark: bool = False
    ) -> BrowserContext:
        """Open a browser profile in which the owner is signed in."""
        made = browser.new_context(
            viewport={"width": width, "height": 900},
            locale="en-US",
            reduced_motion="reduce",
            color_scheme="dark" if dark else "light",
        )
        self.sign_in(made)
        return made

    def sign_in(self, profile: BrowserContext) -> None:
        """Sign the owner in, in a browser profile."""
        cookie = {"name": cookie_name(self.services), "value": self.session_id, "url": self.url}
        profile.add_cookies([cookie])  # type: ignore[list-item]


@contextmanager
def first_day(folder: Path) -> Iterator[Scene]:
    """Build a clinic that nobody has set up yet, and serve it until the end."""
    scene = Scene(folder)
    first_start.prepare(scene.services)
    with scene.services.db.transaction() as session:
        scene.texts["set_up"] = setup.issue_link(session, NOW) or ""
    with served(scene):
        yield scene


@contextmanager
def served(scene: Scene) -> Iterator[None]:
    """Serve a clinic on loopback."""
    server = make_server(
        "127.0.0.1", scene.port, create_app(scene.services), threaded=True, request_handler=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
        scene.services.db.dispose()


class _Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""
