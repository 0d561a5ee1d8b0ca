"""Campaign screens, driven as a browser would."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from campaigns.accounts.models import Role
from campaigns.broadcasts import drafts, lifecycle
from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.core.actors import SYSTEM
from campaigns.delivery import work
from campaigns.delivery.models import Message, MessageState
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.approved import approved_lesson, new_lesson
from tests.factories.broadcasts import everybody, make_draft, make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import leave, make_member

LATER = NOON + timedelta(hours=2)


@pytest.fixture
def clinic(services: Services) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        for _ in range(3):
            make_member(session, now=NOON)
        gone = make_member(session, now=NOON, first_name="Gone")
        leave(session, gone, "email", now=NOON)


@pytest.fixture
def staff(client: FlaskClient, services: Services, clinic: None) -> FlaskClient:
    sign_in(client, services, Role.MARKETER)
    return client


def load(services: Services, broadcast_id: int) -> Broadcast:
    with services.db.reading() as session:
        return drafts.get(session, broadcast_id)


def save(client: FlaskClient, services: Services, broadcast_id: int, step: str, **values: str):  # type: ignore[no-untyped-def]
    revision = load(services, broadcast_id).revision
    return client.post(
        f"/staff/campaigns/{broadcast_id}/{step}",
        data={"revision": revision, **values},
        headers={"HX-Request": "true"},
    )


def make(staff: FlaskClient, services: Services, **values: object) -> int:
    with services.db.transaction() as session:
        return make_draft(session, now=NOON, **values).id  # type: ignore[arg-type]


def test_an_empty_list_says_what_a_campaign_is(staff: FlaskClient) -> None:
    page = staff.get("/staff/campaigns/").text
    assert "No campaigns yet" in page
    assert "Make the first one" in page


def test_a_campaign_is_made_composed_and_sent_in_four_steps(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        group = everybody(session, now=NOON)
        email = approved_lesson(session, now=NOON)
        text = approved_lesson(session, now=NOON, channel="sms")
    made = staff.post("/staff/campaigns/", data={"name": "Autumn"})
    assert made.status_code == 303
    found = re.search(r"/campaigns/(\d+)/who", made.location)
    assert found is not None
    number = int(found[1])
    assert "Autumn" in staff.get(made.location).text
    side = save(staff, services, number, "who", segment_id=str(group.id)).text
    assert "Saved 13:00" in side
    assert "4 people are in “Everybody”" in side
    side = save(
        staff, services, number, "what", email_lesson_id=str(email.id), sms_lesson_id=str(text.id)
    ).text
    assert re.search(r'aria-label="3 reached by email"', side)
    assert re.search(r'aria-label="1 by email: Said stop', side)
    assert "Texts: 1 part" in side
    save(staff, services, number, "when", timing="at", on="2026-11-24", at_time="09:00")
    side = save(staff, services, number, "check", third_party_paid="no", note="").text
    assert "Everything is ready" in side
    assert "Goes out Tue 24 Nov, 09:00, to 3 people by email and 4 people by text" in side
    page = staff.get(f"/staff/campaigns/{number}/check").text
    assert "Schedule it" in page
    revision = load(services, number).revision
    done = staff.post(f"/staff/campaigns/{number}/schedule", data={"revision": revision})
    assert done.location.endswith(f"/staff/campaigns/{number}/progress")
    assert load(services, number).state == BroadcastState.SCHEDULED
    assert "Goes out" in staff.get(done.location).text


def test_the_next_button_saves_without_a_script(staff: FlaskClient, services: Services) -> None:
    number = make(staff, services)
    reply = staff.post(
        f"/staff/campaigns/{number}/who",
        data={"revision": load(services, number).revision, "name": "Renamed", "go": "what"},
    )
    assert reply.location.endswith("/what")
    assert load(services, number).name == "Renamed"


def test_a_time_in_the_past_is_said_at_the_field_and_kept(
    staff: FlaskClient, services: Services
) -> None:
    number = make(staff, services)
    reply = staff.post(
        f"/staff/campaigns/{number}/when",
        data={
            "revision": load(services, number).revision,
            "timing": "at",
            "on": "2026-11-16",
            "at_time": "09:30",
            "go": "check",
        },
    )
    assert reply.status_code == 422
    assert "This time has passed. Choose a later one, or send now." in reply.text
    assert 'value="2026-11-16"' in reply.text
    assert 'value="09:30"' in reply.text
    side = staff.get(f"/staff/campaigns/{number}/check").text
    assert "The chosen time has passed" in side
    refused = staff.post(f"/staff/campaigns/{number}/schedule", data={})
    assert refused.location.endswith("/check")
    assert load(services, number).state == BroadcastState.DRAFT


def test_a_second_editor_is_told_in_words(staff: FlaskClient, services: Services) -> None:
    number = make(staff, services)
    seen = load(services, number).revision
    for name, status in (("Mine", 200), ("Theirs", 409)):
        reply = staff.post(
            f"/staff/campaigns/{number}/who",
            data={"revision": seen, "name": name},
            headers={"HX-Request": "true"},
        )
        assert reply.status_code == status
    assert "Somebody else changed this campaign" in reply.text
    assert load(services, number).name == "Mine"


def test_the_check_list_names_what_is_missing_and_leads_there(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        lesson = new_lesson(session, now=NOON, name="Raw")
    number = make(staff, services, email_lesson_id=lesson.id, timing="", segment_id=None)
    page = staff.get(f"/staff/campaigns/{number}/who").text
    assert "No group is chosen yet." in page
    assert "“Raw” has not been reviewed yet" in page
    assert f'href="/staff/library/{lesson.id}"' in page
    assert f'href="/staff/campaigns/{number}/when"' in page


def test_a_number_leads_to_its_people(staff: FlaskClient, services: Services) -> None:
    number = make(staff, services)
    reached = staff.get(f"/staff/campaigns/{number}/reach/email/reached").text
    assert reached.count("row-link") == 3
    left = staff.get(f"/staff/campaigns/{number}/reach/email/opted_out").text
    assert "Gone Sample" in left
    assert staff.get(f"/staff/campaigns/{number}/reach/email/nothing").status_code == 404


def test_pause_resume_back_to_draft_and_stop(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        number = make_scheduled(session, now=NOON, at=LATER).id
    base = f"/staff/campaigns/{number}"
    assert staff.post(f"{base}/pause").status_code == 303
    assert load(services, number).state == BroadcastState.PAUSED
    page = staff.get(f"{base}/progress").text
    assert "What about those whose time has passed?" in page
    staff.post(f"{base}/resume", data={"stale": "send"})
    assert load(services, number).state == BroadcastState.SCHEDULED
    staff.post(f"{base}/unschedule")
    assert load(services, number).state == BroadcastState.DRAFT
    with services.db.transaction() as session:
        second = make_scheduled(session, now=NOON, at=LATER, name="Second").id
    staff.post(f"/staff/campaigns/{second}/cancel")
    assert load(services, second).state == BroadcastState.CANCELLED
    assert "Stopped" in staff.get(f"/staff/campaigns/{second}/progress").text


def test_the_live_page_asks_again_while_it_goes_out_and_refreshes_at_the_end(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        number = make_scheduled(session, now=NOON).id
        lifecycle.mark_sending(session, number, now=NOON)
    live = f"/staff/campaigns/{number}/progress/live"
    reply = staff.get(live)
    assert 'hx-trigger="every 2s"' in reply.text
    assert "HX-Refresh" not in reply.headers
    with services.db.transaction() as session:
        lifecycle.mark_sent(session, number, now=LATER)
    reply = staff.get(live)
    assert reply.headers["HX-Refresh"] == "true"
    assert 'hx-trigger="every 2s"' not in reply.text


def test_the_live_page_refreshes_once_it_has_begun_so_that_no_button_is_stale(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        number = make_scheduled(session, now=NOON).id
    live = f"/staff/campaigns/{number}/progress/live?seen=scheduled"
    assert live in staff.get(f"/staff/campaigns/{number}/progress").text
    assert "HX-Refresh" not in staff.get(live).headers
    with services.db.transaction() as session:
        lifecycle.mark_sending(session, number, now=NOON)
    assert staff.get(live).headers["HX-Refresh"] == "true"
    assert "Back to draft" not in staff.get(f"/staff/campaigns/{number}/progress").text


def test_copy_archive_and_bring_back(staff: FlaskClient, services: Services) -> None:
    number = make(staff, services, name="Original")
    copied = staff.post(f"/staff/campaigns/{number}/duplicate")
    assert "Original (copy)" in staff.get(copied.location).text
    staff.post(f"/staff/campaigns/{number}/archive")
    listed = staff.get("/staff/campaigns/").text
    assert "Original (copy)" in listed
    assert f'/staff/campaigns/{number}/"' not in listed
    assert f'/staff/campaigns/{number}/"' in staff.get("/staff/campaigns/?state=archived").text
    staff.post(f"/staff/campaigns/{number}/restore")
    assert f'/staff/campaigns/{number}/"' in staff.get("/staff/campaigns/?state=draft").text


def test_a_nameless_campaign_is_refused_at_the_field(staff: FlaskClient) -> None:
    reply = staff.post("/staff/campaigns/", data={"name": "  "})
    assert reply.status_code == 422
    assert "Give a name of 1 to 120 characters." in reply.text


def test_a_viewer_looks_and_changes_nothing(
    client: FlaskClient, services: Services, clinic: None
) -> None:
    sign_in(client, services, Role.VIEWER)
    with services.db.transaction() as session:
        number = make_draft(session, now=NOON).id
    assert client.get(f"/staff/campaigns/{number}/check").status_code == 200
    assert client.post(f"/staff/campaigns/{number}/schedule").status_code == 403
    with services.db.transaction() as session:
        lifecycle.schedule(session, SYSTEM, number, now=NOON, ways=lifecycle.Ways(), at=LATER)
    page = client.get(f"/staff/campaigns/{number}/progress").text
    assert "Stop for good" not in page


def test_what_never_left_is_not_sent_from_a_stopped_campaign(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        number = make_scheduled(session, now=NOON).id
        lifecycle.cancel(session, SYSTEM, number, now=NOON)
    reply = staff.post(f"/staff/campaigns/{number}/send-again", headers={"HX-Request": "true"})
    assert reply.status_code == 409


def test_the_figures_add_up_to_everybody_and_lead_to_people(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        number = make_scheduled(session, now=NOON).id
    while work.run_once(services):
        pass
    assert load(services, number).state == BroadcastState.SENT
    page = staff.get(f"/staff/campaigns/{number}/progress").text
    found = re.findall(r'aria-label="(\d+) ([^"]+)"', page)
    figures = {words: int(count) for count, words in found}
    assert figures["in all"] == 4
    assert figures["Delivered"] == 3
    assert figures["Not sent, for a reason"] == 1
    link = re.search(r'href="([^"]*figure=suppressed[^"]*reason=opted_out[^"]*)"', page)
    assert link is not None
    assert "Gone" in staff.get(link[1].replace("&amp;", "&")).text
    listed = staff.get("/staff/campaigns/?state=sent").text
    assert 'aria-label="3 delivered, November news"' in listed


def test_what_never_left_is_sent_when_staff_say_so(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        number = make_scheduled(session, now=NOON).id
    while work.run_once(services):
        pass
    with services.db.transaction() as session:
        message = session.scalars(
            select(Message).where(Message.state == MessageState.DELIVERED).limit(1)
        ).one()
        message.state = MessageState.NOT_ACCEPTED
        message.delivered_at = None
        message_id = message.id
    page = staff.get(f"/staff/campaigns/{number}/progress").text
    assert "Not sent: send now" in page
    staff.post(f"/staff/campaigns/{number}/send-again")
    with services.db.reading() as session:
        assert session.get_one(Message, message_id).state == MessageState.PLANNED
        assert session.get_one(Broadcast, number).state == BroadcastState.SENDING
    assert "Pause" in staff.get(f"/staff/campaigns/{number}/progress").text
    services.clock.advance(timedelta(days=2))  # type: ignore[attr-defined]
    while work.run_once(services):
        pass
    with services.db.reading() as session:
        assert session.get_one(Message, message_id).state == MessageState.DELIVERED
        assert session.get_one(Broadcast, number).state == BroadcastState.SENT


def test_a_large_group_is_counted_after_the_page_is_there(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        number = make_draft(session, now=NOON).id
        session.execute(
            text(
                "INSERT INTO contacts (first_name, last_name, status, adult_confirmed, locale,"
                " source, created_at, updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                " SELECT i + 1 FROM n WHERE i < 10001) SELECT 'A', 'B', 'active', 1, 'en', 't',"
                " '2026-11-17 18:00:00', '2026-11-17 18:00:00' FROM n"
            )
        )
    page = staff.get(f"/staff/campaigns/{number}/check").text
    assert "Counting who is reached" in page
    later = staff.get(f"/staff/campaigns/{number}/side").text
    assert 'aria-label="3 reached by email"' in later
    assert "to 3 people by email" in later


def test_the_choice_of_messages_shows_their_words_as_people_read_them(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        lesson = new_lesson(session, now=NOON)
        lesson.draft = {**lesson.draft, "subject": "Your guide from {{ brand }}"}
    page = staff.get(f"/staff/campaigns/{make(staff, services)}/what").text
    assert "Your guide from Deeply Vital<" in page
