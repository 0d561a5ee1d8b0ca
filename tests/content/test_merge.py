"""Merge tags: literal or refused, never evaluated."""

from __future__ import annotations

import html
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.content import merge, rendering
from campaigns.content.people import PersonUrls, PersonView
from campaigns.core.errors import InvalidInput
from tests.factories import content

ATTACKS = [
    "{{7*7}}",
    "{{ 7*7 }}",
    "{{config}}",
    "{{ config.items() }}",
    "{{''.__class__.__mro__}}",
    "{{ first_name.__class__ }}",
    '{{ first_name|attr("format") }}',
    '{{ first_name | default: "x" | safe }}',
    "{{ first_name | join }}",
    "{{ env.SECRET_CANARY }}",
    '{{ env "SECRET_CANARY" }}',
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self }}",
    "{{ request.application }}",
    "{{ lipsum.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{% for x in (1..9999999) %}{% endfor %}",
    "{% if true %}x{% endif %}",
    "{%- include 'x' -%}",
    "{{ first_name",
    "first_name }}",
    "{{ {{ first_name }} }}",
    "{{}}",
    "{{ }}",
    "{{|}}",
    '{{ first_name | default: "{{ brand }}" }}',
    '{{ first_name | default: "" }}',
    "{{ first_name | default }}",
    "{{ first_name || default }}",
    "{{ first_name | upcase: 'x' }}",
    "{{ FIRST_NAME }}",
    "{{ first name }}",
    "{{ first_name\x00 }}",
    "{{ unsubscribe_url }}",
    "{{ _click }}",
]
LITERAL = ["${7*7}", "#{7*7}", "<%= 7*7 %>", "@(7*7)", "{7*7}", "[[7*7]]", "$env:SECRET", "%(a)s"]
URLS = PersonUrls(
    click="https://p.example.com/c/T",
    unsubscribe="https://p.example.com/u/T",
    preferences="https://p.example.com/p/T",
    view="https://p.example.com/l/T",
)


def rendered(person: PersonView, *blocks: dict[str, object], subject: str) -> rendering.Rendered:
    given_blocks = blocks or (
        {"id": "t", "type": "text", "html": '<p>Hi {{ first_name | default: "there" }}</p>'},
    )
    email = rendering.compile_email(content.draft(*given_blocks, subject=subject))
    variant = email.variant_for(person.interests, person.channels)
    return email.skeleton(variant, clinic=content.loose_clinic()).render(person, URLS)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_in_words_is_refused_in_time(attack: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InvalidInput) as error:
        merge.parse(f"Hello {attack} world")
    assert time.perf_counter() - start < 0.05
    assert error.value.message.endswith((".", "?"))


@pytest.mark.parametrize("text", LITERAL)
def test_other_template_languages_are_plain_words(text: str) -> None:
    assert merge.parse(text).parts == (text,)


@pytest.mark.parametrize("attack", [*ATTACKS, *LITERAL])
def test_an_attack_in_a_name_stays_words(attack: str) -> None:
    shown = rendered(
        PersonView(first_name=attack), subject='Hi {{ first_name | default: "there" }}'
    )
    name = " ".join(attack.replace("\x00", " ").split())
    assert shown.subject in (f"Hi {attack}", f"Hi {name}", "Hi there")
    assert "49" not in shown.subject
    assert html.escape(shown.subject.removeprefix("Hi ")) in shown.html


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InvalidInput, match="Did you mean first_name"):
        merge.parse("{{ firstname }}")
    with pytest.raises(InvalidInput, match="Did you mean capitalize"):
        merge.parse("{{ first_name | capitalise }}")


def test_filters_apply_in_order_and_the_fallback_stands_in_for_nothing() -> None:
    template = merge.parse('Hi {{ first_name | default: "friend" | capitalize }}!')
    assert template.fill_values({"first_name": "ana"}) == "Hi Ana!"
    assert template.fill_values({"first_name": "  "}) == "Hi Friend!"
    assert merge.parse("{{first_name|upcase}}").fill_values({"first_name": "ana"}) == "ANA"
    assert merge.parse("{{ first_name | default: “you” }}").fill_values({}) == "you"


def test_a_tag_can_be_written_back() -> None:
    for source in ('{{ first_name | default: "there" | upcase }}', "{{ brand }}"):
        assert merge.tag_source(merge.parse(source).tags[0]) == source


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}|%: \"first_name default\n'", max_size=60))
def test_any_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    try:
        template = merge.parse(text)
    except InvalidInput:
        return
    if not template.tags:
        assert template.fill_values({}) == text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_a_subject_is_always_one_line(name: str) -> None:
    shown = rendered(PersonView(first_name=name), subject="For {{ first_name }}")
    assert not set(shown.subject) & set("\r\n\u2028\u2029\x00")


@pytest.mark.parametrize(
    "name", ["https://evil.example", "www.evil.com", "Win now evil.com", "a@b.example", "x//://y"]
)
def test_a_name_that_smuggles_a_link_is_not_printed(name: str) -> None:
    shown = rendered(PersonView(first_name=name), subject="Hi")
    assert "Hi there" in shown.text
    assert name not in shown.text + shown.html
