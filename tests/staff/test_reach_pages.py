"""Who gets it, who does not and why: for a person and for a message of a series."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from campaigns.accounts.models import Role
from campaigns.app import create_app
from campaigns.contacts import directory
from campaigns.delivery import profiles
from campaigns.drips import enrolment
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import leave, make_member
from tests.factories.delivery import settle
from tests.factories.drips import make_group, make_live_drip


def signed_in(services: Services) -> FlaskClient:
    client = create_app(services).test_client()
    sign_in(client, services, Role.MARKETER)
    return client


def test_a_person_is_explained_before_and_after_a_campaign(each_services: Services) -> None:
    services, now = each_services, each_services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        person = make_member(session, now=now)
        leave(session, person, "sms", now=now)
        make_scheduled(session, now=now, name="Went out", channels=("email", "sms"))
    settle(services)
    with services.db.transaction() as session:
        make_member(session, now=now, state="OH", postal_code="44101")
        ohio = make_group(session, now=now, state="OH", name="In Ohio")
        make_scheduled(session, now=now, at=now + timedelta(days=3), name="Comes")
        make_scheduled(session, now=now, at=now + timedelta(days=3), name="Other", segment=ohio)
    page = signed_in(services).get(f"/staff/people/{person.id}/receives").get_data(as_text=True)
    assert "Said stop: on the do-not-contact list by their own wish." in page
    assert "Had as many messages in 24 hours as the clinic allows." in page
    for name, words in (
        ("Went out", "Said stop"),
        ("Comes", "Would get it."),
        ("Other", "Not in the group of this campaign."),
    ):
        rest = page[page.index(f"<strong>{name}</strong></a>") :]
        assert any(words in part for part in rest.split("</li>")[:2]), name


def test_a_message_of_a_series_says_who_waits_and_for_what(each_services: Services) -> None:
    services, now = each_services, each_services.clock.now()
    with services.db.transaction() as session:
        make_clinic(session, now=now)
        people = [make_member(session, now=now, channels=("email",)) for _ in range(3)]
        drip = make_live_drip(session, now=now, enrol_existing=True)
    with services.db.transaction() as session:
        enrolment.tick(session, now=now)
    settle(services)  # everybody is in, and the first message leaves
    services.clock.advance(timedelta(days=1, hours=1))  # type: ignore[attr-defined]
    with services.db.transaction() as session:
        directory.hold(
            session, people[0].id, until=now + timedelta(days=9), reason="asked", now=now
        )
        profiles.refresh(session, [person.id for person in people])
    client = signed_in(services)
    second = client.get(f"/staff/drips/{drip.id}/messages/2").get_data(as_text=True)
    assert "Together 3." in second
    assert "<strong>2</strong> Would get it now." in second
    assert "<strong>1</strong> Messages to this person are on hold for now." in second
    held = client.get(f"/staff/drips/{drip.id}/messages/2/on_hold").get_data(as_text=True)
    assert f"/staff/people/{people[0].id}/receives" in held
    assert f"/staff/people/{people[1].id}/receives" not in held
    first = client.get(f"/staff/drips/{drip.id}/messages/1").get_data(as_text=True)
    assert "Nobody waits for it" in first
    assert "<strong>3</strong>" in first
    assert client.get(f"/staff/drips/{drip.id}/messages/9").status_code == 404
    assert client.get(f"/staff/drips/{drip.id}/messages/2/nonsense").status_code == 404
    assert f"/staff/drips/{drip.id}/messages/1" in client.get(f"/staff/drips/{drip.id}/").get_data(
        as_text=True
    )
