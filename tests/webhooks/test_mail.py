"""Mail that people send back: an unsubscribe by its token, a reply by its words."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.consent import ledger
from campaigns.consent.models import ConsentEntry, ConsentStatus
from campaigns.contacts.models import Contact
from campaigns.core.signing import Purpose
from campaigns.wiring import Services
from tests.webhooks.told import reasons, sent


def post_mail(client: FlaskClient, *, key: str = "mail-secret", **form: str) -> int:
    form = {"from": "x@example.com", "to": "hello@in.example", "text": "", "headers": "", **form}
    return client.post(f"/webhooks/sendgrid/inbound?key={key}", data=form).status_code


def test_an_unsubscribe_by_mail_works_by_its_token_whatever_it_says(
    caller: FlaskClient, hooked: Services
) -> None:
    person, message, _token, address = sent(hooked)
    token = hooked.tokens.issue(Purpose.UNSUBSCRIBE, message.id)
    to = f"unsub+{token}@in.example"
    assert post_mail(caller, to=to, key="wrong") == 403
    assert post_mail(caller, to=to, headers="Auto-Submitted: auto-replied") == 200
    assert reasons(hooked, address) == set()
    for _ in range(2):
        assert post_mail(caller, to=to, text="I love this") == 200
    with hooked.db.reading() as session:
        assert ledger.state_of(session, person.id)["email"].status == ConsentStatus.WITHDRAWN
        entries = session.scalars(select(ConsentEntry).where(ConsentEntry.action == "opt_out"))
        assert len(list(entries)) == 1


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Please take me off your list", "withdrawn"),
        ("STOP", "withdrawn"),
        ("Thanks!\n\nOn Tue someone wrote:\n> Unsubscribe here. STOP", "granted"),
        ("Thanks, see you then", "granted"),
        ("can I stop by at 3?", "granted"),
    ],
)
def test_a_plain_reply_is_read_for_a_stop_above_the_quote(
    caller: FlaskClient, hooked: Services, text: str, status: str
) -> None:
    person, _message, _token, address = sent(hooked)
    assert post_mail(caller, **{"from": f"Maria <{address}>", "text": text}) == 200
    with hooked.db.reading() as session:
        assert ledger.state_of(session, person.id)["email"].status == status
        if "stop by" in text:
            contact = session.get_one(Contact, person.id)
            assert contact.hold_reason == "unclear_email_reply"


def test_mail_is_refused_while_no_secret_is_set(client: FlaskClient) -> None:
    client.environ_base["HTTP_HOST"] = "127.0.0.1:8000"
    assert post_mail(client, key="") == 403
