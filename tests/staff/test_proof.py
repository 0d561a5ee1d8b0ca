"""Proof of consent, the do-not-contact list and erasure, as staff see them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry, Role
from campaigns.consent import ledger, suppression
from campaigns.consent.models import Method, Suppression, SuppressionReason
from campaigns.contacts.models import Channel, Contact
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree, leave
from tests.factories.contacts import make_contact

PHONE = "+12125550142"


@pytest.fixture
def zelda(services: Services) -> Contact:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        contact = make_contact(
            session, now=NOON, first_name="Zelda", last_name="Quist", phone=PHONE,
            email="zelda@example.com", timezone="America/Los_Angeles",
        )  # fmt: skip
        agree(
            session, contact, "sms", now=NOON,
            evidence={"source_url": "https://clinic.example/f/main", "ip": "192.0.2.7"},
        )  # fmt: skip
        leave(session, contact, Channel.SMS, now=NOON + timedelta(hours=2))
        return contact


def test_the_proof_shows_every_event_with_its_words_and_hashes(
    client: FlaskClient, services: Services, zelda: Contact
) -> None:
    sign_in(client, services)
    assert f"/staff/people/{zelda.id}/proof" in client.get(f"/staff/people/{zelda.id}").text
    page = client.get(f"/staff/people/{zelda.id}/proof").text
    body = json.loads(client.get(f"/staff/people/{zelda.id}/proof.json").text)
    with services.db.reading() as session:
        entries = ledger.history(session, zelda.id)
        words = ledger.wording_of(session, entries[-1])
        audited = session.scalars(select(AuditEntry.action)).all()
    assert words is not None
    first, second = body["events"]
    assert (first["words"], first["number"], first["fault"]) == (words, 1, None)
    assert first["version"] == "sms, en, version 1"
    assert first["evidence"]["source_url"] == "https://clinic.example/f/main"
    assert first["expressed_at"] == {
        "utc": "2026-11-17T18:00:00.000+00:00", "local": "2026-11-17T10:00:00.000-08:00",
    }  # fmt: skip
    assert second["evidence"]["words"] == "STOP"
    assert second["prev_hash"] == first["row_hash"]
    assert [block["reason"] for block in body["blocks"]] == ["opt_out"]
    assert body["ledger_fault"] is None
    for shown in (
        "Zelda Quist", "I agree to get recurring automated marketing texts", "The ledger holds",
        "2026-11-17 18:00:00 UTC", "2026-11-17 10:00:00 PST", "192.0.2.7", first["row_hash"],
        "said stop", "approved by shipped wording", "at most 6 a month",
    ):  # fmt: skip
        assert shown in page, shown
    assert audited.count("proof.viewed") == 1
    assert audited.count("proof.downloaded") == 1


def test_the_proof_is_for_those_who_may_take_data_out(
    client: FlaskClient, services: Services, zelda: Contact
) -> None:
    sign_in(client, services, role=Role.FRONT_DESK)
    assert "Proof of consent" not in client.get(f"/staff/people/{zelda.id}").text
    for path in ("proof", "proof.json", "erase"):
        assert client.get(f"/staff/people/{zelda.id}/{path}").status_code == 403


def test_an_address_is_looked_up_and_taken_off_with_a_reason(
    client: FlaskClient, services: Services, zelda: Contact
) -> None:
    sign_in(client, services)
    found = client.get("/staff/do-not-contact/", query_string={"q": "(212) 555-0142"}).text
    assert "said stop" in found
    assert "Only the person takes that back" in found
    assert "was never" not in found
    assert "never was" in client.get("/staff/do-not-contact/?q=nobody@example.com").text
    wrong = client.post("/staff/do-not-contact/add", data={"address": "12", "note": "x"})
    assert wrong.status_code == 422
    added = client.post(
        "/staff/do-not-contact/add", data={"address": "b@example.com", "note": "their lawyer"}
    )
    assert added.status_code == 303
    with services.db.reading() as session:
        row = session.scalars(select(Suppression).where(Suppression.reason == "manual")).one()
        stop = session.scalars(select(Suppression).where(Suppression.reason == "opt_out")).one()
    lift = f"/staff/do-not-contact/{row.id}/lift"
    refused = client.post(lift, data={"note": "", "q": "b@example.com"})
    assert refused.status_code == 422
    assert "Say why it may come off" in refused.text
    assert client.post(lift, data={"note": "a mistake", "q": "b@example.com"}).status_code == 303
    client.post(f"/staff/do-not-contact/{stop.id}/lift", data={"note": "please"})
    with services.db.reading() as session:
        assert session.get_one(Suppression, row.id).lift_note == "a mistake"
        assert session.get_one(Suppression, stop.id).lifted_at is None


def test_the_list_is_paged_and_filtered(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        for number in range(60):
            suppression.add(
                session, channel="email", address=f"p{number}@example.com", now=NOON,
                reason=SuppressionReason.HARD_BOUNCE if number else SuppressionReason.LEGAL,
            )  # fmt: skip
    sign_in(client, services)
    first = client.get("/staff/do-not-contact/").text
    assert first.count("the address does not exist") >= 50
    assert "before=11" in first
    assert "Stays for good" in client.get("/staff/do-not-contact/?before=11").text
    legal = client.get("/staff/do-not-contact/?reason=legal").text
    assert legal.count("on the list</span>") == 1


def test_a_person_is_erased_with_a_typed_word_and_stays_gone(
    client: FlaskClient, services: Services, zelda: Contact
) -> None:
    sign_in(client, services)
    path = f"/staff/people/{zelda.id}/erase"
    refused = client.post(path, data={"typed": "yes", "reason": "by letter"})
    assert refused.status_code == 422
    assert "by letter" in refused.text
    assert client.post(path, data={"typed": "erase", "reason": "by letter"}).status_code == 303
    assert client.get(f"/staff/people/{zelda.id}").status_code == 200
    assert client.get(f"/staff/people/{zelda.id}/proof").status_code == 200
    assert "Zelda" not in client.get("/staff/people/").text
    again = {
        "first_name": "Zelda", "last_name": "Quist", "email": "zelda@example.com", "adult": "yes",
        "consent": "none",
    }  # fmt: skip
    reply = client.post("/staff/people/new", data=again)
    assert reply.status_code == 422
    assert "asked to be erased" in reply.text
    with services.db.reading() as session:
        agreed = ledger.history(session, zelda.id)[0]
    assert agreed.method == Method.STAFF
