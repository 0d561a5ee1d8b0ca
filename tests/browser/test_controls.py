"""Every control of every staff page does something: nothing behind a button is empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import pages
from tests.browser.pages import Page
from tests.browser.scene import PASSWORD, Scene
from tests.browser.walk import Control, Walker

pytestmark = [pytest.mark.controls, pytest.mark.slow, pytest.mark.timeout(600)]

ELSEWHERE = {
    "Sign out": "ends the session; tested by itself below",
    "Keep as it is": "the answer no; tested by itself below",
    "Yes, go ahead": "the answer yes; given wherever a control asks",
    "Skip to the page": "moves the focus of the keyboard; tested by itself below",
}
"""Controls that the walk leaves out, each with the reason."""
DRAGGED = "Drag "
"""Grips are dragged, not pressed; tested by themselves below."""
PASSIVE = ("field", "off", "lost")
"""Kinds that do nothing by themselves: fields of a form that is sent, and what is switched off."""
AREAS = sorted({path.split("/")[2].split("?")[0] for _, path in pages.STAFF})


@pytest.fixture(scope="module")
def kept(scene: Scene) -> Scene:
    """The scene, remembered as it is."""
    scene.keep()
    return scene


@pytest.fixture(scope="module")
def walkers(browser: Browser, kept: Scene) -> Iterator[tuple[Walker, Walker]]:
    """A wide and a narrow browser."""
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
            wrong += _walk(walkers, page, route_of(page.path), tried)
    assert wrong == [], "\n" + "\n".join(wrong)


def _walk(
    walkers: tuple[Walker, Walker], page: Page, route: str, tried: set[tuple[str, str]]
) -> list[str]:
    """Try what is new on a page; what a wide window does not show is tried on a phone."""
    wrong: list[str] = []
    unseen: list[str] = []
    for walker in walkers:
        if walker is walkers[1] and not unseen:
            break
        unseen = []
        walker.open(page.path)
        for control in walker.controls():
            what = f"{page.name}: {control.kind} “{control.label}”"
            where = ("frame" if control.frame else route, control.signature)
            if control.kind == "lost":
                wrong.append(f"{what} belongs to no form that can be sent")
            if control.kind in PASSIVE or where in tried or control.label in ELSEWHERE:
                continue
            if control.label.startswith(DRAGGED):
                continue
            if control.kind == "link" and not control.href.startswith(walker.scene.url):
                if not control.href.startswith(("https://", "tel:", "mailto:")):
                    wrong.append(f"{what} leads to {control.href}")
                tried.add(where)
                continue
            walker.open(page.path)
            again = walker.controls()
            if len(again) <= control.index or again[control.index].signature != control.signature:
                wrong.append(f"{what} is at another place when the page is opened again")
            elif not walker.reveal(control):
                unseen.append(f"{what} is shown neither on a screen nor on a phone")
            else:
                tried.add(where)
                wrong += _try(walker, control, what, tried)
    return wrong + unseen


def _try(walker: Walker, control: Control, what: str, tried: set[tuple[str, str]]) -> list[str]:
    did = walker.activate(control)
    wrong = [f"{what}: {fault}" for fault in did.faults]
    if not did.something and not _is_here(walker, control) and walker.rows() == walker.kept:
        wrong.append(f"{what}: nothing happened")
    for undo in walker.controls():
        where = ("undo", undo.signature)
        of_editor = "trix" in undo.signature  # its toolbar has an Undo of its own
        if undo.kind == "press" and undo.label == "Undo" and not of_editor and where not in tried:
            tried.add(where)
            before = walker.rows()
            done = walker.activate(undo)
            wrong += [f"{what}, undone: {fault}" for fault in done.faults]
            if walker.rows() == before:
                wrong.append(f"{what}: Undo changed nothing")
    return wrong


def _is_here(walker: Walker, control: Control) -> bool:
    """Tell whether a link leads to the very page that is open, and says so."""
    current = walker.tab.locator(f"[data-walk='{control.index}'][aria-current]")
    return control.kind == "link" and (
        current.count() > 0 or (control.href == walker.tab.url and not control.href.endswith("#"))
    )


@pytest.mark.parametrize(
    "dead",
    [
        "<button type='button'>Dead</button>",
        "<a href='#'>Dead</a>",
        "<form method='dialog'><button>Dead</button></form>",
    ],
    ids=["a button without a script", "a link to nowhere", "a form that sends nothing"],
)
def test_a_dead_control_is_noticed(walkers: tuple[Walker, Walker], dead: str) -> None:
    walker = walkers[0]
    walker.open("/staff/search?q=an")
    walker.tab.locator("main").evaluate(
        "(main, html) => main.insertAdjacentHTML('beforeend', html)", dead
    )
    control = next(one for one in walker.controls() if one.label == "Dead")
    assert _try(walker, control, "the dead one", set()) == ["the dead one: nothing happened"]


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


def test_a_card_of_a_series_can_be_dragged(walkers: tuple[Walker, Walker], kept: Scene) -> None:
    walker = walkers[0]
    walker.open(f"/staff/drips/{kept.ids['drip_draft']}/")
    cards = walker.tab.locator("#path [data-step] strong")
    first, second = cards.nth(0).inner_text(), cards.nth(1).inner_text()
    grips = walker.tab.locator("#path .drag")
    grips.nth(0).drag_to(walker.tab.locator("#path [data-step]").nth(1))
    expect(cards.nth(0)).to_have_text(second)
    expect(cards.nth(1)).to_have_text(first)
    assert walker.rows()["drip_steps"] != walker.kept["drip_steps"]


def test_a_block_of_an_email_can_be_dragged(walkers: tuple[Walker, Walker], kept: Scene) -> None:
    walker = walkers[0]
    walker.open(f"/staff/library/{kept.ids['draft_email']}/")
    blocks = walker.tab.locator(".block-item .block-kind")
    before = blocks.all_inner_texts()
    items = walker.tab.locator(".block-item")
    items.nth(0).drag_to(items.nth(2))
    expect(blocks.nth(0)).not_to_have_text(before[0])
    assert sorted(blocks.all_inner_texts()) == sorted(before)
    assert walker.rows()["lessons"] != walker.kept["lessons"]


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
