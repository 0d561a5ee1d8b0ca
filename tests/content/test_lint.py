"""The lint: what is blocked, what is warned about, what passes, and what stands in for it."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.content import arranging, lint
from campaigns.content.blocks import read_email, read_text
from campaigns.content.lint import Finding, Setting
from tests.factories import content

CLINIC = content.loose_clinic()
TOPICS = ("Muscle spasms", "Skin", "Joint pain", "Menstrual cramps")
GENERAL = Setting(topics=TOPICS, clinic=CLINIC)
ON_TOPIC = Setting(topics=TOPICS, clinic=CLINIC, topic="joint_pain")


def email(*blocks: dict[str, Any], setting: Setting = GENERAL, **values: Any) -> list[Finding]:
    return lint.check(read_email(content.draft(*blocks, **values)), setting)


def words(text: str, setting: Setting = GENERAL) -> list[Finding]:
    found = email(
        {"id": "t", "type": "text", "html": f"<p>{text}</p>"},
        {"id": "b", "type": "book"},
        {"id": "d", "type": "disclaimer"},
        setting=setting,
    )
    return [f for f in found if f.where == "t"]


def text(body: str, **values: Any) -> list[Finding]:
    return lint.check(read_text({"body": body, **values}), GENERAL)


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("Light cures tired legs.", "claim_cure"),
        ("This heals.", "claim_heal"),
        ("It helps healing your body.", "claim_heal"),
        ("Results are guaranteed.", "claim_guarantee"),
        ("It works 100% of the time.", "claim_guarantee"),
        ("It treats arthritis.", "claim_treat"),
        ("A treatment for back pain.", "claim_treat"),
        ("It prevents cramps.", "claim_prevent"),
        ("Get rid of spots.", "claim_absolute"),
        ("Live pain-free.", "claim_absolute"),
        ("Permanent change.", "claim_absolute"),
        ("It works instantly.", "claim_absolute"),
        ("Clinically proven.", "claim_proven"),
        ("Proven to work.", "claim_proven"),
        ("A miracle.", "claim_hype"),
        ("A breakthrough device.", "claim_hype"),
        ("Safe for everyone.", "claim_safety"),
        ("There are no side effects.", "claim_safety"),
        ("It replaces your medicine.", "claim_medicine"),
        ("Stop taking pills.", "claim_medicine"),
        ("Detox with light.", "claim_unsupported"),
        ("It boosts immunity.", "claim_unsupported"),
        ("Light helps people with diabetes.", "claim_serious"),
        ("Light eases menstrual cramps.", "claim_cramps"),
        ("For your arthritis.", "claim_status"),
        ("Because you have cramps, read on.", "claim_status"),
        ("FDA approved.", "claim_fda_approved"),
        ("FDA-registered device.", "claim_fda_status"),
        ("FDA cleared device.", "claim_fda_cleared"),
        ("Doctor recommended.", "claim_recommended"),
        ("It c u r e s everything.", "claim_cure"),
        ("It cu\u200bres everything.", "claim_cure"),
        ("It <strong>cu</strong>res everything.", "claim_cure"),
    ],
)
def test_claims_that_may_not_be_made_are_blocked(sentence: str, code: str) -> None:
    found = words(sentence)
    codes = {f.code for f in found if f.level == lint.BLOCK}
    assert codes & {code, "claim_fda_approved"}, found


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("Studies show that light is absorbed.", "claim_evidence"),
        ("The best clinic.", "claim_comparison"),
        ("See before and after pictures.", "claim_testimonial"),
        ("Our specialist is here.", "claim_licence"),
        ("A free consultation.", "claim_free"),
    ],
)
def test_doubtful_claims_are_warned_about(sentence: str, code: str) -> None:
    assert [(f.code, f.level) for f in words(sentence)] == [(code, lint.WARN)]


@pytest.mark.parametrize(
    "sentence",
    [
        "A healthy breakfast.",
        "Health is more than sleep.",
        "An accurate record, and a secure page.",
        "The curtain is drawn.",
        "Treat yourself to a quiet evening.",
        "Research on this is still developing.",
        "Some people like warmth.",
        "Talk with us first, especially with a cancer history.",
        "Ask a clinician about diabetes.",
        "Learn what causes cramps, the self-care basics, and when to see a clinician.",
        "Results vary from person to person. Ask our clinicians whether it fits you.",
    ],
)
def test_plain_education_passes(sentence: str) -> None:
    assert words(sentence) == []


def test_every_wording_that_the_lint_offers_passes_the_lint() -> None:
    from campaigns.content import lexicon, topic_words

    for rule in lexicon.RULES:
        if rule.passing:
            assert words(rule.passing) == [], rule.code
            assert words(rule.passing, ON_TOPIC) == [], rule.code
    assert [f for f in email(subject=topic_words.NEUTRAL_SUBJECT) if f.level == lint.BLOCK] == []
    assert [f for f in text(topic_words.NEUTRAL_TEXT) if f.level == lint.BLOCK] == []


def test_one_click_puts_the_passing_wording_in() -> None:
    draft = content.draft(
        {
            "id": "t",
            "type": "text",
            "html": "<p>Sleep well. Light <strong>cures</strong> all. Rest.</p>",
        },
        {"id": "b", "type": "book"},
    )
    finding = next(f for f in lint.check(read_email(draft), GENERAL) if f.code == "claim_cure")
    assert finding.found == "Light cures all."
    assert finding.replacement is not None
    mended = arranging.replace_words(
        draft, finding.where, finding.field, finding.found, finding.replacement
    )
    assert [f for f in lint.check(mended, GENERAL) if f.where == "t"] == []
    assert "Sleep well. Results vary" in mended.stored()["blocks"][0]["html"]


@pytest.mark.parametrize(
    "subject",
    [
        "Your spasm guide",
        "CRAMPS?",
        "Menstruation",
        "arthritis news",
        "For sore joints",
        "Clear skin",
        "Joint  pain",
        "knee-pain",
        "Wrinkles",
        "acne tips",
        "PMS",
        "j o i n t pain",
        "Depression",
    ],
)
def test_a_topic_is_never_shown_where_others_may_see_it(subject: str) -> None:
    for found in (email(subject=subject), email(preheader=subject), text(subject)):
        topic = [f for f in found if f.code == "topic_shown"]
        assert [f.level for f in topic] == [lint.BLOCK], subject
        assert topic[0].replacement


def test_the_clinics_own_topics_count_as_topic_words() -> None:
    setting = Setting(topics=("Gut health",), clinic=CLINIC)
    assert "topic_shown" in {f.code for f in email(subject="News on gut health", setting=setting)}
    assert "topic_shown" not in {f.code for f in email(subject="News on gut health")}


def test_a_topic_may_stand_inside_an_email() -> None:
    assert words("A joint is where two bones meet.") == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://clinic.example.com/joint-pain", "topic_in_link"),
        ("https://clinic.example.com/?utm_campaign=menstrual_cramps", "topic_in_link"),
        ("https://bit.ly/abc", "link_shortener"),
        ("https://go.rebrand.ly/x", "link_shortener"),
    ],
)
def test_addresses_that_tell_a_topic_or_hide_their_end_are_blocked(url: str, code: str) -> None:
    button = {"id": "u", "type": "button", "label": "Read", "url": url}
    inline = {"id": "u", "type": "text", "html": f'<p><a href="{url}">Read</a></p>'}
    for block in (button, inline):
        found = [f for f in email(block) if f.where == "u"]
        assert [(f.code, f.level) for f in found] == [(code, lint.BLOCK)]


def test_a_sender_that_names_a_topic_is_blocked() -> None:
    setting = Setting(clinic=content.loose_clinic(brand="Acne Care"))
    assert "topic_in_sender" in {f.code for f in email(setting=setting)}


def test_a_lesson_on_a_topic_needs_the_notice_and_one_click_adds_it() -> None:
    found = [f for f in email(setting=ON_TOPIC) if f.code == "disclaimer_missing"]
    assert [f.action for f in found] == ["add:disclaimer"]
    assert "disclaimer_missing" not in {f.code for f in email()}


@pytest.mark.parametrize(
    "sentence",
    [
        "Book a red light session today.",
        "Schedule your treatment.",
        "Red light relieves stiffness.",
    ],
)
def test_a_topic_without_a_cleared_device_may_only_inform(sentence: str) -> None:
    assert {f.level for f in words(sentence, ON_TOPIC)} == {lint.BLOCK}
    cleared = Setting(
        topics=TOPICS, clinic=CLINIC, topic="joint_pain", cleared=frozenset({"joint_pain"})
    )
    assert words(sentence, cleared) == []


def test_a_booking_button_on_such_a_topic_stays_neutral() -> None:
    book = {"id": "b", "type": "book", "label": "Book red light"}
    found = [
        f
        for f in email(book, {"id": "d", "type": "disclaimer"}, setting=ON_TOPIC)
        if f.where == "b"
    ]
    assert [(f.code, f.replacement) for f in found] == [("education_booking", "Ask our clinicians")]


@pytest.mark.parametrize(
    ("blocks", "values", "code"),
    [
        ((), {"subject": ""}, "subject_missing"),
        ((), {"subject": "Re: your visit"}, "subject_thread"),
        (({"id": "b", "type": "book"},), {}, "empty"),
        (({"id": "t", "type": "text", "html": "<p>x</p>"},), {}, "no_next_step"),
        (({"id": "i", "type": "image"},), {}, "image_missing"),
        (({"id": "i", "type": "image", "image": "a"},), {}, "image_alt"),
        (({"id": "u", "type": "button", "url": "https://a.example.com"},), {}, "button_label"),
        (({"id": "u", "type": "button", "label": "x"},), {}, "button_url"),
        (({"id": "h", "type": "heading"},), {}, "heading_empty"),
    ],
)
def test_what_an_email_must_have_is_asked_for(
    blocks: tuple[dict[str, Any], ...], values: dict[str, Any], code: str
) -> None:
    assert (code, lint.BLOCK) in {(f.code, f.level) for f in email(*blocks, **values)}


@pytest.mark.parametrize("missing", ["street", "phone", "booking_url"])
def test_what_the_clinic_lacks_is_said(missing: str) -> None:
    lacking = {missing: None, "website": None, "consultation_url": None}
    setting = Setting(clinic=content.loose_clinic(**lacking))
    found = email(
        {"id": "t", "type": "text", "html": "<p>x</p>"},
        {"id": "b", "type": "book"},
        {"id": "c", "type": "call"},
        setting=setting,
    )
    assert [f.level for f in found if f.where == "clinic"]


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("Last chance", "subject_urgency"),
        ("x " * 40, "subject_long"),
        ("Hi {{ first_name }}", "merge_fallback"),
    ],
)
def test_doubtful_subjects_are_warned_about(subject: str, code: str) -> None:
    assert (code, lint.WARN) in {(f.code, f.level) for f in email(subject=subject)}


def test_a_tag_without_a_fallback_gets_one_with_a_click() -> None:
    found = next(f for f in email(subject="Hi {{ first_name }}") if f.code == "merge_fallback")
    assert found.found == "{{ first_name }}"
    assert found.replacement == '{{ first_name | default: "there" }}'


@pytest.mark.parametrize(
    ("body", "code", "level"),
    [
        ("", "text_empty", lint.BLOCK),
        ("see https://a.example.com/x", "text_address", lint.BLOCK),
        ("see bit.ly/x now", "text_address", lint.BLOCK),
        ("wine tasting at noon", "carrier_subject", lint.BLOCK),
        ("act now", "carrier_style", lint.WARN),
        ("WIN BIG MONEY now", "carrier_capitals", lint.WARN),
        ("news. Reply STOP to end", "text_stop_twice", lint.WARN),
        ("a new guide ê", "text_character", lint.WARN),
        ("word " * 30, "text_parts", lint.WARN),
        ("word " * 90, "text_long", lint.BLOCK),
        ("this cures all", "claim_cure", lint.BLOCK),
    ],
)
def test_what_carriers_refuse_and_what_costs_is_said(body: str, code: str, level: str) -> None:
    assert (code, level) in {(f.code, f.level) for f in text(body)}


def test_a_good_email_and_a_good_text_have_no_findings() -> None:
    assert email() == []
    assert text("your new wellness guide is ready:") == []
