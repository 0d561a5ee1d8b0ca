"""What all public pages share: words, colours, headers, and the forms' seals."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from campaigns.audience import interests
from campaigns.core.clock import FixedClock
from campaigns.core.keys import KeyRing
from campaigns.core.signing import Purpose
from campaigns.public import accent, english, seals, spanish
from campaigns.public.seals import Seal
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic

PAGES = ("/f/main", "/privacy", "/terms", "/sms-program")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    names = {f"topic_{code}" for code, _name, _active in interests.DEFAULTS}
    assert set(spanish.TEXTS) - names == set(english.TEXTS)
    for key, text in english.TEXTS.items():
        assert places(spanish.TEXTS[key]) == places(text), key


def test_no_text_shouts() -> None:
    for texts in (english.TEXTS, spanish.TEXTS):
        assert [key for key, text in texts.items() if "!" in text] == []


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_whatever_the_clinics_colour_it_can_be_read(colour: tuple[int, int, int]) -> None:
    css = accent.accent_of("#{:02x}{:02x}{:02x}".format(*colour)).css
    light, on_light, dark, on_dark = (
        (int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in re.findall(r"#(\w{6})", css)
    )
    assert accent.contrast(light, accent.LIGHT_PAGE) >= 4.5
    assert accent.contrast(dark, accent.DARK_PAGE) >= 4.5
    assert accent.contrast(light, on_light) >= 4.5
    assert accent.contrast(dark, on_dark) >= 4.5


def test_a_colour_that_is_none_becomes_the_default() -> None:
    assert accent.accent_of("red;}body{display:none").css == accent.accent_of("#b3261e").css


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_closed_to_foreign_content(
    client: FlaskClient, services: Services, clock: FixedClock, path: str
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=clock.now())
    reply = client.get(path)
    page = reply.get_data(as_text=True)
    assert reply.status_code == 200
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert "Set-Cookie" not in reply.headers
    assert "<script" not in page
    assert "style=" not in page
    assert page.count("<h1") == 1
    loaded = re.findall(r'(?:src|rel="stylesheet" href)="([^"]+)"', page)
    assert all(address.startswith("/static/") for address in loaded)


def test_a_cookie_that_comes_along_is_ignored(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    client.set_cookie("session", "anything")
    assert "Set-Cookie" not in client.get("/privacy").headers


def test_an_address_that_does_not_exist_gets_the_neutral_page(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    token = services.tokens.issue(Purpose.LESSON, 5)
    paths = ("/no-such-page", "/u/a/b", "/u/", f"/l/{token}", "/c/x/y/z", "/f/other")
    replies = [client.get(path) for path in paths]
    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.data for reply in replies}) == 1
    assert replies[0].headers["Referrer-Policy"] == "no-referrer"


def test_a_chosen_language_wins_over_the_browsers(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    headers = {"Accept-Language": "es"}
    assert 'lang="es"' in client.get("/privacy", headers=headers).get_data(as_text=True)
    page = client.get("/privacy?lang=en", headers=headers).get_data(as_text=True)
    assert '<html lang="en">' in page
    page = client.get("/privacy?lang=xx", headers={"Accept-Language": "de"})
    assert '<html lang="en">' in page.get_data(as_text=True)


def test_the_programme_page_says_what_carriers_ask_for(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    page = client.get("/sms-program").get_data(as_text=True)
    for words in (
        "Deeply Vital wellness texts",
        "<strong>STOP</strong>",
        "<strong>HELP</strong>",
        "messages a month",
        "Message and data rates may apply",
        "(212) 555-0100",
        "Carriers are not liable for delayed or undelivered messages",
        "do not share mobile numbers",
        "recurring automated marketing texts",
    ):
        assert words in page, words
    assert "Nobody but us" in client.get("/privacy").get_data(as_text=True)


NOW = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)


def test_a_seal_holds_its_numbers_for_its_use_and_time(key_ring: KeyRing) -> None:
    text = seals.seal(key_ring, Seal.UNDO, NOW, 7, 9)
    minute = timedelta(minutes=1)
    assert seals.unseal(key_ring, Seal.UNDO, text, NOW, within=minute) == (7, 9)
    assert seals.unseal(key_ring, Seal.PROVED, text, NOW, within=minute) is None
    assert seals.unseal(key_ring, Seal.UNDO, text, NOW + 2 * minute, within=minute) is None
    assert seals.unseal(key_ring, Seal.UNDO, text, NOW - minute, within=minute) is None
    assert seals.age(key_ring, Seal.UNDO, text, NOW + minute) == minute


@given(st.text(max_size=130))
def test_no_made_up_seal_is_accepted(key_ring: KeyRing, text: str) -> None:
    assert seals.age(key_ring, Seal.SIGN_UP, text, NOW) is None
