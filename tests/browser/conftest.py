"""A real Chromium against the real service: processes, HTTP, the local providers.

The browser is the system's; where there is none the tests are skipped, and the end of
the run says so loudly.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.history import playing
from tests.browser.scene import Scene
from tests.factories.service import Service, free_port

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
        if (found := shutil.which(name))
    ),
    None,
)
LAUNCH_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TUESDAY = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)
"""A moment when texts are lawful in every zone, whatever day it is outside."""
OWNER = {
    "name": "Robin Reyes",
    "email": "robin@example.com",
    "password": "four quiet lamps at noon",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="BROWSER TESTS SKIPPED: no Chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=LAUNCH_OPTIONS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with the demonstration clinic, on a Tuesday."""
    began = datetime.now(UTC)
    made = Service(
        tmp_path_factory.mktemp("service"),
        free_port(),
        CAMPAIGNS_CLOCK_ORIGIN=TUESDAY.isoformat(),
        CAMPAIGNS_CLOCK_STARTED_AT=began.isoformat(),
        CAMPAIGNS_SMS_PER_SECOND="500",
    )
    made.start("--demo", "--no-second-factor")
    made.wait_until_healthy(120)
    yield made
    made.end()
    made.output.close()


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The demonstration clinic in the middle of its work; see ``history.py``."""
    with playing(tmp_path_factory.mktemp("scene")) as made:
        yield made


def set_up_link(service: Service) -> str:
    found = re.search(rf"{service.url}/staff/set-up/\S+", service.written())
    assert found is not None, service.written()
    return found.group()


def note_fault(faults: list[str], message: ConsoleMessage) -> None:
    """Keep what the console calls an error, with its place."""
    if message.type == "error":
        faults.append(f"{message.location.get('url')}: {message.text}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new browser profile; console errors and page errors fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(f"{opened.url}: {error}"))
    opened.on("console", lambda message: note_fault(faults, message))
    yield opened
    context.close()
    assert faults == []
