"""The Outbox page: what the local provider took, as its recipients would see it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaigns.accounts.models import Role
from campaigns.app import create_app
from campaigns.consent import ledger
from campaigns.consent.models import ConsentStatus
from campaigns.core.settings import load
from campaigns.delivery.ports import Deadline, EmailBatch, EmailRecipient, TextMessage
from campaigns.providers import outgoing
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member

HTML = "<html><head><title>x</title></head><body><p>Hello #n#</p><a href='/l/x'>Read</a></body>"


def send_emails(services: Services, count: int = 1) -> list[int]:
    people = tuple(
        EmailRecipient(
            message_token=f"token{number}",
            address=f"person{number}@example.com",
            holes={"#n#": f"Name{number}"},
            headers={"List-Unsubscribe": f"<http://127.0.0.1:8000/u/{number}>"},
        )
        for number in range(count)
    )
    batch = EmailBatch(
        sender_name="Deeply Vital",
        sender_email="news@clinic.example",
        reply_to=None,
        subject="A note for #n#",
        html=HTML,
        text="Hello #n#\nhttp://127.0.0.1:8000/l/abc.",
        headers={"Precedence": "bulk"},
        recipients=people,
    )
    services.email.send(batch, Deadline(monotonic=time.monotonic() + 5))
    with services.db.reading() as session:
        return [row.id for row in reversed(outgoing.page(session, limit=1000))]


def send_text(services: Services) -> int:
    text = TextMessage(
        message_token="t",
        to="+12125550142",
        body="Deeply Vital: a note http://127.0.0.1:8000/c/abc/1 Reply STOP to opt out",
        validity=timedelta(minutes=15),
    )
    services.sms.send(text, Deadline(monotonic=time.monotonic() + 5))
    with services.db.reading() as session:
        return outgoing.page(session, limit=1)[0].id


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.text


def test_the_list_is_newest_first_and_searchable(client: FlaskClient, services: Services) -> None:
    sign_in(client, services)
    assert "The outbox is empty" in page(client, "/staff/outbox/")
    send_emails(services, 3)
    send_text(services)
    text = page(client, "/staff/outbox/")
    assert text.index("(212) 555-0142") < text.index("person2@") < text.index("person0@")
    assert "person0@" not in page(client, "/staff/outbox/?q=person1@example.com")
    assert "person1@" in page(client, "/staff/outbox/?q=PERSON1")
    assert "person2@" in page(client, "/staff/outbox/?q=note+for+name2")
    assert "person2@" not in page(client, "/staff/outbox/?q=555-0142")
    assert "555-0142" not in page(client, "/staff/outbox/?channel=email")
    assert "Nothing found" in page(client, "/staff/outbox/?q=nobody%25")


def test_a_long_list_has_pages_that_leave_nobody_out(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    ids = send_emails(services, outgoing.PAGE + 5)
    first = page(client, "/staff/outbox/")
    second = page(client, f"/staff/outbox/?before={ids[5]}")
    assert f"before={ids[5]}" in first
    for number in range(outgoing.PAGE + 5):
        assert (f"person{number}@" in first) != (f"person{number}@" in second)


def test_an_email_is_shown_in_a_sandbox_at_two_widths(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    (number,) = send_emails(services)
    for width, pixels in (("phone", 375), ("desktop", 720)):
        text = page(client, f"/staff/outbox/{number}?width={width}")
        assert f'width="{pixels}"' in text
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in text
    answer = client.get(f"/staff/outbox/{number}/email")
    assert "<p>Hello Name0</p>" in answer.text
    assert '<head><base target="_blank">' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert "X-Frame-Options" not in answer.headers


def test_the_text_part_and_the_headers_have_their_own_views(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    (number,) = send_emails(services)
    text = page(client, f"/staff/outbox/{number}?part=text")
    assert '<a href="http://127.0.0.1:8000/l/abc"' in text
    headers = page(client, f"/staff/outbox/{number}?part=headers")
    assert "List-Unsubscribe" in headers
    assert "&lt;http://127.0.0.1:8000/u/0&gt;" in headers


def test_a_text_is_shown_as_a_bubble_with_its_link_and_parts(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    number = send_text(services)
    text = page(client, f"/staff/outbox/{number}")
    assert '<a href="http://127.0.0.1:8000/c/abc/1"' in text
    assert "1 text part" in text


def test_what_was_taken_is_shown_escaped(client: FlaskClient, services: Services) -> None:
    sign_in(client, services)
    text = TextMessage(
        message_token="t",
        to="+12125550142",
        body='<script>x</script> https://a.example/"><img src=x>',
        validity=timedelta(minutes=15),
    )
    services.sms.send(text, Deadline(monotonic=time.monotonic() + 5))
    with services.db.reading() as session:
        number = outgoing.page(session)[0].id
    shown = page(client, f"/staff/outbox/{number}")
    assert "<script>x" not in shown
    assert "<img src=x>" not in shown


@pytest.mark.parametrize("path", ["", "1", "1/email"])
def test_only_those_who_may_see_it_do(client: FlaskClient, services: Services, path: str) -> None:
    send_emails(services)
    assert client.get(f"/staff/outbox/{path}").status_code == 302
    sign_in(client, services, Role.FRONT_DESK)
    assert client.get(f"/staff/outbox/{path}").status_code == 403


def test_a_message_that_is_not_there_is_not_found(client: FlaskClient, services: Services) -> None:
    sign_in(client, services)
    assert client.get("/staff/outbox/99").status_code == 404


def demonstration(services: Services) -> Services:
    values = {
        "CAMPAIGNS_DATA_DIR": str(services.settings.data_dir),
        "CAMPAIGNS_PUBLIC_URL": "http://127.0.0.1:8000",
        "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
        "CAMPAIGNS_DEMONSTRATION": "true",
    }
    return replace(services, settings=load(values))


def test_a_newcomer_plays_the_person_who_texts_back(services: Services) -> None:
    demo = demonstration(services)
    with demo.db.transaction() as session:
        make_clinic(session, now=demo.clock.now())
        person = make_member(session, now=demo.clock.now(), phone="2125550142")
        number = person.id
    client = create_app(demo).test_client()
    sign_in(client, demo)
    text = f"/staff/outbox/{send_text(demo)}"
    assert "Reply as this person" in client.get(text).text
    assert client.post(f"{text}/reply", data={"words": " "}).status_code == 303
    assert client.post(f"{text}/reply", data={"words": "stop"}).status_code == 303
    with demo.db.reading() as session:
        assert ledger.state_of(session, number)["sms"].status == ConsentStatus.WITHDRAWN
        (entry,) = [e for e in ledger.history(session, number) if e.action == "opt_out"]
        proof = ledger.evidence_of(session, [entry.id])[entry.id]
        assert proof["sid"].startswith("played-")


def test_nobody_plays_a_person_outside_the_demonstration(
    client: FlaskClient, services: Services
) -> None:
    sign_in(client, services)
    text = f"/staff/outbox/{send_text(services)}"
    assert "Reply as this person" not in client.get(text).text
    assert client.post(f"{text}/reply", data={"words": "Y"}).status_code == 404


def test_an_email_is_not_answered_by_text(services: Services) -> None:
    demo = demonstration(services)
    client = create_app(demo).test_client()
    sign_in(client, demo)
    (email,) = send_emails(demo)
    assert "Reply as this person" not in client.get(f"/staff/outbox/{email}").text
    assert client.post(f"/staff/outbox/{email}/reply", data={"words": "Y"}).status_code == 404
