"""The list of people: found by what is typed, paged, and added to with consent."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry, Role
from campaigns.audience import interests
from campaigns.consent import ledger
from campaigns.consent.models import ConsentStatus, OptInRequest
from campaigns.contacts import directory
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree_to_topics, leave, make_member
from tests.factories.contacts import make_contact


@pytest.fixture(autouse=True)
def clinic(services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        interests.create_defaults(session)


def filled(**values: str) -> dict[str, str]:
    return {
        "first_name": "Ana",
        "last_name": "Sample",
        "email": "ana@example.com",
        "phone": "(646) 555-0142",
        "locale": "en",
        "adult": "yes",
        "consent": "none",
        **values,
    }


def only_person(services: Services) -> Contact:
    with services.db.reading() as session:
        return session.scalars(select(Contact)).one()


def statuses(services: Services, contact: Contact) -> dict[str, str]:
    with services.db.reading() as session:
        return {c: s.status for c, s in ledger.state_of(session, contact.id).items()}


def test_an_empty_list_says_how_to_begin(client: FlaskClient, services: Services) -> None:
    sign_in(client, services)
    page = client.get("/staff/people/").text
    assert "Nobody is in the list yet" in page
    assert "/staff/people/import/" in page


def test_each_channel_is_shown_in_words(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        member = make_member(session, now=NOON, last_name="Agreed", phone=None, channels=("email",))
        leaver = make_member(session, now=NOON, last_name="Gone", email=None, channels=("sms",))
        leave(session, leaver, "sms", now=NOON)
        agree_to_topics(session, member, now=NOON)
        interests.set_for_contact(
            session, member.id, ["joint_pain"], actor=SYSTEM, source="test", now=NOON
        )
    sign_in(client, services)
    page = client.get("/staff/people/").text
    assert "agreed" in page
    assert "left" in page
    assert "Joint pain" in page


def test_topics_are_hidden_from_roles_that_may_not_know_them(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        member = make_member(session, now=NOON)
        agree_to_topics(session, member, now=NOON)
        interests.set_for_contact(
            session, member.id, ["joint_pain"], actor=SYSTEM, source="test", now=NOON
        )
    sign_in(client, services, role=Role.FRONT_DESK)
    for address in ("/staff/people/", f"/staff/people/{member.id}"):
        page = client.get(address).text
        assert "Joint pain" not in page
        assert "Interests" not in page
    assert client.get(f"/staff/people/{member.id}/interests").status_code == 403
    for action in ("interests", "interests/forget"):
        assert client.post(f"/staff/people/{member.id}/{action}").status_code == 403
    with services.db.reading() as session:
        assert interests.codes_of(session, member.id) == {"joint_pain"}


def test_the_list_is_searched_while_typing(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        make_contact(session, now=NOON, first_name="Ana", last_name="Lopez")
        make_contact(session, now=NOON, first_name="Bob", last_name="Miller")
    sign_in(client, services)
    part = client.get(
        "/staff/people/?q=lop", headers={"HX-Request": "true", "HX-Target": "people"}
    ).text
    assert "Lopez" in part
    assert "Miller" not in part
    assert "<html" not in part
    assert "Nobody fits “zzz”" in client.get("/staff/people/?q=zzz").text


def test_pages_lead_through_everybody(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        for number in range(120):
            make_contact(session, now=NOON, last_name=f"L{number:03d}", email=None, phone=None)
    sign_in(client, services)
    seen: list[str] = []
    address: str | None = "/staff/people/"
    while address:
        page = client.get(address).text
        seen += re.findall(r">Maria (L\d{3})<", page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = found.group(1).replace("&amp;", "&") if found else None
    assert seen == [f"L{number:03d}" for number in range(120)]


@pytest.mark.parametrize("place", ["?id=x", "?id=99999999999999999999", "?last=%00&id=1"])
def test_a_mangled_page_address_is_harmless(
    client: FlaskClient, services: Services, place: str
) -> None:
    sign_in(client, services)
    assert client.get(f"/staff/people/{place}").status_code == 200


def test_somebody_is_added_without_consent_and_gets_nothing_yet(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    answer = client.post("/staff/people/new", data=filled())
    assert answer.status_code == 303
    person = only_person(services)
    assert answer.location == f"/staff/people/{person.id}"
    assert person.adult_confirmed
    assert statuses(services, person) == {"email": "unconfirmed", "sms": "waiting"}
    with services.db.reading() as session:
        actions = set(session.scalars(select(AuditEntry.action)))
    assert "contact.created" in actions


def test_a_paper_form_counts_for_both_with_its_own_words(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    words = (
        "I want automated marketing texts from Deeply Vital. I need not agree: consent is not a "
        "condition of care. Reply STOP to end."
    )
    answer = client.post(
        "/staff/people/new",
        data=filled(
            consent="paper", email_ok="yes", sms_ok="yes", signed_on="2026-11-02",
            note="Folder 3", sms_words=words,
        ),
    )  # fmt: skip
    assert answer.status_code == 303
    person = only_person(services)
    assert statuses(services, person) == {"email": "granted", "sms": "granted"}
    page = client.get(f"/staff/people/{person.id}").text
    assert "Email: agreed on 2 Nov 2026 on paper." in page
    assert words in page
    assert "Folder 3" in page


def test_a_spoken_yes_asks_for_a_written_one_by_text(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    client.post(
        "/staff/people/new",
        data=filled(consent="spoken", email_ok="yes", sms_ok="yes", note="Asked by Robin"),
    )
    person = only_person(services)
    assert statuses(services, person) == {"email": "granted", "sms": "pending"}
    with services.db.reading() as session:
        request = session.scalars(select(OptInRequest)).one()
    assert (request.channel, request.address, request.origin) == ("sms", "+16465550142", "form")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"first_name": "", "last_name": ""}, "Give a first or a last name"),
        ({"email": "", "phone": ""}, "Give an email address or a mobile number."),
        ({"email": "nobody"}, "is not an email address that can be reached"),
        ({"phone": "800-555-0123"}, "toll-free"),
        ({"adult": ""}, "adults only"),
        ({"postal_code": "9"}, "five digits"),
        ({"consent": "paper", "email_ok": "yes", "signed_on": "2026-11-02"}, "Say in a few words"),
        ({"consent": "paper", "email_ok": "yes", "note": "x"}, "Give the day on the form"),
        (
            {"consent": "paper", "email_ok": "yes", "note": "x", "signed_on": "2027-01-01"},
            "still to come",
        ),
        ({"consent": "spoken", "note": "x"}, "Tick what the person agreed to"),
        ({"consent": "none", "email_ok": "yes"}, "Choose how the person agreed"),
        (
            {"consent": "spoken", "note": "x", "sms_ok": "yes", "phone": ""},
            "There is no address for this",
        ),
    ],
)
def test_a_faulty_form_keeps_what_was_typed_and_says_what_to_mend(
    client: FlaskClient, services: Services, values: dict[str, str], message: str
) -> None:
    sign_in(client, services)
    answer = client.post("/staff/people/new", data=filled(city="Springfield", **values))
    assert answer.status_code == 422
    assert message in answer.text
    assert 'value="Springfield"' in answer.text
    with services.db.reading() as session:
        assert directory.search(session, "") == []


def test_an_address_that_is_known_is_pointed_out_before_it_is_shared(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        other = make_contact(session, now=NOON, phone="6465550142", first_name="Bob")
    sign_in(client, services)
    answer = client.post("/staff/people/new", data=filled())
    assert answer.status_code == 422
    assert f"/staff/people/{other.id}" in answer.text
    assert client.post("/staff/people/new", data=filled(shared="yes")).status_code == 303


def test_an_address_that_said_stop_before_is_announced(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        former = make_member(session, now=NOON, email="ana@example.com")
        leave(session, former, now=NOON)
    sign_in(client, services)
    answer: Any = client.post(
        "/staff/people/new",
        data=filled(
            shared="yes", consent="paper", email_ok="yes", signed_on="2026-11-01", note="Folder"
        ),
        follow_redirects=True,
    )
    assert "an earlier stop is newer than the form" in answer.text
    assert "on the do-not-contact list for email" in answer.text
    assert "Said stop" not in answer.text
    with services.db.reading() as session:
        person = session.scalars(select(Contact).where(Contact.first_name == "Ana")).one()
    assert statuses(services, person).get("email") != ConsentStatus.GRANTED


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_roles_that_only_read_cannot_add(
    client: FlaskClient, services: Services, role: Role
) -> None:
    sign_in(client, services, role=role)
    assert client.get("/staff/people/").status_code == 200
    assert client.get("/staff/people/new").status_code == 403
    assert client.post("/staff/people/new", data=filled()).status_code == 403


def test_nobody_sees_people_without_signing_in(client: FlaskClient) -> None:
    assert client.get("/staff/people/").status_code == 302
