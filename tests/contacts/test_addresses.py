"""Addresses come in as people type them, and leave in one form or with a remedy."""

from __future__ import annotations

import pytest

from campaigns.contacts import areas
from campaigns.contacts.addresses import mask, normalise_email, normalise_phone
from campaigns.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("ana@example.com", "ana@example.com"),
        ("  Ana.Sample+News@Example.COM \n", "ana.sample+news@example.com"),
        ("Ana Sample <ana@example.com>", "ana@example.com"),
        ("mailto:ana@example.com", "ana@example.com"),
        ("ana@bücher.example.com", "ana@xn--bcher-kva.example.com"),
        ("ana\u200b@example.com".replace("\u200b", ""), "ana@example.com"),
        ("\ufeffana@example.com", "ana@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("a@sub.domain.example.co", "a@sub.domain.example.co"),
    ],
)
def test_an_email_has_one_normal_form(typed: str, normal: str) -> None:
    assert normalise_email(typed) == normal
    assert normalise_email(normal) == normal


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "email_missing"),
        ("   ", "email_missing"),
        ("ana", "email_invalid"),
        ("ana@", "email_invalid"),
        ("ana@nodot", "email_invalid"),
        ("ana..b@example.com", "email_invalid"),
        ("ana@example..com", "email_invalid"),
        ("ana@example.com, bob@example.com", "email_invalid"),
        ("josé@example.com", "email_invalid"),
        ("ana@localhost", "email_invalid"),
        ("ana@clinic.test", "email_invalid"),
        ("n/a", "email_invalid"),
        ("a" * 250 + "@example.com", "email_too_long"),
    ],
)
def test_a_faulty_email_is_refused_with_a_remedy(typed: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise_email(typed)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "typed",
    [
        "2125550123",
        "12125550123",
        "+12125550123",
        "(212) 555-0123",
        "212-555-0123",
        "212.555.0123",
        "1-212-555-0123",
        "+1 (212) 555 0123",
        "(212)5550123",
        " 212 555 0123 ",
        "212/555-0123",
        "212\u00a0555\u20110123",
        "tel:+1-212-555-0123",
        "\u202a+1 212 555 0123\u202c",
    ],
)
def test_a_phone_number_has_one_normal_form(typed: str) -> None:
    assert normalise_phone(typed) == "+12125550123"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "phone_missing"),
        ("call me", "phone_characters"),
        ("212-555-0123 / 212-555-0124", "phone_length"),
        ("5550123", "phone_length"),
        ("212-555-01234", "phone_length"),
        ("212-555-0123 ext. 7", "phone_extension"),
        ("212-555-0123 x7", "phone_extension"),
        ("212-555-0123;ext=7", "phone_extension"),
        ("212-555-0123 #7", "phone_extension"),
        ("+44 20 7946 0958", "phone_foreign"),
        ("+52 55 1234 5678", "phone_foreign"),
        ("416-555-0123", "phone_foreign"),
        ("876-555-0123", "phone_foreign"),
        ("787-555-0123", "phone_territory"),
        ("800-555-0123", "phone_toll_free"),
        ("888-555-0123", "phone_toll_free"),
        ("500-555-0123", "phone_service"),
        ("900-555-0123", "phone_service"),
        ("911-555-0123", "phone_service"),
        ("711-555-0123", "phone_service"),
        ("212-911-0123", "phone_exchange"),
        ("212-055-0123", "phone_exchange"),
        ("212-155-0123", "phone_exchange"),
        ("999-555-0123", "phone_area_code"),
        ("123-555-0123", "phone_area_code"),
    ],
)
def test_a_number_that_cannot_be_texted_is_refused_with_a_remedy(typed: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise_phone(typed)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("area", ["436", "729", "861", "924", "471", "429", "448", "458", "364"])
def test_new_area_codes_are_accepted(area: str) -> None:
    assert normalise_phone(f"({area}) 555-0123") == f"+1{area}5550123"


def test_every_area_code_of_the_table_is_accepted_and_has_one_meaning() -> None:
    for area in areas.AREA_CODES:
        assert normalise_phone(f"{area}5550100") == f"+1{area}5550100"
    others = (areas.TOLL_FREE, areas.SPECIAL, areas.TERRITORIES, areas.CANADA, areas.CARIBBEAN)
    for group in others:
        assert not group & set(areas.AREA_CODES)
    assert set(areas.AREA_CODES) >= set(areas.NEWER)
    assert len(areas.STATES) == 51


@pytest.mark.parametrize(
    ("phone", "state"),
    [
        ("+12125550100", "NY"),
        ("+14365550100", "OH"),
        ("+12025550100", "DC"),
        ("+14295550100", None),
    ],
)
def test_an_area_code_tells_the_state(phone: str, state: str | None) -> None:
    assert areas.state_of(phone) == state


def test_masks_hide_all_but_a_little() -> None:
    assert mask("email", "maria@example.com") == "m•••@example.com"
    assert mask("sms", "+12125550123") == "•••-•••-0123"
