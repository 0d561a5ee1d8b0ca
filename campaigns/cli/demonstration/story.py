"""The main job, from an imported file to a report that adds up.

Staff's part is done through the same functions that their pages call; sending, webhooks
and public pages run in the shipped worker and web processes; the witnesses are the
stand-ins, which keep a log of their own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts import users
from campaigns.accounts.models import Role, StaffUser
from campaigns.audience import segments
from campaigns.bookings.models import Booking
from campaigns.broadcasts import drafts
from campaigns.broadcasts import lifecycle as broadcast_life
from campaigns.broadcasts.checks import Ways
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.cli.demonstration.clinic import CONTACTS, furnish
from campaigns.cli.demonstration.figures import Figures, count
from campaigns.cli.demonstration.stage import BOOKING_SECRET, Stage
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.content import lessons, review, starter
from campaigns.content.models import Lesson
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.clock import SystemClock
from campaigns.core.errors import Conflict
from campaigns.delivery.models import Message, MessageState
from campaigns.drips import authoring
from campaigns.drips import lifecycle as drip_life
from campaigns.drips.models import Enrolment, EnrolmentState
from campaigns.drips.timing import Wait
from campaigns.imports import files
from campaigns.imports.models import Import, ImportState
from campaigns.wiring import Services

TUESDAY = datetime(2026, 11, 17, 18, 30, tzinfo=UTC)
"""Lawful for texts in every zone of the example file, whatever day it is outside."""
DRIP_SPEED = 7200.0
"""Two hours a second: a series of four days passes in under a minute."""
PATIENCE_SECONDS = 180.0
GROUP = {
    "any": [
        {"field": "interest", "op": "has", "value": "joint_pain"},
        {"field": "interest", "op": "has", "value": "muscle_spasms"},
    ]
}
_ONE_CLICK = re.compile(r"<(https?://[^>]+/u/[^>]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The four people to whom something happens; all of them have both channels or email."""

    bounces: str
    leaves: str
    stops: str
    books: str
    stops_id: int
    leaves_id: int
    books_id: int


def play(stage: Stage, say: Callable[[str], None]) -> Figures:
    """Play every act and return the figures, counted from the stand-ins' log and the report.

    Raises: Conflict naming the first thing that did not come out as it must.
    """
    stage.start_standins()
    services = stage.services(TUESDAY, 1.0)
    now = services.clock.now()
    with services.db.transaction() as session:
        furnish(session, now=now)
        author = _staff(session, Role.MARKETER, "Alex Author", None, now)
        reviewer = _staff(session, Role.REVIEWER, "Riley Reviewer", "RN", now)
        library = starter.create_starter(session, now=now, actor=author)
        for lesson in library.values():
            _sign(session, lesson, author, reviewer, now)
    stage.start_service()

    import_id = _import(services, author)
    _wait("the import", lambda: _import_done(services, import_id))
    say("imported examples/contacts.csv")

    cast = _choose(services)
    stage.control("script", rules=[{"to": cast.bounces, "outcome": "bounce", "times": None}])
    broadcast_id = _send_broadcast(services, author, library["newsletter"], library["text_guide"])
    _wait("the broadcast", lambda: _is_sent(services, broadcast_id))
    stage.control("flush", seconds=30)
    say("sent a reviewed email and a text to one group")

    _unsubscribe(stage, cast.leaves)
    _wait("the unsubscribe", lambda: _has_left(services, cast.leaves_id, Channel.EMAIL))
    stage.control("inbound", **{"from": cast.stops, "body": "STOP"})
    _wait("the stop", lambda: _has_left(services, cast.stops_id, Channel.SMS))
    _wait("the bounce", lambda: _bounced(services) == 1)
    say("took an unsubscribe, a STOP and a bounce")

    stage.stop_service()
    now = services.clock.now()
    services.db.dispose()
    services = stage.services(now, DRIP_SPEED)
    drip_id = _start_drip(services, author, library)
    stage.start_service()
    _wait("the first step", lambda: _has_step(stage, services, drip_id, cast.books_id))
    _book(stage, services, cast)
    _wait("the booking", lambda: _exited(services, drip_id, cast.books_id))
    _wait("the series", lambda: _drip_over(services, drip_id), seconds=2 * PATIENCE_SECONDS)
    stage.control("flush", seconds=30)
    say("ran a series of three steps over four days; a booking ended it for one person")
    stage.stop_service()
    figures = count(
        stage,
        services,
        import_id=import_id,
        broadcast_id=broadcast_id,
        left={cast.leaves: "email", cast.stops: "sms"},
    )
    services.db.dispose()
    return figures


def _staff(session: Session, role: Role, name: str, credential: str | None, now: datetime) -> Actor:
    email = f"{name.split()[0].lower()}@example.com"
    user: StaffUser = users.create(
        session,
        SYSTEM,
        email=email,
        name=name,
        role=role,
        credential=credential,
        license_number="00-0000" if credential else None,
        license_state="OH" if credential else None,
        now=now,
    )
    return Actor(kind=ActorKind.STAFF, id=user.id, name=user.name)


def _sign(session: Session, lesson: Lesson, author: Actor, reviewer: Actor, now: datetime) -> None:
    version = lessons.freeze(session, lesson.id, author, now)
    review.request(session, author, version.id, now=now)
    review.approve(session, reviewer, version.id, now=now)


def _import(services: Services, author: Actor) -> int:
    now = services.clock.now()
    with services.db.transaction() as session:
        upload = files.receive(
            session, author, filename=CONTACTS.name, content=CONTACTS.read_bytes(), now=now
        )
        files.set_mapping(session, upload.id, upload.mapping)
        files.start(session, author, upload.id, now=now)
        return upload.id


def _import_done(services: Services, import_id: int) -> bool:
    with services.db.reading() as session:
        found = session.get_one(Import, import_id)
        if found.state == ImportState.FAILED:
            raise Conflict("demo_import", f"The import failed: {found.message}")
        return found.state == ImportState.DONE


def _choose(services: Services) -> Cast:
    """Pick four different people of the group who agreed to what their part needs."""
    with services.db.reading() as session:
        now = services.clock.now()
        members = segments.sample(session, GROUP, now, limit=400)
        agreed: dict[int, set[str]] = {}
        for contact_id, channel in session.execute(
            select(ConsentState.contact_id, ConsentState.channel).where(
                ConsentState.status == ConsentStatus.GRANTED,
                ConsentState.contact_id.in_([person.id for person in members]),
            )
        ):
            agreed.setdefault(contact_id, set()).add(channel)
        both = [p.id for p in members if {"email", "sms"} <= agreed.get(p.id, set())]
        joint = {
            person.id
            for person in segments.sample(
                session, {"field": "interest", "op": "has", "value": "joint_pain"}, now, limit=400
            )
        }
        books = next(i for i in both if i in joint)
        bounces, leaves, stops = [i for i in both if i != books][:3]
        reach = {i: directory.addresses_of(session, i) for i in (books, bounces, leaves, stops)}
        return Cast(
            bounces=reach[bounces][Channel.EMAIL].address,
            leaves=reach[leaves][Channel.EMAIL].address,
            stops=reach[stops][Channel.SMS].address,
            books=reach[books][Channel.EMAIL].address,
            stops_id=stops,
            leaves_id=leaves,
            books_id=books,
        )


def _send_broadcast(services: Services, author: Actor, email: Lesson, text: Lesson) -> int:
    now = services.clock.now()
    with services.db.transaction() as session:
        group = segments.create(session, author, name="Joints and muscles", rule=GROUP, now=now)
        broadcast = drafts.create(session, author, now=now, name="A first hello")
        drafts.edit(
            session,
            author,
            broadcast.id,
            now=now,
            segment_id=group.id,
            email_lesson_id=email.id,
            sms_lesson_id=text.id,
            third_party_paid=False,
        )
        broadcast_life.schedule(
            session, author, broadcast.id, now=now, ways=Ways.of(services.settings)
        )
        return broadcast.id


def _is_sent(services: Services, broadcast_id: int) -> bool:
    with services.db.reading() as session:
        state = session.get_one(Broadcast, broadcast_id).state
        if state == BroadcastState.PAUSED:
            raise Conflict("demo_paused", "The broadcast was paused by a guard rail.")
        return state == BroadcastState.SENT


def _unsubscribe(stage: Stage, address: str) -> None:
    entry = next(e for e in stage.accepted() if e["kind"] == "email" and e["to"] == address)
    found = _ONE_CLICK.search(entry["headers"]["List-Unsubscribe"])
    if found is None:
        raise Conflict("demo_header", "An email left without a List-Unsubscribe address.")
    status = stage.post(
        found.group(1),
        b"List-Unsubscribe=One-Click",
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    if status != 200:
        raise Conflict("demo_unsubscribe", f"The one-click unsubscribe answered {status}.")


def _has_left(services: Services, contact_id: int, channel: Channel) -> bool:
    with services.db.reading() as session:
        state = session.get(ConsentState, (contact_id, channel.value))
        return state is not None and state.status == ConsentStatus.WITHDRAWN


def _bounced(services: Services) -> int:
    with services.db.reading() as session:
        found = session.scalar(select(func.count()).where(Message.state == MessageState.BOUNCED))
        return found or 0


def _start_drip(services: Services, author: Actor, library: dict[str, Lesson]) -> int:
    now = services.clock.now()
    with services.db.transaction() as session:
        rule = {"field": "interest", "op": "has", "value": "joint_pain"}
        group = segments.create(session, author, name="Joint pain", rule=rule, now=now)
        drip = authoring.create(session, author, now=now, name="Joint pain, three steps")
        authoring.edit(session, author, drip.id, now=now, segment_id=group.id)
        for key, wait in (
            ("joint_pain_1", Wait()),
            ("joint_pain_text", Wait(days=1, at_local_time="11:00")),
            ("joint_pain_2", Wait(days=2, at_local_time="10:00")),
        ):
            authoring.add_step(session, drip.id, lesson_id=library[key].id, wait=wait, now=now)
        drip_life.go_live(
            session,
            author,
            drip.id,
            now=now,
            ways=Ways.of(services.settings),
            enrol_existing=True,
        )
        return drip.id


def _has_step(stage: Stage, services: Services, drip_id: int, contact_id: int) -> bool:
    with services.db.reading() as session:
        handed = session.scalar(
            select(func.count())
            .select_from(Message)
            .join(Enrolment, Enrolment.id == Message.subject_id)
            .where(
                Message.origin_kind == "drip_step",
                Enrolment.drip_id == drip_id,
                Enrolment.contact_id == contact_id,
                Message.state.in_((MessageState.ACCEPTED, MessageState.DELIVERED)),
            )
        )
        return bool(handed)


def _book(stage: Stage, services: Services, cast: Cast) -> None:
    at = services.clock.now()
    body = json.dumps(
        {
            "id": "demo-1",
            "email": cast.books,
            "booked_at": at.isoformat(),
            "starts_at": (at + timedelta(days=3)).isoformat(),
            "status": "booked",
        }
    ).encode()
    stamp = str(int(SystemClock().now().timestamp()))
    seal = hmac.new(BOOKING_SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "X-Campaigns-Signature": f"t={stamp},v1={seal.hexdigest()}",
    }
    for _ in range(2):  # booking systems repeat themselves: it must count once
        status = stage.post(f"{stage.url}/webhooks/bookings/frontdesk", body, headers)
        if status != 200:
            raise Conflict("demo_booking", f"The booking webhook answered {status}.")
    with services.db.reading() as session:
        found = session.scalar(select(func.count()).select_from(Booking))
    if found != 1:
        raise Conflict("demo_booking", f"One booking was sent twice and stored {found} times.")


def _exited(services: Services, drip_id: int, contact_id: int) -> bool:
    with services.db.reading() as session:
        return (
            session.scalar(
                select(Enrolment.end_reason).where(
                    Enrolment.drip_id == drip_id, Enrolment.contact_id == contact_id
                )
            )
            == "booked"
        )


def _drip_over(services: Services, drip_id: int) -> bool:
    """Everybody came to the end or left, and nothing is under way any more."""
    with services.db.reading() as session:
        active = session.scalar(
            select(func.count()).where(
                Enrolment.drip_id == drip_id, Enrolment.state == EnrolmentState.ACTIVE
            )
        )
        open_ = session.scalar(
            select(func.count()).where(
                Message.state.in_((MessageState.PLANNED, MessageState.HELD, MessageState.SENDING))
            )
        )
        return not active and not open_


def _wait(what: str, done: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    give_up = time.monotonic() + seconds
    while not done():
        if time.monotonic() > give_up:
            raise Conflict("demo_slow", f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(0.2)
