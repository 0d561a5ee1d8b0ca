"""One person's page: what she may receive, why, and what the desk records."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry, Role
from campaigns.audience import interests
from campaigns.bookings.models import Booking
from campaigns.clinic import switches
from campaigns.consent import bulk, ledger, standing, suppression
from campaigns.consent.models import OptInRequest, Suppression, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree_to_topics, leave, make_member
from tests.factories.contacts import make_contact


@pytest.fixture
def maria(services: Services, client: FlaskClient) -> Contact:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        interests.create_defaults(session)
        contact = make_member(
            session, now=NOON, email="maria@example.com", phone="2125550177", last_name="González"
        )
    sign_in(client, services)
    return contact


def status(services: Services, contact: Contact, channel: str) -> str:
    with services.db.reading() as session:
        return ledger.state_of(session, contact.id)[channel].status


def trail(services: Services) -> list[str]:
    with services.db.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_header_says_what_she_may_receive_and_why(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    with services.db.transaction() as session:
        leave(session, maria, "sms", now=NOON)
    page = client.get(f"/staff/people/{maria.id}").text
    assert "Email: agreed on 17 Nov 2026 on the sign-up form." in page
    assert "Text: said stop on 17 Nov 2026 by text." in page
    assert "(212) 555-0177" in page
    assert "maria@example.com" in page
    assert "Consent is not a condition of any purchase" in page  # the exact words, as proof


def test_the_header_answers_as_the_gate_does(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    def shown() -> list[str]:
        page = client.get(f"/staff/people/{maria.id}").text
        return re.findall(r"<strong>(?:Email|Text)</strong>\s*(?:<[^>]*>\s*)+(\w+)", page)

    assert shown() == ["yes", "yes"]
    with services.db.transaction() as session:
        switches.stop(session, SYSTEM, kind="channel", code="sms", reason="Wrong link", now=NOON)
    assert shown() == ["yes", "no"]
    assert "Staff stopped this channel." in client.get(f"/staff/people/{maria.id}").text
    with services.db.transaction() as session:
        switches.allow(session, SYSTEM, kind="channel", code="sms", now=NOON)
    services.clock.advance(timedelta(hours=11))  # type: ignore[attr-defined]
    sign_in(client, services)
    assert shown() == ["later", "later"]
    assert "Waits for hours" in client.get(f"/staff/people/{maria.id}").text


def test_a_person_who_is_not_there_is_not_found(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    assert client.get("/staff/people/9999").status_code == 404


def test_two_taps_record_a_booking_and_a_third_does_not_double_it(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    page = client.get(f"/staff/people/{maria.id}").text
    found = re.search(r'name="key" value="(\w+)"', page)
    assert found is not None
    assert "data-confirm=" in page
    for _ in range(2):
        answer = client.post(f"/staff/people/{maria.id}/booked", data={"key": found.group(1)})
        assert answer.status_code == 303
    with services.db.reading() as session:
        booking = session.scalars(select(Booking)).one()
        assert session.get_one(Contact, maria.id).last_booked_at == NOON
    assert booking.source == "front_desk"
    assert "Booked a visit" in client.get(f"/staff/people/{maria.id}?show=bookings").text
    client.post(f"/staff/people/{maria.id}/booked/{found.group(1)}/undo")
    with services.db.reading() as session:
        assert session.get_one(Contact, maria.id).last_booked_at is None
    assert "booking.cancelled" in trail(services)


def test_a_stop_by_phone_holds_at_once_for_both(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    form = client.get(f"/staff/people/{maria.id}/stop").text
    assert form.count("checked") == 3  # email, texts, by phone: one tap is enough
    answer = client.post(
        f"/staff/people/{maria.id}/stop",
        data={"channels": ["email", "sms"], "how": "phone", "words": "No more please"},
        follow_redirects=True,
    )
    assert "Stopped. No more email and texts from now on." in answer.text
    assert "No more please" in answer.text
    for channel in ("email", "sms"):
        assert status(services, maria, channel) == "withdrawn"
    with services.db.reading() as session:
        assert suppression.is_suppressed(session, "sms", "+12125550177", NOON)
    assert "stop.recorded" in trail(services)
    again = client.post(
        f"/staff/people/{maria.id}/stop",
        data={"channels": "email", "how": "in_person"},
        follow_redirects=True,
    )
    assert "on record already" in again.text


@pytest.mark.parametrize(
    "values", [{"how": "phone"}, {"channels": "email"}, {"channels": "fax", "how": "phone"}]
)
def test_a_stop_without_a_channel_or_a_way_asks_again(
    client: FlaskClient, services: Services, maria: Contact, values: dict[str, str]
) -> None:
    assert client.post(f"/staff/people/{maria.id}/stop", data=values).status_code == 422
    assert status(services, maria, "email") == "granted"


def test_a_hold_pauses_and_a_release_ends_it(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    client.post(f"/staff/people/{maria.id}/hold", data={"days": "30"})
    page = client.get(f"/staff/people/{maria.id}").text
    assert "Messages are held until 17 Dec 2026." in page
    with services.db.reading() as session:
        assert session.get_one(Contact, maria.id).hold_until == NOON + timedelta(days=30)
    client.post(f"/staff/people/{maria.id}/release")
    assert "Messages are held" not in client.get(f"/staff/people/{maria.id}").text
    assert client.post(f"/staff/people/{maria.id}/hold", data={"days": "1"}).status_code == 422
    assert {"contact.held", "contact.released"} <= set(trail(services))


def test_a_new_number_needs_consent_of_its_own(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    answer = client.post(
        f"/staff/people/{maria.id}/edit",
        data={
            "first_name": "María", "last_name": "González", "locale": "es", "state": "NJ",
            "email": "maria@example.com", "phone": "(201) 555-0110", "timezone": "America/New_York",
        },
    )  # fmt: skip
    assert answer.status_code == 303
    assert status(services, maria, "sms") == "waiting"
    assert status(services, maria, "email") == "granted"
    with services.db.reading() as session:
        now = session.get_one(Contact, maria.id)
        assert (now.first_name, now.locale, now.state) == ("María", "es", "NJ")
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "contact.edited")
        ).one()
    assert "2015550110" not in str(entry.detail)
    assert "ended with a change of address" in client.get(f"/staff/people/{maria.id}").text


def test_faulty_details_are_kept_in_the_form_and_not_in_the_database(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    answer = client.post(
        f"/staff/people/{maria.id}/edit",
        data={"first_name": "Mia", "email": "broken", "phone": "12", "locale": "en", "state": "ZZ"},
    )
    assert answer.status_code == 422
    assert 'value="Mia"' in answer.text
    assert 'value="broken"' in answer.text
    with services.db.reading() as session:
        assert session.get_one(Contact, maria.id).first_name == "Maria"


def test_an_agreement_on_paper_brings_her_back_after_a_stop(
    client: FlaskClient, services: Services, maria: Contact, clock: FixedClock
) -> None:
    with services.db.transaction() as session:
        leave(session, maria, now=NOON)
    clock.advance(timedelta(days=2))
    sign_in(client, services)
    assert "Record the agreement" in client.get(f"/staff/people/{maria.id}/agreement").text
    answer = client.post(
        f"/staff/people/{maria.id}/agreement",
        data={"consent": "paper", "email_ok": "yes", "signed_on": "2026-11-19", "note": "Folder 1"},
    )
    assert answer.status_code == 303
    assert status(services, maria, "email") == "granted"
    faulty = client.post(f"/staff/people/{maria.id}/agreement", data={"consent": "none"})
    assert faulty.status_code == 422


def test_interests_are_kept_only_with_agreement(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    address = f"/staff/people/{maria.id}/interests"
    assert "may store the topics I picked" in client.get(address).text
    assert client.post(address, data={"interests": "skin"}).status_code == 422
    kept = client.post(address, data={"interests": "skin", "said": "paper", "note": "Folder 2"})
    assert kept.status_code == 303
    assert "Skin" in client.get(f"/staff/people/{maria.id}").text
    with services.db.reading() as session:
        assert interests.codes_of(session, maria.id) == {"skin"}
    client.post(f"{address}/forget")
    with services.db.reading() as session:
        assert interests.codes_of(session, maria.id) == set()
        assert not ledger.has_topic_consent(session, maria.id)


def test_an_email_without_proof_is_asked_to_confirm_exactly_once(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    with services.db.transaction() as session:
        person = make_contact(session, now=NOON)
        standing.note_unproven(session, person.id, Channel.EMAIL, now=NOON)
    assert "Ask to confirm by email" in client.get(f"/staff/people/{person.id}").text
    assert client.post(f"/staff/people/{person.id}/ask").status_code == 303
    with services.db.reading() as session:
        assert session.scalars(select(OptInRequest)).one().contact_id == person.id
    again = client.post(f"/staff/people/{person.id}/ask", follow_redirects=True)
    assert "asked before" in again.text
    assert client.post(f"/staff/people/{maria.id}/ask").status_code in (303, 409)
    with services.db.reading() as session:
        assert len(session.scalars(select(OptInRequest)).all()) == 1


def test_a_mended_mailbox_comes_off_the_list_and_a_stop_does_not(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    with services.db.transaction() as session:
        bounce = suppression.add(
            session, channel="email", address="maria@example.com",
            reason=SuppressionReason.HARD_BOUNCE, now=NOON,
        )  # fmt: skip
        leave(session, maria, "sms", now=NOON)
        stop = session.scalars(select(Suppression).where(Suppression.reason == "opt_out")).one()
    page = client.get(f"/staff/people/{maria.id}").text
    assert "the address does not exist" in page
    assert page.count("Take off the do-not-contact list") == 1
    client.post(f"/staff/people/{maria.id}/lift/{bounce.id}")
    client.post(f"/staff/people/{maria.id}/lift/{stop.id}")
    with services.db.reading() as session:
        assert not suppression.is_suppressed(session, "email", "maria@example.com", NOON)
        assert suppression.is_suppressed(session, "sms", "+12125550177", NOON)


def test_notes_are_kept_and_an_empty_one_is_not(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    address = f"/staff/people/{maria.id}/notes"
    assert client.post(address, data={"text": "Prefers <b>mornings</b>"}).status_code == 303
    page = client.get(f"/staff/people/{maria.id}?show=notes").text
    assert "Prefers &lt;b&gt;mornings&lt;/b&gt;" in page
    assert client.post(address, data={"text": " "}).status_code == 422


@pytest.mark.parametrize("show", ["all", "messages", "consent", "bookings", "notes", "nonsense"])
def test_every_filter_of_the_history_opens(
    client: FlaskClient, services: Services, maria: Contact, show: str
) -> None:
    answer = client.get(f"/staff/people/{maria.id}?show={show}&before=2030-01-01T00:00:00%2B00:00")
    assert answer.status_code == 200


def test_a_long_history_is_paged(client: FlaskClient, services: Services, maria: Contact) -> None:
    with services.db.transaction() as session:
        for number in range(110):
            agree_to_topics(session, maria, now=NOON + timedelta(minutes=number + 1))
    page = client.get(f"/staff/people/{maria.id}?show=consent").text
    found = re.search(r'href="([^"]+)">Older', page)
    assert found is not None
    older = client.get(found.group(1).replace("&amp;", "&")).text
    assert "Agreed to texts" in older


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FRONT_DESK, Role.REVIEWER, Role.MARKETER])
def test_each_role_sees_only_the_buttons_it_may_press(
    client: FlaskClient, services: Services, maria: Contact, role: Role
) -> None:
    sign_in(client, services, role=role)
    page = client.get(f"/staff/people/{maria.id}").text
    edits = role in (Role.FRONT_DESK, Role.MARKETER)
    assert ("Hold messages" in page) is edits
    assert ("Booked" in page.split("May receive now")[0]) is edits
    assert ("Record a stop" in page) is (role != Role.VIEWER)
    held = client.post(f"/staff/people/{maria.id}/hold", data={"days": "30"})
    assert held.status_code == (303 if edits else 403)


def test_an_imported_person_reads_as_such(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    with services.db.transaction() as session:
        person = make_contact(session, now=NOON, email="list@example.com")
        held = directory.addresses_of(session, person.id)[Channel.EMAIL]
        bulk.import_grants(
            session,
            [
                bulk.Wish(
                    contact_id=person.id, channel="email", action=ledger_action(),
                    address=held.address, expressed_at=NOON - timedelta(days=30),
                    source_label="the old list", evidence={"line": 7},
                )
            ],
            actor=SYSTEM,
            now=NOON,
        )  # fmt: skip
    page = client.get(f"/staff/people/{person.id}").text
    assert "agreed on 18 Oct 2026 on a list that was imported with proof" in page
    assert "Line of the file" in page


def ledger_action() -> bulk.Action:
    return bulk.Action.OPT_IN_CONFIRMED
