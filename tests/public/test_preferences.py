"""The preference page: less for whoever holds the link, more only with a code."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaigns.app import create_app
from campaigns.audience import interests, segments
from campaigns.consent import ledger
from campaigns.consent.models import ConsentStatus
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.delivery import work
from campaigns.delivery.models import Message, Origin
from campaigns.events.models import Click
from campaigns.providers.models import LocalDelivery
from campaigns.wiring import Services
from tests.factories.broadcasts import make_draft, make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import agree, agree_to_topics
from tests.factories.contacts import make_contact
from tests.factories.delivery import settle
from tests.factories.messages import email_version, message


class Page:
    """The preference page of a person who agreed to everything and picked a topic."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.client = create_app(services).test_client()
        now = services.clock.now()
        with services.db.transaction() as session:
            make_clinic(session, now=now)
            interests.create_defaults(session)
            contact = make_contact(session, now=now, email="maria@example.com")
            agree(session, contact, Channel.EMAIL, now=now)
            agree(session, contact, Channel.SMS, now=now)
            agree_to_topics(session, contact, now=now)
            interests.set_for_contact(
                session, contact.id, {"joint_pain"}, actor=SYSTEM, source="test", now=now
            )
            self.contact_id = contact.id
            message_id = message(session, contact, now=now).id
        services.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        self.url = f"/p/{services.tokens.issue(Purpose.PREFERENCES, message_id)}"

    def press(self, action: str, **fields: object) -> TestResponse:
        return self.client.post(self.url, data={"action": action, **fields})

    def statuses(self) -> dict[str, str]:
        with self.services.db.reading() as session:
            return {c: s.status for c, s in ledger.state_of(session, self.contact_id).items()}

    def topics(self) -> set[str]:
        with self.services.db.reading() as session:
            return interests.codes_of(session, self.contact_id)

    def person(self) -> Contact:
        with self.services.db.reading() as session:
            return directory.get(session, self.contact_id)

    def code(self) -> str:
        """Ask for a code and return the one that was sent."""
        assert self.press("code").status_code == 200
        with self.services.db.reading() as session:
            row = session.scalars(
                select(Message)
                .where(Message.origin_kind == Origin.REPLY)
                .order_by(Message.id.desc())
            ).first()
            assert row is not None
            assert row.body is not None
            return str(re.findall(r"\b\d{6}\b", row.body["text"])[0])

    def proof(self) -> str:
        text = self.press("check", code=self.code()).get_data(as_text=True)
        return text.split('name="proof" value="')[1].split('"')[0]


@pytest.fixture
def page(services: Services) -> Page:
    return Page(services)


@pytest.fixture
def each_page(each_services: Services) -> Page:
    return Page(each_services)


def test_the_page_shows_a_masked_address_and_no_topic(page: Page) -> None:
    text = page.client.get(page.url).get_data(as_text=True)
    assert "m•••@example.com" in text
    assert "maria@example.com" not in text
    assert "Maria" not in text
    assert "Joint pain" not in text
    assert "Set-Cookie" not in page.client.get(page.url).headers


@pytest.mark.parametrize(
    ("action", "email", "sms"),
    [
        ("stop_all", "withdrawn", "withdrawn"),
        ("stop_email", "withdrawn", "granted"),
        ("stop_sms", "granted", "withdrawn"),
    ],
)
def test_whoever_holds_the_link_can_stop(
    each_page: Page, action: str, email: str, sms: str
) -> None:
    assert each_page.press(action).status_code == 200
    found = each_page.statuses()
    assert (found["email"], found["sms"]) == (email, sms)


def test_stopping_cancels_what_waits(page: Page) -> None:
    with page.services.db.transaction() as session:
        contact = directory.get(session, page.contact_id)
        waiting = message(
            session, contact, now=page.services.clock.now(), origin_id=9, state="planned",
            channel=Channel.SMS,
        ).id  # fmt: skip
    page.press("stop_all")
    with page.services.db.reading() as session:
        assert session.get_one(Message, waiting).state == "suppressed"


def test_a_pause_holds_messages_and_can_be_ended(page: Page, clock: FixedClock) -> None:
    assert "We stay silent until December 17, 2026" in page.press("pause_30").get_data(as_text=True)
    assert page.person().hold_until == clock.now() + timedelta(days=30)
    assert "Paused until December 17, 2026" in page.client.get(page.url).get_data(as_text=True)
    page.press("resume")
    assert page.person().hold_until is None


def test_a_pause_never_shortens_a_longer_one_and_never_lifts_the_clinics(page: Page) -> None:
    now = page.services.clock.now()
    until = now + timedelta(days=400)
    with page.services.db.transaction() as session:
        directory.hold(session, page.contact_id, until=until, reason="unclear_reply", now=now)
    assert "already paused for longer" in page.press("pause_90").get_data(as_text=True)
    page.press("resume")
    assert page.person().hold_until == until
    assert page.person().hold_reason == "unclear_reply"


def test_topics_are_shown_after_the_code_that_was_sent(each_page: Page) -> None:
    code = each_page.code()
    text = each_page.press("check", code=f" {code[:3]} {code[3:]} ").get_data(as_text=True)
    assert re.search(r'value="joint_pain" checked', text)
    assert "checked" not in text.split('value="skin"')[1].split(">")[0]


def test_the_code_travels_to_the_address_and_works_for_ten_minutes(page: Page) -> None:
    code = page.code()
    while work.run_once(page.services):
        pass
    with page.services.db.reading() as session:
        delivered = session.scalars(select(LocalDelivery)).all()
    assert [row.to for row in delivered] == ["maria@example.com"]
    assert code in delivered[0].text
    assert delivered[0].subject == "Your code for Deeply Vital"
    assert "joint" not in delivered[0].text.lower()
    page.services.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]
    reply = page.press("check", code=code)
    assert reply.status_code == 409
    assert "no longer works" in reply.get_data(as_text=True)


def test_a_code_can_be_tried_five_times_and_used_once(page: Page) -> None:
    code = page.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert [page.press("check", code=wrong).status_code for _ in range(5)] == [422] * 5
    assert page.press("check", code=code).status_code == 409
    code = page.code()
    assert page.press("check", code=code).status_code == 200
    assert page.press("check", code=code).status_code == 409


def test_three_codes_an_hour_are_enough(page: Page) -> None:
    assert [page.press("code").status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_no_code_goes_to_an_address_that_is_not_the_persons_any_more(page: Page) -> None:
    with page.services.db.transaction() as session:
        directory.set_address(
            session, page.contact_id, "email", "new@example.com", now=page.services.clock.now()
        )
    assert page.press("code").status_code == 409
    with page.services.db.reading() as session:
        assert session.scalars(select(Message).where(Message.origin_kind == "reply")).all() == []


def test_topics_are_changed_with_the_proof_and_not_without(each_page: Page) -> None:
    proof = each_page.proof()
    assert each_page.press("topics", topic="skin", topics_ok="1").status_code == 409
    forged = proof[:-1] + ("0" if proof[-1] != "0" else "1")
    assert each_page.press("topics", topic="skin", topics_ok="1", proof=forged).status_code == 409
    assert each_page.topics() == {"joint_pain"}
    reply = each_page.press("topics", topic=["skin", "made_up"], topics_ok="1", proof=proof)
    assert reply.status_code == 200
    assert each_page.topics() == {"skin"}


def test_clearing_all_topics_deletes_them_and_withdraws_the_agreement(page: Page) -> None:
    page.press("topics", proof=page.proof())
    assert page.topics() == set()
    with page.services.db.reading() as session:
        assert not ledger.has_topic_consent(session, page.contact_id)


def test_topics_after_a_withdrawal_need_the_box_again(page: Page) -> None:
    page.press("topics", proof=page.proof())
    page.services.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    proof = page.proof()
    reply = page.press("topics", topic="skin", proof=proof)
    assert reply.status_code == 422
    assert "tick the box" in reply.get_data(as_text=True)
    assert page.press("topics", topic="skin", topics_ok="1", proof=proof).status_code == 200
    assert page.topics() == {"skin"}


def test_the_proof_of_one_message_is_no_proof_for_another(page: Page) -> None:
    proof = page.proof()
    now = page.services.clock.now()
    with page.services.db.transaction() as session:
        other = make_contact(session, now=now)
        token = page.services.tokens.issue(Purpose.PREFERENCES, message(session, other, now=now).id)
    data = {"action": "topics", "topic": "skin", "topics_ok": "1", "proof": proof}
    assert page.client.post(f"/p/{token}", data=data).status_code == 409


def test_an_unsubscribe_token_does_not_open_the_preferences(page: Page) -> None:
    token = page.services.tokens.issue(Purpose.UNSUBSCRIBE, 1)
    assert page.client.get(f"/p/{token}").status_code == 404
    assert page.client.post(f"/p/{token}", data={"action": "stop_all"}).status_code == 404
    assert page.statuses()["email"] == ConsentStatus.GRANTED


def test_an_unknown_button_changes_nothing(page: Page) -> None:
    assert page.press("start_all").status_code == 400
    assert page.press("").status_code == 400


def test_the_page_speaks_spanish(page: Page) -> None:
    reply = page.client.post(page.url, data={"action": "pause_30", "lang": "es"})
    assert "hasta el 17 de diciembre de 2026" in reply.get_data(as_text=True)


def test_a_topic_may_come_by_one_channel_only(each_page: Page) -> None:
    reply = each_page.press(
        "topics",
        topic=["joint_pain", "skin"],
        topics_ok="1",
        proof=each_page.proof(),
        **{"by-joint_pain": "email", "by-skin": "both", "by-made_up": "sms"},
    )
    assert reply.status_code == 200
    with each_page.services.db.reading() as session:
        assert interests.ways_of(session, each_page.contact_id) == {
            "joint_pain": frozenset({Channel.EMAIL}),
            "skin": frozenset({Channel.EMAIL, Channel.SMS}),
        }
    shown = each_page.press("check", code=each_page.code()).get_data(as_text=True)
    chosen = shown.split('name="by-joint_pain"')[1].split("</select>")[0]
    assert re.findall(r'value="(\w+)" selected', chosen) == ["email"]


def test_a_topic_by_email_only_is_not_texted(each_page: Page) -> None:
    services = each_page.services
    services.clock.advance(timedelta(days=8))  # type: ignore[attr-defined]
    now = services.clock.now()
    with services.db.transaction() as session:
        interests.set_ways(
            session, each_page.contact_id, {"joint_pain": [Channel.EMAIL]}, actor=SYSTEM, now=now
        )
        rule = {"field": "interest", "op": "has", "value": "joint_pain"}
        make_draft(session, now=now)  # takes the number that the message of this page has
        group = segments.create(session, SYSTEM, name="Joints", rule=rule, now=now)
        make_scheduled(session, now=now, channels=("email", "sms"), segment=group)
    settle(services)
    with services.db.reading() as session:
        rows = session.execute(
            select(Message.channel, Message.state, Message.reason).where(
                Message.origin_kind == Origin.BROADCAST, Message.created_at == now
            )
        ).all()
    assert {tuple(row) for row in rows} == {
        ("email", "delivered", None),
        ("sms", "suppressed", "no_topic_consent"),
    }


def test_whoever_holds_the_link_may_ask_that_no_click_is_recorded(each_page: Page) -> None:
    services, now = each_page.services, each_page.services.clock.now()
    with services.db.transaction() as session:
        version = email_version(session, now=now)
        contact = directory.get(session, each_page.contact_id)
        found = message(session, contact, now=now, version_id=version.id, origin_id=3)
        link = f"/c/{services.tokens.issue(Purpose.CLICK, found.id)}/3"
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/132.0"}
    assert "record which links" in each_page.press("track_off").get_data(as_text=True)
    reply = each_page.client.get(link, headers=browser)
    assert (reply.status_code, reply.location) == (302, "https://clinic.example/book")
    with services.db.reading() as session:
        assert session.scalars(select(Click)).all() == []
    assert each_page.press("track_on").status_code == 409
    assert each_page.person().no_click_tracking
    assert each_page.press("track_on", proof=each_page.proof()).status_code == 200
    each_page.client.get(link, headers=browser)
    with services.db.reading() as session:
        assert len(session.scalars(select(Click)).all()) == 1


def test_a_pause_over_a_hold_of_the_clinic_stays_the_clinics_to_end(page: Page) -> None:
    now = page.services.clock.now()
    with page.services.db.transaction() as session:
        directory.hold(
            session, page.contact_id, until=now + timedelta(days=5), reason="unclear_reply", now=now
        )
    page.press("pause_90")
    page.press("resume")
    assert page.person().hold_until == now + timedelta(days=90)
    assert page.person().hold_reason == "unclear_reply"
