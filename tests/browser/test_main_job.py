"""The main job as staff do it: in a browser, from an empty clinic to the report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OWNER, TUESDAY, set_up_link
from tests.factories.service import ROOT, Service, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

REVIEWER = {
    "name": "Riley Reviewer",
    "email": "riley@example.com",
    "password": "seven calm rivers east",
}
BOOKING = "https://clinic.example/book"


@pytest.fixture
def empty_clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(
        tmp_path_factory.mktemp("empty"),
        free_port(),
        CAMPAIGNS_CLOCK_ORIGIN=TUESDAY.isoformat(),
        CAMPAIGNS_CLOCK_STARTED_AT=datetime.now(UTC).isoformat(),
        CAMPAIGNS_SMS_PER_SECOND="500",
    )
    made.start("--no-second-factor")
    made.wait_until_healthy(120)
    yield made
    made.end()
    made.output.close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(name)).first.click()
    page.wait_for_load_state()


def fill(page: Page, **values: str) -> None:
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def make_owner(page: Page, service: Service) -> None:
    page.goto(set_up_link(service))
    fill(page, Your_name=OWNER["name"], Email=OWNER["email"], Password=OWNER["password"])
    press(page, "Make my account")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Robin")


def describe_clinic(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/staff/settings/clinic")
    fill(
        page,
        Sender_address="hello@news.clinic.example",
        Street="1 Example Parkway",
        City="Cleveland",
        State="OH",
        ZIP_code="44114",
        Phone="(216) 555-0100",
        Website="https://clinic.example",
        Booking_page=BOOKING,
    )
    press(page, "^Save")
    expect(page.get_by_label("Street", exact=True)).to_have_value("1 Example Parkway")


def invite_reviewer(page: Page, service: Service) -> str:
    page.goto(f"{service.url}/staff/settings/team/invite")
    fill(page, Email=REVIEWER["email"], Name=REVIEWER["name"])
    page.get_by_label("Role").select_option(label="Reviewer")
    fill(page, Clinical_credential="RN", License_number="00-1234", State_of_license="OH")
    press(page, "Make the account")
    return page.get_by_label("Link", exact=True).input_value()


def import_people(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/staff/people/import/")
    page.get_by_label("A CSV file").set_input_files(str(ROOT / "examples" / "contacts.csv"))
    press(page, "^Next")
    press(page, "^Next")
    press(page, "^Next")
    expect(page.locator("main")).to_contain_text("will be added")
    press(page, "^Import")
    expect(page.locator("main")).to_contain_text("added", timeout=60_000)
    expect(
        page.get_by_role("link", name=re.compile("file|download", re.IGNORECASE)).first
    ).to_be_visible(timeout=60_000)


def build_group(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/staff/groups/new")
    page.get_by_label("Name of the group").fill("Joints")
    page.get_by_label("Condition 1.1: value").select_option(label="Joint pain")
    expect(page.locator("main")).to_contain_text("interested in joint pain", timeout=10_000)
    press(page, "Save the group")
    expect(page.locator("main")).to_contain_text("Joints")


def write_email(page: Page, service: Service) -> str:
    page.goto(f"{service.url}/staff/library/new?channel=email")
    fill(page, Name="A first hello")
    press(page, "^Next")
    address = page.url
    page.get_by_label("Subject", exact=True).fill("A note from {{ brand }}")
    page.get_by_label("Preheader", exact=True).fill("Something worth knowing, in two minutes.")
    page.get_by_label("Preheader", exact=True).blur()
    expect(page.locator("main")).not_to_contain_text("The subject is empty", timeout=15_000)
    press(page, "Add a Book now block")
    page.get_by_text("Add a block").first.click()
    press(page, "^Text")
    words = page.get_by_role("textbox", name="Words")
    words.fill("Water, rest and a walk are a good start.")
    expect(page.frame_locator("iframe").first.locator("body")).to_contain_text(
        "Water, rest and a walk", timeout=15_000
    )
    page.goto(address)
    press(page, "ask for the review")
    return address


def write_text(page: Page, service: Service) -> str:
    page.goto(f"{service.url}/staff/library/new?channel=sms")
    fill(page, Name="A first hello, text")
    press(page, "^Next")
    address = page.url
    page.get_by_role("textbox", name="Words").fill("would you like to come in? Choose a time:")
    expect(page.get_by_role("region", name="Preview")).to_contain_text(
        "Choose a time", timeout=10_000
    )
    press(page, "ask for the review")
    return address


def sign(browser: Browser, service: Service, invitation: str) -> None:
    """Choose a password by the invitation, sign in, approve what waits, on a phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(invitation)
    page.locator("input[type=password]").first.fill(REVIEWER["password"])
    page.locator("main button[type=submit]").first.click()
    page.wait_for_load_state()
    page.goto(f"{service.url}/staff/log-in")
    if page.get_by_label("Email", exact=True).count():
        fill(page, Email=REVIEWER["email"], Password=REVIEWER["password"])
        page.locator("main button[type=submit]").first.click()
        page.wait_for_load_state()
    for _ in range(2):
        page.goto(f"{service.url}/staff/reviews/")
        page.get_by_role("link", name=re.compile("A first hello")).first.click()
        press(page, "^Approve")
        expect(page.locator("body")).to_contain_text(re.compile("approved|signed", re.IGNORECASE))
    context.close()


def send(page: Page, service: Service) -> str:
    page.goto(f"{service.url}/staff/campaigns/new")
    press(page, "^Next")
    address = page.url.rsplit("/", 1)[0]
    page.get_by_role("radio", name=re.compile("^Joints")).check()
    press(page, "^Next")
    page.get_by_role("radio", name=re.compile("^A first hello ")).check()
    page.get_by_role("radio", name=re.compile("^A first hello, text")).check()
    press(page, "^Next")
    page.get_by_role("radio", name=re.compile("^As soon as")).check()
    press(page, "^Next")
    page.get_by_role("radio", name=re.compile("^No ")).check()
    expect(page.get_by_role("button", name=re.compile("^(Send|Confirm|Schedule)"))).to_be_visible(
        timeout=10_000
    )
    sentence = page.locator("main").inner_text()
    assert re.search(r"\d+ people", sentence)
    press(page, "^(Send|Confirm|Schedule)")
    return address


def test_from_an_empty_clinic_to_the_report(
    browser: Browser, page: Page, empty_clinic: Service
) -> None:
    service = empty_clinic
    make_owner(page, service)
    describe_clinic(page, service)
    invitation = invite_reviewer(page, service)
    import_people(page, service)
    build_group(page, service)
    write_email(page, service)
    write_text(page, service)
    sign(browser, service, invitation)
    address = send(page, service)

    expect(page.locator("main")).to_contain_text(re.compile("Sent|sent"), timeout=60_000)
    page.goto(f"{address}/progress")
    expect(page.locator("body")).to_contain_text("Sent", timeout=90_000)

    page.goto(f"{service.url}/staff/outbox/?channel=email")
    page.get_by_role("link", name=re.compile("A note from Deeply Vital Medical")).first.click()
    page.wait_for_load_state()
    mail = page.frame_locator("iframe").first
    expect(mail.locator("body")).to_contain_text("Water, rest and a walk")
    href = mail.get_by_role("link", name=re.compile("Book", re.IGNORECASE)).first.get_attribute(
        "href"
    )
    assert href is not None
    assert urlsplit(href).path.startswith("/c/")
    answer = page.request.get(href, max_redirects=0)
    assert answer.status == 302
    assert answer.headers["location"].startswith(BOOKING)

    campaign = address.rstrip("/").rsplit("/", 1)[1]
    page.goto(f"{service.url}/staff/reports/campaigns/{campaign}")
    report = page.locator("main")
    expect(report).to_contain_text("Clicked")
    expect(report).to_contain_text("Not sent, for a reason")


def test_what_cannot_be_saved_is_said_beside_it_and_asks_for_no_review(
    page: Page, empty_clinic: Service
) -> None:
    make_owner(page, empty_clinic)
    page.goto(f"{empty_clinic.url}/staff/library/new?channel=sms")
    fill(page, Name="A text")
    press(page, "^Next")
    words = page.get_by_role("textbox", name="Words")
    words.fill("hello {{ shoe_size }}")
    page.get_by_role("button", name=re.compile("ask for the review")).click()
    expect(page.get_by_role("alert").filter(has_text="shoe_size")).to_be_visible()
    expect(words).to_have_value("hello {{ shoe_size }}")
    words.fill("would you like to come in?")
    page.get_by_role("button", name=re.compile("ask for the review")).click()
    expect(page.locator("body")).to_contain_text("The review is asked for")
