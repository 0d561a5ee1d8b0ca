"""The people of a series, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.contacts.models import Contact
from campaigns.drips.models import EndReason, Enrolment, EnrolmentState

PAGE = 50
WORDS = {
    EndReason.FINISHED: "got everything",
    EndReason.BOOKED: "booked",
    EndReason.OPTED_OUT: "said stop",
    EndReason.REMOVED: "taken out by staff",
    EndReason.ARCHIVED: "the series ended",
    EndReason.MERGED: "goes on by the other record of this person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person's place in a series."""

    enrolment_id: int
    contact_id: int
    name: str
    state: str
    position: int
    next_due_at: datetime | None
    enrolled_at: datetime
    ended_at: datetime | None
    end_words: str


def people(
    session: Session, drip_id: int, *, state: str = EnrolmentState.ACTIVE, before: int | None = None
) -> list[Member]:
    """Return people of one state, the latest to enter first."""
    query = (
        select(Enrolment, Contact.first_name, Contact.last_name)
        .join(Contact, Contact.id == Enrolment.contact_id)
        .where(Enrolment.drip_id == drip_id, Enrolment.state == state)
        .order_by(Enrolment.id.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(Enrolment.id < before)
    return [
        Member(
            enrolment_id=found.id,
            contact_id=found.contact_id,
            name=f"{first} {last}".strip() or "Without a name",
            state=found.state,
            position=found.position,
            next_due_at=found.next_due_at,
            enrolled_at=found.enrolled_at,
            ended_at=found.ended_at,
            end_words=WORDS[EndReason(found.end_reason)] if found.end_reason else "",
        )
        for found, first, last in session.execute(query)
    ]
