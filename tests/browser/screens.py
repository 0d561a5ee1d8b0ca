"""Photographs the main screens into docs/screens: ``python -m tests.browser.screens``.

The demonstration clinic in the middle of its work, at 1280 and 390 px, light and dark.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from campaigns.app import ROOT
from tests.browser import pages
from tests.browser.conftest import CHROMIUM, LAUNCH_OPTIONS
from tests.browser.history import playing
from tests.browser.pages import Page
from tests.browser.scene import Scene

FOLDER = ROOT / "docs" / "screens"
WIDTHS = (1280, 390)
HEIGHTS = {1280: 900, 390: 844}
QUALITY = 62
SHOWN = {
    "home": "Home: what needs somebody, the next seven days, the last thirty",
    "campaigns": "Campaigns in every state",
    "campaign, who": "A campaign, step one: who gets it",
    "campaign, what": "A campaign, step two: what they get",
    "campaign, when": "A campaign, step three: when",
    "campaign, check": "A campaign, last step: one sentence that says what will happen",
    "campaign, sent": "A campaign after it went out",
    "drip, live": "A series as a path of cards",
    "drip, simulated": "A series as one person would get it",
    "drip, who gets a message": "Who gets a message of a series, and who not",
    "people": "People, with what each agreed to",
    "person, booked": "A person: what she may receive now, and what happened",
    "person, what may be received": "What a person may receive, and every rule in the way",
    "proof of consent": "Proof of what a person agreed to, to print",
    "do not contact": "The do-not-contact list",
    "import, columns": "Import: what the columns mean",
    "import, consent": "Import: who agreed to what",
    "import, result": "Import: what became of every line",
    "edit group": "A group as a sentence, with its live count",
    "library": "The library with the state of each review",
    "composer, text": "The email composer: blocks, preview, fields and findings",
    "text composer": "The text composer with parts and characters to replace",
    "review": "The review, for the physician's phone",
    "inbox, unclear": "The inbox: is this a stop?",
    "reports": "Reports: the last thirty days",
    "report": "The report of a campaign",
    "calendar": "The calendar",
    "outbox, email": "An email as it arrived",
    "outbox, text": "A text as it arrived",
    "channels": "Channels and their going-live lists",
    "hours": "Hours and limits, with each state's own",
    "sign-up form": "A sign-up form: link, frame, poster, tablet",
    "sign-up poster": "A poster, with all its words on one sheet",
    "stop everything": "Stop everything, or a part",
    "sign up": "Public: sign-up",
    "confirm": "Public: the second step of a sign-up",
    "unsubscribe": "Public: leaving, in one tap",
    "preferences": "Public: preferences",
    "lesson": "Public: a lesson's page",
}
"""Names of pages (see ``pages.py``) and what the index says of each."""


def main() -> None:
    """Take all pictures and write the index."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.jpg"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory() as folder,
        playing(Path(folder)) as scene,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=LAUNCH_OPTIONS)
        shown = [page for page in pages.of(scene) if page.name in SHOWN]
        for width in WIDTHS:
            for dark in (False, True):
                photograph(browser, scene, shown, width=width, dark=dark)
        browser.close()
    (FOLDER / "README.md").write_text(index())
    size = sum(picture.stat().st_size for picture in FOLDER.glob("*.jpg"))
    click.echo(f"{len(list(FOLDER.glob('*.jpg')))} pictures, {size / 1e6:.1f} MB, in {FOLDER}")


def photograph(
    browser: Browser, scene: Scene, shown: list[Page], *, width: int, dark: bool
) -> None:
    """Take one picture of each page."""
    profiles: dict[bool, BrowserContext] = {
        True: scene.signed_in(browser, width=width, dark=dark),
        False: browser.new_context(
            locale="en-US", color_scheme="dark" if dark else "light", reduced_motion="reduce"
        ),
    }
    for profile in profiles.values():
        tab = profile.new_page()
        tab.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    for page in shown:
        tab = profiles[page.signed_in].pages[0]
        tab.goto(scene.url + page.path, wait_until="networkidle")
        tab.screenshot(path=FOLDER / file_of(page.name, width, dark), type="jpeg", quality=QUALITY)
    for profile in profiles.values():
        profile.close()


def file_of(name: str, width: int, dark: bool) -> str:
    """Return a picture's file name."""
    words = name.replace(", ", "-").replace(" ", "-")
    return f"{words}-{width}-{'dark' if dark else 'light'}.jpg"


def index() -> str:
    """Write the list of pictures."""
    lines = [
        "# Screens",
        "",
        "The demonstration clinic in the middle of its work. `make screens` takes them anew.",
        "",
        "| Screen | 1280 px | 390 px |",
        "| --- | --- | --- |",
    ]
    for name, words in SHOWN.items():
        cells = [
            f"[light]({file_of(name, width, False)}) · [dark]({file_of(name, width, True)})"
            for width in WIDTHS
        ]
        lines.append(f"| {words} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
