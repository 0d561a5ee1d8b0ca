"""By whatever road somebody agrees, the ledger keeps the words that they saw, and their digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.accounts.models import Role
from campaigns.audience import interests
from campaigns.consent import forms, ledger, optin, standing, tablets
from campaigns.consent.models import Action, ConsentEntry, Method, Wording
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.errors import InvalidInput
from campaigns.core.signing import Purpose
from campaigns.delivery.models import Message, Origin
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.consent import agree
from tests.factories.contacts import make_contact
from tests.factories.imports import run
from tests.factories.messages import message
from tests.imports.test_attestations import TEXTS
from tests.imports.test_attestations import form as attested
from tests.public.test_form import GOOD
from tests.webhooks.conftest import calling
from tests.webhooks.signing import Vendors

NUMBER = "+12125550177"
CONFIRMED, ASKED = Action.OPT_IN_CONFIRMED, Action.OPT_IN_REQUESTED
AGREED = {CONFIRMED, ASKED, Action.HEALTH_TOPIC_CONSENT}


class Town:
    """A clinic, a browser, signed webhooks, and one person who has agreed to nothing."""

    def __init__(self, services: Services, vendors: Vendors) -> None:
        self.services, self.vendors = services, vendors
        self.client = calling(services)
        now = services.clock.now()
        with services.db.transaction() as session:
            interests.create_defaults(session)
            person = make_contact(session, now=now, email="maria@example.com", phone=NUMBER)
            self.person = person
            form = forms.by_slug(session, "main")
            assert form is not None
            self.form_id = form.id

    def later(self, minutes: int = 1) -> None:
        self.services.clock.advance(timedelta(minutes=minutes))  # type: ignore[attr-defined]

    def agrees(self, *channels: Channel) -> None:
        with self.services.db.transaction() as session:
            person = session.get_one(Contact, self.person.id)
            for channel in channels:
                agree(session, person, channel, now=self.services.clock.now())
        self.later()

    def fill(self, path: str) -> None:
        page = self.client.get(path).text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        self.later()
        sent = {**hidden, **GOOD, "email": "new@example.com", "phone": "(212) 555-0188"}
        done = self.client.post(path, data={**sent, "topics_ok": "1", "topic": "skin"})
        assert done.status_code == 200
        self.confirm()

    def confirm(self) -> None:
        """Press the button of the confirmation that went out by email."""
        with self.services.db.reading() as session:
            row = session.scalars(
                select(optin.OptInRequest).where(optin.OptInRequest.channel == "email")
            ).one()
        link = f"/confirm/{self.services.tokens.issue(Purpose.CONFIRM, row.id)}"
        page = self.client.get(link).text
        self.later()
        words = re.findall(r'name="words" value="(\d+)"', page)
        sent = {"confirm": "1", **({"words": words[0]} if words else {})}
        assert self.client.post(link, data=sent).status_code == 200

    def text(self, words: str) -> None:
        self.later()
        self.vendors.text(self.client, NUMBER, words)

    def staff(self, page: str, **sent: str) -> None:
        sign_in(self.client, self.services, Role.OWNER)
        done = self.client.post(f"/staff/people/{self.person.id}/{page}", data=sent)
        assert done.status_code == 303

    def message_id(self) -> int:
        with self.services.db.transaction() as session:
            person = session.get_one(Contact, self.person.id)
            return message(session, person, now=self.services.clock.now()).id


def web_form(town: Town) -> None:
    town.fill("/f/main")


def embedded(town: Town) -> None:
    town.fill("/f/main/embed")


def tablet(town: Town) -> None:
    with town.services.db.transaction() as session:
        now = town.services.clock.now()
        opened = tablets.start(session, SYSTEM, town.form_id, hours=8, now=now)
    town.fill(f"/f/main/tablet/{town.services.tokens.issue(Purpose.TABLET, opened.id)}")


def paper(town: Town) -> None:
    town.staff(
        "agreement",
        consent="paper",
        email_ok="yes",
        sms_ok="yes",
        signed_on="2026-11-10",
        note="Folder 3",
    )


def spoken(town: Town) -> None:
    town.staff("agreement", consent="spoken", email_ok="yes", sms_ok="yes", note="By phone")
    town.text("Y")


def keyword(town: Town) -> None:
    town.text("JOIN")
    town.text("Y")


def line_of_a_file(town: Town) -> None:
    run(
        town.services.db,
        town.services.clock,
        "Email,Phone,Consent date,Consent source,Consent wording\n"
        f'x@example.com,(212) 555-0101,2026-05-04,Website,"{TEXTS}"\n',
    )


def vouched_for(town: Town) -> None:
    lines = "Email,Phone,Interests\nx@example.com,(212) 555-0101,Skin\n"
    run(town.services.db, town.services.clock, lines, attestations=[attested(per_month=4)])


def asked_by_a_file(town: Town) -> None:
    now = town.services.clock.now()
    with town.services.db.transaction() as session:
        standing.note_unproven(session, town.person.id, Channel.EMAIL, now=now)
        optin.request(
            session, contact_id=town.person.id, channel="email", address="maria@example.com",
            entry_id=None, origin=optin.IMPORT, now=now,
        )  # fmt: skip
    town.confirm()


def start_again(town: Town) -> None:
    town.agrees(Channel.SMS)
    town.text("STOP")
    town.text("START")


def start_anew(town: Town) -> None:
    town.agrees(Channel.SMS)
    town.text("STOP")
    town.later(60 * 24 * 600)
    town.text("START")
    town.text("Y")


def preferences(town: Town) -> None:
    town.agrees(Channel.EMAIL)
    link = f"/p/{town.services.tokens.issue(Purpose.PREFERENCES, town.message_id())}"
    town.client.post(link, data={"action": "code"})
    with town.services.db.reading() as session:
        bodies = session.scalars(select(Message.body).where(Message.origin_kind == Origin.REPLY))
        code = re.findall(r"\b\d{6}\b", (bodies.one() or {})["text"])[0]
    page = town.client.post(link, data={"action": "check", "code": code}).text
    proof = page.split('name="proof" value="')[1].split('"')[0]
    sent = {"action": "topics", "proof": proof, "topic": "skin", "topics_ok": "1"}
    assert town.client.post(link, data=sent).status_code == 200


def undone(town: Town) -> None:
    town.agrees(Channel.EMAIL)
    link = f"/u/{town.services.tokens.issue(Purpose.UNSUBSCRIBE, town.message_id())}"
    page = town.client.post(link, data={"confirm": "1"}).text
    undo = page.split('name="undo" value="')[1].split('"')[0]
    town.later()
    assert town.client.post(link, data={"undo": undo}).status_code == 200


def topics_by_staff(town: Town) -> None:
    town.staff("interests", interests="skin", said="paper", note="Folder 2")


ROADS: dict[Callable[[Town], None], set[str]] = {
    web_form: {ASKED, CONFIRMED, Action.HEALTH_TOPIC_CONSENT},
    embedded: {ASKED, CONFIRMED, Action.HEALTH_TOPIC_CONSENT},
    tablet: {ASKED, CONFIRMED, Action.HEALTH_TOPIC_CONSENT},
    paper: {CONFIRMED},
    spoken: {ASKED, CONFIRMED},
    keyword: {ASKED, CONFIRMED},
    line_of_a_file: {CONFIRMED},
    vouched_for: {CONFIRMED, Action.HEALTH_TOPIC_CONSENT},
    asked_by_a_file: {CONFIRMED},
    start_again: {CONFIRMED},
    start_anew: {ASKED, CONFIRMED},
    preferences: {Action.HEALTH_TOPIC_CONSENT},
    undone: {CONFIRMED},
    topics_by_staff: {Action.HEALTH_TOPIC_CONSENT},
}


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.__name__)
def test_every_road_in_keeps_the_words_and_their_digest(
    each_hooked: Services, vendors: Vendors, road: Callable[[Town], None]
) -> None:
    town = Town(each_hooked, vendors)
    road(town)
    with town.services.db.reading() as session:
        assert ledger.verify(session) is None
        entries = session.scalars(select(ConsentEntry).where(ConsentEntry.action.in_(AGREED))).all()
        assert {entry.action for entry in entries} >= ROADS[road]
        for entry in entries:
            said = ledger.evidence_of(session, [entry.id])[entry.id].get("words")
            if entry.action == ASKED and said == "START" and entry.wording_sha256 is None:
                continue  # the bare word: what it is answered with has the words, and a Y
            assert entry.wording_sha256 is not None, (entry.action, entry.method)
            kept = session.get_one(Wording, entry.wording_sha256)
            assert hashlib.sha256(kept.text.encode()).hexdigest() == kept.sha256
            assert "{" not in kept.text


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_an_agreement_without_words_is_refused(
    each_hooked: Services, vendors: Vendors, channel: Channel
) -> None:
    town = Town(each_hooked, vendors)
    with (
        pytest.raises(InvalidInput) as fault,
        town.services.db.transaction() as session,
    ):
        ledger.grant(
            session, contact_id=town.person.id, channel=channel, method=Method.WEB_FORM,
            actor=SYSTEM, now=town.services.clock.now(),
        )  # fmt: skip
    assert fault.value.code == "wording_missing"
    with town.services.db.reading() as session:
        assert ledger.history(session, town.person.id) == []
