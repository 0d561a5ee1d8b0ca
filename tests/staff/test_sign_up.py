"""The staff's screens of sign-up: forms, sharing, poster, tablet, money, texts for carriers."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import Role
from campaigns.app import create_app
from campaigns.audience import interests
from campaigns.clinic import profile
from campaigns.consent import disclosures, forms
from campaigns.consent.models import Disclosure, SignupForm, SignupTablet
from campaigns.core.actors import SYSTEM
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.clinic import make_clinic

BASE = "/staff/settings/sign-up/"
NEW = {
    "name": "Autumn fair",
    "slug": "fair",
    "channel": ["email", "sms"],
    "topics": "some",
    "topic": ["skin"],
    "keyword": "glow",
    "origins": "https://www.clinic.example/\n\nclinic.example",
    "headline_en": "Meet us",
    "thanks_es": "Gracias.",
}


@pytest.fixture
def owner(client: FlaskClient, services: Services) -> FlaskClient:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now(), text_number="(312) 555-0142")
        interests.create_defaults(session)
    sign_in(client, services)
    return client


def post(client: FlaskClient, path: str, page: str, **fields: object) -> tuple[int, str]:
    token = re.search(r'name="csrf_token" value="(\w+)"', client.get(page).text)
    assert token is not None
    reply = client.post(path, data={"csrf_token": token[1], **fields})
    return reply.status_code, reply.headers.get("Location", "") or reply.text


def form_row(services: Services, slug: str) -> SignupForm:
    with services.db.reading() as session:
        return session.scalars(select(SignupForm).where(SignupForm.slug == slug)).one()


def test_a_form_is_made_shared_changed_and_closed(owner: FlaskClient, services: Services) -> None:
    status, to = post(owner, f"{BASE}new", f"{BASE}new", **NEW)
    assert status == 303
    form = form_row(services, "fair")
    assert form.keyword == "GLOW"
    assert form.topics == ["skin"]
    assert form.embed_origins == ["https://www.clinic.example", "https://clinic.example"]
    assert form.words == {"headline": {"en": "Meet us"}, "thanks": {"es": "Gracias."}}
    page = owner.get(to).text
    assert "/f/fair/embed" in page
    assert "&lt;iframe" in page
    assert "<svg" in page
    assert owner.get("/f/fair").status_code == 200

    changed = {**NEW, "topics": "all", "keyword": "", "slug": "another"}
    status, _ = post(owner, f"{to}/edit", f"{to}/edit", **changed)
    assert status == 303
    form = form_row(services, "fair")  # the address stays
    assert (form.keyword, form.topics) == (None, None)

    status, _ = post(owner, f"{to}/switch", to, active="no")
    assert owner.get("/f/fair").status_code == 410
    assert "This form is closed" in owner.get(to).text
    post(owner, f"{to}/switch", to, active="yes")
    assert owner.get("/f/fair").status_code == 200


def test_faults_stand_beside_their_fields_and_what_was_typed_is_kept(
    owner: FlaskClient, services: Services
) -> None:
    wrong = {**NEW, "slug": "main", "keyword": "STOP", "origins": "*", "thanks_en": "x" * 301}
    status, page = post(owner, f"{BASE}new", f"{BASE}new", **wrong)
    assert status == 422
    for words in (
        "There is a form at this address already",
        "STOP means something else",
        "is no address of a website",
        "At most 300 characters",
        "Meet us",
    ):
        assert words in page, words
    status, page = post(owner, f"{BASE}new", f"{BASE}new", name="", slug="a b", topics="all")
    assert "Offer email, text messages or both" in page
    with services.db.reading() as session:
        assert [form.slug for form in forms.list_all(session)] == ["main"]


@pytest.mark.parametrize("field", ["headline_en", "lead_en", "thanks_en", "source_en"])
def test_a_form_claims_no_more_than_an_email_may(
    owner: FlaskClient, services: Services, field: str
) -> None:
    claim = "Red light heals arthritis."
    status, page = post(owner, BASE + "new", BASE + "new", **{**NEW, field: claim})
    assert status == 422
    assert "may not be said" in page
    assert claim in page
    with services.db.reading() as session:
        assert forms.by_slug(session, "fair") is None
    assert post(owner, BASE + "new", BASE + "new", **NEW)[0] == 303
    with services.db.reading() as session:
        number = session.scalars(select(SignupForm.id).where(SignupForm.slug == "fair")).one()
    edit = f"{BASE}{number}/edit"
    assert post(owner, edit, edit, **{**NEW, field: claim})[0] == 422
    with services.db.reading() as session:
        assert claim not in str(forms.get(session, number).words)


def test_the_main_form_stays_open(owner: FlaskClient, services: Services) -> None:
    main = form_row(services, "main")
    page = f"{BASE}{main.id}"
    assert "Close this form" not in owner.get(page).text
    post(owner, f"{page}/switch", page, active="no")
    assert form_row(services, "main").active


@pytest.mark.parametrize("paper", ["letter", "a4"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_poster_says_what_the_law_asks(
    owner: FlaskClient, services: Services, paper: str, language: str
) -> None:
    main = form_row(services, "main")
    page = owner.get(f"{BASE}{main.id}/poster?paper={paper}&language={language}").text
    for words in (
        "JOIN",
        "(312) 555-0142",
        "<svg",
        "127.0.0.1:8000/f/main",
        "/privacy",
        "/terms",
        # The English words are what is kept as agreed to: they stand on every poster.
        "recurring automated marketing texts",
        "Consent is not a condition of any purchase",
        "Msg &amp; data rates may apply",
        "Reply STOP to opt out, HELP for help",
        "18 or older",
    ):
        assert words in page, words
    if language == "es":
        assert "Pueden aplicarse tarifas" in page
        assert "Envíe JOIN al (312) 555-0142" in page


def test_no_keyword_is_printed_without_a_number_to_text(
    owner: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        profile.update(session, SYSTEM, now=services.clock.now(), text_number="")
    main = form_row(services, "main")
    page = owner.get(f"{BASE}{main.id}/poster").text
    assert "JOIN" not in page
    assert "Message and data rates may apply" in page


def test_the_tablet_is_opened_without_leaving_a_log_in(
    owner: FlaskClient, services: Services
) -> None:
    main = form_row(services, "main")
    page = f"{BASE}{main.id}"
    status, to = post(owner, f"{page}/tablet", page, hours="4")
    assert status == 303
    shown = owner.get(to).text
    link = re.search(r'value="http://127\.0\.0\.1:8000(/f/main/tablet/[^"]+)"', shown)
    assert link is not None
    assert create_app(services).test_client().get(link[1]).status_code == 200

    status, away = post(owner, f"{to}/here", to)
    assert status == 303
    assert away.endswith(link[1])
    assert owner.get(page).status_code == 302  # signed out, here and on the server

    sign_in(owner, services)
    post(owner, f"{to}/end", to)
    assert create_app(services).test_client().get(link[1]).status_code == 410
    assert owner.get(to).status_code == 404
    with services.db.reading() as session:
        assert session.scalars(select(SignupTablet)).one().opened_by


def test_the_front_desk_opens_tablets_and_changes_nothing_else(
    owner: FlaskClient, client: FlaskClient, services: Services
) -> None:
    main = form_row(services, "main")
    sign_in(client, services, Role.FRONT_DESK)
    page = f"{BASE}{main.id}"
    assert client.get(BASE).status_code == 200
    assert "New form" not in client.get(BASE).text
    assert client.get(f"{BASE}carriers").status_code == 403
    assert client.get(f"{page}/edit").status_code == 403
    assert post(client, f"{page}/tablet", page, hours="8")[0] == 303


def test_the_money_for_sign_ups_is_set_in_cents_and_dollars(
    owner: FlaskClient, services: Services
) -> None:
    values = {"text_number": "312 555 0143", "text_part_cost": "0.83", "signup_text_budget": "7.5"}
    assert post(owner, f"{BASE}texts", BASE, **values)[0] == 303
    with services.db.reading() as session:
        clinic = profile.get(session)
        assert (clinic.text_part_cost, clinic.signup_text_budget) == (83, 750)
        assert clinic.text_number == "+13125550143"
    for field, wrong in (
        ("text_part_cost", "0"),
        ("text_part_cost", "one"),
        ("signup_text_budget", "-1"),
        ("signup_text_budget", "1e9"),
        ("signup_text_budget", "nan"),
        ("text_number", "12"),
    ):
        status, page = post(owner, f"{BASE}texts", BASE, **{**values, field: wrong})
        assert status == 422, (field, wrong)
        assert "is-invalid" in page
        assert wrong in page


def test_the_texts_for_carriers_have_what_registration_asks(
    owner: FlaskClient, services: Services
) -> None:
    page = owner.get(f"{BASE}carriers").text
    texts = dict(re.findall(r'<textarea[^>]*id="(\w+)"[^>]*>([^<]*)</textarea>', page))
    assert 40 <= len(texts["flow"]) <= 2049
    for words in ("not ticked beforehand", "msgs/month", "Msg &amp; data rates", "/sms-program"):
        assert words in texts["flow"], words
    for sample in ("sample_1", "sample_2"):
        assert texts[sample].startswith("Deeply Vital:")
        assert "STOP" in texts[sample]
    for code in ("help", "stop", "welcome", "confirm", "privacy", "terms", "keywords"):
        assert texts[code]


def test_the_message_flow_fits_however_long_the_wording_is(
    owner: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        row = disclosures.current(session, "sms", "en")
        session.add(
            Disclosure(
                kind="sms",
                locale="en",
                version=row.version + 1,
                text=row.text + " We look forward to it." * 60,
                frequency_per_month=6,
                created_at=services.clock.now(),
            )
        )
    page = owner.get(f"{BASE}carriers").text
    texts = dict(re.findall(r'<textarea[^>]*id="(\w+)"[^>]*>([^<]*)</textarea>', page))
    assert 40 <= len(texts["flow"]) <= 2049


def test_the_programme_page_shows_the_form_and_every_text(
    owner: FlaskClient, services: Services
) -> None:
    for locale, parts in {
        "en": ("Reply Y to confirm", "I am 18 or older", "Text JOIN to (312) 555-0142"),
        "es": ("Responda Y para confirmar", "Tengo 18 años", "Envíe JOIN al (312) 555-0142"),
    }.items():
        page = owner.get(f"/sms-program?lang={locale}").text
        for words in (
            *parts,
            "<strong>STOP</strong>",
            "<strong>HELP</strong>",
            "/privacy",
            "/terms",
        ):
            assert words in page, words
        for path in ("/terms", "/privacy"):
            assert owner.get(f"{path}?lang={locale}").status_code == 200
