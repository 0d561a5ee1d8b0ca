"""The words of the starter library. Unreviewed; see ``starter``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An email of the starter library."""

    key: str
    name: str
    topic: str | None
    subject: str
    preheader: str
    title: str
    opening: str
    parts: tuple[tuple[str, str], ...]
    asks: bool = False
    """Whether it ends in a question rather than in booking, though it has no topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of the starter library."""

    key: str
    name: str
    body: str
    leads_to: str | None = None
    """The key of the email whose page it links to; None links to booking."""


EMAILS: tuple[Email, ...] = (
    Email(
        key="welcome",
        name="Welcome",
        topic=None,
        subject="Welcome to {{ brand }}",
        preheader="What you will get from us, and how to choose.",
        title="Good to have you with us",
        opening=(
            "<p>Thank you for signing up. Now and then we will send you short lessons from our "
            "clinicians, and a link for when you would like to visit.</p>"
        ),
        parts=(
            (
                "What to expect",
                (
                    "<ul><li>Plain education, with the open questions left in.</li>"
                    "<li>Only the topics that you choose.</li>"
                    "<li>A way out in every message, with one tap.</li></ul>"
                ),
            ),
            (
                "Who we are",
                (
                    "<p>{{ clinic_name }} is a medical practice that offers physician-directed, "
                    "whole-body red light sessions, beginning with a consultation for those who "
                    "want one.</p>"
                ),
            ),
        ),
    ),
    Email(
        key="newsletter",
        name="Monthly newsletter",
        topic=None,
        subject="This month at {{ brand }}",
        preheader="Small habits, and what is new with us.",
        title="Small habits for this month",
        opening="<p>Three everyday things that our clinicians like to talk about.</p>",
        parts=(
            (
                "Drink when you are thirsty",
                (
                    "<p>On hot days and after exercise you lose water and salt. Keep water within "
                    "reach, and ask us if you take tablets that change how much you should "
                    "drink.</p>"
                ),
            ),
            (
                "Go to bed at the same hour",
                (
                    "<p>A regular hour, a dark room and a phone left outside are a fair start to a "
                    "calmer night.</p>"
                ),
            ),
            (
                "Move a little, often",
                (
                    "<p>A short walk several times a day counts. Choose something that you like, "
                    "so "
                    "that you keep at it.</p>"
                ),
            ),
        ),
    ),
    Email(
        key="before_first_visit",
        name="Before your first session",
        topic=None,
        subject="Before your first visit to {{ brand }}",
        preheader="How a visit goes, step by step.",
        title="How a first visit goes",
        opening="<p>Knowing what comes makes a first visit easier. Here is the usual order.</p>",
        parts=(
            (
                "Step by step",
                (
                    "<ol><li>A talk with a clinician, if you want one.</li>"
                    "<li>We go through what to do and what to leave before a session.</li>"
                    "<li>The session itself, with a whole-body device: usually 20 to 60 "
                    "minutes.</li>"
                    "<li>You go back to your day.</li></ol>"
                ),
            ),
            (
                "Tell us first",
                (
                    "<p>Let us know about medicines, pregnancy, eye or skin conditions, seizures, "
                    "and "
                    "sensitivity to light. Some people need caution, and some should not have "
                    "sessions.</p>"
                ),
            ),
        ),
    ),
    Email(
        key="after_visit",
        name="After your session",
        topic=None,
        subject="After your visit to {{ brand }}",
        preheader="What to notice, and when to call.",
        title="After a session",
        opening="<p>Thank you for coming in. A few notes for the days that follow.</p>",
        parts=(
            (
                "Keep a few notes",
                (
                    "<p>Write down how you slept, moved and felt. Results vary from person to "
                    "person, "
                    "and notes make the next talk with our clinicians more useful.</p>"
                ),
            ),
            (
                "When to call",
                "<p>Call us about anything that worries you. In an emergency call 911.</p>",
            ),
        ),
    ),
    Email(
        key="recall",
        name="We have not seen you for a while",
        topic=None,
        subject="A note from {{ brand }}",
        preheader="No hurry; we are here when you want to talk.",
        title="It has been a while",
        opening=(
            "<p>You have not been in for some time. That may be just right. If you have a "
            "question, or want to look at your plan again, we have time for you.</p>"
        ),
        parts=(
            (
                "Or tell us less",
                (
                    "<p>If these messages no longer fit, choose other topics or leave with one tap "
                    "below. Nobody will ask why.</p>"
                ),
            ),
        ),
    ),
)

TEXTS: tuple[Text, ...] = (
    Text(
        key="text_guide",
        name="Text: a new guide",
        body="your new wellness guide is ready:",
        leads_to="newsletter",
    ),
    Text(
        key="text_visit",
        name="Text: time for a visit",
        body="would you like to come in? Choose a time:",
    ),
    Text(
        key="joint_pain_text",
        name="Joint pain, text: your guide",
        body='hi {{ first_name | default: "there" }}, your guide:',
        leads_to="joint_pain_2",
    ),
    Text(
        key="muscle_spasms_text",
        name="Muscle spasms, text: your guide",
        body='hi {{ first_name | default: "there" }}, your guide:',
        leads_to="muscle_spasms_2",
    ),
)
