"""Messages that no campaign sends: confirmations, codes, answers, tests, drip steps."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from campaigns.consent import optin
from campaigns.consent.models import OptInRequest
from campaigns.content import sms
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.delivery import outbox
from campaigns.drips import enrolment, exits
from campaigns.drips.models import Enrolment
from campaigns.providers.models import LocalDelivery
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.approved import new_lesson
from tests.factories.clinic import make_clinic
from tests.factories.consent import leave, make_member
from tests.factories.contacts import make_contact
from tests.factories.delivery import settle, states
from tests.factories.drips import make_live_drip


def deliveries(services: Services) -> list[LocalDelivery]:
    with services.db.reading() as session:
        return list(session.scalars(select(LocalDelivery).order_by(LocalDelivery.id)))


def ask(
    services: Services, *, channel: str, origin: str = "form", **person: object
) -> OptInRequest:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        contact = make_contact(session, now=now, **person)
        address = "ann@example.com" if channel == "email" else "+12125550100"
        request = optin.request(
            session,
            contact_id=contact.id,
            channel=channel,
            address=address,
            entry_id=None,
            origin=origin,
            now=now,
        )
        assert request is not None
        return request


def test_a_request_to_confirm_gets_one_email_with_its_link(each_services: Services) -> None:
    request = ask(each_services, channel="email", email="ann@example.com")
    settle(each_services)
    (kept,) = deliveries(each_services)
    token = each_services.tokens.issue(Purpose.CONFIRM, request.id)
    assert kept.to == "ann@example.com"
    assert f"/confirm/{token}" in (kept.html or "")
    assert f"/confirm/{token}" in kept.text
    assert kept.headers["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in kept.headers


def test_a_request_to_confirm_speaks_the_persons_language(services: Services) -> None:
    ask(services, channel="email", email="ann@example.com", locale="es")
    ask(services, channel="sms", phone="+12125550100", locale="es")
    settle(services)
    email, text = deliveries(services)
    assert email.subject == "Confirme su dirección de correo"
    assert '<html lang="es">' in (email.html or "")
    assert "pulse el botón" in email.text
    assert "Responda Y para confirmar" in text.text
    assert sms.measure(text.text).encoding == "GSM-7"


def test_a_confirmation_by_text_leaves_at_night_when_the_person_just_asked(
    services: Services, clock: FixedClock
) -> None:
    clock.set(NOON + timedelta(hours=9))
    ask(services, channel="sms", phone="+12125550100")
    settle(services)
    (kept,) = deliveries(services)
    assert "Reply Y to confirm" in kept.text


def test_a_file_may_not_wake_people_at_night(services: Services, clock: FixedClock) -> None:
    clock.set(NOON + timedelta(hours=9))
    ask(services, channel="email", origin="import", email="ann@example.com")
    settle(services)
    assert states(services) == {"held:outside_hours": 1}


def test_requests_from_a_form_and_from_a_file_read_differently(services: Services) -> None:
    ask(services, channel="email", email="ann@example.com")
    now = services.clock.now()
    with services.db.transaction() as session:
        other = make_contact(session, now=now, email="bob@example.com")
        optin.request(
            session,
            contact_id=other.id,
            channel="email",
            address="bob@example.com",
            entry_id=None,
            origin="import",
            now=now,
        )
    settle(services)
    words = {kept.to: kept.text for kept in deliveries(services)}
    assert "signed up with this address" in words["ann@example.com"]
    assert "has this address on file" in words["bob@example.com"]


def test_an_email_given_in_full_goes_to_one_person(services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        for number in (1, 2):
            contact = make_contact(session, now=now)
            outbox.enqueue(
                session,
                origin_kind="reply",
                origin_id=0,
                subject_id=number,
                channel="email",
                contact_id=contact.id,
                body={"subject": "Your code", "text": f"Your code is 11111{number}."},
                due_at=now,
                now=now,
            )
    settle(services)
    assert [kept.text for kept in deliveries(services)] == [
        "Your code is 111111.",
        "Your code is 111112.",
    ]


def test_a_test_goes_to_staff_marked_and_without_review(services: Services) -> None:
    from campaigns.content import lessons
    from campaigns.core.actors import SYSTEM

    now = services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        lesson = new_lesson(session, now=now)
        version = lessons.freeze(session, lesson.id, SYSTEM, now)
        for number in (1, 2):
            outbox.enqueue(
                session,
                origin_kind="test",
                origin_id=version.id,
                subject_id=number,
                channel="email",
                contact_id=None,
                version_id=version.id,
                address="staff@example.com",
                body={"person": {"first_name": "Ann"}},
                due_at=now,
                now=now,
            )
    settle(services)
    assert states(services) == {"delivered": 2}
    for kept in deliveries(services):
        assert kept.to == "staff@example.com"
        assert (kept.subject or "").count("[TEST] ") == 1


def test_a_series_goes_on_step_by_step_until_the_person_leaves(
    each_services: Services, clock: FixedClock
) -> None:
    services = each_services
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        drip = make_live_drip(session, now=NOON)
    clock.advance(timedelta(hours=1))
    with services.db.transaction() as session:
        contact = make_member(session, now=clock.now())
        enrolment.tick(session, now=clock.now())
    for _ in range(3):
        with services.db.transaction() as session:
            enrolment.tick(session, now=clock.now())
        settle(services)
        clock.advance(timedelta(days=1))
    sent = sum(states(services, state="delivered").values())
    assert sent >= 1
    for kept in deliveries(services):
        if kept.channel == "email":
            token = re.search(r"/u/(\S+?)>", kept.headers["List-Unsubscribe"])
            assert token is not None
            assert services.tokens.read(Purpose.UNSUBSCRIBE, token[1]) is not None
            assert kept.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert f"/u/{token[1]}" in (kept.html or "")
    assert any(kept.channel == "email" for kept in deliveries(services))
    with services.db.transaction() as session:
        leave(session, contact, "email", now=clock.now())
        leave(session, contact, "sms", now=clock.now())
        exits.exit_opted_out(session, now=clock.now())
    for _ in range(3):
        settle(services)
        clock.advance(timedelta(days=7))
    assert sum(states(services, state="delivered").values()) == sent
    with services.db.reading() as session:
        one = session.scalars(select(Enrolment).where(Enrolment.drip_id == drip.id)).one()
    assert one.contact_id == contact.id
