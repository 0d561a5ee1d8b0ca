"""Series screens and the calendar, driven as a browser would."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaigns.accounts.models import Role
from campaigns.clinic import closures
from campaigns.core.actors import SYSTEM
from campaigns.drips import authoring, enrolment
from campaigns.drips.models import Drip, DripState, EnrolmentState
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.approved import approved_lesson
from tests.factories.broadcasts import make_scheduled
from tests.factories.clinic import make_clinic
from tests.factories.consent import make_member
from tests.factories.drips import DAY, enrolment_of, make_drip, make_group, make_live_drip

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def staff(client: FlaskClient, services: Services) -> FlaskClient:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
    sign_in(client, services, Role.MARKETER)
    return client


def load(services: Services, drip_id: int) -> Drip:
    with services.db.reading() as session:
        return authoring.get(session, drip_id)


def order(services: Services, drip_id: int) -> list[int]:
    with services.db.reading() as session:
        return [step.wait_days for step in authoring.draft_steps(session, drip_id)]


def step_ids(services: Services, drip_id: int) -> list[int]:
    with services.db.reading() as session:
        return [step.id for step in authoring.draft_steps(session, drip_id)]


def live_with_one(session: Session) -> tuple[int, int]:
    drip = make_live_drip(session, now=NOON)
    person = make_member(session, now=LATER, first_name="Maria")
    enrolment.tick(session, now=LATER)
    found = enrolment_of(session, drip, person)
    assert found is not None
    return drip.id, found.id


def test_a_series_is_made_filled_and_goes_live(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        lesson = approved_lesson(session, now=NOON, name="Hello")
        group = make_group(session, now=NOON)
    made = staff.post("/staff/drips/", data={"name": "Welcome"})
    number = int(re.findall(r"/drips/(\d+)/", made.location)[0])
    page = staff.get(made.location).text
    assert "No group is chosen: nobody would enter." in page
    assert "The series has no messages yet." in page
    base = f"/staff/drips/{number}"
    step = {
        "lesson_id": lesson.id,
        "wait_days": "1",
        "wait_amount": "0",
        "wait_unit": "hours",
        "at_local_time": "09:00",
        "position": "1",
    }
    assert staff.post(f"{base}/steps", data=step).status_code == 303
    saved = staff.post(
        f"{base}/settings",
        data={"revision": "1", "name": "Welcome", "segment_id": group.id, "ends_on_booking": "yes"},
        headers={"HX-Request": "true"},
    )
    assert "Saved 13:00" in saved.text
    assert "Nothing is missing." in saved.text
    page = staff.get(f"{base}/").text
    assert "The day after entering, at 09:00 in the person&#39;s own time" in page
    staff.post(f"{base}/go-live")
    assert load(services, number).state == DripState.LIVE
    assert "Nobody waits for it at the moment." in staff.get(f"{base}/").text


def test_an_unready_series_stays_a_draft_and_says_why(
    staff: FlaskClient, services: Services
) -> None:
    made = staff.post("/staff/drips/", data={"name": "Empty"})
    reply = staff.post(f"{made.location}go-live", follow_redirects=True)
    assert "This series cannot go out yet" in reply.text


def test_cards_move_by_arrows_and_can_be_removed_and_put_back(
    staff: FlaskClient, services: Services
) -> None:
    from campaigns.drips.timing import Wait

    with services.db.transaction() as session:
        number = make_drip(session, now=NOON, waits=(Wait(), Wait(days=1), Wait(days=2))).id
    base = f"/staff/drips/{number}/steps"
    last = step_ids(services, number)[2]
    staff.post(f"{base}/{last}/move", data={"position": "1"})
    assert order(services, number) == [2, 0, 1]
    reply = staff.post(f"{base}/{last}/remove", follow_redirects=True)
    assert order(services, number) == [0, 1]
    undo = re.search(r'action="(/staff/drips/\d+/steps/put-back[^"]*)"', reply.text)
    assert undo is not None
    staff.post(undo[1].replace("&amp;", "&"))
    assert order(services, number) == [2, 0, 1]


def test_a_faulty_wait_is_said_on_its_card_and_kept(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        number = make_drip(session, now=NOON).id
    first = step_ids(services, number)[0]
    reply = staff.post(
        f"/staff/drips/{number}/steps/{first}",
        data={"lesson_id": "", "wait_days": "9999", "at_local_time": "09:15"},
    )
    assert reply.status_code == 422
    assert "Choose an email or a text." in reply.text
    assert 'value="9999"' in reply.text
    assert 'value="09:15"' in reply.text


def test_pause_resume_and_archive(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        number, _ = live_with_one(session)
    base = f"/staff/drips/{number}"
    staff.post(f"{base}/pause")
    assert load(services, number).state == DripState.PAUSED
    assert "Held while the series is paused" in staff.get(f"{base}/people").text
    assert "People whose next message is overdue" in staff.get(f"{base}/").text
    staff.post(f"{base}/resume", data={"overdue": "wait"})
    assert load(services, number).state == DripState.LIVE
    staff.post(f"{base}/archive")
    assert load(services, number).state == DripState.ARCHIVED
    assert "Welcome" not in staff.get("/staff/drips/").text.split("<main")[1]
    assert "Welcome" in staff.get("/staff/drips/?state=archived").text


def test_a_person_is_taken_out_and_put_back(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        number, place = live_with_one(session)
    base = f"/staff/drips/{number}/people"
    assert "Maria Sample" in staff.get(base).text
    staff.post(f"{base}/{place}/remove")
    assert "Nobody here" in staff.get(base).text
    left = staff.get(f"{base}?state={EnrolmentState.EXITED}").text
    assert "taken out by staff" in left
    staff.post(f"{base}/{place}/put-back")
    assert "Maria Sample" in staff.get(base).text


def test_changes_to_a_live_series_wait_until_they_are_published(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        number, _ = live_with_one(session)
    base = f"/staff/drips/{number}"
    assert "Publish the changes" not in staff.get(f"{base}/").text
    last = step_ids(services, number)[-1]
    staff.post(f"{base}/steps/{last}/remove")
    assert "Publish the changes" in staff.get(f"{base}/").text
    staff.post(f"{base}/publish")
    assert "Publish the changes" not in staff.get(f"{base}/").text


def test_one_person_is_simulated_without_entering(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        number = make_drip(session, now=NOON, channels=("email", "sms")).id
        make_member(session, now=NOON, first_name="Zoe", last_name="Only", channels=("email",))
    page = staff.get(f"/staff/drips/{number}/simulate?q=Zoe").text
    assert "If Zoe entered now" in page
    assert "Thu 19 Nov 2026, 09:00" in page
    assert "Would not get it: has not agreed to texts." in page
    assert "Nobody is found" in staff.get(f"/staff/drips/{number}/simulate?q=Nobody").text


def test_the_list_counts_people_and_what_is_due(staff: FlaskClient, services: Services) -> None:
    assert "No series yet" in staff.get("/staff/drips/").text
    with services.db.transaction() as session:
        live_with_one(session)
    page = staff.get("/staff/drips/").text
    assert 'aria-label="1 in Welcome"' in page


def test_a_copy_is_a_draft(staff: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        number, _ = live_with_one(session)
    copied = staff.post(f"/staff/drips/{number}/duplicate")
    page = staff.get(copied.location).text
    assert "Welcome (copy)" in page
    assert "Go live" in page


def test_settings_of_a_second_editor_are_refused_in_words(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        drip = make_drip(session, now=NOON)
    values = {"revision": drip.revision, "name": "A", "segment_id": drip.segment_id}
    url = f"/staff/drips/{drip.id}/settings"
    assert staff.post(url, data=values).status_code == 303
    assert staff.post(url, data=values).status_code == 409
    bad = {"name": "", "segment_id": drip.segment_id, "reenter_after_days": "soon"}
    reply = staff.post(url, data=bad)
    assert reply.status_code == 422
    assert "Give a number of days, or leave it empty." in reply.text


def test_the_calendar_shows_plans_forecasts_closures_and_collisions(
    staff: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        drip_id, _ = live_with_one(session)
        make_scheduled(session, now=NOON, at=NOON + 3 * DAY, name="Thanks")
        closures.add(
            session,
            SYSTEM,
            starts_on=(NOON + 3 * DAY).date(),
            ends_on=(NOON + 3 * DAY).date(),
            label="Training day",
            now=NOON,
        )
    page = staff.get("/staff/calendar/").text
    assert "November 2026" in page
    assert "13:00 Thanks" in page
    assert "Training day" in page
    assert "Falls on a closed day" in page
    assert f'href="/staff/drips/{drip_id}/"' in page
    assert "about 1 message" in page
    assert "October 2026" in staff.get("/staff/calendar/?month=2026-10").text
    assert staff.get("/staff/calendar/?month=nonsense").status_code == 200


def test_a_viewer_sees_a_series_without_its_controls(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=NOON)
        number = make_drip(session, now=NOON).id
    sign_in(client, services, Role.VIEWER)
    page = client.get(f"/staff/drips/{number}/").text
    assert "Go live" not in page
    assert "Add a message here" not in page
    assert client.post(f"/staff/drips/{number}/go-live").status_code == 403
