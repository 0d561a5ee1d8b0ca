"""Activates controls, and tells what each one did.

Something must be behind every control: a changed row, a message, another page, another
state of this one, a file. The database is put back before each, so the order is of no
consequence and controls that end things need no care.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Response
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page as Tab
from playwright.sync_api import TimeoutError as WaitedInVain

from tests.browser import filling
from tests.browser.scene import Scene

PATIENCE_MS = 6_000
"""How long something may take to show; the pages' own delays are up to half a second."""
UNTOUCHED = frozenset({"staff_sessions", "sqlite_sequence", "alembic_version"})
"""Tables in which a change proves nothing about a control."""
SCRIPT = (Path(__file__).parent / "walk.js").read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Something that can be activated, by its place among the page's controls."""

    index: int
    kind: str
    label: str
    href: str
    signature: str
    frame: bool
    """Whether it stands around every page, not on this one alone."""


@dataclass(slots=True)
class Did:
    """What followed an activation, but for changed rows."""

    shown: bool = False
    file: bool = False
    popup: bool = False
    faults: list[str] = field(default_factory=list)

    @property
    def something(self) -> bool:
        """Tell whether anything followed."""
        return self.shown or self.file or self.popup


class Walker:
    """A signed-in browser profile, wide or narrow, on a scene."""

    def __init__(self, browser: Browser, scene: Scene, *, width: int) -> None:
        self.scene = scene
        self.context: BrowserContext = scene.signed_in(browser, width=width)
        self.context.grant_permissions(["clipboard-write", "clipboard-read"])
        self.context.add_init_script(SCRIPT)
        self.kept = rows_of(scene.file)
        self.did = Did()
        self.tab: Tab = self.context.new_page()
        self.tab.set_default_timeout(10_000)
        self.tab.on("dialog", lambda dialog: dialog.accept())
        self.tab.on("download", lambda download: self._note("file"))
        self.tab.on("popup", self._close)
        self.tab.on("pageerror", self._stumble)
        self.tab.on("console", self._hear)
        self.tab.on("response", self._watch)

    def _note(self, what: str) -> None:
        setattr(self.did, what, True)

    def _close(self, popup: Tab) -> None:
        self.did.popup = True
        popup.close()

    def _stumble(self, error: BrowserError) -> None:
        self.did.faults.append(f"error: {error}")

    def _hear(self, message: ConsoleMessage) -> None:
        known = ("Failed to load resource", "Blocked script execution")  # the latter is our own
        if message.type == "error" and not message.text.startswith(known):
            self.did.faults.append(f"console: {message.text}")

    def _watch(self, answer: Response) -> None:
        ours = answer.url.startswith(self.scene.url)
        if ours and answer.status >= 400 and answer.status != 422:
            self.did.faults.append(f"{answer.status} from {urlsplit(answer.url).path}")

    def open(self, path: str) -> None:
        """Open a page of the scene as it was kept."""
        self.scene.put_back()
        self.scene.sign_in(self.context)  # a new password ends sessions
        self.did = Did()
        self.tab.goto(self.scene.url + path)

    def controls(self) -> list[Control]:
        """Return what can be activated on the page that is open."""
        found: list[dict[str, Any]] = self.tab.evaluate("() => walk.controls()")
        return [
            Control(
                index=number,
                kind=entry["kind"],
                label=" ".join(entry["label"].split())[:60],
                href=entry["href"],
                signature=_general(json.dumps([entry["kind"], *entry["signature"]])),
                frame=entry["frame"],
            )
            for number, entry in enumerate(found)
        ]

    def rows(self) -> dict[str, bytes]:
        """Return a fingerprint of every table in which a change proves something."""
        return rows_of(self.scene.file)

    def reveal(self, control: Control) -> bool:
        """Open what hides a control; tell whether it can be seen then."""
        for _ in range(4):
            closed = self.tab.evaluate("(index) => walk.closed(index)", control.index)
            if closed is None:
                break
            self.tab.locator(f"[data-walk='{closed}']").click()
        return bool(self.tab.evaluate("(index) => walk.visible(index)", control.index))

    def activate(self, control: Control) -> Did:
        """Activate a control that can be seen, and wait for what follows."""
        target = self.tab.locator(f"[data-walk='{control.index}']")
        if control.kind == "press":
            filling.fill_form_of(self.tab, control.index)
        before = self.tab.evaluate("() => walk.state()")
        try:
            if control.kind == "change":
                filling.change(target)
            else:
                target.click()
            self._answer_yes()
            self.did.shown = self._shows_something_else_than(before)
        except BrowserError as error:
            self.did.faults.append(str(error).splitlines()[0])
        return self.did

    def _answer_yes(self) -> None:
        asks = self.tab.locator("#ask[open] button[value=yes]")
        if asks.count():
            asks.click()

    def _shows_something_else_than(self, before: str) -> bool:
        try:
            self.tab.wait_for_function(
                "(before) => document.readyState === 'complete' && window.walk"
                " && !document.querySelector('.htmx-request') && walk.state() !== before",
                arg=before,
                timeout=PATIENCE_MS,
            )
        except WaitedInVain:
            return False
        return True

    def close(self) -> None:
        self.context.close()


@cache
def _tables(file: Path) -> tuple[str, ...]:
    with closing(sqlite3.connect(file)) as live:
        return tuple(
            name for (name,) in live.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        )


def rows_of(file: Path) -> dict[str, bytes]:
    """Return a fingerprint of every table."""
    found: dict[str, bytes] = {}
    with closing(sqlite3.connect(file, timeout=20)) as live:
        for name in _tables(file):
            if name in UNTOUCHED:
                continue
            digest = blake2b(digest_size=8)
            for row in live.execute(f'SELECT * FROM "{name}"'):
                digest.update(repr(row).encode())
            found[name] = digest.digest()
    return found


def _general(text: str) -> str:
    """Leave out what tells one row's control from the next row's."""
    return re.sub(r"/\d+(?=[/?\"#]|$)", "/#", re.sub(r"=\d+(?=[&\"#]|$)", "=#", text))
