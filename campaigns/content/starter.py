"""The starter library: drafts to begin with, free of findings, and reviewed by nobody.

Nothing here may be sent before a clinician signs it. Every lesson on a topic informs and
ends in a question to the clinicians; wording that lessons share stands in ``wording``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience.models import Interest
from campaigns.content import lessons, wording
from campaigns.content.models import Lesson
from campaigns.content.starter_topics import TOPIC_EMAILS
from campaigns.content.starter_words import EMAILS, TEXTS, Email
from campaigns.core.actors import Actor


def create_starter(session: Session, *, now: datetime, actor: Actor) -> dict[str, Lesson]:
    """Make the starter library's drafts; those whose name exists already are left alone.

    Returns each lesson by its key (``welcome``, ``joint_pain_1``, …).
    """
    topics = {i.code: i.id for i in session.scalars(select(Interest))}
    existing = {
        lesson.name: lesson for lesson in session.scalars(select(Lesson).order_by(Lesson.id.desc()))
    }
    made: dict[str, Lesson] = {}
    for email in (*EMAILS, *TOPIC_EMAILS):
        if email.topic is not None and email.topic not in topics:
            continue
        made[email.key] = existing.get(email.name) or lessons.create(
            session,
            actor,
            channel="email",
            name=email.name,
            interest_id=topics.get(email.topic or ""),
            draft=draft_of(email),
            now=now,
        )
    for text in TEXTS:
        target = made.get(text.leads_to) if text.leads_to else None
        if text.leads_to and target is None:
            continue
        made[text.key] = existing.get(text.name) or lessons.create(
            session,
            actor,
            channel="sms",
            name=text.name,
            interest_id=target.interest_id if target else None,
            draft={
                "body": text.body,
                "link": "lesson" if target else "book",
                "lesson_id": target.id if target else None,
            },
            now=now,
        )
    return made


def draft_of(email: Email) -> dict[str, Any]:
    """Write an email of the starter library as blocks."""
    blocks: list[dict[str, Any]] = [
        {"type": "heading", "level": 1, "text": email.title},
        {
            "type": "text",
            "html": '<p>Hello {{ first_name | default: "there" }},</p>' + email.opening,
        },
    ]
    for heading, html in email.parts:
        blocks.append({"type": "heading", "level": 2, "text": heading})
        blocks.append({"type": "text", "html": html})
    label = wording.ASK_LABEL if email.topic or email.asks else wording.BOOK_LABEL
    blocks += [
        {"type": "book", "label": label},
        {"type": "call", "label": "Call {{ clinic_phone }}"},
        {"type": "disclaimer"},
        {"type": "reviewed_by"},
    ]
    return {
        "subject": email.subject,
        "preheader": email.preheader,
        "blocks": [{"id": f"s{n}", **block} for n, block in enumerate(blocks, 1)],
    }
