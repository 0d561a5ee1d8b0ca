"""Every page opens, is clean under axe by light and by dark, and fits a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from campaigns.app import ROOT
from tests.browser import pages
from tests.browser.pages import Page
from tests.browser.scene import Scene, first_day

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

AXE = (ROOT / "static" / "vendor" / "axe.min.js").read_text
NARROW, WIDE = 360, 1280
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: {type: "tag", values: tags}, iframes: false, resultTypes: ["violations"],
  });
  return found.violations.map((rule) => rule.id + ": " + rule.nodes.slice(0, 4).map((node) =>
    node.target.join(" ") + " (" + (node.any[0] || node.all[0] || node.none[0] || {}).message + ")"
  ).join("; "));
}"""
OVERFLOW = """() => {
  const root = document.scrollingElement;
  if (root.scrollWidth <= root.clientWidth) return null;
  const wide = [...document.body.querySelectorAll("*")].filter((node) => {
    const box = node.getBoundingClientRect();
    return box.right > root.clientWidth + 1 && box.width > 0
      && !node.closest(".table-wrap, .visually-hidden, .letter-frame");
  });
  return root.scrollWidth + " px: " + wide.slice(0, 3).map((node) =>
    node.tagName.toLowerCase() + "." + node.className).join(", ");
}"""


class Looks:
    """Browser profiles of one width and colour scheme, with what went wrong in them."""

    def __init__(self, browser: Browser, scene: Scene, *, width: int, dark: bool) -> None:
        self.name = f"{width} px {'dark' if dark else 'light'}"
        self.width = width
        self.faults: list[str] = []
        inside = scene.signed_in(browser, width=width, dark=dark)
        outside = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-US",
        )
        self.contexts: list[BrowserContext] = [inside, outside]
        self.tabs: dict[bool, Tab] = {True: inside.new_page(), False: outside.new_page()}
        for context in self.contexts:
            context.set_default_timeout(15_000)
        for tab in self.tabs.values():
            tab.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
            tab.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        expected = "404" in message.text and message.location.get("url", "").endswith(
            "nothing-here"
        )
        if message.type == "error" and not expected:
            self.faults.append(f"console: {message.text}")

    def look(self, page: Page, url: str) -> list[str]:
        """Open a page and return what is wrong with it."""
        self.faults.clear()
        tab = self.tabs[page.signed_in]
        answer = tab.goto(url + page.path)
        assert answer is not None
        expected = 404 if page.path.endswith(pages.NOT_THERE) else 200
        wrong = [] if answer.status == expected else [f"answers {answer.status}"]
        if tab.locator("h1").count() != 1:
            wrong.append(f"{tab.locator('h1').count()} h1")
        if not re.search(r"\w", tab.title()) or tab.title().startswith("·"):
            wrong.append(f"the title is {tab.title()!r}")
        tab.evaluate(AXE())
        wrong += tab.evaluate(RUN_AXE, RULES)
        if self.width == NARROW and (wide := tab.evaluate(OVERFLOW)):
            wrong.append(f"wider than the phone: {wide}")
        return wrong + self.faults

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A clinic on its first day."""
    with first_day(tmp_path_factory.mktemp("first_day")) as scene:
        yield scene


@pytest.mark.parametrize(
    ("width", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide and light", "narrow and dark"]
)
def test_every_page_is_clean_and_fits(
    browser: Browser, scene: Scene, beginning: Scene, width: int, dark: bool
) -> None:
    wrong: list[str] = []
    for played, listed in (
        (scene, pages.of(scene)),
        (beginning, pages.of_first_day(beginning)),
    ):
        looks = Looks(browser, played, width=width, dark=dark)
        for page in listed:
            wrong += [f"{page.name} ({page.path}): {what}" for what in looks.look(page, played.url)]
        looks.close()
    assert wrong == [], "\n" + "\n".join(wrong)


def test_no_page_is_forgotten(scene: Scene, beginning: Scene) -> None:
    assert pages.missing(scene, [*pages.of(scene), *pages.of_first_day(beginning)]) == set()
