"""The library and the composers, as a browser without scripts and as htmx use them."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts.models import Role
from campaigns.content.models import Lesson, LessonVersion, ReviewRequest
from campaigns.delivery import work
from campaigns.delivery.models import Message
from campaigns.providers.models import LocalDelivery
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories import content
from tests.factories.accounts import sign_in

HTMX = {"HX-Request": "true"}


def png(width: int = 3, height: int = 2) -> bytes:
    """Make a small picture with a comment hidden in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = b"".join(b"\x00" + b"\xff\x00\x00" * width for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"tEXt", b"Comment\x00taken at 12 Hidden Lane")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def desk(client: FlaskClient, services: Services) -> FlaskClient:
    """A browser of a marketer, at a clinic that is set up."""
    with services.db.transaction() as session:
        content.stored_clinic(session, now=NOON)
    sign_in(client, services, Role.MARKETER)
    return client


def make(services: Services, **values: Any) -> int:
    with services.db.transaction() as session:
        return content.email(session, now=NOON, **values).id


def lesson_of(services: Services, lesson_id: int) -> Lesson:
    with services.db.reading() as session:
        return session.get_one(Lesson, lesson_id)


def test_an_empty_library_offers_the_starter_and_adding_it_fills_it(desk: FlaskClient) -> None:
    assert "Add the starter library" in desk.get("/staff/library/").text
    reply = desk.post("/staff/library/starter", follow_redirects=True)
    assert "Monthly newsletter" in reply.text
    assert "Not reviewed" in reply.text
    assert "Approved" not in reply.text


def test_a_new_email_opens_in_the_composer(desk: FlaskClient) -> None:
    reply = desk.post(
        "/staff/library/new",
        data={"channel": "email", "name": "March letter", "interest_id": ""},
        follow_redirects=True,
    )
    assert "March letter" in reply.text
    assert "Subject and preheader" in reply.text
    assert "The subject is empty" in reply.text


def test_a_lesson_without_a_name_is_asked_for_one_and_keeps_its_topic(
    desk: FlaskClient, services: Services
) -> None:
    with services.db.reading() as session:
        topic = content.topic_id(session, "joint_pain")
    reply = desk.post(
        "/staff/library/new", data={"channel": "sms", "name": " ", "interest_id": str(topic)}
    )
    assert reply.status_code == 422
    assert "Give it a name" in reply.text
    assert f'value="{topic}" selected' in reply.text


def test_every_block_can_be_added_selected_moved_deleted_and_put_back(
    desk: FlaskClient, services: Services
) -> None:
    lesson_id = make(services)
    path = f"/staff/library/{lesson_id}/"
    for kind in (
        "heading",
        "image",
        "button",
        "call",
        "divider",
        "spacer",
        "columns",
        "reviewed_by",
        "disclaimer",
    ):
        reply = desk.post(path + "blocks", data={"kind": kind}, headers=HTMX)
        assert reply.status_code == 200, kind
        assert "draft-saved" in reply.headers["HX-Trigger"]
    blocks = lesson_of(services, lesson_id).draft["blocks"]
    assert blocks[-1]["type"] == "footer"
    for block in blocks:
        assert desk.get(f"{path}?block={block['id']}").status_code == 200
    first = blocks[0]["id"]
    desk.post(f"{path}blocks/{first}/move", data={"by": "1"}, headers=HTMX)
    assert lesson_of(services, lesson_id).draft["blocks"][1]["id"] == first
    reply = desk.post(f"{path}blocks/{first}/delete", headers=HTMX)
    assert "Text is deleted" in reply.text
    undo = {
        name: re.search(rf'name="{name}" value="([^"]*)"', reply.text).group(1)  # type: ignore[union-attr]
        for name in ("block", "position", "inside")
    }
    undo["block"] = undo["block"].replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")
    desk.post(f"{path}blocks/put-back", data=undo, headers=HTMX)
    restored = lesson_of(services, lesson_id).draft["blocks"][1]
    assert restored["id"] == first
    assert restored["html"] == "<p>Good sleep is a habit.</p>"


def test_a_block_can_stand_in_a_column(desk: FlaskClient, services: Services) -> None:
    lesson_id = make(services)
    path = f"/staff/library/{lesson_id}/"
    desk.post(path + "blocks", data={"kind": "columns"}, headers=HTMX)
    columns = next(
        b for b in lesson_of(services, lesson_id).draft["blocks"] if b["type"] == "columns"
    )
    desk.post(
        path + "blocks", data={"kind": "heading", "inside": f"{columns['id']}.right"}, headers=HTMX
    )
    stored = lesson_of(services, lesson_id).draft["blocks"]
    inner = next(b for b in stored if b["type"] == "columns")["right"]
    assert [b["type"] for b in inner] == ["heading"]


def test_typing_is_saved_and_says_when(desk: FlaskClient, services: Services) -> None:
    lesson_id = make(services)
    reply = desk.post(
        f"/staff/library/{lesson_id}/blocks/t1",
        data={"html": "<div>Water, then rest.</div>", "condition": "", "revision": "1"},
        headers=HTMX,
    )
    assert "Saved 13:00" in reply.text
    assert json.loads(reply.headers["HX-Trigger"])["draft-saved"]["revision"] == 2
    assert lesson_of(services, lesson_id).draft["blocks"][0]["html"] == "<p>Water, then rest.</p>"


def test_an_unknown_merge_tag_is_refused_by_name_and_what_was_typed_stays(
    desk: FlaskClient, services: Services
) -> None:
    lesson_id = make(services)
    path = f"/staff/library/{lesson_id}/envelope"
    data = {"subject": "Hello {{ first_nam }}", "preheader": "x"}
    reply = desk.post(path, data=data, headers=HTMX)
    assert "Did you mean first_name?" in reply.text
    assert "HX-Trigger" not in reply.headers
    reply = desk.post(path, data=data)
    assert reply.status_code == 422
    assert "Hello {{ first_nam }}" in reply.text
    assert lesson_of(services, lesson_id).draft["subject"] == "Your new guide"


def test_a_link_with_a_bad_scheme_is_refused_at_its_field(
    desk: FlaskClient, services: Services
) -> None:
    lesson_id = make(
        services, body=content.draft({"id": "u1", "type": "button", "label": "Read", "url": ""})
    )
    reply = desk.post(
        f"/staff/library/{lesson_id}/blocks/u1",
        data={"label": "Read", "url": "javascript:alert(1)", "condition": ""},
    )
    assert reply.status_code == 422
    assert "does not start with https://" in reply.text
    assert "javascript:alert(1)" in reply.text  # still in the field


def test_two_people_at_once_lose_nothing(desk: FlaskClient, services: Services) -> None:
    lesson_id = make(services)
    path = f"/staff/library/{lesson_id}/envelope"
    desk.post(path, data={"subject": "Hers", "preheader": "", "revision": "1"}, headers=HTMX)
    reply = desk.post(
        path, data={"subject": "Mine", "preheader": "", "revision": "1"}, headers=HTMX
    )
    assert "Nothing is lost" in reply.text
    assert 'data-keep-mine="2"' in reply.text
    assert lesson_of(services, lesson_id).draft["subject"] == "Hers"
    desk.post(path, data={"subject": "Mine", "preheader": "", "revision": "2"}, headers=HTMX)
    assert lesson_of(services, lesson_id).draft["subject"] == "Mine"


def test_a_finding_comes_with_wording_that_one_click_applies(
    desk: FlaskClient, services: Services
) -> None:
    lesson_id = make(services, body=content.draft(subject="Your joint pain guide"))
    page = desk.get(f"/staff/library/{lesson_id}/").text
    assert "would show others" in page
    desk.post(
        f"/staff/library/{lesson_id}/fix",
        data={
            "where": "subject",
            "field": "subject",
            "found": "Your joint pain guide",
            "replacement": "Your new guide from {{ brand }}",
        },
    )
    assert lesson_of(services, lesson_id).draft["subject"] == "Your new guide from {{ brand }}"
    assert "would show others" not in desk.get(f"/staff/library/{lesson_id}/").text


def test_a_picture_is_taken_in_without_its_hidden_data_and_served(
    desk: FlaskClient, services: Services
) -> None:
    lesson_id = make(services, body=content.draft({"id": "i1", "type": "image"}))
    path = f"/staff/library/{lesson_id}/blocks/i1/image"
    reply = desk.post(path, data={"image": (io.BytesIO(b"GIF89a"), "x.gif")})
    assert "Only PNG and JPEG" in reply.text
    desk.post(path, data={"image": (io.BytesIO(png()), "joint-pain.png")})
    block = lesson_of(services, lesson_id).draft["blocks"][0]
    assert (block["width"], block["height"]) == (3, 2)
    assert "joint" not in block["image"]
    served = desk.get(f"/i/{block['image']}")
    assert served.content_type == "image/png"
    assert b"Hidden Lane" not in served.data
    assert desk.get("/i/nothing").status_code == 404


def test_the_preview_runs_and_loads_nothing(desk: FlaskClient, services: Services) -> None:
    lesson_id = make(services)
    reply = desk.get(f"/staff/library/{lesson_id}/preview")
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert "<script" not in reply.text
    text = desk.get(f"/staff/library/{lesson_id}/preview?as=text&mode=dark").text
    assert "Good sleep is a habit." in text
    assert "@media all" in desk.get(f"/staff/library/{lesson_id}/preview?mode=dark").text


def test_a_test_message_goes_to_the_one_who_asks(desk: FlaskClient, services: Services) -> None:
    lesson_id = make(services)
    reply = desk.post(f"/staff/library/{lesson_id}/test", follow_redirects=True)
    assert "A test is on its way to staff" in reply.text
    with services.db.reading() as session:
        message = session.scalars(select(Message)).one()
        version = session.scalars(select(LessonVersion)).one()
    assert message.origin_kind == "test"
    assert message.version_id == version.id
    assert message.contact_id is None
    work.run_once(services)
    with services.db.reading() as session:
        arrived = session.scalars(select(LocalDelivery)).one()
    assert arrived.subject == "[TEST] Your new guide"
    assert "sent to staff only" in (arrived.html or "")
    assert arrived.to == message.address


def test_a_test_text_is_marked_when_it_arrives(desk: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        lesson_id = content.text(session, now=NOON).id
    desk.post(f"/staff/library/{lesson_id}/test", data={"phone": "(614) 555-0142"})
    work.run_once(services)
    with services.db.reading() as session:
        arrived = session.scalars(select(LocalDelivery)).one()
    assert arrived.to == "+16145550142"
    assert arrived.text.startswith("[TEST] Deeply Vital: ")


def test_a_text_is_measured_as_it_is_typed(desk: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        lesson_id = content.text(session, now=NOON).id
    page = desk.get(f"/staff/library/{lesson_id}/").text
    assert "Reply STOP to opt out" in page
    assert "Msg &amp; data rates may apply" in page
    reply = desk.post(
        f"/staff/library/{lesson_id}/text",
        data={"body": "a new guide for you 😀", "link": "book", "revision": "1"},
        headers=HTMX,
    )
    assert "grinning face" in reply.text
    assert "large (70 characters" in reply.text
    reply = desk.post(
        f"/staff/library/{lesson_id}/text/fix",
        data={"found": "😀", "replacement": ""},
        follow_redirects=True,
    )
    assert "plain (160 characters" in reply.text


def test_a_text_test_needs_a_us_number(desk: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        lesson_id = content.text(session, now=NOON).id
    assert desk.post(f"/staff/library/{lesson_id}/test", data={"phone": "12"}).status_code == 422
    reply = desk.post(
        f"/staff/library/{lesson_id}/test", data={"phone": "614 555 0142"}, follow_redirects=True
    )
    assert "A test is on its way" in reply.text


def test_a_review_can_be_asked_for_once_nothing_is_left_to_fix(
    desk: FlaskClient, services: Services
) -> None:
    faulty = make(services, body=content.draft(subject=""))
    assert desk.post(f"/staff/library/{faulty}/ask-review").status_code in (303, 422)
    good = make(services)
    reply = desk.post(f"/staff/library/{good}/ask-review", follow_redirects=True)
    assert "Waiting for review" in reply.text
    with services.db.reading() as session:
        waiting = session.scalars(select(ReviewRequest)).all()
    assert len(waiting) == 1


def test_versions_are_listed_and_an_old_one_can_be_the_draft_again(
    desk: FlaskClient, services: Services
) -> None:
    lesson_id = make(services)
    desk.post(f"/staff/library/{lesson_id}/ask-review")
    desk.post(f"/staff/library/{lesson_id}/envelope", data={"subject": "Newer", "preheader": "p"})
    page = desk.get(f"/staff/library/{lesson_id}/versions").text
    version_id = int(re.search(r"versions/(\d+)/restore", page).group(1))  # type: ignore[union-attr]
    revision = lesson_of(services, lesson_id).revision
    desk.post(f"/staff/library/versions/{version_id}/restore", data={"revision": str(revision)})
    assert lesson_of(services, lesson_id).draft["subject"] == "Your new guide"
    with services.db.reading() as session:
        subjects = [v.source["subject"] for v in session.scalars(select(LessonVersion))]
    assert sorted(subjects) == ["Newer", "Your new guide"]


def test_archiving_can_be_undone_and_a_copy_is_a_lesson_of_its_own(
    desk: FlaskClient, services: Services
) -> None:
    lesson_id = make(services, name="Spring")
    desk.post(f"/staff/library/{lesson_id}/archive")
    assert "Spring" not in re.sub(r"(?s)id=\"messages\".*", "", desk.get("/staff/library/").text)
    assert "Spring" in desk.get("/staff/library/?archived=yes").text
    desk.post(f"/staff/library/{lesson_id}/bring-back")
    reply = desk.post(f"/staff/library/{lesson_id}/duplicate", follow_redirects=True)
    assert "Copy of Spring" in reply.text


def test_a_viewer_reads_and_cannot_write(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        content.stored_clinic(session, now=NOON)
    lesson_id = make(services)
    sign_in(client, services, Role.VIEWER)
    page = client.get(f"/staff/library/{lesson_id}/")
    assert page.status_code == 200
    assert "Add a block" not in page.text
    refused = client.post(f"/staff/library/{lesson_id}/envelope", data={"subject": "x"})
    assert refused.status_code == 403
