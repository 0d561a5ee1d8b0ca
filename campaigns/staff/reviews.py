"""Reviews: what waits for a signature, what changed, approve or ask for a change."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.content import differences, lessons, links, lint, rendering, review
from campaigns.content.models import Lesson, LessonVersion, ReviewRequest
from campaigns.content.people import PersonView, sample_urls
from campaigns.core.errors import InvalidInput, NotPermitted
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.web import context


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that waits, as the list shows it."""

    version: LessonVersion
    lesson: Lesson
    asked: ReviewRequest
    is_new: bool
    """Whether this reviewer never signed any version of it."""


@bp.get("/reviews/")
@requires(Permission.READ_CONTENT)
def reviews() -> str:
    """List what waits for a signature."""
    with context.reading() as session:
        found = [
            Waiting(
                version=version,
                lesson=session.get_one(Lesson, version.lesson_id),
                asked=session.get_one(ReviewRequest, version.id),
                is_new=review.last_signed_by(session, version.lesson_id, actor().id) is None,
            )
            for version in review.waiting(session)
        ]
        hindrance = _hindrance() if may("content.review") else ""
    return render_template("staff/reviews/reviews.html", waiting=found, hindrance=hindrance)


@bp.get("/reviews/<int:version_id>")
@requires(Permission.READ_CONTENT)
def review_version(version_id: int) -> str:
    """Show a version to the one who signs."""
    return _page(version_id, {}, {})


@bp.post("/reviews/<int:version_id>/approve")
@requires(Permission.REVIEW)
def approve_version(version_id: int) -> Response:
    """Sign."""
    with context.transaction() as session:
        signed = review.approve(session, actor(), version_id, now=context.now())
        until = signed.expires_at
    assert until is not None
    notify(f"Signed. It holds until {until:%d %B %Y}, or until somebody changes the words.")
    return redirect(url_for("staff.reviews"), 303)


@bp.post("/reviews/<int:version_id>/ask")
@requires(Permission.REVIEW)
def ask_for_change(version_id: int) -> Response | tuple[str, int]:
    """Send it back with a comment."""
    try:
        with context.transaction() as session:
            review.ask_for_change(
                session,
                actor(),
                version_id,
                comment=request.form.get("comment", ""),
                block_id=request.form.get("block_id") or None,
                now=context.now(),
            )
    except InvalidInput as error:
        return _page(version_id, error.fields, request.form.to_dict()), 422
    notify("Sent back with your comment.")
    return redirect(url_for("staff.reviews"), 303)


@bp.get("/library/<int:lesson_id>/versions")
@requires(Permission.READ_CONTENT)
def lesson_versions(lesson_id: int) -> str:
    """Show a lesson's versions and what was decided about each."""
    with context.reading() as session:
        lesson = lessons.get(session, lesson_id)
        found = lessons.versions(session, lesson_id)
        decided: dict[int, list[object]] = {}
        for decision in review.decisions(session, lesson_id):
            decided.setdefault(decision.version_id, []).append(decision)
    return render_template(
        "staff/library/versions.html", lesson=lesson, versions=found, decided=decided
    )


@bp.post("/library/versions/<int:version_id>/restore")
@requires(Permission.EDIT_CONTENT)
def restore_version(version_id: int) -> Response:
    """Make an old version the draft again."""
    with context.transaction() as session:
        lesson = lessons.restore(
            session,
            actor(),
            version_id,
            revision=request.form.get("revision", 0, type=int),
            now=context.now(),
        )
    notify("The old version is the draft again. What was the draft is kept as a version.")
    return redirect(url_for("staff.compose", lesson_id=lesson.id), 303)


def _hindrance() -> str:
    """Return why this member of staff cannot sign, or nothing."""
    with context.reading() as session:
        try:
            review.require_signer(session, actor())
        except NotPermitted as error:
            return error.message
    return ""


def _page(version_id: int, errors: dict[str, str], typed: dict[str, str]) -> str:
    hindrance = _hindrance()
    with context.reading() as session:
        version = lessons.get_version(session, version_id)
        lesson = session.get_one(Lesson, version.lesson_id)
        before = review.last_signed_by(session, lesson.id, actor().id)
        changes = differences.compare(
            lesson.channel, before.source if before else None, version.source
        )
        compiled = rendering.load(session, version_id)
        text = ""
        if isinstance(compiled, rendering.CompiledText):
            urls = sample_urls(context.services().public_url)
            text = compiled.render(PersonView(), urls, profile.get(session), False)
        page_id = links.page_version_of(session, version_id)
        own = version.author_id is not None and version.author_id == actor().id
        return render_template(
            "staff/reviews/review.html",
            version=version,
            lesson=lesson,
            before=before,
            changes=changes,
            findings=lint.check_version(session, version, public_url=context.services().public_url),
            approval=review.is_approved(session, version_id, context.now()),
            decisions=[d for d in review.decisions(session, lesson.id) if d.comment][:5],
            linked=page_id if page_id != version_id else None,
            links=compiled.links,
            text=text,
            hindrance=hindrance,
            own_and_strict=own and review.is_strict(session),
            errors=errors,
            typed=typed,
        )
