"""The demonstration clinic: what ``make run`` shows before anybody has done anything."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.audience import interests, segments
from campaigns.audience.models import Segment
from campaigns.broadcasts import drafts
from campaigns.cli import first_start
from campaigns.clinic import profile
from campaigns.contacts.models import Contact
from campaigns.content import starter
from campaigns.core.actors import SYSTEM
from campaigns.core.settings import is_loopback
from campaigns.drips import authoring
from campaigns.drips.timing import Wait
from campaigns.imports import files, runner
from campaigns.wiring import Services

PARTICULARS = {
    "street": "1 Example Parkway, Suite 100",
    "city": "Cleveland",
    "state": "OH",
    "postal_code": "44114",
    "phone": "+12165550100",
    "website": "https://clinic.example",
    "booking_url": "https://clinic.example/book",
    "consultation_url": "https://clinic.example/consultation",
    "sender_email": "hello@news.clinic.example",
    "reply_to": "frontdesk@clinic.example",
}
"""Invented: ``.example`` leads nowhere (RFC 2606), 555-0100 rings nowhere."""
BOOKING_PATH = "/demo/booking"
SERIES = {"joint_pain": "Joint pain, first steps", "muscle_spasms": "Muscle spasms, first steps"}
CONTACTS = Path(__file__).resolve().parents[3] / "examples" / "contacts.csv"


def load(services: Services) -> bool:
    """Load the demonstration into an empty database; return False where people are known."""
    now = services.clock.now()
    with services.db.transaction() as session:
        if session.scalar(select(func.count()).select_from(Contact)):
            return False
        furnish(session, now=now)
        groups = make_groups(session, now=now)
        make_drafts(session, groups, now=now)
        upload = files.receive(
            session, SYSTEM, filename=CONTACTS.name, content=CONTACTS.read_bytes(), now=now
        )
        files.set_mapping(session, upload.id, upload.mapping)
        files.start(session, SYSTEM, upload.id, now=now)
        upload_id = upload.id
    runner.run(services.db, upload_id, services.clock)
    return True


def lead_bookings_here(services: Services) -> None:
    """Let the invented booking links lead to this service's stand-in for a booking system.

    Done at each start, because the port may be another one. An address that staff entered
    stays as it is.
    """
    if not services.settings.is_demonstration:
        return
    here = f"{services.public_url}{BOOKING_PATH}"
    with services.db.transaction() as session:
        clinic = profile.get(session)
        changes = {
            name: here
            for name in ("booking_url", "consultation_url")
            if (found := getattr(clinic, name)) != here
            and (found == PARTICULARS[name] or _is_stand_in(found))
        }
        if changes:
            profile.update(session, SYSTEM, now=services.clock.now(), **changes)


def _is_stand_in(url: str | None) -> bool:
    return bool(url) and is_loopback(url or "") and urlsplit(url or "").path == BOOKING_PATH


def furnish(session: Session, *, now: datetime) -> None:
    """Make the clinic, with invented particulars where a real one would have its own."""
    first_start.furnish(session, now=now)
    profile.update(session, SYSTEM, now=now, **PARTICULARS)


def make_groups(session: Session, *, now: datetime) -> dict[str, Segment]:
    """Make a group for each active interest and one for everybody."""
    groups = {
        interest.code: segments.create(
            session,
            SYSTEM,
            name=f"Interested in {interest.name.lower()}",
            rule={"field": "interest", "op": "has", "value": interest.code},
            now=now,
        )
        for interest in interests.all_active(session)
    }
    groups["everyone"] = segments.create(
        session, SYSTEM, name="Everyone on the list", rule={"all": []}, now=now
    )
    return groups


def make_drafts(session: Session, groups: dict[str, Segment], *, now: datetime) -> None:
    """Make the starter library, a campaign and a series to begin with; all drafts."""
    library = starter.create_starter(session, now=now, actor=SYSTEM)
    newsletter = drafts.create(session, SYSTEM, now=now, name="A first hello to everyone")
    drafts.edit(
        session,
        SYSTEM,
        newsletter.id,
        now=now,
        segment_id=groups["everyone"].id,
        email_lesson_id=library["newsletter"].id,
    )
    for code in ("joint_pain", "muscle_spasms"):
        drip = authoring.create(session, SYSTEM, now=now, name=SERIES[code])
        authoring.edit(session, SYSTEM, drip.id, now=now, segment_id=groups[code].id)
        for key, wait in (
            (f"{code}_1", Wait(days=0, minutes=0, at_local_time="10:00")),
            (f"{code}_text", Wait(days=4, minutes=0, at_local_time="11:00")),
            (f"{code}_2", Wait(days=7, minutes=0, at_local_time="10:00")),
            (f"{code}_3", Wait(days=7, minutes=0, at_local_time="10:00")),
        ):
            authoring.add_step(session, drip.id, lesson_id=library[key].id, wait=wait, now=now)
