"""The facts that hold for a whole batch: switches, content, privacy mode, caps.

Read in the transaction that states the intent. On Postgres the rows are share-locked,
so that a stop or a pause commits either before the gate reads or after it has decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience import sensitivity
from campaigns.audience.models import Segment
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.clinic import profile, switches, transports
from campaigns.clinic.models import Clinic
from campaigns.contacts.models import Channel
from campaigns.content import review, topics
from campaigns.content.models import LessonVersion
from campaigns.content.review import Approval
from campaigns.core.db import is_sqlite
from campaigns.core.errors import NotConfigured
from campaigns.delivery import profiles
from campaigns.delivery.facts import Frame
from campaigns.delivery.models import Breaker
from campaigns.drips.models import Drip, DripState, DripStep, DripVersion
from campaigns.eligibility.gate import Kind


def read(
    session: Session,
    *,
    kind: Kind,
    channel: str,
    origin_id: int,
    version_id: int | None,
    provider: str,
    now: datetime,
) -> tuple[Frame, Clinic, Approval | None]:
    """Read what holds for every message of an origin now, and who signed its content."""
    clinic = session.scalar(
        select(Clinic).where(Clinic.id == profile.CLINIC_ID).with_for_update(read=True)
    )
    if clinic is None:
        raise NotConfigured("clinic_missing", "No clinic is set up in this database yet.")
    breaker = session.get(Breaker, channel)
    origin = _origin(session, kind, origin_id)
    window = profiles.window_of(session, clinic, channel, now)
    uncovered = _uncovered(session, clinic, provider)
    on_topics = _topics_of(session, version_id)
    approval = None if version_id is None else review.is_approved(session, version_id, now)
    return (
        Frame(
            now=now,
            kind=kind,
            channel=channel,
            origin_id=origin_id,
            org_stopped=clinic.stopped_at is not None,
            channel_off=switches.is_channel_stopped(session, channel),
            channel_stopped=bool(breaker and breaker.open_until and breaker.open_until > now),
            origin_cancelled=origin.cancelled,
            origin_paused=origin.paused,
            expires_at=origin.expires_at,
            content_approved=not kind.is_marketing or approval is not None,
            transport_uncovered=uncovered,
            topic_used=kind.is_marketing
            and (
                origin.topical
                or bool(on_topics)
                or (uncovered and _chooses_by_topic(session, version_id))
            ),
            content_topics=on_topics,
            chosen_topics=origin.topics,
            cap_day=clinic.sms_per_day if channel == Channel.SMS else clinic.email_per_day,
            cap_week=clinic.sms_per_week if channel == Channel.SMS else clinic.email_per_week,
            hours=profiles.hours_json(session, window, now, sqlite_form=is_sqlite(session)),
        ),
        clinic,
        approval,
    )


def for_people(
    session: Session,
    *,
    channel: str,
    version_id: int | None,
    rule: dict[str, Any] | None,
    provider: str,
    now: datetime,
    kind: Kind = Kind.BROADCAST,
) -> Frame:
    """Return the frame of a broadcast that does not exist yet, for ``reach``; no locks."""
    clinic = profile.get(session)
    breaker = session.get(Breaker, channel)
    window = profiles.window_of(session, clinic, channel, now)
    uncovered = _uncovered(session, clinic, provider)
    on_topics = _topics_of(session, version_id)
    return Frame(
        now=now,
        kind=kind,
        channel=channel,
        org_stopped=clinic.stopped_at is not None,
        channel_off=switches.is_channel_stopped(session, channel),
        channel_stopped=bool(breaker and breaker.open_until and breaker.open_until > now),
        content_approved=version_id is None
        or review.is_approved(session, version_id, now) is not None,
        transport_uncovered=uncovered,
        topic_used=sensitivity.reveals_topic(session, rule)
        or bool(on_topics)
        or (uncovered and _chooses_by_topic(session, version_id)),
        content_topics=on_topics,
        chosen_topics=sensitivity.interests_in(session, rule),
        cap_day=clinic.sms_per_day if channel == Channel.SMS else clinic.email_per_day,
        cap_week=clinic.sms_per_week if channel == Channel.SMS else clinic.email_per_week,
        hours=profiles.hours_json(session, window, now, sqlite_form=is_sqlite(session)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    cancelled: bool = False
    paused: bool = False
    topical: bool = False
    """Whether its people were chosen by topic."""
    topics: tuple[int, ...] = ()
    """The interests that the choice names."""
    expires_at: datetime | None = None


def _origin(session: Session, kind: Kind, origin_id: int) -> _Origin:
    if kind is Kind.BROADCAST:
        row = session.execute(
            select(Broadcast.state, Broadcast.rule, Broadcast.expires_at)
            .where(Broadcast.id == origin_id)
            .with_for_update(read=True)
        ).one()
        running = row.state in (BroadcastState.SENDING, BroadcastState.SENT)
        cancelled = row.state == BroadcastState.CANCELLED
        return _Origin(
            cancelled=cancelled,
            paused=not running and not cancelled,
            topical=sensitivity.reveals_topic(session, row.rule),
            topics=sensitivity.interests_in(session, row.rule),
            expires_at=row.expires_at,
        )
    if kind is Kind.DRIP_STEP:
        drip = session.execute(
            select(Drip.state, Segment.rule)
            .join(DripVersion, DripVersion.drip_id == Drip.id)
            .join(DripStep, DripStep.version_id == DripVersion.id)
            .outerjoin(Segment, Segment.id == Drip.segment_id)
            .where(DripStep.id == origin_id)
            .with_for_update(read=True, of=Drip)
        ).one()
        return _Origin(
            cancelled=drip.state == DripState.ARCHIVED,
            paused=drip.state == DripState.PAUSED,
            topical=sensitivity.reveals_topic(session, drip.rule),
            topics=sensitivity.interests_in(session, drip.rule),
        )
    return _Origin()


def _uncovered(session: Session, clinic: Clinic, provider: str) -> bool:
    return profile.is_strict(clinic) and not transports.has_baa(session, provider)


def _topics_of(session: Session, version_id: int | None) -> tuple[int, ...]:
    return () if version_id is None else topics.of_version(session, version_id)


def _chooses_by_topic(session: Session, version_id: int | None) -> bool:
    """Tell whether blocks of the content depend on interests.

    That counts only where a topic must not pass at all: elsewhere, whoever has not agreed to
    topics gets the message without those blocks.
    """
    return version_id is not None and topics.chooses_by_topic(
        session.get_one(LessonVersion, version_id).source
    )
