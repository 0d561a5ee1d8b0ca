"""Two records of one person: found, compared, decided, and nothing of either lost."""

from __future__ import annotations

import hashlib

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts.models import AuditEntry, Role
from campaigns.audience import interests
from campaigns.consent import ledger, merging
from campaigns.consent.models import ConsentStatus, Scan
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact, ContactStatus
from campaigns.core.actors import SYSTEM
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree, leave, make_member
from tests.factories.contacts import make_contact

EMAIL, SMS = Channel.EMAIL, Channel.SMS


@pytest.fixture
def twins(services: Services, client: FlaskClient) -> tuple[int, int]:
    """Maria twice: with a mailbox only, and with another mailbox and a phone."""
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        interests.create_defaults(session)
        one = make_member(
            session, now=NOON, email="maria@example.com", phone=None, channels=(EMAIL,)
        )
        other = make_member(session, now=NOON, email="mg@example.com", phone="2125550177")
    sign_in(client, services)
    return one.id, other.id


def merge(client: FlaskClient, keep: int, drop: int, **form: str) -> int:
    data = {"other": str(drop), "same": "yes", **form}
    return client.post(f"/staff/people/{keep}/merge", data=data).status_code


def test_both_stand_side_by_side_with_what_will_hold(
    client: FlaskClient, services: Services, twins: tuple[int, int]
) -> None:
    one, other = twins
    found = client.get(f"/staff/people/{one}/merge").text
    assert f"/staff/people/{one}/merge?other={other}" in found
    assert f"other={one}" not in found
    page = client.get(f"/staff/people/{one}/merge?other={other}").text
    for words in (
        "maria@example.com",
        "mg@example.com",
        "(212) 555-0177",
        "mg@example.com stays with the old record and is not written to any more",
        "the agreement given for (212) 555-0177 comes along",
        "cannot be undone",
    ):
        assert words in page, words
    with services.db.reading() as session:
        assert set(directory.addresses_of(session, one)) == {EMAIL}


def test_nothing_happens_without_the_tick(
    client: FlaskClient, services: Services, twins: tuple[int, int]
) -> None:
    assert merge(client, *twins, same="") == 303
    with services.db.reading() as session:
        assert session.get_one(Contact, twins[1]).status == ContactStatus.ACTIVE


def test_the_merge_is_on_record_and_the_old_page_leads_to_the_kept_one(
    client: FlaskClient, services: Services, twins: tuple[int, int]
) -> None:
    one, other = twins
    assert merge(client, one, other) == 303
    with services.db.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "contact.merged")
        ).one()
        assert (entry.subject_id, entry.detail["merged"]) == (one, other)
        assert entry.actor_id is not None
        assert ledger.state_of(session, one)["sms"].status == ConsentStatus.GRANTED
    for page in ("", "/edit", "/proof", "/stop"):
        reply = client.get(f"/staff/people/{other}{page}")
        assert reply.status_code == 302
        assert reply.headers["Location"].endswith(f"/staff/people/{one}{page}")
    assert client.post(f"/staff/people/{other}/hold", data={"days": "30"}).status_code == 409
    assert merge(client, one, other) == 409 or merge(client, one, other) == 422


def test_history_and_proof_show_what_was_said_for_the_record_that_went(
    client: FlaskClient, services: Services, twins: tuple[int, int]
) -> None:
    one, other = twins
    merge(client, one, other)
    history = client.get(f"/staff/people/{one}?show=consent").text
    assert history.count("Agreed to email") == 2
    proof = client.get(f"/staff/people/{one}/proof").text
    assert f"the record {other}, merged in since" in proof
    assert "mg@example.com" in proof
    body = client.get(f"/staff/people/{one}/proof.json").get_json()
    assert body["merged"] == [other]
    assert {event["record"] for event in body["events"]} == {one, other}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_only_who_may_edit_people_merges(
    client: FlaskClient,
    services: Services,
    twins: tuple[int, int],
    role: Role,
) -> None:
    sign_in(client, services, role=role)
    assert client.get(f"/staff/people/{twins[0]}/merge").status_code == 403
    assert merge(client, *twins) == 403


def fold(session: Session, keep: Contact, drop: Contact) -> None:
    merging.merge(session, keep_id=keep.id, drop_id=drop.id, actor=SYSTEM, now=NOON)


def test_a_wish_not_to_be_followed_and_the_scan_come_along(each_services: Services) -> None:
    with each_services.db.transaction() as session:
        make_clinic(session, now=NOON)
        keep = make_contact(session, now=NOON, phone=None)
        drop = make_contact(session, now=NOON, email=None)
        directory.set_tracking(session, drop.id, off=True, now=NOON)
        scan = Scan(
            sha256=hashlib.sha256(b"x").hexdigest(), media_type="image/png", size=1,
            filename="form.png", contact_id=drop.id, uploaded_by="Fay", created_at=NOON,
        )  # fmt: skip
        session.add(scan)
        session.flush()
        given = agree(session, drop, SMS, now=NOON, evidence={"scan_id": scan.id})
        fold(session, keep, drop)
        assert keep.no_click_tracking
        (entry,) = [e for e in ledger.history(session, keep.id) if e.contact_id == keep.id]
        proof = ledger.evidence_of(session, [entry.id])[entry.id]
        assert (proof["scan_id"], proof["earlier_entry"]) == (scan.id, given.id)
        assert scan.contact_id == keep.id


@pytest.mark.parametrize("who", ["keep", "drop"])
@pytest.mark.parametrize("channel", [EMAIL, SMS])
def test_a_stop_of_either_holds_whatever_the_other_agreed_to(
    each_services: Services, who: str, channel: Channel
) -> None:
    with each_services.db.transaction() as session:
        make_clinic(session, now=NOON)
        keep, drop = make_member(session, now=NOON), make_member(session, now=NOON)
        leave(session, keep if who == "keep" else drop, channel, now=NOON)
        plan = merging.forecast(session, keep.id, drop.id)
        fold(session, keep, drop)
        states = ledger.state_of(session, keep.id)
        assert {c: plan[c].status for c in Channel} == {c: states[c].status for c in Channel}
        assert states[channel].status == ConsentStatus.WITHDRAWN


def test_an_agreement_for_the_same_address_counts_for_the_kept_record(
    each_services: Services,
) -> None:
    with each_services.db.transaction() as session:
        make_clinic(session, now=NOON)
        keep = make_contact(session, now=NOON, email=None, phone="2125550199")
        drop = make_member(session, now=NOON, email=None, phone="2125550199", channels=(SMS,))
        plan = merging.forecast(session, keep.id, drop.id)[SMS]
        assert (plan.moves, plan.left, plan.taken) == (False, None, ConsentStatus.GRANTED)
        fold(session, keep, drop)
        assert ledger.state_of(session, keep.id)["sms"].status == ConsentStatus.GRANTED
