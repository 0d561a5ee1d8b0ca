"""Twelve days in the life of the demonstration clinic.

Everything is built through the domain's own functions, and sent by the shipped worker's
rounds through the local providers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import sessions, users
from campaigns.accounts.models import Role, StaffUser
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
from campaigns.content.models import Lesson
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.signing import Purpose
from campaigns.delivery import fanout
from campaigns.delivery.models import Message, MessageState
from campaigns.drips import authoring, enrolment, exits
from campaigns.drips import lifecycle as drip_life
from campaigns.drips.models import Drip
from campaigns.events import clicks, inbound
from campaigns.events.twilio_forms import InboundForm
from campaigns.imports import files
from campaigns.imports.models import Import
from campaigns.providers.models import LocalDelivery
from tests.browser import sign_up
from tests.browser.scene import NOW, PASSWORD, Scene, served
from tests.browser.written import write_and_sign
from tests.factories.delivery import settle

LOADED = NOW - timedelta(days=12)
SENT = NOW - timedelta(days=3, hours=1)

LOCAL = Ways()


@contextmanager
def playing(folder: Path) -> Iterator[Scene]:
    """Build the clinic in the middle of its work, and serve it until the end."""
    scene = Scene(folder)
    scene.clock.set(LOADED)
    first_start.prepare(scene.services)
    demonstration.load(scene.services)
    _work(scene)
    with served(scene):
        yield scene


def _work(scene: Scene) -> None:
    """Twelve days in the life of the clinic."""
    db, clock = scene.services.db, scene.clock
    with db.transaction() as session:
        owner, reviewer = _staff(scene, session)
        written = write_and_sign(scene, session, owner, reviewer)
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
        sign_up.open_places(scene, session, owner)
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
