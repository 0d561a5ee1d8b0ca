"""Skeletons: shared bodies, holes for each person, no cross-talk, nothing unsafe."""

from __future__ import annotations

import itertools
import random
import time
from datetime import date
from typing import Any

import pytest

from campaigns.content import rendering
from campaigns.content.people import PersonUrls, PersonView
from campaigns.core.errors import InvalidInput
from tests.factories import content

CLINIC = content.loose_clinic()
ALL: tuple[dict[str, Any], ...] = (
    {"id": "h", "type": "heading", "text": "Fish & <chips>", "level": 1},
    {
        "id": "t",
        "type": "text",
        "html": '<p>Dear {{ first_name | default: "you" }}, <a href="https://a.example.com/?a=1&amp;b=2">read</a></p><ul><li>one</li></ul>',
    },
    {
        "id": "i",
        "type": "image",
        "image": "abc",
        "alt": 'a "red" lamp',
        "width": 900,
        "height": 300,
    },
    {"id": "u", "type": "button", "label": "More", "url": "https://a.example.com/more"},
    {"id": "b", "type": "book"},
    {"id": "c", "type": "call", "label": "Ring {{ clinic_phone }}"},
    {"id": "d", "type": "divider"},
    {"id": "s", "type": "spacer", "height": 40},
    {
        "id": "k",
        "type": "columns",
        "left": [{"id": "kl", "type": "heading", "text": "Left"}],
        "right": [{"id": "kr", "type": "text", "html": "<p>Right</p>"}],
    },
    {"id": "r", "type": "reviewed_by"},
    {"id": "n", "type": "disclaimer"},
)


def urls(token: str) -> PersonUrls:
    base = "https://p.example.com"
    return PersonUrls(
        click=f"{base}/c/{token}",
        unsubscribe=f"{base}/u/{token}",
        preferences=f"{base}/p/{token}",
        view=f"{base}/l/{token}",
    )


def skeleton(
    *blocks: dict[str, Any], person: PersonView | None = None, **values: Any
) -> rendering.EmailSkeleton:
    email = rendering.compile_email(content.draft(*blocks), consultation=False)
    person = person or PersonView()
    return email.skeleton(
        email.variant_for(person.interests, person.channels),
        clinic=CLINIC,
        public_url="https://p.example.com",
        **values,
    )


def test_every_block_reaches_html_and_text() -> None:
    shown = skeleton(*ALL, reviewed_line="Reviewed by A. Tester, RN, May 2026").render(
        PersonView(first_name="Ana", source_label="the website", consent_date=date(2026, 5, 3)),
        urls("T"),
    )
    for words in (
        "Fish &amp; &lt;chips&gt;",
        "Dear Ana",
        'alt="a &quot;red&quot; lamp"',
        'width="552"',
        "https://p.example.com/i/abc",
        ">More</a>",
        ">Book a visit</a>",
        "Ring (614) 555-0123",
        "height:40px",
        ">Left</h2>",
        "<p>Right</p>",
        "Reviewed by A. Tester, RN, May 2026",
        "Talk with a licensed clinician",
        "1 Main Street, Columbus, OH 43004",
        "You signed up for Deeply Vital wellness emails at the website on May 3, 2026.",
        'href="https://p.example.com/c/T/1"',
        'href="https://p.example.com/u/T"',
        'lang="en"',
        "<title>Your new guide</title>",
        "prefers-color-scheme: dark",
        'role="presentation"',
    ):
        assert words in shown.html, words
    for words in (
        "Dear Ana, read (https://p.example.com/c/T/1)",
        "- one",
        '[Picture: a "red" lamp]',
        "More: https://p.example.com/c/T/2",
        "Book a visit: https://p.example.com/c/T/3",
        "Right",
        "Reviewed by A. Tester",
        "Unsubscribe from all marketing email: https://p.example.com/u/T",
    ):
        assert words in shown.text, words
    assert shown.text.index("Right") < shown.text.index("--\nYou signed up")
    assert "a.example.com" not in shown.html + shown.text  # destinations stay with us
    assert "fonts.googleapis" not in shown.html


def test_without_an_approval_nothing_is_printed_about_a_review() -> None:
    shown = skeleton(*ALL).render(PersonView(), urls("T"))
    assert "eviewed" not in shown.html + shown.text


def test_a_test_is_marked_everywhere() -> None:
    shown = skeleton(*ALL, test=True).render(PersonView(), urls("T"))
    assert shown.subject == "[TEST] Your new guide"
    assert "[TEST]" in shown.html
    assert shown.text.startswith("[TEST]")


def conditional() -> rendering.CompiledEmail:
    joint = {"kind": "interest", "op": "has", "value": "joint_pain"}
    no_texts = {"kind": "channel", "op": "has_not", "value": "sms"}
    return rendering.compile_email(
        content.draft(
            {"id": "a", "type": "text", "html": "<p>For all</p>"},
            {"id": "j", "type": "text", "html": "<p>JOINT-CANARY</p>", "condition": joint},
            {"id": "k", "type": "heading", "text": "again", "condition": joint},
            {"id": "x", "type": "text", "html": "<p>TEXTS-CANARY</p>", "condition": no_texts},
        )
    )


def test_people_who_see_the_same_blocks_share_one_body() -> None:
    email = conditional()
    assert email.interest_codes == {"joint_pain"}
    assert email.variant_for(frozenset({"skin"})) == email.variant_for(frozenset({"muscle_spasms"}))
    assert email.variant_for(frozenset({"joint_pain"})) != email.variant_for(frozenset())
    variants = {
        email.variant_for(interests, channels)
        for interests in (frozenset(), frozenset({"joint_pain"}), frozenset({"joint_pain", "skin"}))
        for channels in (frozenset(), frozenset({"sms"}), frozenset({"sms", "email"}))
    }
    assert len(variants) == 4


def test_a_block_for_some_reaches_nobody_else() -> None:
    email = conditional()
    for interests, channels in itertools.product(
        (frozenset(), frozenset({"joint_pain"})), (frozenset(), frozenset({"sms"}))
    ):
        body = email.skeleton(email.variant_for(interests, channels), clinic=CLINIC)
        both = body.html + body.text
        assert ("JOINT-CANARY" in both) == bool(interests)
        assert ("TEXTS-CANARY" in both) == (not channels)


def test_nobody_gets_anything_of_anybody_else() -> None:
    body = skeleton(*ALL)
    people = [
        (PersonView(first_name=f"Canary{n}", source_label=f"form {n}"), urls(f"TOKEN{n}"))
        for n in range(50)
    ]
    for n, (person, own) in enumerate(people):
        shown = body.render(person, own)
        both = shown.subject + shown.html + shown.text
        assert f"Canary{n}" in both
        others = [m for m in range(50) if m != n and f"TOKEN{m}/" in both]
        assert others == []
        assert not any(f"Canary{m}," in both for m in range(50) if m != n)


def test_holes_can_be_replaced_in_any_order_and_again() -> None:
    body = skeleton(*ALL)
    hostile = PersonView(
        first_name=f"x{body.holes[1]}{body.holes[2]}-%",
        last_name="%-",
        source_label=f"{body.holes[0]} and {body.holes[-1]}",
    )
    values = body.values_for(hostile, urls("T"))
    expected = rendering.put_values(body.html, values)
    shuffled = list(values.items())
    for seed in range(20):
        random.Random(seed).shuffle(shuffled)
        text = body.html
        for _ in range(3):
            for key, value in shuffled:
                text = text.replace(key, value)
        assert text == expected
    assert not any(hole in expected for hole in body.holes)


def test_keys_differ_from_skeleton_to_skeleton_and_stand_in_no_static_text() -> None:
    first, second = skeleton(*ALL), skeleton(*ALL)
    assert not set(first.holes) & set(second.holes)
    assert set(first.holes) == set(first.values_for(PersonView(), urls("T")))
    assert all(h in first.subject + first.html + first.text for h in first.holes)
    with pytest.raises(ValueError, match="key prefix"):
        skeleton(*ALL, key_prefix="prefers-color-scheme")


XSS = [
    "<script>window.__x=1</script>",
    "<img src=x onerror=window.__x=1>",
    '"><svg onload=alert(1)>',
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src=//evil></iframe>",
    "</title><script>x</script>",
    "<!--<img src=x>-->",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0>",
    "<mj-raw><script>x</script></mj-raw>",
    "<mj-include path='/etc/passwd'/>",
    "' onmouseover='x",
    "<style>*{background:url(//evil)}</style>",
    "]]><x>",
    "&lt;script&gt;",
    "<math><mtext></table>",
]


@pytest.mark.parametrize("attack", XSS)
def test_markup_in_any_field_or_name_stays_words_or_goes(attack: str) -> None:
    blocks = (
        {"id": "h", "type": "heading", "text": attack},
        {"id": "b", "type": "book", "label": attack[:60]},
        {"id": "i", "type": "image", "image": "abc", "alt": attack},
    )
    person = PersonView(first_name=attack, last_name=attack, source_label=attack)
    email = rendering.compile_email(
        content.draft(
            *blocks,
            {"id": "t", "type": "text", "html": "<p>{{ first_name }} {{ last_name }}</p>"},
            subject=attack,
            preheader=attack,
        )
    )
    shown = email.skeleton(
        email.variant_for(frozenset()),
        clinic=content.loose_clinic(brand=attack[:24]),
        public_url="",
    ).render(person, urls("T"))
    assert_harmless(shown.html)


@pytest.mark.parametrize("attack", [a for a in XSS if "javascript:" not in a])
def test_markup_in_rich_text_is_cleaned(attack: str) -> None:
    shown = skeleton({"id": "t", "type": "text", "html": f"<p>before {attack} after</p>"}).render(
        PersonView(), urls("T")
    )
    assert_harmless(shown.html)


def assert_harmless(markup: str) -> None:
    from campaigns.content.mjml import _HTML_TAGS, _Check

    class Sent(_Check):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            checked = [(n, v) for n, v in attrs if n not in ("href", "src")]
            for name, value in attrs:
                if name in ("href", "src"):
                    assert (value or "").startswith(("https://p.example.com/", "/i/")), value
            super().handle_starttag(tag, checked)

    Sent(_HTML_TAGS).run(markup)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "java\nscript:x",
        "data:text/html,x",
        "http://a.example.com",
        "mailto:a@b.example",
        "tel:+1",
        "//evil.example",
        "/local",
        "https://u:p@a.example.com",
        "https://",
        "https://a b.example.com",
        "https://localhost",
        "&#106;avascript:alert(1)",
    ],
)
def test_only_plain_https_links_are_taken(href: str) -> None:
    for block in (
        {"id": "t", "type": "text", "html": f'<p><a href="{href}">x</a></p>'},
        {"id": "t", "type": "button", "label": "x", "url": href},
    ):
        with pytest.raises(InvalidInput) as error:
            rendering.compile_email(content.draft(block))
        assert list(error.value.fields) in (["t.html"], ["t.url"])


def test_one_person_costs_a_few_microseconds() -> None:
    body = skeleton(*ALL)
    person = PersonView(
        first_name="Maria", source_label="the website", consent_date=date(2026, 5, 3)
    )
    own = urls("T")
    best = min(_time(lambda: body.values_for(person, own)) for _ in range(5))
    assert best < 60e-6  # a few microseconds on a quiet machine; this one is shared


def _time(work: Any) -> float:
    start = time.perf_counter()
    for _ in range(500):
        work()
    return (time.perf_counter() - start) / 500


def test_an_image_needs_the_public_address() -> None:
    email = rendering.compile_email(content.draft(*ALL))
    with pytest.raises(ValueError, match="public address"):
        email.skeleton(email.variant_for(frozenset()), clinic=CLINIC)


def test_an_error_names_the_block_and_the_field_and_what_to_do() -> None:
    with pytest.raises(InvalidInput) as error:
        rendering.compile_email(
            content.draft(
                {"id": "h", "type": "heading", "text": "x" * 300},
                {
                    "id": "k",
                    "type": "columns",
                    "left": [{"id": "q", "type": "spacer", "height": 900}],
                },
                {"id": "z", "type": "marquee"},
            )
        )
    assert set(error.value.fields) == {"h.text", "q.height", "z.type"}
    assert (
        "Heading (block 1), text: it is too long. Shorten it to 200 characters."
        in error.value.message
    )


def test_an_email_stays_far_below_the_size_at_which_it_is_cut_off() -> None:
    assert skeleton(*ALL).size < rendering.GMAIL_CLIPS_AT / 3
