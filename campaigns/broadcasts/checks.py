"""What stands in the way of sending, each as a plain sentence that says where to mend it.

The same list is shown while somebody composes, and decides when she schedules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience import segments, sensitivity
from campaigns.audience.models import Segment
from campaigns.broadcasts.models import Broadcast, Timing
from campaigns.clinic import profile, transports
from campaigns.clinic.models import PrivacyMode
from campaigns.contacts.models import Channel
from campaigns.content import lessons, lint, review, topics
from campaigns.content.models import Lesson, LessonVersion
from campaigns.core.settings import Settings

_REVIEW_WORDS = {
    "none": "has not been reviewed yet. Ask for a review.",
    "waiting": "waits for its medical review.",
    "changes": "was sent back by the reviewer. Make the change, then ask for a review again.",
    "expired": "was reviewed more than a year ago. Ask for a review again.",
    "linked": "is signed, but the email it links to is not. Ask for that email's review.",
}
LATEST = timedelta(days=366)
SLACK = timedelta(minutes=2)
"""A chosen time this little in the past still counts as now: people take time to press."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is mended: a step of the page, a lesson, a page of the settings."""

    kind: str
    """``group``, ``content``, ``when``, ``answers``, ``steps``, ``lesson``, ``clinic``,
    ``privacy``."""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that has to be mended first."""

    code: str
    message: str
    target: Target = field(default_factory=lambda: Target("content"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The ways out that are set up, as far as a check needs to know."""

    email: str = "local"
    sms: str = "local"
    local: bool = True
    """Whether nothing can leave the machine."""

    @classmethod
    def of(cls, settings: Settings) -> Ways:
        """Read the ways out from the settings."""
        return cls(
            email=settings.email_provider.value,
            sms=settings.sms_provider.value,
            local=settings.is_local,
        )

    def by_channel(self, channel: str) -> str:
        """Return the way out of a channel."""
        return self.email if channel == Channel.EMAIL else self.sms


def obstacles(
    session: Session,
    broadcast: Broadcast,
    *,
    ways: Ways,
    now: datetime,
    timing: Timing | None = None,
    at: datetime | None = None,
    sender_id: int | None = None,
) -> list[Obstacle]:
    """Return everything that has to be mended before a broadcast may be scheduled.

    ``timing`` and ``at`` default to what the draft says.
    """
    found: list[Obstacle] = []
    segment = session.get(Segment, broadcast.segment_id) if broadcast.segment_id else None
    found += _group(session, segment, now)
    content = [
        session.get_one(Lesson, lesson_id)
        for lesson_id in (broadcast.email_lesson_id, broadcast.sms_lesson_id)
        if lesson_id is not None
    ]
    if not content:
        found.append(
            Obstacle(
                "no_content",
                "There is nothing to send yet: choose an email, a text, or both.",
                Target("content"),
            )
        )
    for lesson in content:
        found += content_obstacles(session, lesson, now=now, sender_id=sender_id)
        found += topic_obstacles(session, lesson, segment, ways)
    found += clinic_obstacles(session, {lesson.channel for lesson in content}, ways=ways)
    if timing is None:
        timing, at = Timing(broadcast.timing), broadcast.scheduled_at
    found += _when(timing, at, now)
    if broadcast.third_party_paid is None:
        found.append(
            Obstacle(
                "third_party_unanswered",
                "Say whether anybody outside the clinic pays for or sponsors this.",
                Target("answers"),
            )
        )
    elif broadcast.third_party_paid:
        found.append(
            Obstacle(
                "third_party_paid",
                "Somebody outside the clinic pays for this. That needs each person's written "
                "authorization, which is not on file here, so it cannot be sent from here.",
                Target("answers"),
            )
        )
    return found


def content_obstacles(
    session: Session, lesson: Lesson, *, now: datetime, sender_id: int | None = None
) -> list[Obstacle]:
    """Return what has to be mended about one piece of content, by who would send it."""
    target = Target("lesson", lesson.id)
    if lesson.archived_at is not None:
        return [
            Obstacle(
                "content_archived",
                f"“{lesson.name}” was archived. Bring it back in the library or choose another.",
                target,
            )
        ]
    found = [
        Obstacle(f"finding_{lesson.channel}", f"“{lesson.name}”: {sentence}", target)
        for sentence in _findings(session, lesson)
    ]
    state = review.state_of(session, lesson, now)
    if state != "approved":
        lapse = review.lapse_of(session, lesson) if state == "none" else None
        words = (
            f"links to “{lapse.name}”, which was changed after this was signed. Ask for a new "
            "signature."
            if lapse
            else _REVIEW_WORDS[state]
        )
        return [*found, Obstacle("not_reviewed", f"“{lesson.name}” {words}", target)]
    version = session.scalar(
        select(LessonVersion)
        .where(
            LessonVersion.lesson_id == lesson.id,
            LessonVersion.review_hash == lessons.draft_hash(session, lesson),
        )
        .order_by(LessonVersion.id.desc())
        .limit(1)
    )
    if version is not None:
        found += version_obstacles(session, version.id, now=now, sender_id=sender_id)
    return found


def version_obstacles(
    session: Session, version_id: int, *, now: datetime, sender_id: int | None
) -> list[Obstacle]:
    """Return why this person may not send this frozen content."""
    refusal = review.may_send(session, version_id, sender_id, review.is_strict(session), now)
    if refusal is None:
        return []
    version = lessons.get_version(session, version_id)
    return [Obstacle(refusal.code, refusal.message, Target("lesson", version.lesson_id))]


def clinic_obstacles(session: Session, channels: set[str], *, ways: Ways) -> list[Obstacle]:
    """Return what the clinic has to fill in before these channels may be used."""
    clinic = profile.get(session)
    found: list[Obstacle] = []
    if Channel.EMAIL in channels:
        found += [
            Obstacle(f"clinic_email_{n}", sentence, Target("clinic"))
            for n, sentence in enumerate(profile.missing_for_email(clinic))
        ]
    if Channel.SMS in channels:
        found += [
            Obstacle(f"clinic_sms_{n}", sentence, Target("clinic"))
            for n, sentence in enumerate(profile.missing_for_sms(clinic))
        ]
    if not ways.local and clinic.privacy_mode is None:
        found.append(
            Obstacle(
                "privacy_unanswered",
                "Say first whether the clinic is covered by HIPAA: messages would leave this "
                "machine.",
                Target("privacy"),
            )
        )
    return found


def _findings(session: Session, lesson: Lesson) -> list[str]:
    return [
        finding.message
        for finding in lint.check_draft(session, lesson)
        if finding.level == lint.BLOCK and finding.where != "clinic"  # asked for below
    ]


def _group(session: Session, segment: Segment | None, now: datetime) -> list[Obstacle]:
    if segment is None:
        return [Obstacle("no_group", "No group is chosen yet.", Target("group"))]
    if segments.count(session, segment.rule, now) == 0:
        return [
            Obstacle(
                "group_empty",
                f"Nobody is in the group “{segment.name}” at the moment.",
                Target("group", segment.id),
            )
        ]
    return []


def topic_obstacles(
    session: Session, lesson: Lesson, segment: Segment | None, ways: Ways
) -> list[Obstacle]:
    """Return what strict privacy says: a topic leaves only by a way whose vendor signed."""
    clinic = profile.get(session)
    if clinic.privacy_mode != PrivacyMode.STRICT or ways.local:
        return []
    by_topic = (
        topics.is_draft_on_topic(session, lesson)
        or topics.chooses_by_topic(lesson.draft)
        or (segment is not None and sensitivity.reveals_topic(session, segment.rule))
    )
    way = ways.by_channel(lesson.channel)
    if not by_topic or transports.has_baa(session, way):
        return []
    remedy = (
        "Use an SMTP relay whose vendor signs one, or choose people and content without a topic."
        if lesson.channel == Channel.EMAIL
        else "Record the vendor's agreement, or choose people and content without a topic."
    )
    return [
        Obstacle(
            f"no_baa_{lesson.channel}",
            f"“{lesson.name}” shows what people are interested in, and no business associate "
            f"agreement with {way} is on record. {remedy}",
            Target("privacy"),
        )
    ]


def _when(timing: Timing, at: datetime | None, now: datetime) -> list[Obstacle]:
    if timing is Timing.NOW:
        return []
    if timing is Timing.UNDECIDED or at is None:
        return [
            Obstacle("no_time", "Say when it goes out: now, or at a date and time.", Target("when"))
        ]
    if at < now - SLACK:
        return [
            Obstacle(
                "in_the_past",
                "The chosen time has passed. Choose a later one, or send now.",
                Target("when"),
            )
        ]
    if at > now + LATEST:
        return [
            Obstacle(
                "too_far",
                "The chosen time is more than a year away. Choose an earlier one.",
                Target("when"),
            )
        ]
    return []
