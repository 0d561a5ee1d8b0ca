"""Text messages: counted as the network counts, complete, and never longer than promised."""

from __future__ import annotations

import pytest

from campaigns.content import sms
from campaigns.content.blocks import read_text
from campaigns.content.people import PersonUrls, PersonView
from campaigns.content.texts import CompiledText
from campaigns.core.errors import InvalidInput
from tests.factories import content

CLINIC = content.loose_clinic()
URLS = PersonUrls(click="https://p.example.com/c/T", unsubscribe="", preferences="", view="")


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("a" * 152 + "€" + "a" * 20, "GSM-7", 174, 2),
        ("é" * 160, "GSM-7", 160, 1),
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("a" * 70 + "’", "UCS-2", 71, 2),
        ("a" * 1530, "GSM-7", 1530, 10),
        ("a" * 1531, "GSM-7", 1531, 11),
        ("^{}\\[~]|€", "GSM-7", 18, 1),
        ("ç", "UCS-2", 1, 1),
        ("Ç", "GSM-7", 1, 1),
        ("`", "UCS-2", 1, 1),
    ],
)
def test_texts_are_counted_as_the_network_counts(
    text: str, encoding: str, units: int, parts: int
) -> None:
    measured = sms.measure(text)
    assert (measured.encoding, measured.units, measured.parts) == (encoding, units, parts)


def test_a_pair_never_straddles_two_parts() -> None:
    assert sms.measure("a" * 66 + "😀" * 2 + "a" * 64).parts == 3
    assert sms.measure("a" * 152 + "€" * 5 + "a" * 143).parts == 2
    assert sms.measure("a" * 152 + "€" * 5 + "a" * 144).parts == 3


def test_look_alikes_become_plain_and_are_listed() -> None:
    text, replaced = sms.transliterate("It’s “new” – now… a\u00a0b\u200b • ™")
    assert text == 'It\'s "new" - now... a b - (TM)'
    assert ("’", "'") in replaced
    assert sms.measure(text).encoding == "GSM-7"


def test_costly_characters_are_named_with_what_can_stand_instead() -> None:
    found = sms.offenders("Zoë’s ê 😀")
    assert [(o.character, o.replacement) for o in found] == [
        ("ë", "e"),
        ("’", "'"),
        ("ê", "e"),
        ("😀", None),
    ]
    assert found[-1].name == "grinning face"


def compiled(body: str, link: str = "book") -> CompiledText:
    return CompiledText(read_text({"body": body, "link": link}), consultation=False)


def test_every_text_has_brand_link_and_how_to_stop() -> None:
    text = compiled("your guide is ready:").render(PersonView(), URLS, CLINIC, False)
    assert text == (
        "Deeply Vital: your guide is ready: https://p.example.com/c/T/1 Reply STOP to opt out"
    )


def test_the_first_text_carries_the_whole_programme() -> None:
    text = compiled("your guide is ready:").render(PersonView(sms_per_month=4), URLS, CLINIC, True)
    assert text.endswith(
        "Up to 4 msgs/mo. Msg & data rates may apply. Reply HELP for help, STOP to opt out."
    )
    assert text.startswith("Deeply Vital: ")


def test_a_test_text_says_so() -> None:
    text = compiled("hello", "none").render(PersonView(), URLS, CLINIC, False, test=True)
    assert text == "[TEST] Deeply Vital: hello Reply STOP to opt out"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë", "Zoe"),
        ("José", "José"),
        ("李雷", "there"),
        ("😀", "there"),
        ("", "there"),
        ("Maximiliana Alexandra Josephine", "Maximiliana"),
        ("M" * 30, "M" * 20),
        ("a\nb", "a b"),
        ("see evil.com", "there"),
    ],
)
def test_a_name_never_makes_a_text_longer_or_dearer_than_measured(name: str, shown: str) -> None:
    text = compiled('hi {{ first_name | default: "there" }}, news:')
    sent = text.render(PersonView(first_name=name), URLS, CLINIC, False)
    assert sent.startswith(f"Deeply Vital: hi {shown}, news:")
    measured = text.measure(CLINIC, "https://p.example.com", first=False)
    assert sms.measure(sent).parts <= measured.parts
    assert sms.measure(sent).encoding == "GSM-7"


def test_a_text_in_the_large_alphabet_keeps_names_as_they_are() -> None:
    sent = compiled("olá {{ first_name }} ê:").render(
        PersonView(first_name="李雷"), URLS, CLINIC, False
    )
    assert "李雷" in sent


def test_an_unknown_tag_in_a_text_is_refused_at_its_field() -> None:
    with pytest.raises(InvalidInput) as error:
        read_text({"body": "hi {{ nmae }}"})
    assert list(error.value.fields) == ["body"]


def test_the_cost_is_parts_times_people() -> None:
    assert sms.cost(2, 371, 1.1) == 8.16
