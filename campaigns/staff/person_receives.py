"""What one person may receive at this moment, by every rule, and what became of campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience.models import Segment
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.contacts import directory
from campaigns.delivery import person_reach, reach
from campaigns.delivery.models import Message, Origin
from campaigns.drips.models import Drip, DripStep, DripVersion
from campaigns.staff import broadcast_reach, broadcast_side
from campaigns.staff.blueprint import bp, may
from campaigns.staff.person import name_of
from campaigns.web import context

LATEST = 25
"""So many campaigns and so many messages of series are looked at."""
NAMES = {"email": "Email", "sms": "Text"}
NOT_IN_GROUP = "Not in the group of this campaign."


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One campaign or step of a series on one channel, and what it is to the person."""

    name: str
    url: str | None
    channel: str
    sentence: str
    at: datetime | None
    """When it left or was put on the clock."""


@bp.get("/people/<int:contact_id>/receives")
@requires(Permission.READ_PEOPLE)
def person_receives(contact_id: int) -> str:
    """Show what may leave to the person now, what not and why, and the latest campaigns."""
    now = context.now()
    shows_names = may(Permission.READ_INTERESTS)  # a name may tell what the person is interested in
    providers = broadcast_reach.providers(broadcast_side.ways())
    with context.reading() as session:
        contact = directory.get(session, contact_id)
        answers = person_reach.explain_person(session, contact_id, providers=providers, now=now)
        campaigns = _campaigns(session, contact_id, providers, now, shows_names=shows_names)
        series = _series(session, contact_id, shows_names=shows_names)
    return render_template(
        "staff/people/receives.html",
        contact=contact,
        name=name_of(contact),
        answers=answers,
        names=NAMES,
        campaigns=campaigns,
        series=series,
    )


def _campaigns(
    session: Session,
    contact_id: int,
    providers: dict[str, str],
    now: datetime,
    *,
    shows_names: bool,
) -> list[Line]:
    broadcasts = session.scalars(
        select(Broadcast)
        .where(Broadcast.state != BroadcastState.DRAFT)
        .order_by(Broadcast.id.desc())
        .limit(LATEST)
    ).all()
    rows = {
        (row.origin_id, row.channel): row
        for row in session.scalars(
            select(Message).where(
                Message.origin_kind == Origin.BROADCAST,
                Message.origin_id.in_([one.id for one in broadcasts]),
                Message.contact_id == contact_id,
            )
        )
    }
    lines = []
    for one in broadcasts:
        for channel, lesson, version in (
            ("email", one.email_lesson_id, one.email_version_id),
            ("sms", one.sms_lesson_id, one.sms_version_id),
        ):
            if lesson is None:
                continue
            row = rows.get((one.id, channel))
            sentence = (
                reach.sentence_of(row.state, row.reason)
                if row is not None
                else _forecast(session, contact_id, one, channel, version, providers, now)
            )
            lines.append(
                Line(
                    name=one.name if shows_names else "A campaign",
                    url=url_for("staff.campaign", broadcast_id=one.id) if shows_names else None,
                    channel=NAMES[channel],
                    sentence=sentence,
                    at=row.intent_at if row is not None else one.scheduled_at,
                )
            )
    return lines


def _forecast(
    session: Session,
    contact_id: int,
    broadcast: Broadcast,
    channel: str,
    version_id: int | None,
    providers: dict[str, str],
    now: datetime,
) -> str:
    if broadcast.started_at is not None or broadcast.segment_id is None:
        return NOT_IN_GROUP
    found = person_reach.forecast_person(
        session,
        contact_id,
        rule=broadcast.rule or session.get_one(Segment, broadcast.segment_id).rule,
        channel=channel,
        version_id=version_id,
        providers=providers,
        now=broadcast_side.leaving_at(broadcast, now),
    )
    return NOT_IN_GROUP if found is None else found


def _series(session: Session, contact_id: int, *, shows_names: bool) -> list[Line]:
    rows = session.execute(
        select(Message, Drip.id, Drip.name, DripStep.position)
        .join(DripStep, DripStep.id == Message.origin_id)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .join(Drip, Drip.id == DripVersion.drip_id)
        .where(Message.contact_id == contact_id, Message.origin_kind == Origin.DRIP_STEP)
        .order_by(Message.id.desc())
        .limit(LATEST)
    )
    return [
        Line(
            name=f"{name}, message {position}" if shows_names else "A message of a series",
            url=url_for("staff.drip_step_reach", drip_id=drip_id, position=position)
            if shows_names
            else None,
            channel=NAMES[row.channel],
            sentence=reach.sentence_of(row.state, row.reason),
            at=row.intent_at,
        )
        for row, drip_id, name, position in rows
    ]
