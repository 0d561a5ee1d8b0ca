"""A campaign on its way: live figures that add up, pause, resume, stop, and the result."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience.models import Segment
from campaigns.broadcasts import drafts, lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.content.models import Lesson
from campaigns.core.errors import Conflict
from campaigns.delivery import reconcile
from campaigns.delivery.models import MessageState, Origin
from campaigns.reports import funnel
from campaigns.reports.wording import words_of_reason
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.staff.broadcasts import STATES
from campaigns.web import context

UNDER_WAY = (BroadcastState.SCHEDULED, BroadcastState.SENDING)
"""States in which the figures are asked for again every two seconds."""
TONES = {
    "delivered": "green",
    "accepted": "green",
    "planned": "blue",
    "sending": "blue",
    "held": "amber",
    "checking": "amber",
    "suppressed": "grey",
    "expired": "grey",
    "cancelled": "grey",
    "bounced": "red",
    "failed": "red",
}
MEANINGS = {
    "delivered": "The provider says that it arrived.",
    "accepted": "The provider took it; a receipt may follow.",
    "bounced": "The mailbox or number refused it.",
    "failed": "The provider refused it, or it never left.",
    "checking": "The line broke while sending. It is being looked up and never sent twice.",
    "sending": "Handed to the provider at this moment.",
    "held": "Waits for a lawful hour, or until the person may get another message.",
    "planned": "Not handed to the provider yet.",
    "suppressed": "Left out for a reason; the reasons are below.",
    "expired": "Its time ran out before it was allowed to go.",
    "cancelled": "Stopped before it left.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One figure of the live bar, and where it stands in the bar."""

    code: str
    label: str
    meaning: str
    tone: str
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel with its figures; the counts of the parts add up to the total."""

    channel: str
    name: str
    total: int
    parts: tuple[Part, ...]
    reasons: tuple[tuple[str, str, str, int], ...]
    """(figure, code, sentence, count)."""


@bp.get("/campaigns/<int:broadcast_id>/progress")
@requires(Permission.READ_CAMPAIGNS)
def campaign_progress(broadcast_id: int) -> str | Response:
    """Show how far a campaign is, and what can be done about it."""
    with context.reading() as session:
        broadcast = drafts.get(session, broadcast_id)
        if broadcast.state == BroadcastState.DRAFT:
            return redirect(url_for("staff.campaign_step", broadcast_id=broadcast_id, step="who"))
        segment = session.get(Segment, broadcast.segment_id) if broadcast.segment_id else None
        content = [
            session.get_one(Lesson, lesson_id)
            for lesson_id in (broadcast.email_lesson_id, broadcast.sms_lesson_id)
            if lesson_id is not None
        ]
        return render_template(
            "staff/campaigns/progress.html",
            segment=segment,
            content=content,
            **_figures(session, broadcast),
        )


@bp.get("/campaigns/<int:broadcast_id>/progress/live")
@requires(Permission.READ_CAMPAIGNS)
def campaign_live(broadcast_id: int) -> Response | str | tuple[str, int, dict[str, str]]:
    """Give the live part; the whole page again once the state has changed."""
    with context.reading() as session:
        broadcast = drafts.get(session, broadcast_id)
        page = render_template("staff/campaigns/_live.html", **_figures(session, broadcast))
        seen = request.args.get("seen", broadcast.state)
        if seen != broadcast.state or broadcast.state not in UNDER_WAY:
            return page, 200, {"HX-Refresh": "true"}
        return page


@bp.post("/campaigns/<int:broadcast_id>/send-again")
@requires(Permission.SEND)
def send_campaign_again(broadcast_id: int) -> Response:
    """Send now what certainly never left."""
    now = context.now()
    with context.transaction() as session:
        broadcast = drafts.get(session, broadcast_id)
        if broadcast.state not in (BroadcastState.SENDING, BroadcastState.SENT):
            raise Conflict(
                "broadcast_state",
                "This campaign is paused or stopped, so nothing of it is sent. Resume it first.",
            )
        count = reconcile.send_now(
            session, actor(), origin_kind=Origin.BROADCAST, origin_id=broadcast_id, now=now
        )
        if count:
            lifecycle.go_on(session, broadcast_id, now=now)
    if count:
        notify(f"{count:,} messages that never left go out now. Nobody gets one twice.")
    else:
        notify("There was nothing to send again.", "amber")
    return redirect(url_for("staff.campaign_progress", broadcast_id=broadcast_id), 303)


def _figures(session: Session, broadcast: Broadcast) -> dict[str, object]:
    figures = funnel.of_broadcast(session, broadcast.id)
    ways = tuple(_way(one) for one in figures.channels)
    now = context.now()
    overdue = broadcast.scheduled_at is not None and broadcast.scheduled_at <= now
    return {
        "campaign": broadcast,
        "figures": figures,
        "ways": ways,
        "total": sum(way.total for way in ways),
        "settled": sum(
            part.count
            for way in ways
            for part in way.parts
            if part.code not in ("planned", "held", "sending", "checking")
        ),
        "checking": sum(way_count(way, "checking") for way in ways),
        "never_left": _never_left(session, broadcast.id),
        "expired": broadcast.expires_at is not None and broadcast.expires_at <= now,
        "overdue": overdue,
        "word": STATES[BroadcastState(broadcast.state)][0],
        "tone": STATES[BroadcastState(broadcast.state)][1],
        "live": broadcast.state in UNDER_WAY,
    }


def way_count(way: Way, code: str) -> int:
    """Return one figure of a channel."""
    return sum(part.count for part in way.parts if part.code == code)


def _never_left(session: Session, broadcast_id: int) -> int:
    return funnel.count_of_state(session, broadcast_id, MessageState.NOT_ACCEPTED)


def _way(channel: funnel.ChannelFunnel) -> Way:
    parts = []
    start = 0.0
    for line in channel.lines:
        width = 100 * line.count / channel.total if channel.total else 0.0
        if line.count or line.code in ("delivered", "planned"):
            parts.append(
                Part(
                    code=line.code,
                    label=line.label,
                    meaning=MEANINGS[line.code],
                    tone=TONES[line.code],
                    count=line.count,
                    start=round(start, 3),
                    width=round(width, 3),
                )
            )
        start += width
    return Way(
        channel=channel.channel,
        name="Email" if channel.channel == "email" else "Text",
        total=channel.total,
        parts=tuple(parts),
        reasons=tuple(
            (reason.state, reason.code, words_of_reason(reason.code), reason.count)
            for reason in channel.reasons
        ),
    )
