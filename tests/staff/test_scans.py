"""Paper forms typed in with a scan: kept with the agreement, shown only to who may see it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry, Role
from campaigns.consent import disclosures, ledger
from campaigns.consent.models import ConsentEntry, Scan
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.consent.test_scans import JPEG, PDF
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact
from tests.imports.test_attestations import TEXTS


@pytest.fixture
def maria(services: Services) -> Contact:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        return make_contact(session, now=NOON, email="maria@example.com")


def paper(content: bytes | None = JPEG, **values: Any) -> dict[str, Any]:
    sent: dict[str, Any] = {"consent": "paper", "email_ok": "yes", "signed_on": "2026-11-10"}
    if content is not None:
        sent["scan"] = (io.BytesIO(content), "Maria's form.jpg")
    return sent | values


def send(client: FlaskClient, contact: Contact, sent: dict[str, Any]) -> Any:
    return client.post(
        f"/staff/people/{contact.id}/agreement", data=sent, content_type="multipart/form-data"
    )


def test_a_scan_stands_for_the_note_and_is_shown_with_the_agreement(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    assert 'capture="environment"' in client.get(f"/staff/people/{maria.id}/agreement").text
    assert send(client, maria, paper(sms_ok="yes")).status_code == 303
    with services.db.reading() as session:
        scan = session.scalars(select(Scan)).one()
        entries = ledger.history(session, maria.id)
        proofs = ledger.evidence_of(session, [e.id for e in entries])
    assert scan.contact_id == maria.id
    assert [p["scan"] for p in proofs.values()] == [scan.sha256] * 2
    assert f"/staff/scans/{scan.id}" in client.get(f"/staff/people/{maria.id}").text
    shown = client.get(f"/staff/scans/{scan.id}")
    assert shown.data == JPEG
    assert shown.mimetype == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Security-Policy"].startswith("sandbox")
    assert "Maria" not in shown.headers["Content-Disposition"]
    with services.db.reading() as session:
        viewed = session.scalars(select(AuditEntry).where(AuditEntry.action == "scan.viewed")).one()
    assert (viewed.subject_kind, viewed.subject_id) == ("contact", maria.id)


@pytest.mark.parametrize(
    ("role", "status"), [(Role.VIEWER, 403), (Role.REVIEWER, 403), (Role.MARKETER, 200)]
)
def test_only_who_may_edit_people_sees_a_scan(
    client: FlaskClient, services: Services, maria: Contact, role: Role, status: int
) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    send(client, maria, paper(PDF))
    client.post("/staff/log-out")
    sign_in(client, services, role)
    shown = client.get("/staff/scans/1")
    assert shown.status_code == status
    assert client.get("/staff/scans/2").status_code == 404
    if status == 200:
        assert shown.headers["Content-Disposition"].startswith("attachment")


def test_without_a_scan_the_note_says_where_the_paper_lies(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    sign_in(client, services)
    faulty = send(client, maria, paper(None))
    assert faulty.status_code == 422
    assert "where the paper lies" in faulty.text
    assert send(client, maria, paper(None, note="Folder 3")).status_code == 303


def test_a_photo_that_cannot_be_used_is_refused_and_nothing_is_recorded(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    sign_in(client, services)
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
    faulty = send(client, maria, paper(heic, note="Folder 3"))
    assert faulty.status_code == 422
    assert "Most compatible" in faulty.text
    with services.db.reading() as session:
        assert session.scalars(select(ConsentEntry)).all() == []
        assert session.scalars(select(Scan)).all() == []


def test_a_scan_need_not_be_sent_again_after_a_fault_elsewhere(
    client: FlaskClient, services: Services, maria: Contact
) -> None:
    sign_in(client, services)
    faulty = send(client, maria, paper(signed_on=""))
    kept = re.search(r'name="scan_kept" value="([^"]+)"', faulty.text)
    assert kept is not None
    assert send(client, maria, paper(None, scan_kept=kept[1])).status_code == 303
    with services.db.reading() as session:
        assert session.scalars(select(Scan)).one().media_type == "image/jpeg"
    forged = kept[1].replace(kept[1][:4], "0000")
    assert send(client, maria, paper(None, scan_kept=forged)).status_code == 422


def test_the_words_are_those_of_the_version_on_the_form(
    client: FlaskClient, services: Services, maria: Contact, clock: FixedClock
) -> None:
    with services.db.transaction() as session:
        first = disclosures.current(session, "email")
        second = disclosures.publish(
            session, SYSTEM, kind="email", locale="en", text="News from {BRAND}, please.", now=NOON
        )
    sign_in(client, services)
    early = send(client, maria, paper(email_version=str(second.id)))
    assert early.status_code == 422
    assert "after this form was signed" in early.text
    assert send(client, maria, paper(email_version=str(first.id))).status_code == 303
    with services.db.reading() as session:
        (entry,) = ledger.history(session, maria.id)
        assert entry.disclosure_id == first.id
        assert "wellness education" in (ledger.wording_of(session, entry) or "")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (TEXTS, 303, ""),
        ("Text me whenever you like.", 422, "do not make an agreement to marketing texts"),
        ("", 422, "Type the words that are printed"),
    ],
)
def test_other_words_are_typed_and_must_be_an_agreement(
    client: FlaskClient, services: Services, maria: Contact, words: str, status: int, says: str
) -> None:
    sign_in(client, services)
    sent = paper(email_ok="", sms_ok="yes", sms_version="other", sms_words=words)
    reply = send(client, maria, sent)
    assert reply.status_code == status
    assert says in reply.text
    if status == 303:
        with services.db.reading() as session:
            (entry,) = ledger.history(session, maria.id)
            assert (entry.disclosure_id, ledger.wording_of(session, entry)) == (None, TEXTS)


def test_a_new_person_comes_with_a_scan(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
    sign_in(client, services)
    sent = paper(
        PDF, first_name="Ana", last_name="Ruiz", email="ana@example.com", adult="yes", locale="en"
    )
    reply = client.post("/staff/people/new", data=sent, content_type="multipart/form-data")
    assert reply.status_code == 303
    with services.db.reading() as session:
        scan = session.scalars(select(Scan)).one()
        assert scan.contact_id == session.scalars(select(Contact.id)).one()
