"""The import wizard, driven as a browser without a script would."""

from __future__ import annotations

import io
import re

from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import Role
from campaigns.audience import interests
from campaigns.clinic import profile
from campaigns.consent import disclosures, ledger
from campaigns.consent.models import OptInRequest
from campaigns.contacts import directory
from campaigns.imports import files, runner
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.consent import leave
from tests.factories.contacts import make_contact

CSV = (
    "Email,First name,Mobile,Interests,Favourite colour\r\n"
    "ana@example.com,Ana,(212) 555-0101,Joint pain,red\r\n"
    "not-an-address,Ben,,,\r\n"
    "cleo@example.com,Cleo,(212) 555-0103,,blue\r\n"
)
COLUMNS = {
    "column-0": "email",
    "column-1": "first_name",
    "column-2": "phone",
    "column-3": "interests",
    "column-4": "",
}


def prepare(services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        interests.create_defaults(session)
        disclosures.create_defaults(session, now=now)
        profile.create_default(session, now=now)


def upload(client: FlaskClient, content: bytes | str = CSV, name: str = "people.csv") -> str:
    data = content.encode() if isinstance(content, str) else content
    reply = client.post("/staff/people/import/", data={"file": (io.BytesIO(data), name)})
    assert reply.status_code == 303, reply.text
    found = re.search(r"/import/(\d+)/columns", reply.location)
    assert found is not None
    return f"/staff/people/import/{found[1]}"


def test_a_file_goes_from_upload_to_people_in_four_steps(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    base = upload(client)
    page = client.get(f"{base}/columns").text
    assert '<option value="email" selected>' in page
    assert "ana@example.com" in page
    assert client.post(f"{base}/columns", data=COLUMNS).location.endswith("/consent")
    vouch = {
        "email_vouch": "yes",
        "form": "Open house 2026",
        "method": "paper_form",
        "first_day": "2026-09-01",
        "last_day": "2026-10-01",
        "email_words": "Email me news.",
        "kept": "Binder at the front desk",
        "everybody": "yes",
    }
    assert client.post(f"{base}/consent", data=vouch).location.endswith("/check")
    check = client.get(f"{base}/check").text
    assert "2 agreed to email, by what you vouch for" in check
    assert "between 2026-09-01 and 2026-10-01" in check
    assert "they wait and get none" in check
    assert "Line 3." in check
    client.post(f"{base}/start")
    assert 'hx-trigger="every 1s"' in client.get(base).text
    runner.tick(services.db, services.clock)
    done = client.get(f"{base}/progress").text
    assert "every 1s" not in done
    assert "Line 3, not imported." in done
    with services.db.reading() as session:
        (ana,) = directory.find_by_address(session, "email", "ana@example.com")
        assert ledger.state_of(session, ana.id)["email"].status == "granted"
        assert ledger.state_of(session, ana.id)["sms"].status == "waiting"


def test_series_start_for_a_file_only_where_it_is_asked_for(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    for ticked in (False, True):
        base = upload(client)
        client.post(f"{base}/columns", data=COLUMNS)
        assert "Start series for these people" in client.get(f"{base}/consent").text
        client.post(f"{base}/consent", data={"start_drips": "yes"} if ticked else {})
        with services.db.reading() as session:
            found = files.get(session, int(base.rpartition("/")[2]))
        assert found.options[files.START_DRIPS] is ticked
        box = re.search(r'<input[^>]*name="start_drips"[^>]*>', client.get(f"{base}/consent").text)
        assert box is not None
        assert ("checked" in box[0]) is ticked


def test_the_lines_to_mend_come_as_a_file(client: FlaskClient, services: Services) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    base = upload(client, "Email,Note\nbad,=1+1\nok@example.com,x\n")
    client.post(f"{base}/start")
    runner.tick(services.db, services.clock)
    reply = client.get(f"{base}/remarks.csv")
    assert reply.mimetype == "text/csv"
    assert "attachment" in reply.headers["Content-Disposition"]
    assert "bad,'=1+1,2,not imported" in reply.text


def test_a_file_in_utf_16_is_refused_with_what_to_do(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    data = {"file": (io.BytesIO(CSV.encode("utf-16")), "people.csv")}
    reply = client.post("/staff/people/import/", data=data)
    assert reply.status_code == 422
    assert "CSV UTF-8" in reply.text
    reply = client.post("/staff/people/import/", data={})
    assert "Choose a file first." in reply.text


def test_a_file_without_email_or_phone_says_so_and_keeps_what_was_chosen(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    base = upload(client, "Vorname,Colour\nAna,red\n")
    reply = client.post(f"{base}/columns", data={"column-0": "first_name", "column-1": ""})
    assert reply.status_code == 422
    assert "No column is marked as email or mobile phone" in reply.text
    assert '<option value="first_name" selected>' in reply.text
    assert client.get(f"{base}/check").status_code == 303


def test_vouching_without_a_date_or_a_place_is_refused_at_the_field(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    base = upload(client)
    sent = {"sms_vouch": "yes", "method": "paper_form", "sms_words": "Text me."}
    reply = client.post(f"{base}/consent", data=sent)
    assert reply.status_code == 422
    assert "Give the first day on which this form was filled in" in reply.text
    assert "Say in a few words where the forms are" in reply.text
    assert "They do not say that the texts are automated." in reply.text
    assert "Tick that it holds for every person" in reply.text
    assert "Text me." in reply.text


def test_an_import_is_stopped_goes_on_and_is_taken_back(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    base = upload(client)
    client.post(f"{base}/start")
    client.post(f"{base}/stop")
    assert "Go on" in client.get(base).text
    client.post(f"{base}/start")
    runner.tick(services.db, services.clock)
    assert "Take back" in client.get(base).text
    client.post(f"{base}/undo")
    runner.tick(services.db, services.clock)
    assert "2 people were removed" in client.get(base).text
    with services.db.reading() as session:
        assert directory.find_by_address(session, "email", "ana@example.com") == []


def test_a_file_is_thrown_away_before_it_is_started(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    base = upload(client)
    client.post(f"{base}/discard")
    assert client.get(base).status_code == 404


def test_only_roles_that_import_may_open_it(client: FlaskClient, services: Services) -> None:
    sign_in(client, services, Role.FRONT_DESK)
    assert client.get("/staff/people/import/").status_code == 403


def test_people_without_proof_are_asked_once_and_only_once(
    client: FlaskClient, services: Services
) -> None:
    prepare(services)
    sign_in(client, services, Role.MARKETER)
    with services.db.transaction() as session:
        gone = make_contact(session, now=services.clock.now(), email="cleo@example.com")
        leave(session, gone, "email", now=services.clock.now())
    rows = "".join(f"{name}@example.com,,,,\r\n" for name in ("ana", "ben", "ben", "cleo"))
    base = upload(client, CSV.splitlines()[0] + "\r\n" + rows)
    client.post(f"{base}/columns", data=COLUMNS)
    client.post(f"{base}/consent", data={})
    client.post(f"{base}/start")
    runner.tick(services.db, services.clock)
    page = client.get(base).text
    assert "2 people who came without proof" in page
    said = client.post(f"{base}/ask", follow_redirects=True).text
    assert "2 emails go out" in said
    assert "can be asked, once" not in said
    assert "0 emails go out" in client.post(f"{base}/ask", follow_redirects=True).text
    with services.db.reading() as session:
        asked = session.scalars(select(OptInRequest).order_by(OptInRequest.address)).all()
    assert [request.address for request in asked] == ["ana@example.com", "ben@example.com"]
    assert {request.origin for request in asked} == {"import"}
