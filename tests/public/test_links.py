"""Every link of a message leads where our own rows say, and nowhere else."""

from __future__ import annotations

import random
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from campaigns.app import create_app
from campaigns.clinic.models import Clinic
from campaigns.content import lessons
from campaigns.content.models import Link
from campaigns.core.actors import SYSTEM
from campaigns.core.signing import Purpose
from campaigns.events.models import Click
from campaigns.public.links import with_reference
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact
from tests.factories.messages import email_version, message

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/132.0"}


class Mail:
    """A message with links, an hour after it arrived."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.client = create_app(services).test_client()
        now = services.clock.now()
        with services.db.transaction() as session:
            make_clinic(session, now=now)
            version = email_version(session, now=now)
            self.version_id, self.lesson_id = version.id, version.lesson_id
            contact = make_contact(session, now=now)
            self.contact_id = contact.id
            self.message_id = message(session, contact, now=now, version_id=self.version_id).id
        services.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
        self.token = services.tokens.issue(Purpose.CLICK, self.message_id)

    def clicks(self) -> list[tuple[int, str, bool]]:
        with self.services.db.reading() as session:
            rows = session.execute(
                select(Click.link_number, Click.kind, Click.suspect).order_by(Click.id)
            )
            return [(row[0], row[1], row[2]) for row in rows]

    def link_to(self, target: str) -> None:
        with self.services.db.transaction() as session:
            session.execute(update(Link).where(Link.number == 1).values(target=target))


@pytest.fixture
def mail(services: Services) -> Mail:
    return Mail(services)


def test_a_web_link_leads_to_its_stored_address_and_counts(mail: Mail) -> None:
    reply = mail.client.get(f"/c/{mail.token}/1", headers=BROWSER)
    assert reply.status_code == 302
    assert reply.location == "https://clinic.example/stretch"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in reply.headers
    assert mail.clicks() == [(1, "url", False)]


def test_the_booking_link_carries_an_opaque_reference_and_nothing_else(mail: Mail) -> None:
    reply = mail.client.get(f"/c/{mail.token}/3", headers=BROWSER)
    parts = urlsplit(reply.location)
    assert f"{parts.scheme}://{parts.netloc}" == "https://clinic.example"
    name, _, reference = parts.query.partition("=")
    assert name == "ref"
    assert mail.services.tokens.read(Purpose.MESSAGE, reference) == mail.message_id
    assert mail.services.tokens.read(Purpose.UNSUBSCRIBE, reference) is None


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("https://b.example/x", "https://b.example/x?ref=t"),
        ("https://b.example/x?a=1#top", "https://b.example/x?a=1&ref=t#top"),
        ("https://b.example/x?ref=own", "https://b.example/x?ref=own"),
    ],
)
def test_a_booking_address_keeps_what_it_has(url: str, result: str) -> None:
    assert with_reference(url, "t") == result


def test_without_a_booking_address_the_page_gives_the_phone(mail: Mail) -> None:
    with mail.services.db.transaction() as session:
        clinic = session.scalars(select(Clinic)).one()
        clinic.booking_url = clinic.consultation_url = clinic.website = None
    page = mail.client.get(f"/c/{mail.token}/3", headers=BROWSER)
    assert page.status_code == 200
    assert "tel:+12125550100" in page.get_data(as_text=True)


def test_the_call_link_shows_a_number_to_tap(mail: Mail) -> None:
    page = mail.client.get(f"/c/{mail.token}/4", headers=BROWSER)
    assert page.status_code == 200
    assert 'href="tel:+12125550100"' in page.get_data(as_text=True)
    assert mail.clicks() == [(4, "call", False)]


def test_head_requests_and_scanners_are_led_on_and_count_nothing(mail: Mail) -> None:
    assert mail.client.head(f"/c/{mail.token}/1").status_code == 302
    assert mail.clicks() == []
    assert (
        mail.client.get(f"/c/{mail.token}/1", headers={"User-Agent": "curl/8"}).status_code == 302
    )
    assert mail.clicks() == [(1, "url", True)]


def test_the_invisible_link_leads_nowhere_and_marks_the_scanner(mail: Mail) -> None:
    assert mail.client.get(f"/c/{mail.token}/0", headers=BROWSER).status_code == 404
    assert mail.clicks() == [(0, "trap", True)]


def test_links_of_a_test_message_work_and_do_not_count(mail: Mail) -> None:
    with mail.services.db.transaction() as session:
        contact = make_contact(session, now=mail.services.clock.now())
        test = message(
            session, contact, now=mail.services.clock.now(), version_id=mail.version_id,
            origin_kind="test",
        )  # fmt: skip
        token = mail.services.tokens.issue(Purpose.CLICK, test.id)
    assert mail.client.get(f"/c/{token}/1", headers=BROWSER).status_code == 302
    assert (
        mail.client.get(f"/c/{token}/3", headers=BROWSER).location == "https://clinic.example/book"
    )
    assert mail.clicks() == []


def test_unknown_links_get_one_neutral_page(mail: Mail) -> None:
    unknown = mail.services.tokens.issue(Purpose.CLICK, 99_999)
    wrong = mail.services.tokens.issue(Purpose.LESSON, mail.message_id)
    paths = [
        f"/c/{mail.token}/99",
        f"/c/{unknown}/1",
        f"/c/{wrong}/1",
        "/c/x/1",
        f"/c/{mail.token}/x",
    ]
    replies = [mail.client.get(path, headers=BROWSER) for path in paths]
    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.data for reply in replies}) == 1


def test_nothing_in_a_request_can_change_where_a_link_leads(mail: Mail) -> None:
    dice = random.Random(7)
    tails = [
        "", "?url=//evil.example", "?url=https://evil.example", "?next=\\\\evil.example",
        "?url=%0d%0aLocation:%20https://evil.example", "?u=/\\evil.example", "//evil.example",
        "/..%2f..%2fevil.example", "%2F%2Fevil.example", "@evil.example", "?ref=//evil.example",
    ]  # fmt: skip
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    allowed = {"https://clinic.example/stretch", "https://clinic.example/more"}
    for _ in range(800):
        token = mail.token
        if dice.random() < 0.8:
            token = "".join(dice.choice(alphabet) for _ in range(dice.choice([34, 33, 35, 1])))
        path = f"/c/{token}/{dice.choice([1, 2, 5, 10**20])}{dice.choice(tails)}"
        reply = mail.client.head(path, headers=BROWSER)
        assert reply.status_code in (302, 404), path
        if reply.status_code == 302:
            assert token == mail.token
            assert reply.location in allowed


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "//evil.example", "https:///x", "data:text/html,x", "/\\evil.example",
     "https://a.example/\r\nX: y", "ftp://a.example/", ""],
)  # fmt: skip
def test_a_stored_address_that_is_not_a_web_address_leads_nowhere(mail: Mail, target: str) -> None:
    mail.link_to(target)
    assert mail.client.get(f"/c/{mail.token}/1", headers=BROWSER).status_code == 404


def test_a_text_leads_to_its_lesson_and_the_lessons_links_count_for_the_text(mail: Mail) -> None:
    now = mail.services.clock.now()
    with mail.services.db.transaction() as session:
        lesson = lessons.create(
            session, SYSTEM, channel="sms", name="A text", now=now,
            draft={
                "body": "Your new guide is ready.",
                "link": "lesson",
                "lesson_id": mail.lesson_id,
            },
        )  # fmt: skip
        version = lessons.freeze(session, lesson.id, SYSTEM, now)
        contact = make_contact(session, now=now, first_name="Ana <b>")
        text = message(
            session, contact, now=now - timedelta(hours=2), channel="sms", version_id=version.id
        )
        token = mail.services.tokens.issue(Purpose.CLICK, text.id)
    reply = mail.client.get(f"/c/{token}/1", headers=BROWSER)
    assert reply.status_code == 302
    path = urlsplit(reply.location).path
    assert path.startswith("/l/")
    door = mail.client.get(path).get_data(as_text=True)
    assert "Your guide from Deeply Vital" in door
    assert "stretching" not in door
    page = mail.client.get(f"{path}?read=1").get_data(as_text=True)
    assert "stretching" in page
    assert "<b>" not in page
    assert "style=" not in page
    assert "<script" not in page
    mail.services.clock.advance(timedelta(seconds=30))  # type: ignore[attr-defined]
    onward = mail.client.get(f"{path}/1", headers=BROWSER)
    assert onward.location == "https://clinic.example/stretch"
    assert mail.clicks() == [(1, "lesson", False), (1001, "url", False)]


def test_the_page_of_an_email_is_the_email_itself(mail: Mail) -> None:
    token = mail.services.tokens.issue(Purpose.LESSON, mail.message_id)
    page = mail.client.get(f"/l/{token}?read=1")
    assert page.status_code == 200
    assert "Hello Maria" in page.get_data(as_text=True)
    assert f"/l/{token}/3" in page.get_data(as_text=True)
    assert "Set-Cookie" not in page.headers


def test_staff_see_the_page_of_a_version_without_a_person(mail: Mail) -> None:
    token = mail.services.tokens.issue(Purpose.PREVIEW, mail.version_id)
    page = mail.client.get(f"/l/{token}?read=1").get_data(as_text=True)
    assert "Hello there" in page
    assert "https://clinic.example/stretch" in page
    assert mail.client.get(f"/l/{token}/1").status_code == 404


def test_a_lesson_token_opens_nothing_else(mail: Mail) -> None:
    token = mail.services.tokens.issue(Purpose.LESSON, mail.message_id)
    for path in (f"/c/{token}/1", f"/u/{token}", f"/p/{token}", f"/confirm/{token}"):
        assert mail.client.get(path).status_code == 404
    assert mail.client.get("/l/unknown").status_code == 404
