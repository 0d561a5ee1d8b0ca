"""Medical review: a credentialed person signs what patients read; an edit there voids it.

An approval binds to a review hash and ends after twelve months. By default the author may
sign, but nobody alone writes, signs and sends; with the strict setting author and
reviewer are always two people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.accounts.models import StaffUser
from campaigns.accounts.permissions import Permission, allows
from campaigns.clinic.models import Clinic
from campaigns.content import lessons, linked, links, lint
from campaigns.content.findings import Finding
from campaigns.content.models import (
    Lesson,
    LessonVersion,
    Review,
    ReviewDecision,
    ReviewRequest,
)
from campaigns.core.actors import Actor
from campaigns.core.errors import Conflict, InvalidInput, NotPermitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A signature that holds now."""

    reviewer_id: int
    reviewer_name: str
    credential: str
    decided_at: datetime
    expires_at: datetime

    @property
    def line(self) -> str:
        """What the Reviewed by block prints."""
        return f"Reviewed by {self.reviewer_name}, {self.credential}, {self.decided_at:%B %Y}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a version may not be sent by somebody now."""

    code: str
    message: str


def request(session: Session, actor: Actor, version_id: int, *, now: datetime) -> ReviewRequest:
    """Ask for a signature; asking twice changes nothing.

    Raises: InvalidInput while something in the content must be fixed first.
    """
    version = lessons.get_version(session, version_id)
    blocking = to_fix(session, version)
    if blocking:
        raise InvalidInput(
            "review_findings",
            f"{len(blocking)} things to fix come first. {blocking[0].message}",
        )
    found = session.get(ReviewRequest, version_id)
    if found is None:
        found = ReviewRequest(version_id=version_id, requested_by=actor.name, requested_at=now)
        session.add(found)
    elif found.closed_at is None:
        return found
    else:
        found.requested_by, found.requested_at, found.closed_at = actor.name, now, None
    _close_older(session, version, now)
    audit.append(
        session,
        actor,
        "review.requested",
        subject_kind="lesson_version",
        subject_id=version_id,
        now=now,
    )
    session.flush()
    return found


def to_fix(session: Session, version: LessonVersion) -> list[Finding]:
    """Return what the author must fix; the clinic's own facts are not the author's."""
    return [
        f
        for f in lint.check_version(session, version)
        if f.level == lint.BLOCK and f.where not in ("clinic", "sender")
    ]


def waiting(session: Session) -> list[LessonVersion]:
    """Return the versions that wait for a signature, longest waiting first."""
    return list(
        session.scalars(
            select(LessonVersion)
            .join(ReviewRequest, ReviewRequest.version_id == LessonVersion.id)
            .where(ReviewRequest.closed_at.is_(None))
            .order_by(ReviewRequest.requested_at, LessonVersion.id)
        )
    )


def approve(session: Session, actor: Actor, version_id: int, *, now: datetime) -> Review:
    """Sign a version.

    Raises: NotPermitted without role or credential, or for one's own words under the
    strict setting; InvalidInput while something must be fixed.
    """
    version = lessons.get_version(session, version_id)
    signer = require_signer(session, actor)
    if version.author_id == signer.id and is_strict(session):
        raise NotPermitted(
            "review_own",
            "You wrote this, and the clinic asks for a second person to sign. "
            "Ask another reviewer.",
        )
    blocking = to_fix(session, version)
    if blocking:
        raise InvalidInput(
            "review_findings", f"This cannot be signed as it is. {blocking[0].message}"
        )
    review = _decide(session, version, signer, ReviewDecision.APPROVED, now)
    review.expires_at = _in_a_year(now)
    session.add(review)
    _record(session, actor, version, now, "review.approved")
    return review


def ask_for_change(
    session: Session,
    actor: Actor,
    version_id: int,
    *,
    comment: str,
    block_id: str | None,
    now: datetime,
) -> Review:
    """Send a version back with a comment, on a block or on the whole."""
    version = lessons.get_version(session, version_id)
    signer = require_signer(session, actor)
    comment = comment.strip()
    if not comment:
        message = "Say what should change, so that the author knows what to do."
        raise InvalidInput("review_comment", message, fields={"comment": message})
    review = _decide(session, version, signer, ReviewDecision.CHANGES_REQUESTED, now)
    review.comment, review.block_id = comment[:4000], (block_id or "")[:40] or None
    session.add(review)
    _record(session, actor, version, now, "review.change_asked")
    return review


def is_approved(session: Session, version_id: int, now: datetime) -> Approval | None:
    """Return the signature under which a version may be sent now, if there is one.

    The latest decision on the words counts. A text that leads to a lesson needs that
    lesson to be approved too.
    """
    version = session.get(LessonVersion, version_id)
    if version is None:
        return None
    page_id = links.page_version_of(session, version_id)
    if page_id != version_id and is_approved(session, page_id, now) is None:
        return None
    latest = _latest(session, version.review_hash)
    if (
        latest is None
        or latest.decision != ReviewDecision.APPROVED
        or latest.expires_at is None
        or latest.expires_at <= now
    ):
        return None
    return Approval(
        reviewer_id=latest.reviewer_id,
        reviewer_name=latest.reviewer_name,
        credential=latest.credential,
        decided_at=latest.decided_at,
        expires_at=latest.expires_at,
    )


def reviewed_line(session: Session, version_id: int, now: datetime) -> str:
    """Return "Reviewed by …" for a version that is approved, else nothing."""
    approval = is_approved(session, version_id, now)
    return approval.line if approval else ""


def may_send(
    session: Session, version_id: int, sender_id: int | None, strict: bool, now: datetime
) -> Refusal | None:
    """Tell why this person may not send this version now; None if they may."""
    version = lessons.get_version(session, version_id)
    approval = is_approved(session, version_id, now)
    if approval is None:
        return Refusal(
            code="not_approved",
            message="This content has no valid medical review. Ask for a review, or wait for it.",
        )
    author, reviewer = version.author_id, approval.reviewer_id
    if strict and author is not None and author == reviewer:
        return Refusal(
            code="reviewed_by_author",
            message="Author and reviewer are the same person, and the clinic asks for two. "
            "Ask another reviewer to sign.",
        )
    if sender_id is not None and sender_id == author == reviewer:
        return Refusal(
            code="alone",
            message="You wrote this and signed it. Somebody else must schedule it, or another "
            "reviewer must sign it.",
        )
    return None


def last_signed_by(
    session: Session, lesson_id: int, reviewer_id: int | None
) -> LessonVersion | None:
    """Return the version of a lesson that this reviewer (or anybody, for None) last signed."""
    query = (
        select(LessonVersion)
        .join(Review, Review.version_id == LessonVersion.id)
        .where(LessonVersion.lesson_id == lesson_id, Review.decision == ReviewDecision.APPROVED)
        .order_by(Review.id.desc())
        .limit(1)
    )
    if reviewer_id is not None:
        query = query.where(Review.reviewer_id == reviewer_id)
    return session.scalar(query)


def decisions(session: Session, lesson_id: int) -> list[Review]:
    """Return every decision on a lesson's versions, newest first."""
    return list(
        session.scalars(
            select(Review)
            .join(LessonVersion, LessonVersion.id == Review.version_id)
            .where(LessonVersion.lesson_id == lesson_id)
            .order_by(Review.id.desc())
        )
    )


def state_of(session: Session, lesson: Lesson, now: datetime) -> str:
    """Return where a lesson's draft stands: approved, waiting, changes, expired, linked or none.

    ``linked``: the text itself is signed, but the email it links to is not.
    """
    if waiting_version(session, lesson) is not None:
        return "waiting"
    latest = _latest(session, lessons.draft_hash(session, lesson))
    if latest is None:
        return "none"
    if latest.decision == ReviewDecision.CHANGES_REQUESTED:
        return "changes"
    if latest.expires_at is None or latest.expires_at <= now:
        return "expired"
    target = linked.target_of(session, lesson)
    is_open = target is not None and state_of(session, target, now) != "approved"
    return "linked" if is_open else "approved"


def waiting_version(session: Session, lesson: Lesson) -> int | None:
    """Return the version of a lesson's present words that waits for a signature."""
    return session.scalar(
        select(ReviewRequest.version_id)
        .join(LessonVersion, LessonVersion.id == ReviewRequest.version_id)
        .where(
            LessonVersion.lesson_id == lesson.id,
            LessonVersion.review_hash == lessons.draft_hash(session, lesson),
            ReviewRequest.closed_at.is_(None),
        )
        .order_by(ReviewRequest.version_id.desc())
        .limit(1)
    )


def lapse_of(session: Session, lesson: Lesson) -> linked.Lapse | None:
    """Tell which linked email took a text's signature away by its change; None if none did."""
    return linked.lapse_of(session, lesson, lessons.draft_hash(session, lesson))


def require_signer(session: Session, actor: Actor) -> StaffUser:
    """Return the member of staff who may sign.

    Raises: NotPermitted, saying how to become one.
    """
    user = session.get(StaffUser, actor.id) if actor.id is not None else None
    if user is None or not user.active or not allows(user.role, Permission.REVIEW):
        raise NotPermitted(
            "review_role", "Only a reviewer can sign content. The owner can give you this role."
        )
    if not (user.credential or "").strip():
        raise NotPermitted(
            "review_credential",
            "Signing needs a clinical credential on record. Ask the owner to enter yours "
            "under Settings, Team; nothing was signed.",
        )
    return user


def is_strict(session: Session) -> bool:
    """Tell whether the clinic wants author and reviewer to be two people."""
    clinic = session.get(Clinic, 1)
    return bool(clinic and clinic.strict_review)


def _decide(
    session: Session,
    version: LessonVersion,
    signer: StaffUser,
    decision: ReviewDecision,
    now: datetime,
) -> Review:
    return Review(
        version_id=version.id,
        review_hash=version.review_hash,
        decision=decision,
        reviewer_id=signer.id,
        reviewer_name=signer.name,
        credential=(signer.credential or "").strip(),
        decided_at=now,
    )


def _record(
    session: Session, actor: Actor, version: LessonVersion, now: datetime, action: str
) -> None:
    request_row = session.get(ReviewRequest, version.id)
    if request_row is not None and request_row.closed_at is None:
        request_row.closed_at = now
    audit.append(
        session, actor, action, subject_kind="lesson_version", subject_id=version.id, now=now
    )
    session.flush()


def _latest(session: Session, digest: str) -> Review | None:
    return session.scalar(
        select(Review).where(Review.review_hash == digest).order_by(Review.id.desc()).limit(1)
    )


def _close_older(session: Session, version: LessonVersion, now: datetime) -> None:
    """Close requests for older versions of the same lesson: only the newest waits."""
    for other in session.scalars(
        select(ReviewRequest)
        .join(LessonVersion, LessonVersion.id == ReviewRequest.version_id)
        .where(
            LessonVersion.lesson_id == version.lesson_id,
            LessonVersion.id != version.id,
            ReviewRequest.closed_at.is_(None),
        )
    ):
        other.closed_at = now


def _in_a_year(now: datetime) -> datetime:
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year + 1, day=day)


def require_approved(session: Session, version_id: int, now: datetime) -> Approval:
    """Return the approval of a version. Raises: Conflict without a valid one."""
    approval = is_approved(session, version_id, now)
    if approval is None:
        raise Conflict(
            "not_approved",
            "This content has no valid medical review. Ask for a review before sending.",
        )
    return approval
