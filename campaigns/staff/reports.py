"""Reports: one page for one question, a sentence above, the rows behind every figure."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, render_template, request, stream_with_context
from sqlalchemy import select

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.clinic import profile
from campaigns.core.errors import NotFound
from campaigns.reports import funnel, overview, people
from campaigns.reports.attribution import RULE
from campaigns.reports.wording import STATE_TONES, words_of_reason
from campaigns.staff.blueprint import actor, bp, may
from campaigns.web import context

CHANNELS = {"email": "Email", "sms": "Text"}
_SINCE_START = (BroadcastState.SENDING, BroadcastState.PAUSED, BroadcastState.SENT)


@bp.get("/reports/")
@requires(Permission.READ_REPORTS)
def reports() -> str:
    """Show the last 30 days."""
    with context.reading() as session:
        clinic = profile.get(session)
        figures = overview.last_days(session, now=context.now(), zone=clinic.timezone)
        topics = (
            overview.booked_by_topic(session, figures) if may(Permission.READ_INTERESTS) else []
        )
        campaigns = session.execute(
            select(Broadcast.id, Broadcast.name, Broadcast.started_at)
            .where(Broadcast.started_at.is_not(None))
            .order_by(Broadcast.started_at.desc())
            .limit(50)
        ).all()
    return render_template(
        "staff/reports/overview.html",
        figures=figures,
        topics=topics,
        campaigns=campaigns,
        rule=RULE,
        sentence=sentence_of(figures.booked),
    )


@bp.get("/reports/campaigns/<int:broadcast_id>")
@requires(Permission.READ_REPORTS)
def report_of_campaign(broadcast_id: int) -> str:
    """Show what became of one campaign; every figure leads to its people."""
    with context.reading() as session:
        figures = funnel.of_broadcast(session, broadcast_id)
    return render_template(
        "staff/reports/campaign.html",
        figures=figures,
        channels=CHANNELS,
        rule=RULE,
        words_of_reason=words_of_reason,
        sentence=sentence_of(figures.booked),
        started=figures.state in _SINCE_START or figures.started_at is not None,
    )


@bp.get("/reports/campaigns/<int:broadcast_id>/people")
@requires(Permission.READ_PEOPLE)
def people_behind_figure(broadcast_id: int) -> str:
    """List the people behind a figure."""
    figure = request.args.get("figure", "planned_total")
    channel = request.args.get("channel") or None
    reason = request.args.get("reason")
    after = request.args.get("after", 0, type=int)
    if figure not in funnel.LABELS or (channel is not None and channel not in CHANNELS):
        raise NotFound("figure_unknown", "There is no such figure in this report.")
    with context.reading() as session:
        broadcast = session.get(Broadcast, broadcast_id)
        if broadcast is None:
            raise NotFound("broadcast_unknown", "There is no such campaign.")
        rows = people.behind(
            session,
            broadcast_id,
            figure=figure,
            channel=channel,
            reason=reason,
            after=after,
            limit=people.PAGE + 1,
        )
        name = broadcast.name
    return render_template(
        "staff/reports/people.html",
        broadcast_id=broadcast_id,
        name=name,
        figure=figure,
        label=funnel.LABELS[figure],
        channel=channel,
        channels=CHANNELS,
        reason=words_of_reason(reason) if reason else "",
        reason_code=reason,
        rows=rows[: people.PAGE],
        next_after=rows[people.PAGE - 1].message_id if len(rows) > people.PAGE else None,
        tones=STATE_TONES,
    )


@bp.get("/reports/campaigns/<int:broadcast_id>.csv")
@requires(Permission.EXPORT)
def download_campaign(broadcast_id: int) -> Response:
    """Give the people of a campaign and what became of each as a CSV; on the trail."""
    with context.transaction() as session:
        if session.get(Broadcast, broadcast_id) is None:
            raise NotFound("broadcast_unknown", "There is no such campaign.")
        audit.append(
            session,
            actor(),
            "report.exported",
            subject_kind="broadcast",
            subject_id=broadcast_id,
            now=context.now(),
        )

    def pieces() -> Iterator[str]:
        yield "\ufeff"  # spreadsheets take the file for UTF-8 only with this mark
        with context.reading() as session:
            yield from people.export(session, broadcast_id)

    return Response(
        stream_with_context(pieces()),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="campaign-{broadcast_id}.csv"',
            "Cache-Control": "no-store",
        },
    )


def sentence_of(booked: int) -> str:
    """Return the sentence that stands above the figures."""
    if booked == 0:
        return "Nobody booked within 7 days of a message yet."
    who = "1 person" if booked == 1 else f"{booked:,} people"
    return f"{who} booked within 7 days of a message."
