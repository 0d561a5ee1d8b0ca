"""The poster is one sheet of the paper that was chosen, with all its words on it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from campaigns.consent.models import SignupForm
from tests.browser.scene import Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SHEETS = {"letter": (612, 792), "a4": (595, 842)}
"""Width and height in points."""
OWN_WORDS = {
    "headline": {
        "es": "Reciba consejos breves de bienestar de los especialistas de nuestra clínica"
    },
    "lead": {
        "es": "Una frase muy larga que la clínica ha escrito para explicar qué guías envía, con"
        " qué frecuencia las envía, y por qué vale la pena leerlas en casa, con calma, antes"
        " de reservar la primera visita."
    },
}
BELOW = """() => {
  const sheet = document.querySelector(".poster").getBoundingClientRect();
  return [...document.querySelectorAll(".poster *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.bottom > sheet.bottom || box.right > sheet.right + 1 || box.left < sheet.left - 1;
  }).map((one) => one.className || one.tagName);
}"""


@pytest.fixture
def tab(browser: Browser, scene: Scene) -> Iterator[Tab]:
    """A signed-in tab; what the clinic's own words were comes back."""
    with scene.services.db.transaction() as session:
        kept = dict(session.get_one(SignupForm, scene.ids["fair"]).words)
    profile = scene.signed_in(browser)
    yield profile.new_page()
    profile.close()
    _write(scene, kept)


def _write(scene: Scene, words: dict[str, dict[str, str]]) -> None:
    with scene.services.db.transaction() as session:
        session.get_one(SignupForm, scene.ids["fair"]).words = words


@pytest.mark.parametrize("words", [{}, OWN_WORDS], ids=["our words", "long words of the clinic"])
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("paper", list(SHEETS))
def test_a_poster_is_one_sheet_with_all_its_words(
    scene: Scene, tab: Tab, paper: str, language: str, words: dict[str, dict[str, str]]
) -> None:
    _write(scene, words)
    form = scene.ids["fair"]
    tab.goto(f"{scene.url}/staff/settings/sign-up/{form}/poster?paper={paper}&language={language}")
    printed = tab.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert box is not None
    assert tuple(round(float(side)) for side in box.groups()) == SHEETS[paper]
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": round(SHEETS[paper][0] / 0.75), "height": 1000})
    assert tab.evaluate(BELOW) == []
