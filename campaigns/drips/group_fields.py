"""What a group may ask about drips: who is in one; and what an undo of an import must see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from campaigns.audience import fields
from campaigns.audience.fields import Behind, FieldSpec, Kind, pair
from campaigns.audience.models import Segment
from campaigns.contacts.models import Contact
from campaigns.content import topics
from campaigns.content.models import Lesson
from campaigns.drips.models import (
    Drip,
    DripState,
    DripStep,
    DripVersion,
    Enrolment,
    EnrolmentState,
)
from campaigns.imports import undo


def register() -> None:
    """Make the field known to the builder; may be called again."""
    fields.register(
        FieldSpec(
            code="in_drip",
            label="In the series",
            area="Messages",
            ops=pair(
                ("is", "is in", "are in the series “{value}”", "is in the series “{value}”"),
                (
                    "is_not",
                    "is not in",
                    "are not in the series “{value}”",
                    "is not in the series “{value}”",
                ),
                Kind.CHOICE,
            ),
            pattern=r"\d{1,18}",
            load_choices=_names,
            condition=_is_in,
            behind=_behind,
        )
    )
    undo.register_trace("enrolled", lambda: exists().where(Enrolment.contact_id == Contact.id))


def _names(session: Session) -> Iterable[tuple[str, str]]:
    query = select(Drip.id, Drip.name).where(Drip.state != DripState.DRAFT).order_by(Drip.name)
    return [(str(number), name) for number, name in session.execute(query)]


def _is_in(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    return exists().where(
        Enrolment.contact_id == Contact.id,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.drip_id == int(value),
    )


def _behind(session: Session, value: Any) -> Behind:
    """Look at what the series says, in any of its versions, and at the group that enters."""
    drip = session.get(Drip, int(value))
    if drip is None:
        return Behind()
    lessons = session.scalars(
        select(Lesson)
        .join(DripStep, DripStep.lesson_id == Lesson.id)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .where(DripVersion.drip_id == drip.id)
        .distinct()
    )
    segment = session.get(Segment, drip.segment_id) if drip.segment_id else None
    return Behind(
        topical=any(topics.is_draft_on_topic(session, lesson) for lesson in lessons),
        rules=(segment.rule,) if segment is not None else (),
    )
