"""The hosted page, the differences that a reviewer sees, and moving blocks about."""

from __future__ import annotations

import pytest

from campaigns.content import arranging, differences, page, rendering, richtext
from campaigns.content.blocks import read_email
from campaigns.content.people import PersonUrls, PersonView
from campaigns.core.errors import InvalidInput, NotFound
from tests.factories import content

BLOCKS = (
    {"id": "h", "type": "heading", "text": "Rest & <sleep>", "level": 1},
    {
        "id": "t",
        "type": "text",
        "html": '<p>Dear {{ first_name | default: "you" }}, <a href="https://a.example.com/">read</a></p>',
    },
    {
        "id": "j",
        "type": "text",
        "html": "<p>JOINT-CANARY</p>",
        "condition": {"kind": "interest", "value": "joint_pain"},
    },
    {"id": "b", "type": "book"},
    {"id": "c", "type": "call"},
    {"id": "i", "type": "image", "image": "abc", "alt": "A lamp", "width": 9, "height": 8},
    {"id": "r", "type": "reviewed_by"},
    {"id": "n", "type": "disclaimer"},
)
URLS = PersonUrls(click="https://p.example.com/c/T", unsubscribe="", preferences="", view="")


def shown(person: PersonView | None = None, urls: PersonUrls | None = None, line: str = "") -> str:
    email = rendering.compile_email(content.draft(*BLOCKS), consultation=False)
    return page.lesson_page(
        email, clinic=content.loose_clinic(), person=person, urls=urls, reviewed_line=line
    )


def test_a_page_for_a_person_counts_clicks_and_shows_her_blocks() -> None:
    html = shown(
        PersonView(first_name="A<b>", interests=frozenset({"joint_pain"})), URLS, "Reviewed by X"
    )
    for words in (
        "Rest &amp; &lt;sleep&gt;",
        "Dear A&lt;b&gt;",
        'href="https://p.example.com/c/T/1"',
        "JOINT-CANARY",
        'href="https://p.example.com/c/T/2">Book a visit',
        'src="/i/abc"',
        "Reviewed by X",
        "Talk with a licensed clinician",
    ):
        assert words in html, words
    assert "style=" not in html


def test_a_page_for_nobody_names_nobody_and_leads_straight_there() -> None:
    html = shown()
    assert "Dear you" in html
    assert "JOINT-CANARY" not in html
    assert 'href="https://a.example.com/"' in html
    assert 'href="tel:+16145550123"' in html
    assert "eviewed by" not in html


def test_the_reviewer_sees_what_changed_word_by_word() -> None:
    old = content.draft(
        {"id": "t", "type": "text", "html": "<p>Sleep is good.</p>"},
        {"id": "u", "type": "button", "label": "Read", "url": "https://a.example.com/"},
        {"id": "h", "type": "heading", "text": "Gone"},
    )
    new = content.draft(
        {"id": "t", "type": "text", "html": "<p>Sleep is really good.</p>"},
        {"id": "u", "type": "button", "label": "Read", "url": "https://b.example.com/"},
        {"id": "x", "type": "heading", "text": "Fresh"},
    )
    changes = {c.where: c for c in differences.compare("email", old, new)}
    assert [(p.kind, p.text) for p in changes["t"].pieces] == [
        ("same", "Sleep is"),
        ("added", "really"),
        ("same", "good."),
    ]
    assert changes["u"].kind == "changed"
    assert "was: leads to https://a.example.com/" in changes["u"].note
    assert changes["x"].kind == "added"
    assert changes["h"].kind == "removed"
    assert changes["subject"].kind == "same"


def test_a_first_review_shows_everything_as_new() -> None:
    changes = differences.compare("email", None, content.draft(*BLOCKS))
    assert {c.kind for c in changes} == {"added"}
    joint = next(c for c in changes if c.where == "j")
    assert joint.note == "only for people with the interest joint pain"
    assert [c.title for c in differences.compare("sms", None, {"body": "hi", "link": "call"})] == [
        "Text"
    ]


def test_the_footer_is_always_there_always_one_and_always_last() -> None:
    source = read_email(
        content.draft({"type": "footer", "id": "f"}, {"type": "divider", "id": "d"})
    )
    assert [b.type for b in source.blocks] == ["divider", "footer"]
    moved = arranging.move(source.stored(), "d", 5)
    assert [b.type for b in moved.blocks] == ["divider", "footer"]
    with pytest.raises(NotFound):
        arranging.remove(source.stored(), "footer")


def test_two_blocks_never_share_an_id() -> None:
    source = read_email(
        content.draft({"type": "divider", "id": "d"}, {"type": "divider", "id": "d"})
    )
    assert len({b.id for b in source.walk()}) == 3


def test_what_cannot_stand_in_a_column_goes_below_it() -> None:
    draft = content.draft({"id": "k", "type": "columns", "left": [{"id": "q", "type": "spacer"}]})
    with pytest.raises(InvalidInput, match="cannot stand in a column"):
        arranging.add(draft, "divider", inside="k.left")
    source, made = arranging.add(draft, "divider", after="q")
    assert [b.id for b in source.blocks][1] == made
    source, made = arranging.add(draft, "heading", after="q")
    assert [b.id for b in source.walk()][2] == made
    removed, taken, position, inside = arranging.remove(source.stored(), "q")
    assert (taken["id"], position, inside) == ("q", 0, "k.left")
    back = arranging.put_back(removed.stored(), taken, position, inside)
    assert back == source


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("<div>a<br><br>b</div>", "<p>a</p><p>b</p>"),
        ("a <b>b</b><i>c</i>", "<p>a <strong>b</strong><em>c</em></p>"),
        ("<h1>x</h1><p style='color:red' onclick=x()>y</p>", "<p>x</p><p>y</p>"),
        ("<ul><li>a<ul><li>b</li></ul></li><li></li></ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>a<br>b</p><p><br></p>", "<p>a<br>b</p>"),
        ("<script>x</script><p>&lt;b&gt; &amp;</p>", "<p>&lt;b&gt; &amp;</p>"),
        ("", ""),
    ],
)
def test_rich_text_is_kept_small(typed: str, stored: str) -> None:
    assert richtext.canonical(typed) == stored
    assert richtext.canonical(stored) == stored
    assert richtext.canonical(richtext.for_editor(stored)) == stored
