"""Every control of every staff page does something: nothing behind a button is empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import pages
from tests.browser.pages import Page
from tests.browser.scene import PASSWORD, Scene
from tests.browser.walk import Control, Walker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ELSEWHERE = {
    "Sign out": "ends the session; tested by itself below",
    "Keep as it is": "the answer no; tested by itself below",
    "Yes, go ahead": "the answer yes; given wherever a control asks",
    "Skip to the page": "moves the focus of the keyboard; tested by itself below",
}
"""Controls that the walk leaves out, each with the reason."""
AREAS = sorted({path.split("/")[2].split("?")[0] for _, path in pages.STAFF})


@pytest.fixture(scope="module")
def kept(scene: Scene) -> Scene:
    """The scene, remembered as it is."""
    scene.keep()
    return scene


@pytest.fixture(scope="module")
def walkers(browser: Browser, kept: Scene) -> Iterator[tuple[Walker, Walker]]:
    """A wide and a narrow browser, and the signatures of what was tried on which route."""
    wide, narrow = Walker(browser, kept, width=1280), Walker(browser, kept, width=390)
    yield wide, narrow
    for walker in (wide, narrow):
        walker.close()
    kept.put_back()


@pytest.fixture(scope="module")
def tried() -> set[tuple[str, str]]:
    """Routes and signatures of the controls that were activated."""
    return set()


@pytest.mark.parametrize("area", AREAS, ids=[area or "home" for area in AREAS])
def test_every_control_does_something(
    walkers: tuple[Walker, Walker], kept: Scene, tried: set[tuple[str, str]], area: str
) -> None:
    route_of = pages.endpoint_of(kept)
    wrong: list[str] = []
    for page in pages.of(kept):
        if page.is_staff and page.signed_in and page.path.split("/")[2].split("?")[0] == area:
            for walker in walkers:
                wrong += _walk(walker, kept, page, route_of(page.path), tried)
    assert wrong == [], "\n" + "\n".join(wrong)


def _walk(
    walker: Walker, scene: Scene, page: Page, route: str, tried: set[tuple[str, str]]
) -> list[str]:
    walker.open(page.path)
    wrong: list[str] = []
    for control in walker.controls():
        what = f"{page.name}: {control.kind} “{control.label}”"
        where = ("frame" if control.frame else route, control.signature)
        if control.kind == "lost":
            wrong.append(f"{what} belongs to no form that can be sent")
        if control.kind in ("field", "off", "lost") or where in tried:
            continue
        if control.label in ELSEWHERE:
            continue
        if control.kind == "link" and not control.href.startswith(scene.url):
            if not control.href.startswith(("https://", "tel:", "mailto:")):
                wrong.append(f"{what} leads to {control.href}")
            tried.add(where)
            continue
        walker.open(page.path)
        again = walker.controls()
        if len(again) <= control.index or again[control.index].signature != control.signature:
            wrong.append(f"{what} is at another place when the page is opened again")
            continue
        if not walker.reveal(control):
            continue  # not at this width; the other walker sees it, see the test at the end
        tried.add(where)
        wrong += _try(walker, control, what, tried)
    return wrong


def _try(walker: Walker, control: Control, what: str, tried: set[tuple[str, str]]) -> list[str]:
    did = walker.activate(control)
    wrong = [f"{what}: {fault}" for fault in did.faults]
    if not did.something and not _is_here(walker, control):
        wrong.append(f"{what}: nothing happened")
    for undo in walker.controls():
        where = ("undo", undo.signature)
        if undo.kind == "press" and undo.label == "Undo" and where not in tried:
            tried.add(where)
            done = walker.activate(undo)
            wrong += [f"{what}, undone: {fault}" for fault in done.faults]
            if not done.rows:
                wrong.append(f"{what}: Undo changed nothing")
    return wrong


def _is_here(walker: Walker, control: Control) -> bool:
    """Tell whether a link leads to the very page that is open, and says so."""
    current = walker.tab.locator(f"[data-walk='{control.index}'][aria-current]")
    return control.kind == "link" and (
        current.count() > 0 or control.href.rstrip("#") == walker.tab.url
    )


def test_everything_listed_was_seen(
    walkers: tuple[Walker, Walker], kept: Scene, tried: set[tuple[str, str]]
) -> None:
    """What neither width showed was never activated: it would be a control for nobody."""
    if len(tried) < 100:
        pytest.skip("counts only after all areas were walked")
    route_of = pages.endpoint_of(kept)

    unseen: list[str] = []
    for page in pages.of(kept):
        if not (page.is_staff and page.signed_in):
            continue
        walkers[0].open(page.path)
        for control in walkers[0].controls():
            where = ("frame" if control.frame else route_of(page.path), control.signature)
            passive = control.kind in ("field", "off", "lost")
            if not passive and where not in tried and control.label not in ELSEWHERE:
                unseen.append(f"{page.name}: {control.kind} “{control.label}”")
    assert unseen == [], "\n" + "\n".join(unseen)


def test_an_answer_of_no_changes_nothing(walkers: tuple[Walker, Walker], kept: Scene) -> None:
    walker = walkers[0]
    walker.open(f"/staff/people/{kept.ids['person']}")
    walker.tab.get_by_role("button", name="Booked").click()
    dialog = walker.tab.locator("#ask")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Keep as it is").click()
    expect(dialog).to_be_hidden()
    expect(walker.tab.get_by_role("button", name="Booked")).to_be_enabled()


def test_the_first_tab_skips_to_the_page(walkers: tuple[Walker, Walker]) -> None:
    walker = walkers[0]
    walker.open("/staff/people/")
    walker.tab.keyboard.press("Tab")
    walker.tab.keyboard.press("Enter")
    expect(walker.tab.locator("main")).to_be_focused()


def test_signing_out_ends_the_session(browser: Browser, kept: Scene) -> None:
    kept.put_back()
    context = kept.signed_in(browser)
    tab = context.new_page()
    tab.goto(f"{kept.url}/staff/")
    tab.get_by_role("button", name="Robin Reyes").click()
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Sign in")
    kept.sign_in(context)
    tab.goto(f"{kept.url}/staff/people/")
    tab.get_by_label("Email", exact=True).fill("robin@example.com")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("People")
    context.close()
    kept.put_back()
