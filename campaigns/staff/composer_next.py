"""What comes next for a piece of content: the review, the signature, or a campaign."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from campaigns.content import linked, review
from campaigns.content.models import Lesson
from campaigns.staff.library import REVIEW_STATES
from campaigns.web import context


def standing(session: Session, lesson: Lesson) -> dict[str, Any]:
    """Return where a draft stands and what its page shows about it, for both composers."""
    state = review.state_of(session, lesson, context.now())
    return {
        "standing": state,
        "review_state": REVIEW_STATES[state],
        "waiting_version": review.waiting_version(session, lesson),
        "lapse": review.lapse_of(session, lesson) if state == "none" else None,
        "linked_email": linked.target_of(session, lesson),
    }
