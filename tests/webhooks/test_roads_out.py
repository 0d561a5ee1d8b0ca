"""An opt-out by any road is on the person's page at once, with its time and its words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaigns.consent.models import Method
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.signing import Purpose
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.consent import make_member
from tests.factories.imports import run
from tests.factories.sent import sent_message
from tests.webhooks.conftest import calling
from tests.webhooks.signing import Vendors, event, new_sid, status


@dataclass
class Out:
    """Somebody who got an email and a text, and every way to leave."""

    services: Services
    vendors: Vendors
    client: FlaskClient
    desk: FlaskClient
    person: Contact
    email: str
    phone: str
    tokens: dict[str, str]
    mid: str
    sms_mid: str

    def u(self, **form: str) -> None:
        assert self.client.post(f"/u/{self.tokens['u']}", data=form).status_code == 200

    def p(self, action: str) -> None:
        data = {"action": action}
        assert self.client.post(f"/p/{self.tokens['p']}", data=data).status_code == 200

    def text(self, body: str, **values: str) -> None:
        assert self.vendors.text(self.client, self.phone, body, **values).status_code == 200

    def mail(self, **form: str) -> None:
        form = {"from": f"M <{self.email}>", "to": "x@in.example", "text": "", **form}
        url = f"/webhooks/sendgrid/inbound?key={self.vendors.mail_secret}"
        assert self.client.post(url, data=form).status_code == 200

    def event(self, kind: str, **values: str) -> None:
        told = [event(kind, self.mid, self.email, **values)]
        assert self.vendors.post_events(self.client, told).status_code == 200

    def twilio(self, code: str) -> None:
        path = f"/webhooks/twilio/status/{self.sms_mid}"
        form = status(new_sid(), "failed", self.phone, ErrorCode=code)
        assert self.vendors.post_form(self.client, path, form).status_code == 200

    def staff(self, path: str, **form: object) -> None:
        assert self.desk.post(path, data=form).status_code == 303

    def file(self) -> None:
        content = f"email,first_name,email_status\n{self.email},Maria,unsubscribed\n"
        run(self.services.db, self.services.clock, content)

    def page(self) -> str:
        return html.unescape(self.desk.get(f"/staff/people/{self.person.id}").text)


@pytest.fixture
def out(each_hooked: Services, vendors: Vendors) -> Out:
    services = each_hooked
    client, desk = calling(services), calling(services)
    now = services.clock.now()
    with services.db.transaction() as session:
        person = make_member(session, now=now, email="maria@example.com")
        mail = sent_message(session, person, now=now)
        text = sent_message(session, person, Channel.SMS, now=now)
        held = directory.addresses_of(session, person.id)
    services.clock.advance(timedelta(minutes=7))  # type: ignore[attr-defined]
    sign_in(desk, services)
    issue = services.tokens.issue
    return Out(
        services=services,
        vendors=vendors,
        client=client,
        desk=desk,
        person=person,
        email=held[Channel.EMAIL].address,
        phone=held[Channel.SMS].address,
        tokens={
            "u": issue(Purpose.UNSUBSCRIBE, mail.id),
            "p": issue(Purpose.PREFERENCES, mail.id),
        },
        mid=issue(Purpose.MESSAGE, mail.id),
        sms_mid=issue(Purpose.MESSAGE, text.id),
    )


EMAIL, TEXTS = "Said stop to email", "Said stop to texts"
ROADS: dict[str, tuple[Callable[[Out], None], str, tuple[str, ...]]] = {
    "text, stop": (lambda o: o.text("STOP"), TEXTS, ("in a reply", "“STOP”")),
    "text, Twilio knew": (
        lambda o: o.text("Stop", OptOutType="STOP"), TEXTS, ("in a reply", "“Stop”"),
    ),
    "text, a phrase": (
        lambda o: o.text("please take me off this list"), TEXTS,
        ("in a reply", "“please take me off this list”"),
    ),
    "text, in Spanish": (
        lambda o: o.text("No me manden más mensajes"), TEXTS,
        ("“No me manden más mensajes”",),
    ),
    "email, a reply": (
        lambda o: o.mail(text="Hello there.\nPlease unsubscribe me.\n> we wrote"), EMAIL,
        ("in a reply", "“Please unsubscribe me.”"),
    ),
    "email to the address in the header": (
        lambda o: o.mail(to=f"unsub+{o.tokens['u']}@in.example"), EMAIL,
        ("in a reply", "by mail to the unsubscribe address"),
    ),
    "one click": (
        lambda o: o.u(**{"List-Unsubscribe": "One-Click"}), EMAIL,
        ("with the mailbox's unsubscribe button",),
    ),
    "the page": (lambda o: o.u(confirm="1"), EMAIL, ("on the unsubscribe page",)),
    "preferences, all": (lambda o: o.p("stop_all"), TEXTS, (EMAIL, "on the preference page")),
    "preferences, email": (lambda o: o.p("stop_email"), EMAIL, ("on the preference page",)),
    "staff, from the person": (
        lambda o: o.staff(
            f"/staff/people/{o.person.id}/stop", channels=["email", "sms"], how="in_person",
            words="no more, please",
        ),
        EMAIL, (TEXTS, "in person", "“no more, please”"),
    ),
    "staff, by address": (
        lambda o: o.staff(
            "/staff/people/stop", address=o.phone, how="phone", words="leave me alone"
        ),
        TEXTS, ("by phone", "“leave me alone”"),
    ),
    "event, unsubscribe": (lambda o: o.event("unsubscribe"), EMAIL, ("through the provider",)),
    "event, group": (lambda o: o.event("group_unsubscribe"), EMAIL, ("through the provider",)),
    "event, spam": (
        lambda o: o.event("spamreport"), "Put on the do-not-contact list for email",
        ("reported a message as spam",),
    ),
    "event, dropped": (
        lambda o: o.event("dropped", reason="Unsubscribed Address"), EMAIL,
        ("through the provider",),
    ),
    "Twilio 21610": (lambda o: o.twilio("21610"), TEXTS, ("through the provider",)),
    "a file": (lambda o: o.file(), EMAIL, ("list that was imported",)),
}  # fmt: skip


@pytest.mark.parametrize("road", ROADS)
def test_a_stop_is_on_the_page_with_its_words_and_its_time(out: Out, road: str) -> None:
    leave, title, words = ROADS[road]
    before = out.page()
    assert title not in before
    assert re.search(r"Email (yes|not now); text (yes|not now)\.", before)  # no stop closes either
    leave(out)
    page = out.page()
    assert title in page
    for word in words:
        assert word in page, word
    line = page.split(title)[1][:400]
    assert "Tue 17 Nov, 13:07</time>" in line
    channel = "text" if title == TEXTS else "Email"
    assert f"{channel} no, " in page or f"{channel.lower()} no, " in page.lower()


def test_every_way_of_saying_stop_that_the_ledger_knows_has_words() -> None:
    from campaigns.staff.person_standing import HOW

    assert set(HOW) == set(Method)
