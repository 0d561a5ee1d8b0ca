"""What strangers type into public forms: no fault of the server, no script, no foreign header."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.app import create_app
from campaigns.consent import disclosures
from campaigns.contacts.models import Contact
from campaigns.core.signing import Purpose
from campaigns.wiring import Services
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.messages import message

MARK = "zq9xss"
HOSTILE: dict[str, bytes] = {
    "script": f"<script>{MARK}()</script>".encode(),
    "attribute": f'" onfocus={MARK}() autofocus x="'.encode(),
    "template": b"{{ 7331*7333 }}{% raise %}${7331*7333}<%= 7331*7333 %>",
    "header": b"x\r\nSet-Cookie: own=1\r\nBcc: all@example.com\r\n\r\nhello",
    "line separator": "x\u2028y\u2029z\u0085".encode(),
    "nul": b"st\x00op",
    "bad utf-8": b"\xff\xfe\xc3(\xed\xa0\x80",
    "half a surrogate": b"%ED%A0%80",
    "direction": "\u202egnp.exe\u202c".encode(),
    "sql": b"' OR 1=1; DROP TABLE contacts; --",
    "formula": b"=cmd|' /C calc'!A0",
    "format": b"{0.__class__} %s %n %(x)s",
    "number": b"9" * 400,
    "long": b"A" * 20_000,
    "too long": b"B" * 70_000,
    "nothing": b"",
}


HARD = ("nul", "bad utf-8", "half a surrogate", "long")
"""What only one of the two databases refuses."""


class Site:
    """The public site, with links of one person."""

    def __init__(self, services: Services) -> None:
        self.client = create_app(services).test_client()
        self.services = services
        now = services.clock.now()
        with services.db.transaction() as session:
            make_clinic(session, now=now)
            disclosures.create_defaults(session, now=now)
            person = make_member(session, now=now)
            found = message(session, person, now=now)
            self.person_id = person.id
            issue = services.tokens.issue
            self.u = f"/u/{issue(Purpose.UNSUBSCRIBE, found.id)}"
            self.p = f"/p/{issue(Purpose.PREFERENCES, found.id)}"


@pytest.fixture
def site(services: Services) -> Site:
    return Site(services)


@pytest.fixture
def each_site(each_services: Services) -> Site:
    return Site(each_services)


FIELDS: dict[str, tuple[str, ...]] = {
    "u": ("List-Unsubscribe", "confirm", "undo", "lang"),
    "p": ("action", "code", "proof", "topic", "topics_ok", "by-skin", "lang"),
    "/f/main": (
        "first_name", "last_name", "email", "phone", "postal_code", "email_ok", "sms_ok",
        "topic", "topics_ok", "adult", "shown", "website", "lang",
    ),
    "/confirm/x": ("lang", "confirm"),
}  # fmt: skip
BESIDE = {"p": ("check", "topics", "stop_all"), "u": ("",), "/f/main": ("",), "/confirm/x": ("",)}


def check(client: FlaskClient, reply: object) -> None:
    status = reply.status_code  # type: ignore[attr-defined]
    page = reply.get_data(as_text=True)  # type: ignore[attr-defined]
    headers = reply.headers  # type: ignore[attr-defined]
    assert status < 500, status
    assert f"<script>{MARK}" not in page
    assert f'" onfocus={MARK}' not in page
    assert "53758223" not in page
    assert "Set-Cookie" not in headers
    assert "Bcc" not in headers


@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - set(HARD)))
def test_no_field_of_a_public_form_breaks_the_page(site: Site, kind: str) -> None:
    press_all(site, kind)


@pytest.mark.parametrize("kind", HARD)
def test_what_a_database_cannot_keep_breaks_no_page(each_site: Site, kind: str) -> None:
    press_all(each_site, kind)


def press_all(each_site: Site, kind: str) -> None:
    value = HOSTILE[kind]
    encoded = quote(value) if kind != "half a surrogate" else value.decode()
    for place, names in FIELDS.items():
        path = getattr(each_site, place, place)
        for name in names:
            for action in BESIDE[place]:
                body = f"{quote(name)}={encoded}"
                if action and name != "action":
                    body += f"&action={action}"
                reply = each_site.client.post(
                    path, data=body, content_type="application/x-www-form-urlencoded"
                )
                check(each_site.client, reply)
            boundary = (
                b'--b\r\nContent-Disposition: form-data; name="' + name.encode()
                + b'"\r\n\r\n' + value + b"\r\n--b--\r\n"
            )  # fmt: skip
            reply = each_site.client.post(
                path, data=boundary, content_type="multipart/form-data; boundary=b"
            )
            check(each_site.client, reply)
    with each_site.services.db.reading() as session:
        assert session.scalars(select(Contact.id).where(Contact.id == each_site.person_id)).one()


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_address_or_query_of_a_public_page_breaks_it(site: Site, kind: str) -> None:
    value = quote(HOSTILE[kind][:4000], safe="")
    for path in (
        f"/u/{value}", f"/p/{value}", f"/c/{value}/1", f"/l/{value}", f"/confirm/{value}",
        f"/f/{value}", f"{site.u}?lang={value}", f"{site.p}?lang={value}",
        f"/f/main?lang={value}&source={value}", f"/privacy?lang={value}", f"/terms?x={value}",
        f"/sms-program?lang={value}", f"/{value}",
    ):  # fmt: skip
        for method in ("GET", "POST"):
            check(site.client, site.client.open(path, method=method))


@pytest.mark.parametrize("name", ["Accept-Language", "User-Agent", "Referer", "X-Forwarded-For"])
def test_no_header_breaks_a_public_page(site: Site, name: str) -> None:
    for value in ("<script>x</script>", "é" * 3000, "\x00\x01", "9" * 9000, "en;q=x,,;;"):
        headers = {name: value.encode("utf-8").decode("latin-1")}
        for path in (site.u, site.p, "/f/main"):
            check(site.client, site.client.get(path, headers=headers))
            reply = site.client.post(path, data={"action": "stop_all"}, headers=headers)
            check(site.client, reply)
