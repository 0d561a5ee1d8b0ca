"""The demonstration clinic in the middle of its work, served on loopback.

Everything is built through the domain's own functions, and sent by the shipped worker's
rounds through the local providers. The database can be put back to this state in
milliseconds, so that every control is tried on the same clinic.
"""

from __future__ import annotations

import itertools
import sqlite3
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import compress, crc32

from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from campaigns.accounts import sessions, setup, users
from campaigns.accounts.models import Role, StaffUser
from campaigns.app import create_app
from campaigns.audience import segments
from campaigns.audience.models import Segment
from campaigns.bookings import ledger as bookings
from campaigns.broadcasts import drafts, lifecycle
from campaigns.broadcasts.checks import Ways
from campaigns.broadcasts.models import Timing
from campaigns.cli import first_start
from campaigns.cli.demonstration import clinic as demonstration
from campaigns.clinic import closures
from campaigns.consent import optin, suppression
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.content import lessons, pictures, review, starter
from campaigns.content.models import Lesson
from campaigns.core import keys as key_rings
from campaigns.core import settings
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.signing import Purpose, Tokens
from campaigns.delivery import fanout
from campaigns.delivery.models import Message, MessageState
from campaigns.drips import authoring, enrolment, exits
from campaigns.drips import lifecycle as drip_life
from campaigns.drips.models import Drip
from campaigns.events import clicks, inbound
from campaigns.events.twilio_forms import InboundForm
from campaigns.imports import files
from campaigns.imports.models import Import
from campaigns.providers.local import LocalEmailSender, LocalSmsSender
from campaigns.providers.models import LocalDelivery
from campaigns.web.sessions import cookie_name
from campaigns.wiring import Services
from tests.factories.delivery import settle
from tests.factories.service import free_port

NOW = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)
"""A Tuesday, 13:00 in New York and 10:00 in Los Angeles."""
LOADED = NOW - timedelta(days=12)
SENT = NOW - timedelta(days=3, hours=1)
PASSWORD = "four quiet lamps at noon"
LOCAL = Ways()


class Scene:
    """A clinic, its service on loopback, and the numbers by which pages are opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "campaigns.sqlite3"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock = FixedClock(LOADED)
        self.ids: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.services = self._services()
        self.session_id = ""
        self._kept: sqlite3.Connection | None = None

    def _services(self) -> Services:
        ring = key_rings.new_key_ring()
        database = Database(f"sqlite:///{self.file}", keys=ring)
        return Services(
            settings=settings.load(
                {
                    "CAMPAIGNS_DATA_DIR": str(self.folder),
                    "CAMPAIGNS_PUBLIC_URL": self.url,
                    "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
                    "CAMPAIGNS_SMS_PER_SECOND": "500",
                }
            ),
            clock=self.clock,
            keys=ring,
            tokens=Tokens(ring),
            db=database,
            email=LocalEmailSender(database, self.clock),
            sms=LocalSmsSender(database, self.clock),
        )

    def keep(self) -> None:
        """Remember the database as it is now."""
        self._kept = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(self.file)) as live:
            live.backup(self._kept)

    def put_back(self) -> None:
        """Make the database what it was when it was kept."""
        assert self._kept is not None
        with closing(sqlite3.connect(self.file, timeout=20)) as live:
            self._kept.backup(live)

    def signed_in(
        self, browser: Browser, *, width: int = 1280, dark: bool = False
    ) -> BrowserContext:
        """Open a browser profile in which the owner is signed in."""
        made = browser.new_context(
            viewport={"width": width, "height": 900},
            locale="en-US",
            reduced_motion="reduce",
            color_scheme="dark" if dark else "light",
        )
        made.add_cookies(
            [{"name": cookie_name(self.services), "value": self.session_id, "url": self.url}]
        )
        return made


@contextmanager
def playing(folder: Path) -> Iterator[Scene]:
    """Build the clinic in the middle of its work, and serve it until the end."""
    scene = Scene(folder)
    first_start.prepare(scene.services)
    demonstration.load(scene.services)
    _work(scene)
    with _served(scene):
        yield scene


@contextmanager
def first_day(folder: Path) -> Iterator[Scene]:
    """Build a clinic that nobody has set up yet, and serve it until the end."""
    scene = Scene(folder)
    scene.clock.set(NOW)
    first_start.prepare(scene.services)
    with scene.services.db.transaction() as session:
        scene.texts["set_up"] = setup.issue_link(session, NOW) or ""
    with _served(scene):
        yield scene


@contextmanager
def _served(scene: Scene) -> Iterator[None]:
    server = make_server(
        "127.0.0.1", scene.port, create_app(scene.services), threaded=True, request_handler=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
        scene.services.db.dispose()


class _Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _work(scene: Scene) -> None:
    """Twelve days in the life of the clinic."""
    db, clock = scene.services.db, scene.clock
    with db.transaction() as session:
        owner, reviewer = _staff(scene, session)
        written = _sign_all_but_one(scene, session, owner, reviewer)
    clock.set(SENT)
    with db.transaction() as session:
        scene.ids["sent"] = _broadcast(
            session, owner, clock.now(), "Joints: a first hello", "joint_pain", written
        )
        drip = session.scalars(select(Drip).order_by(Drip.id)).first()
        assert drip is not None
        scene.ids["drip"] = drip.id
        drip_life.go_live(session, owner, drip.id, now=clock.now(), ways=LOCAL, enrol_existing=True)
    _walk_the_series(scene)
    clock.set(SENT + timedelta(days=1))
    _walk_the_series(scene)
    settle(scene.services)
    with db.transaction() as session:
        _happenings(scene, session)
    clock.set(NOW)
    with db.transaction() as session:
        _campaigns_in_every_state(scene, session, owner, written)
        _drips_in_every_state(scene, session, owner)
        _imports(scene, session, owner)
        _people(scene, session, owner)
    _walk_the_series(scene)
    with db.transaction() as session:
        scene.ids["sending"] = _broadcast(session, owner, NOW, "Leaving now", "skin", written)
    fanout.tick(scene.services)
    with db.transaction() as session:
        _numbers(scene, session)
        scene.session_id = sessions.open_for(session, session.get_one(StaffUser, owner.id), now=NOW)


def _walk_the_series(scene: Scene) -> None:
    """Let people in and out of the series as the worker's clock does, and send."""
    with scene.services.db.transaction() as session:
        enrolment.tick(session, now=scene.clock.now())
        exits.exit_booked(session, now=scene.clock.now())
    settle(scene.services)


def _staff(scene: Scene, session: Session) -> tuple[Actor, Actor]:
    now = scene.clock.now()
    made = {}
    for name, role, credential in (
        ("Robin Reyes", Role.OWNER, "MD"),
        ("Riley Reviewer", Role.REVIEWER, "RN"),
        ("Morgan Marketer", Role.MARKETER, None),
    ):
        made[role] = users.create(
            session,
            SYSTEM,
            email=f"{name.split()[0].lower()}@example.com",
            name=name,
            role=role,
            credential=credential,
            license_number="00-1234" if credential else None,
            license_state="OH" if credential else None,
            now=now,
        )
    users.set_password(session, SYSTEM, made[Role.OWNER], PASSWORD, now=now)
    scene.ids["marketer"] = made[Role.MARKETER].id
    scene.ids["owner"] = made[Role.OWNER].id
    gone = users.create(
        session, SYSTEM, email="gone@example.com", name="Gale Gone", role=Role.MARKETER, now=now
    )
    users.switch_off(session, SYSTEM, gone.id, now=now)
    scene.ids["switched_off"] = gone.id
    owner, reviewer = made[Role.OWNER], made[Role.REVIEWER]
    return (
        Actor(kind=ActorKind.STAFF, id=owner.id, name=owner.name),
        Actor(kind=ActorKind.STAFF, id=reviewer.id, name=reviewer.name),
    )


def a_picture(width: int = 320, height: int = 160) -> bytes:
    """Draw a small picture: one green, as a PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))

    row = b"\x00" + bytes((90, 130, 110)) * width
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", compress(row * height))
        + chunk(b"IEND", b"")
    )


def _sign_all_but_one(
    scene: Scene, session: Session, owner: Actor, reviewer: Actor
) -> dict[str, Lesson]:
    """Have the library signed; one email waits, and one is under a change asked for."""
    now = scene.clock.now()
    written = starter.create_starter(session, now=now, actor=owner)
    waiting = None
    for key, lesson in written.items():
        version = lessons.freeze(session, lesson.id, owner, now)
        review.request(session, owner, version.id, now=now)
        if key == "skin_1":
            waiting = version.id
            continue
        review.approve(session, reviewer, version.id, now=now)
    scene.ids["signed"] = written["newsletter"].id
    picture = pictures.upload(session, owner, a_picture(), now=now)
    draft = lessons.create(
        session,
        owner,
        channel="email",
        name="Every kind of block",
        now=now,
        draft={
            "subject": "We can cure back pain!!!",
            "preheader": "What is new",
            "blocks": [
                {"id": "h1", "type": "heading", "text": "Guaranteed relief"},
                {"id": "t1", "type": "text", "html": "<p>This cures joint pain.</p>"},
                {"id": "b1", "type": "book", "label": "Book now"},
                {"id": "k1", "type": "button", "label": "Read on", "url": "https://clinic.example"},
                {"id": "c1", "type": "call", "label": "Call us"},
                {"id": "d1", "type": "divider"},
                {"id": "s1", "type": "spacer", "height": 20},
                {"id": "i1", "type": "image", "image": picture.name, "alt": "A quiet path"}
                | {"width": picture.width, "height": picture.height},
                {
                    "id": "m1",
                    "type": "columns",
                    "left": [{"id": "m2", "type": "heading", "text": "Left"}],
                    "right": [],
                },
                {"id": "r1", "type": "reviewed_by"},
                {"id": "n1", "type": "disclaimer"},
                {"id": "f1", "type": "footer"},
            ],
        },
    )
    scene.ids["draft_email"] = draft.id
    assert waiting is not None
    scene.ids["waiting"] = waiting
    text = lessons.create(
        session,
        owner,
        channel="sms",
        name="A text to mend",
        now=now,
        draft={"body": "Your “new” note is here – have a look:", "link": "book"},
    )
    scene.ids["draft_text"] = text.id
    archived = lessons.create(session, owner, channel="sms", name="An old text", now=now)
    lessons.archive(session, owner, archived.id, now=now)
    return written


def _broadcast(
    session: Session,
    owner: Actor,
    now: datetime,
    name: str,
    interest: str,
    written: dict[str, Lesson],
    *,
    schedule: bool = True,
    at: datetime | None = None,
) -> int:
    group = next(
        group
        for group in session.scalars(select(Segment).order_by(Segment.id))
        if group.rule.get("value") == interest
    )
    draft = drafts.create(session, owner, now=now, name=name)
    drafts.edit(
        session,
        owner,
        draft.id,
        now=now,
        segment_id=group.id,
        email_lesson_id=written["newsletter"].id,
        sms_lesson_id=written["text_guide"].id,
        timing=Timing.NOW if at is None else Timing.AT,
        scheduled_at=at,
        third_party_paid=False,
    )
    if schedule:
        lifecycle.schedule(session, owner, draft.id, now=now, ways=LOCAL, at=at)
    return draft.id


def _happenings(scene: Scene, session: Session) -> None:
    """People click, book, leave and answer."""
    now = scene.clock.now()
    sent = session.scalars(
        select(Message)
        .where(
            Message.origin_id == scene.ids["sent"],
            Message.state.in_([MessageState.ACCEPTED, MessageState.DELIVERED]),
        )
        .order_by(Message.id)
    ).all()
    emails = [message for message in sent if message.channel == Channel.EMAIL]
    visit = clicks.Visit(method="GET", user_agent="Mozilla/5.0 (an invented browser)")
    for message in emails[:14]:
        clicks.record(session, clicks.resolve(session, message.id, 1), visit, now=now)
    scene.ids["booked"] = emails[0].contact_id or 0
    for number, message in enumerate(emails[:5]):
        bookings.record(
            session,
            source="front desk",
            external_id=f"demo-{number}",
            contact_id=message.contact_id,
            booked_at=now,
            now=now,
            recorded_by="Robin Reyes",
        )
    unmatched = bookings.record(
        session,
        source="calendar",
        external_id="nobody-we-know",
        contact_id=None,
        booked_at=now,
        now=now,
    )
    scene.ids["unmatched"] = unmatched.id
    texters = [message for message in sent if message.channel == Channel.SMS]
    words = (
        "Thank you, could you call me back tomorrow morning?",
        "STOP",
        "I think I should stop eating so much sugar",
        "What are your opening hours?",
    )
    for number, (message, body) in enumerate(zip(texters, words, strict=False)):
        row = inbound.receive(
            session,
            InboundForm(
                sid=f"SM{number:032x}",
                account="AC" + "0" * 32,
                sender=message.address or "",
                to="+12165550100",
                body=body,
                opt_out_type=None,
                media=0,
            ),
            signature_digest=None,
            now=now + timedelta(minutes=number),
        )
        assert row is not None
        scene.ids["unclear" if row.intent == "unclear" else f"inbound_{number}"] = row.id
        scene.ids[f"texter_{number}"] = message.contact_id or 0


def _campaigns_in_every_state(
    scene: Scene, session: Session, owner: Actor, written: dict[str, Lesson]
) -> None:
    soon = NOW + timedelta(days=2)
    for key, name, schedule, at in (
        ("draft", "December, in short", False, None),
        ("scheduled", "Thursday's note", True, soon),
        ("paused", "Held for a moment", True, soon),
        ("archived", "Last year's greeting", False, None),
    ):
        scene.ids[key] = _broadcast(
            session, owner, NOW, name, "muscle_spasms", written, schedule=schedule, at=at
        )
    lifecycle.pause(session, owner, scene.ids["paused"], now=NOW)
    drafts.archive(session, owner, scene.ids["archived"], now=NOW)
    empty = drafts.create(session, owner, now=NOW, name="Not begun")
    scene.ids["blank"] = empty.id


def _drips_in_every_state(scene: Scene, session: Session, owner: Actor) -> None:
    draft = session.scalars(select(Drip).order_by(Drip.id)).all()[1]
    scene.ids["drip_draft"] = draft.id
    paused = authoring.duplicate(session, owner, draft.id, now=NOW)
    scene.ids["drip_paused"] = paused.id
    drip_life.go_live(session, owner, paused.id, now=NOW, ways=LOCAL)
    drip_life.pause(session, owner, paused.id, now=NOW)


def _imports(scene: Scene, session: Session, owner: Actor) -> None:
    scene.ids["import"] = session.scalars(select(Import.id).order_by(Import.id)).first() or 0
    upload = files.receive(
        session,
        owner,
        filename="front-desk.csv",
        content=b"Email,First name,Mobile\nsunny@example.com,Sunny,(216) 555-0142\nx,No,1\n",
        now=NOW,
    )
    files.set_mapping(session, upload.id, upload.mapping)
    scene.ids["upload"] = upload.id
    under_way = files.receive(
        session,
        owner,
        filename="pharmacy.csv",
        content=b"Email,First name\nlee@example.com,Lee\n",
        now=NOW,
    )
    files.set_mapping(session, under_way.id, under_way.mapping)
    files.start(session, owner, under_way.id, now=NOW)
    scene.ids["running"] = under_way.id


def _people(scene: Scene, session: Session, owner: Actor) -> None:
    people = itertools.islice(
        session.scalars(
            select(ConsentState.contact_id)
            .where(
                ConsentState.channel == Channel.EMAIL, ConsentState.status == ConsentStatus.GRANTED
            )
            .order_by(ConsentState.contact_id.desc())
        ),
        3,
    )
    scene.ids["person"], scene.ids["held"], scene.ids["returned"] = people
    directory.hold(
        session, scene.ids["held"], until=NOW + timedelta(days=20), reason="staff", now=NOW
    )
    address = directory.addresses_of(session, scene.ids["returned"])[Channel.EMAIL]
    suppression.add(
        session,
        channel=Channel.EMAIL,
        address=address.address,
        reason="hard_bounce",
        contact_id=scene.ids["returned"],
        now=NOW,
    )
    unconfirmed = session.scalars(
        select(ConsentState.contact_id)
        .where(
            ConsentState.channel == Channel.EMAIL, ConsentState.status == ConsentStatus.UNCONFIRMED
        )
        .order_by(ConsentState.contact_id)
    ).all()
    scene.ids["unconfirmed"], asked = unconfirmed[0], unconfirmed[1]
    address = directory.addresses_of(session, asked)[Channel.EMAIL]
    entry = session.scalars(
        select(ConsentState.entry_id).where(
            ConsentState.contact_id == asked, ConsentState.channel == Channel.EMAIL
        )
    ).one()
    request = optin.request(
        session,
        contact_id=asked,
        channel=Channel.EMAIL,
        address=address.address,
        entry_id=entry,
        origin="staff",
        now=NOW,
    )
    assert request is not None
    scene.ids["optin"] = request.id


def _numbers(scene: Scene, session: Session) -> None:
    """Note what the pages' addresses need."""
    holiday = (NOW + timedelta(days=9)).date()
    closures.add(session, SYSTEM, starts_on=holiday, ends_on=holiday, label="Thanksgiving", now=NOW)
    for channel in (Channel.EMAIL, Channel.SMS):
        delivery = session.scalars(
            select(LocalDelivery).where(LocalDelivery.channel == channel).order_by(LocalDelivery.id)
        ).first()
        assert delivery is not None, f"nothing left on {channel}"
        scene.ids[f"delivery_{channel}"] = delivery.id
        message_id = scene.services.tokens.read(Purpose.MESSAGE, delivery.message_token)
        scene.ids[f"message_{channel}"] = message_id or 0
    scene.ids["group"] = session.scalars(select(Segment.id).order_by(Segment.id)).first() or 0
    old = segments.create(session, SYSTEM, name="An old group", rule={"all": []}, now=NOW)
    segments.archive(session, SYSTEM, old.id, now=NOW)
    scene.ids["group_archived"] = old.id
    message_id = scene.ids["message_email"]
    for name, purpose, number in (
        ("confirm", Purpose.CONFIRM, scene.ids["optin"]),
        ("unsubscribe", Purpose.UNSUBSCRIBE, message_id),
        ("preferences", Purpose.PREFERENCES, message_id),
        ("lesson", Purpose.LESSON, message_id),
    ):
        scene.texts[name] = scene.services.tokens.issue(purpose, number)
    scene.texts["password"] = users.issue_link(session, SYSTEM, scene.ids["marketer"], now=NOW)
    version = session.get_one(Message, scene.ids["message_email"]).version_id
    scene.ids["version"] = version or 0
