"""Home: what needs you, what goes out in the coming days, how the last month went."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import render_template, url_for
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.bookings.models import Booking
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.clinic import closures
from campaigns.contacts.models import Contact
from campaigns.content.models import ReviewRequest
from campaigns.delivery.models import Message, MessageState, Origin
from campaigns.drips import forecast
from campaigns.drips.models import Drip
from campaigns.events.models import InboundText
from campaigns.imports.models import Import, ImportState
from campaigns.reports import overview
from campaigns.staff.blueprint import bp, may
from campaigns.staff.bookings import open_questions
from campaigns.web import context, templating

DAYS_AHEAD = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for somebody."""

    title: str
    text: str
    url: str
    icon: str
    tone: str = "amber"


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Something that goes out on a day."""

    name: str
    about: str
    url: str
    tone: str


@dataclass(slots=True, kw_only=True)
class Day:
    """One day of the strip."""

    on: date
    closed: str | None = None
    going: list[Going] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the three first steps."""

    title: str
    text: str
    url: str
    label: str
    done: bool


@bp.get("/")
@requires(Permission.SIGNED_IN)
def home() -> str:
    """Show the three bands; the figures of the month follow by themselves."""
    zone = templating.zone()
    with context.reading() as session:
        steps = _first_steps(session)
        return render_template(
            "staff/home/home.html",
            steps=[] if all(step.done for step in steps) else steps,
            needs=_needs(session),
            days=_days_ahead(session, context.now(), zone),
        )


@bp.get("/home/last-days")
@requires(Permission.READ_REPORTS)
def last_days() -> str:
    """Return the figures and the chart of the last thirty days."""
    with context.reading() as session:
        figures = overview.last_days(session, now=context.now(), zone=templating.zone().key)
    settled = figures.delivered + figures.bounced
    chart = {
        "labels": [f"{day.on.day} {day.on:%b}" for day in figures.days],
        "series": [
            {"label": "Booked", "tone": "accent", "values": [day.booked for day in figures.days]},
            {"label": "Left", "tone": "amber", "values": [day.left for day in figures.days]},
        ],
    }
    return render_template(
        "staff/home/_last_days.html",
        figures=figures,
        chart=chart,
        sentence=_sentence(figures),
        delivered_share=round(100 * figures.delivered / settled) if settled else None,
        anything=any(day.booked or day.left for day in figures.days),
    )


def _sentence(figures: overview.Overview) -> str:
    sent = figures.emails_sent + figures.texts_sent
    if not sent:
        return "Nothing has gone out in the last 30 days."
    people = "person" if figures.booked == 1 else "people"
    return (
        f"{figures.booked:,} {people} booked within 7 days of a message; "
        f"{sent:,} messages went out."
    )


def _first_steps(session: Session) -> list[Step]:
    steps = []
    if may(Permission.IMPORT):
        steps.append(
            Step(
                title="Add people",
                text="Bring the list of those who said yes, with how and when they did.",
                url="/staff/people/import/",
                label="Import a file",
                done=bool(session.scalar(select(exists().where(Contact.id > 0)))),
            )
        )
    if may(Permission.EDIT_CONTENT):
        steps.append(
            Step(
                title="Write",
                text="An email or a text, and have it signed by a clinician.",
                url="/staff/library/",
                label="Open the library",
                done=bool(session.scalar(select(exists().where(ReviewRequest.version_id > 0)))),
            )
        )
    if may(Permission.SEND):
        sent = exists().where(Message.origin_kind.in_([Origin.TEST, Origin.BROADCAST]))
        steps.append(
            Step(
                title="Send a test",
                text="To yourself first. Then choose who gets it, and when.",
                url="/staff/campaigns/",
                label="Make a campaign",
                done=bool(session.scalar(select(sent))),
            )
        )
    return steps


def _needs(session: Session) -> list[Need]:
    needs: list[Need] = []
    if may(Permission.REVIEW):
        count = _count(session, select(func.count()).where(ReviewRequest.closed_at.is_(None)))
        if count:
            title = _plural(count, "message waits", "messages wait") + " for a signature"
            needs.append(
                Need(
                    title=title,
                    text="Nothing on a health topic leaves before a clinician has signed it.",
                    url="/staff/reviews/",
                    icon="signature",
                )
            )
    if may(Permission.READ_INBOX):
        count = _count(
            session,
            select(func.count()).where(
                InboundText.intent == "unclear", InboundText.resolved_at.is_(None)
            ),
        )
        if count:
            needs.append(
                Need(
                    title=_plural(count, "reply is unclear", "replies are unclear"),
                    text="Does the person want to stop? Until you decide, they get nothing.",
                    url="/staff/inbox/",
                    icon="message-circle",
                )
            )
    needs += _needs_of_work(session)
    return needs


def _needs_of_work(session: Session) -> list[Need]:
    needs: list[Need] = []
    if may(Permission.READ_CAMPAIGNS):
        count = _count(session, select(func.count()).where(Message.state == MessageState.UNCERTAIN))
        if count:
            needs.append(
                Need(
                    title=_plural(count, "message is", "messages are") + " being checked",
                    text="The provider’s answer was not clear. Its reports settle it; nothing is "
                    "sent twice.",
                    url="/staff/settings/health",
                    icon="help-circle",
                )
            )
        paused = session.execute(
            select(Broadcast.id, Broadcast.name, Broadcast.pause_reason)
            .where(Broadcast.state == BroadcastState.PAUSED)
            .order_by(Broadcast.id.desc())
            .limit(3)
        )
        for row_id, name, reason in paused:
            needs.append(
                Need(
                    title=f"“{name}” is paused",
                    text=reason or "Resume it or stop it for good.",
                    url=f"/staff/campaigns/{row_id}/",
                    icon="player-pause",
                )
            )
    if may(Permission.RECORD_BOOKING):
        count = _count(session, select(func.count(Booking.id)).where(open_questions()))
        if count:
            needs.append(
                Need(
                    title=_plural(count, "booking fits", "bookings fit") + " nobody we know",
                    text="The booking system gave an address that no person here has.",
                    url=url_for("staff.unmatched_bookings"),
                    icon="calendar-event",
                )
            )
    if may(Permission.IMPORT):
        stopped = session.execute(
            select(Import.id, Import.filename)
            .where(Import.state == ImportState.FAILED)
            .order_by(Import.id.desc())
            .limit(2)
        )
        for row_id, filename in stopped:
            needs.append(
                Need(
                    title=f"The import of {filename} stopped half-way",
                    text="What was read is kept, and it can go on from there.",
                    url=f"/staff/people/import/{row_id}",
                    icon="file-import",
                    tone="red",
                )
            )
    return needs


def _days_ahead(session: Session, now: datetime, zone: ZoneInfo) -> list[Day]:
    """Return today and the next seven days with what goes out on each."""
    today = now.astimezone(zone).date()
    days = {today + timedelta(days=n): Day(on=today + timedelta(days=n)) for n in range(8)}
    last = today + timedelta(days=DAYS_AHEAD)
    for closure in closures.list_from(session, today):
        for on, day in days.items():
            if closure.starts_on <= on <= closure.ends_on:
                day.closed = closure.label
    if not may(Permission.READ_CAMPAIGNS):
        return list(days.values())
    until = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    coming = session.execute(
        select(Broadcast.id, Broadcast.name, Broadcast.state, Broadcast.scheduled_at)
        .where(
            Broadcast.state.in_([BroadcastState.SCHEDULED, BroadcastState.SENDING]),
            Broadcast.scheduled_at < until,
        )
        .order_by(Broadcast.scheduled_at, Broadcast.id)
        .limit(50)
    )
    for row_id, name, state, at in coming:
        local = (at or now).astimezone(zone)
        sending = state == BroadcastState.SENDING
        days[max(local.date(), today)].going.append(
            Going(
                name=name,
                about="Going out now" if sending else f"From {local:%H:%M}",
                url=f"/staff/campaigns/{row_id}/",
                tone="green" if sending else "blue",
            )
        )
    _add_drips(session, days, today, zone)
    return list(days.values())


def _add_drips(session: Session, days: dict[date, Day], today: date, zone: ZoneInfo) -> None:
    counts = forecast.by_day(session, first=today, days=len(days), zone=zone.key)
    names: dict[int, str] = {}
    if counts:
        ids = {drip_id for drip_id, _ in counts}
        for drip in session.scalars(select(Drip).where(Drip.id.in_(ids))):
            names[drip.id] = drip.name
    for (drip_id, on), count in sorted(counts.items(), key=lambda item: item[0]):
        if on in days:
            days[on].going.append(
                Going(
                    name=names[drip_id],
                    about=_plural(count, "message of the series", "messages of the series"),
                    url=f"/staff/drips/{drip_id}/",
                    tone="blue",
                )
            )


def _count(session: Session, query: object) -> int:
    return int(session.scalar(query) or 0)  # type: ignore[call-overload]


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
