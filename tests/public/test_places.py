"""One form in three places: our page, a frame on a website, the front desk's tablet."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from campaigns.app import create_app
from campaigns.audience import interests
from campaigns.consent import forms, ledger, limits, tablets
from campaigns.consent.forms import Draft
from campaigns.consent.models import ConsentEntry, OptInRequest
from campaigns.contacts.models import Contact
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.clock import FixedClock
from campaigns.core.signing import Purpose
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.public.test_form import GOOD, count

SITE = "https://www.clinic.example"
DESK = Actor(kind=ActorKind.STAFF, id=7, name="Fay Desk")


class Desk:
    """A clinic with a form of its own, a website that frames it, and a tablet."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.client: FlaskClient = create_app(services).test_client()
        now = services.clock.now()
        with services.db.transaction() as session:
            make_clinic(session, now=now)
            interests.create_defaults(session)
            form = forms.create(
                session,
                SYSTEM,
                Draft(
                    name="Front desk",
                    origins=[SITE],
                    words={"headline": {"en": "Come again"}, "thanks": {"en": "See you soon."}},
                ),
                slug="desk",
                now=now,
            )
            self.form_id = form.id
            tablet = tablets.start(session, DESK, form.id, hours=8, now=now)
            self.tablet_id = tablet.id
            self.tablet = f"/f/desk/tablet/{services.tokens.issue(Purpose.TABLET, tablet.id)}"

    def page(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def send(self, path: str, page: TestResponse | None = None, **fields: Any) -> TestResponse:
        """Fill in the page as it was shown, its hidden fields included."""
        shown = (page or self.page(path)).text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
        self.services.clock.advance(timedelta(seconds=10))  # type: ignore[attr-defined]
        data = {**hidden, **GOOD, **fields}
        return self.client.post(path, data={k: v for k, v in data.items() if v is not None})

    def proof(self) -> dict[str, Any]:
        with self.services.db.reading() as session:
            entry = session.scalars(select(ConsentEntry).order_by(ConsentEntry.id)).first()
            assert entry is not None
            return ledger.evidence_of(session, [entry.id])[entry.id]


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services)


@pytest.fixture
def each_desk(each_services: Services) -> Desk:
    return Desk(each_services)


# ---------------------------------------------------------------- the form's own row


def test_a_form_of_ones_own_says_where_people_came_from(each_desk: Desk) -> None:
    reply = each_desk.send("/f/desk")
    assert "See you soon." in reply.text
    assert "Come again" in each_desk.page("/f/desk").text
    with each_desk.services.db.reading() as session:
        assert session.scalars(select(Contact.source)).one() == "form:desk"
        assert set(session.scalars(select(OptInRequest.form_id))) == {each_desk.form_id}
        assert forms.tallies(session)[each_desk.form_id] == forms.Tally(asked=1, confirmed=0)
    assert each_desk.proof()["form"] == "desk"


@pytest.mark.parametrize("path", ["/f/desk", "/f/desk/embed", "tablet"])
def test_every_place_has_the_same_unticked_boxes_and_words(desk: Desk, path: str) -> None:
    page = desk.page(desk.tablet if path == "tablet" else path).text
    for name in ("email_ok", "sms_ok", "topics_ok", "adult"):
        assert page.count(f'id="{name}"') == 1
    assert "checked" not in page
    assert "recurring automated marketing texts" in page
    assert "Consent is not a condition of any purchase" in page
    assert "style=" not in page


@pytest.mark.parametrize("path", ["/f/desk", "/f/desk/embed", "tablet"])
def test_who_is_not_of_age_is_refused_politely_in_every_place(desk: Desk, path: str) -> None:
    reply = desk.send(desk.tablet if path == "tablet" else path, adult=None)
    assert reply.status_code == 422
    assert "Our messages are for adults" in reply.text
    assert count(desk.services, Contact) == 0


def test_a_form_offers_only_its_channels_and_topics(desk: Desk, clock: FixedClock) -> None:
    with desk.services.db.transaction() as session:
        draft = Draft(name="Mail only", channels=["email"], topics=["skin"])
        forms.create(session, SYSTEM, draft, slug="mail", now=clock.now())
    page = desk.page("/f/mail").text
    assert 'id="sms_ok"' not in page
    assert 'id="phone"' not in page
    assert page.count('name="topic"') == 1
    desk.send("/f/mail", topic=["skin", "joint_pain"], topics_ok="1")  # and a box made up
    with desk.services.db.reading() as session:
        person = session.scalars(select(Contact)).one()
        assert interests.codes_of(session, person.id) == {"skin"}
        assert session.scalars(select(OptInRequest.channel)).all() == ["email"]


def test_a_closed_form_leads_to_the_main_one(desk: Desk, clock: FixedClock) -> None:
    with desk.services.db.transaction() as session:
        forms.switch(session, SYSTEM, desk.form_id, active=False, now=clock.now())
    for path in ("/f/desk", "/f/desk/embed", desk.tablet):
        reply = desk.page(path)
        assert reply.status_code == 410
        assert "/f/main" in reply.text
        assert desk.client.post(path, data=GOOD).status_code == 410
    assert count(desk.services, Contact) == 0


# ---------------------------------------------------------------- a frame on a website


def test_only_listed_websites_may_frame_it(desk: Desk) -> None:
    reply = desk.page("/f/desk/embed")
    policy = reply.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SITE}" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "X-Frame-Options" not in reply.headers
    assert "Set-Cookie" not in reply.headers
    assert "<script" not in reply.text
    hosted = desk.page("/f/desk")
    assert "frame-ancestors 'none'" in hosted.headers["Content-Security-Policy"]
    assert hosted.headers["X-Frame-Options"] == "DENY"
    unlisted = desk.page("/f/main/embed")
    assert "frame-ancestors 'none'" in unlisted.headers["Content-Security-Policy"]
    assert unlisted.headers["X-Frame-Options"] == "DENY"


def test_refused_and_answered_frames_stay_framed_by_the_same_websites(desk: Desk) -> None:
    for fields in ({"email": "x"}, {}):
        reply = desk.send("/f/desk/embed", **fields)
        assert f"frame-ancestors {SITE}" in reply.headers["Content-Security-Policy"]


def test_the_website_is_kept_as_proof_and_nothing_else_of_its_address(desk: Desk) -> None:
    page = desk.page("/f/desk/embed", Referer=f"{SITE}/offers?patient=12")
    desk.send("/f/desk/embed", page)
    proof = desk.proof()
    assert proof["framed_by"] == SITE
    assert "patient" not in str(proof)
    assert proof["place"] == "embed"


@pytest.mark.parametrize(
    "referer", ["https://evil.example/", "", "nonsense", "https://www.clinic.example.evil.example"]
)
def test_a_website_that_is_not_listed_is_not_named_as_proof(desk: Desk, referer: str) -> None:
    page = desk.page("/f/desk/embed", Referer=referer)
    desk.send("/f/desk/embed", page, framed_by="https://evil.example", framed_proof="1.2.3")
    assert desk.proof()["framed_by"] == "not told by the browser"


def test_a_frame_has_the_limits_of_the_page(desk: Desk) -> None:
    codes = [
        desk.send("/f/desk/embed", email=f"p{n}@example.com", sms_ok=None).status_code
        for n in range(limits.PER_IP + 1)
    ]
    assert codes == [200] * limits.PER_IP + [429]


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" WWW.Example.com/sign-up?x=1 ", "https://www.example.com"),
        ("https://example.com:8443/", "https://example.com:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://example.com", None),
        ("https://*.example.com", None),
        ("*", None),
        ("javascript:alert(1)", None),
        ("https://example.com; script-src *", None),
        ("https://a@example.com", None),
        ("https://example.com 'self'", None),
        ("data:text/html,x", None),
        ("https://", None),
    ],
)
def test_websites_are_origins_and_nothing_that_bends_the_policy(
    desk: Desk, typed: str, origin: str | None
) -> None:
    draft = Draft(name="Framed", origins=[typed])
    with desk.services.db.transaction() as session:
        if origin is None:
            with pytest.raises(forms.InvalidInput):
                forms.create(session, SYSTEM, draft, slug="framed", now=desk.services.clock.now())
        else:
            form = forms.create(
                session, SYSTEM, draft, slug="framed", now=desk.services.clock.now()
            )
            assert form.embed_origins == [origin]


# ---------------------------------------------------------------- the tablet


def test_the_tablet_keeps_nothing_and_says_who_opened_it(each_desk: Desk) -> None:
    page = each_desk.page(each_desk.tablet)
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    assert page.text.count('autocomplete="off"') >= 6
    assert 'autocomplete="email"' not in page.text
    assert "<noscript><meta http-equiv" in page.text
    assert "<a " not in re.sub(r"(?s)<a class=\"(skip|language)\".*?</a>", "", page.text)
    reply = each_desk.send(each_desk.tablet, page)
    assert reply.status_code == 200
    assert f'content="12;url={each_desk.tablet}' in reply.text
    proof = each_desk.proof()
    assert (proof["place"], proof["opened_by"], proof["opened_by_id"]) == ("tablet", "Fay Desk", 7)
    assert proof["tablet"] == each_desk.tablet_id
    blank = each_desk.page(each_desk.tablet).text
    for name in ("first_name", "last_name", "email", "phone", "postal_code"):
        assert f'name="{name}" value=""' in blank
    with each_desk.services.db.reading() as session:
        person = session.scalars(select(Contact)).one()
        assert ledger.state_of(session, person.id)["email"].source_label == "our front desk"


def test_going_back_on_the_tablet_shows_nothing_of_the_person_before(desk: Desk) -> None:
    first = desk.page(desk.tablet)
    refused = desk.send(desk.tablet, first, email="not an address")
    assert "Ana" in refused.text  # the same person mends it
    assert desk.send(desk.tablet, refused).status_code == 200
    for page in (first, refused):  # somebody else goes back, and the browser posts it again
        again = desk.send(desk.tablet, page, email="not an address")
        assert again.status_code == 303
        assert "Ana" not in desk.client.get(again.headers["Location"]).text


def test_what_is_cleared_is_gone_for_the_next_person(desk: Desk) -> None:
    refused = desk.send(desk.tablet, email="not an address")
    desk.services.clock.advance(timedelta(seconds=100))  # type: ignore[attr-defined]
    assert desk.client.post(f"{desk.tablet}/clear").status_code == 303
    assert desk.send(desk.tablet, refused).status_code == 303
    assert count(desk.services, Contact) == 0
    assert desk.send(desk.tablet).status_code == 200


def test_two_tablets_with_one_link_do_not_clear_each_other(each_desk: Desk) -> None:
    one, other = each_desk.page(each_desk.tablet), each_desk.page(each_desk.tablet)
    assert each_desk.send(each_desk.tablet, one).status_code == 200
    refused = each_desk.send(each_desk.tablet, other, email="not an address")
    assert refused.status_code == 422
    assert "Ana" in refused.text
    left = re.findall(r'name="shown_at" value="([^"]*)"', each_desk.page(each_desk.tablet).text)
    cleared = each_desk.client.post(f"{each_desk.tablet}/clear", data={"shown_at": left[-1]})
    assert cleared.status_code == 303
    done = each_desk.send(each_desk.tablet, refused, email="b@example.com", phone="2125550143")
    assert done.status_code == 200
    assert each_desk.send(each_desk.tablet, other).status_code == 303
    assert count(each_desk.services, Contact) == 2


def test_a_queue_at_the_desk_is_not_one_person_and_still_bounded(desk: Desk) -> None:
    codes = [
        desk.send(desk.tablet, email=f"p{n}@example.com", sms_ok=None).status_code
        for n in range(limits.PER_TABLET + 2)
    ]
    assert codes == [200] * limits.PER_TABLET + [429] * 2
    # Its use counts for itself alone: the clinic's own connection is as free as before.
    assert desk.send("/f/desk", email="other@example.com", sms_ok=None).status_code == 200


def test_a_tablet_ends_by_itself_and_at_a_tap(desk: Desk, clock: FixedClock) -> None:
    with desk.services.db.transaction() as session:
        other = tablets.start(session, DESK, desk.form_id, hours=4, now=clock.now())
        path = f"/f/desk/tablet/{desk.services.tokens.issue(Purpose.TABLET, other.id)}"
    assert desk.page(path).status_code == 200
    with desk.services.db.transaction() as session:
        tablets.end(session, DESK, other.id, now=clock.now())
    assert desk.page(path).status_code == 410
    clock.advance(timedelta(hours=8))
    for reply in (
        desk.page(desk.tablet),
        desk.client.post(desk.tablet, data=GOOD),
        desk.client.post(f"{desk.tablet}/clear"),
    ):
        assert reply.status_code == 410
    assert count(desk.services, Contact) == 0


def test_the_tablet_needs_its_own_token(desk: Desk) -> None:
    token = desk.services.tokens.issue(Purpose.CONFIRM, desk.tablet_id)
    assert desk.page(f"/f/desk/tablet/{token}").status_code == 410
    assert desk.page("/f/desk/tablet/x").status_code == 410
    assert desk.page("/f/desk/tablet").status_code == 403
    right = desk.tablet.rpartition("/")[2]
    assert desk.page(f"/f/main/tablet/{right}").status_code == 410


def test_seeing_every_place_changes_nothing(desk: Desk) -> None:
    def rows() -> list[int]:
        with desk.services.db.reading() as session:
            return [
                session.scalar(select(func.count()).select_from(model)) or 0
                for model in (Contact, ConsentEntry, OptInRequest)
            ]

    before = rows()
    for path in ("/f/desk", "/f/desk/embed", desk.tablet, f"{desk.tablet}?lang=es"):
        desk.page(path)
        desk.client.head(path)
    assert rows() == before
