"""What stands around every staff page: the rail, the banners, the clinic's time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission
from campaigns.clinic import switches
from campaigns.clinic.models import Clinic, Switch
from campaigns.consent import limits
from campaigns.content.models import ReviewRequest
from campaigns.delivery import confirmations
from campaigns.delivery.models import Breaker
from campaigns.events.models import InboundText
from campaigns.staff.blueprint import bp, may, must_enrol
from campaigns.web import context, sessions, templating

PRODUCT = "Campaigns"
STOP = "/staff/stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One way through the rail; ``short`` ones are also in the bottom bar of a phone."""

    label: str
    url: str
    icon: str
    here: bool = False
    count: int = 0
    short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """Something that needs a decision, with the way to it."""

    text: str
    tone: str = "amber"
    url: str | None = None
    label: str = ""


_P = Permission
RAIL = (
    ("Home", "/staff/", "home", _P.SIGNED_IN, True),
    ("Campaigns", "/staff/campaigns/", "send", _P.READ_CAMPAIGNS, True),
    ("Drips", "/staff/drips/", "route", _P.READ_CAMPAIGNS, False),
    ("People", "/staff/people/", "users", _P.READ_PEOPLE, True),
    ("Groups", "/staff/groups/", "users-group", _P.READ_CAMPAIGNS, False),
    ("Library", "/staff/library/", "books", _P.READ_CONTENT, False),
    ("Inbox", "/staff/inbox/", "message-circle", _P.READ_INBOX, True),
    ("Reports", "/staff/reports/", "chart-bar", _P.READ_REPORTS, False),
    ("Calendar", "/staff/calendar/", "calendar", _P.READ_CAMPAIGNS, False),
)
RAIL_FOOT = (
    ("Outbox", "/staff/outbox/", "mailbox", _P.READ_OUTBOX),
    ("Settings", "/staff/settings/", "settings", _P.SIGNED_IN),
)
BENEATH = {
    "/staff/people/": ("/staff/do-not-contact/", "/staff/bookings/"),
    "/staff/library/": ("/staff/reviews/",),
}
"""Pages that an entry of the rail leads to, though their addresses begin otherwise."""


@bp.app_context_processor
def frame() -> dict[str, Any]:
    """Give every staff template what the frame shows (an unknown address has no blueprint)."""
    if not sessions.is_staff_path(request.path):
        return {}
    signed_in = sessions.current().person
    clinic = templating.clinic()
    zone = templating.zone()
    values: dict[str, Any] = {
        "signed_in": signed_in,
        "clinic_name": clinic.name if clinic else PRODUCT,
        "clinic_zone": zone.key,
        "here_and_now": context.now().astimezone(zone),
        "may": may,
        "stopped": clinic is not None and clinic.stopped_at is not None,
        "rail": [],
        "rail_foot": [],
        "banners": [],
    }
    if signed_in is None or must_enrol(signed_in):
        return values  # before enrolment nothing else is open, so nothing else is offered
    waiting = _waiting()
    values["rail"] = [
        Entry(
            label=label,
            url=url,
            icon=icon,
            here=_is_here(url),
            count=waiting.get(label, 0),
            short=short,
        )
        for label, url, icon, permission, short in RAIL
        if may(permission)
    ]
    local = context.services().settings.is_local
    values["rail_foot"] = [
        Entry(label=label, url=url, icon=icon, here=_is_here(url))
        for label, url, icon, permission in RAIL_FOOT
        if may(permission) and (label != "Outbox" or local)
    ]
    values["banners"] = _banners(clinic, zone)
    return values


def _is_here(url: str) -> bool:
    if url == "/staff/":
        return request.path == url
    return request.path.startswith((url, *BENEATH.get(url, ())))


def _waiting() -> dict[str, int]:
    """Count what waits behind entries of the rail, in one statement."""
    unclear = (
        select(func.count())
        .select_from(InboundText)
        .where(InboundText.intent == "unclear", InboundText.resolved_at.is_(None))
        .scalar_subquery()
    )
    reviews = (
        select(func.count())
        .select_from(ReviewRequest)
        .where(ReviewRequest.closed_at.is_(None))
        .scalar_subquery()
    )
    with context.reading() as session:
        replies, requests = session.execute(select(unclear, reviews)).one()
    counts = {"Inbox": int(replies)}
    if may(_P.REVIEW):
        counts["Library"] = int(requests)
    return counts


def _banners(clinic: Clinic | None, zone: ZoneInfo) -> list[Banner]:
    banners = []
    now = context.now()
    if clinic is not None and clinic.stopped_at is not None and request.path != STOP:
        at = templating.clinic_time(clinic.stopped_at)
        by = f" by {clinic.stopped_by}" if clinic.stopped_by else ""
        banners.append(
            Banner(
                text=f"Everything is stopped since {at}{by}. Nothing leaves until it is resumed.",
                tone="red",
                url=STOP if may(_P.STOP_EVERYTHING) else None,
                label="See why, or resume",
            )
        )
    with context.reading() as session:
        paused = session.scalars(select(Breaker).where(Breaker.open_until > now)).all()
        if clinic is not None:
            banners += _sign_up_alarms(session, clinic, now)
            if request.path != STOP:
                banners += [_part_banner(part) for part in switches.stopped(session)]
    for breaker in paused:
        what = "Email rests" if breaker.channel == "email" else "Text messages rest"
        banners.append(
            Banner(
                text=f"{what} until {templating.clinic_time(breaker.open_until)}, because "
                "the provider did not answer clearly. Nothing is lost and nothing goes out twice.",
                url="/staff/settings/health",
                label="See health",
            )
        )
    return banners


def _part_banner(part: Switch) -> Banner:
    what = {"email": "All email is", "sms": "All texts are"}.get(part.code)
    what = what or f"Texts to {switches.STATES.get(part.code, part.code)} are"
    at = templating.clinic_time(part.stopped_at)
    return Banner(
        text=f"{what} stopped since {at} by {part.stopped_by}. Nothing is lost; it waits.",
        tone="red",
        url=f"{STOP}#parts" if may(_P.STOP_EVERYTHING) else None,
        label="See why, or allow again",
    )


def _sign_up_alarms(session: Session, clinic: Clinic, now: datetime) -> list[Banner]:
    """Tell when sign-ups come as no good day brings them: somebody may misuse the form."""
    url = "/staff/settings/sign-up/" if may(_P.EDIT_PEOPLE) else None
    alarms = []
    money = limits.budget(session, now)
    if money.spent and not money.allows(confirmations.text_parts(session, clinic)):
        alarms.append(
            Banner(
                text="Sign-ups by text are closed until tomorrow: the day’s "
                f"${money.sum / 10_000:,.2f} for texts that ask for confirmation are spent. "
                "Sign-ups by email go on. Was there no rush at the clinic, somebody may be "
                "misusing the form.",
                tone="red",
                url=url,
                label="See sign-ups",
            )
        )
    if limits.is_flooded(session, now):
        alarms.append(
            Banner(
                text=f"{limits.CONFIRMATIONS_PER_HOUR} sign-ups came within an hour. No more are "
                "taken until the hour has passed; nobody gets marketing without confirming.",
                tone="red",
                url=url,
                label="See sign-ups",
            )
        )
    return alarms
