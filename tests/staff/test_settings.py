"""Settings: what is typed is kept, what is wrong is said at its field."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.accounts import users
from campaigns.accounts.models import Role, StaffUser
from campaigns.clinic import closures, profile, transports
from campaigns.consent import disclosures
from campaigns.jobs.models import TaskRun
from campaigns.jobs.schedule import TASKS
from campaigns.staff.health import NAMES
from campaigns.wiring import Services
from tests.factories.accounts import sign_in, staff_user
from tests.factories.clinic import COMPLETE, make_clinic

HOURS = {
    "sms_mf_from": "10:00",
    "sms_mf_to": "17:30",
    "sms_holidays": "",
    "email_mf_from": "08:00",
    "email_mf_to": "19:00",
    "email_sun_from": "09:00",
    "email_sun_to": "12:00",
    "email_holidays": "open",
    "sms_per_day": "1",
    "sms_per_week": "3",
    "email_per_day": "1",
    "email_per_week": "2",
    "strict_hours": "yes",
}
CLINIC = {**COMPLETE, "timezone": "America/Chicago", "reply_to": "", "accent": "#b3261e"}


@pytest.fixture
def owner(client: FlaskClient, services: Services) -> FlaskClient:
    """A browser in which an owner is signed in, at a clinic with everything filled in."""
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    sign_in(client, services)
    return client


def test_each_role_sees_the_settings_it_may_open(client: FlaskClient, services: Services) -> None:
    for role, seen, hidden in (
        (Role.OWNER, "Team", "nothing"),
        (Role.MANAGER, "Channels", "settings/team"),
        (Role.VIEWER, "Health", "settings/clinic"),
    ):
        sign_in(client, services, role)
        page = client.get("/staff/settings/").text
        assert seen in page
        assert hidden not in page


def test_the_profile_is_saved_and_shown(owner: FlaskClient, services: Services) -> None:
    form = {**CLINIC, "brand": "Vital", "strict_review": "yes"}
    assert owner.post("/staff/settings/clinic", data=form).status_code == 303
    with services.db.reading() as session:
        clinic = profile.get(session)
    assert (clinic.brand, clinic.timezone, clinic.strict_review) == (
        "Vital",
        "America/Chicago",
        True,
    )
    page = owner.get("/staff/settings/clinic").text
    assert 'value="Vital"' in page
    assert "Saved." in page


def test_faults_stand_at_their_fields_and_what_was_typed_is_kept(
    owner: FlaskClient, services: Services
) -> None:
    form = {**CLINIC, "phone": "12", "website": "javascript:alert(1)", "street": "9 New Street"}
    reply = owner.post("/staff/settings/clinic", data=form)
    assert reply.status_code == 422
    assert 'id="phone-error"' in reply.text
    assert 'id="website-error"' in reply.text
    assert 'value="9 New Street"' in reply.text
    assert "2 fields need" in reply.text
    with services.db.reading() as session:
        assert profile.get(session).street == COMPLETE["street"]


def test_hours_and_limits_are_saved(owner: FlaskClient, services: Services) -> None:
    assert owner.post("/staff/settings/hours", data=HOURS).status_code == 303
    with services.db.reading() as session:
        clinic = profile.get(session)
    assert clinic.sms_window == {
        "mf": ["10:00", "17:30"],
        "sat": None,
        "sun": None,
        "holidays": "closed",
    }
    assert clinic.email_window["sun"] == ["09:00", "12:00"]
    assert clinic.email_window["holidays"] == "open"
    assert (clinic.sms_per_week, clinic.email_per_week) == (3, 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sms_mf_to": "09:00"}, "must end after they begin"),
        ({"sms_mf_from": ""}, "times like 10:00"),
        ({"sms_per_day": "0"}, "number from 1"),
        ({"email_per_week": "many"}, "number from 1"),
    ],
)
def test_impossible_hours_are_refused_in_words(
    owner: FlaskClient, services: Services, change: dict[str, str], words: str
) -> None:
    reply = owner.post("/staff/settings/hours", data={**HOURS, **change})
    assert reply.status_code == 422
    assert words in reply.text
    assert 'value="17:30"' in reply.text or "sms_mf_to" in change


def test_closures_come_and_go(owner: FlaskClient, services: Services) -> None:
    form = {"label": "Thanksgiving", "starts_on": "2026-11-20", "ends_on": ""}
    assert owner.post("/staff/settings/closures", data=form).status_code == 303
    with services.db.reading() as session:
        (closure,) = closures.list_from(session, date(2026, 11, 1))
    assert closure.starts_on == closure.ends_on
    assert "Thanksgiving" in owner.get("/staff/").text
    owner.post(f"/staff/settings/closures/{closure.id}/remove")
    assert "Thanksgiving" not in owner.get("/staff/").text


def test_a_closure_that_ends_before_it_begins_keeps_what_was_typed(owner: FlaskClient) -> None:
    form = {"label": "Holiday", "starts_on": "2026-12-24", "ends_on": "2026-12-01"}
    reply = owner.post("/staff/settings/closures", data=form)
    assert reply.status_code == 422
    assert 'id="ends_on-error"' in reply.text
    assert 'value="Holiday"' in reply.text
    form["starts_on"] = "tomorrow"
    assert 'id="starts_on-error"' in owner.post("/staff/settings/closures", data=form).text


def test_new_wording_is_a_new_version(owner: FlaskClient, services: Services) -> None:
    text = "Email me news from {BRAND}."
    form = {"kind": "email", "locale": "en", "text": text}
    assert owner.post("/staff/settings/wording", data=form).status_code == 303
    with services.db.reading() as session:
        current = disclosures.current(session, "email")
    assert (current.version, current.text) == (2, text)
    page = owner.get("/staff/settings/wording").text
    assert "Email me news from Deeply Vital." in page
    assert "Earlier versions" in page


def test_words_for_texts_wait_until_each_point_is_ticked(
    owner: FlaskClient, services: Services
) -> None:
    with services.db.reading() as session:
        words = disclosures.current(session, "sms")
    form = {"kind": "sms", "locale": "en", "text": words.text + " Thank you.", "frequency": "4"}
    refused = owner.post("/staff/settings/wording", data={**form, "ticked": ["a", "b", "e"]})
    assert refused.status_code == 422
    assert "Thank you." in refused.text
    assert "Still open: It is seen at once" in refused.text
    assert re.search(r'name="ticked" value="b" checked', refused.text)
    done = owner.post("/staff/settings/wording", data={**form, "ticked": ["a", "b", "e", "g"]})
    assert done.status_code == 303
    with services.db.reading() as session:
        current = disclosures.current(session, "sms")
    assert (current.version, current.frequency_per_month) == (2, 4)
    assert current.approved_by.startswith("Robin")


def test_shipped_words_are_approved_by_the_clinic(owner: FlaskClient, services: Services) -> None:
    with services.db.reading() as session:
        words = disclosures.current(session, "sms")
    path = f"/staff/settings/wording/{words.id}/approve"
    refused = owner.post(path, data={"ticked": ["a"]})
    assert refused.status_code == 422
    assert "Still open" in refused.text
    assert owner.post(path, data={"ticked": ["a", "b", "e", "g"]}).status_code == 303
    assert "Approved by Robin" in owner.get("/staff/settings/wording").text


def test_wording_that_lacks_what_the_law_asks_for_is_refused_and_kept(owner: FlaskClient) -> None:
    form = {"kind": "sms", "locale": "en", "text": "Text me, {BRAND}", "frequency": "4"}
    reply = owner.post("/staff/settings/wording", data=form)
    assert reply.status_code == 422
    assert "how to leave: STOP" in reply.text
    assert "Text me, {BRAND}" in reply.text


def test_the_privacy_question_comes_first_and_the_answer_is_kept(
    owner: FlaskClient, services: Services
) -> None:
    page = owner.get("/staff/settings/channels").text
    assert page.index("covered entity") < page.index("CAMPAIGNS_EMAIL_PROVIDER")
    assert owner.post("/staff/settings/channels/privacy", data={}).status_code == 422
    form = {"privacy_mode": "strict"}
    assert owner.post("/staff/settings/channels/privacy", data=form).status_code == 303
    with services.db.reading() as session:
        assert profile.is_strict(profile.get(session))


def test_the_check_list_names_what_the_machine_lacks(owner: FlaskClient) -> None:
    page = owner.get("/staff/settings/channels").text
    for name in (
        "CAMPAIGNS_PUBLIC_URL",
        "SENDGRID_API_KEY",
        "SENDGRID_WEBHOOK_PUBLIC_KEY",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
    ):
        assert name in page


def test_an_agreement_goes_on_record_and_off_again(owner: FlaskClient, services: Services) -> None:
    form = {"signed_on": "2026-10-01", "reference": "Cabinet 2"}
    assert owner.post("/staff/settings/channels/twilio/agreement", data=form).status_code == 303
    with services.db.reading() as session:
        assert transports.has_baa(session, "twilio")
    owner.post("/staff/settings/channels/twilio/agreement", data={"remove": "yes"})
    with services.db.reading() as session:
        assert not transports.has_baa(session, "twilio")
    reply = owner.post("/staff/settings/channels/smtp/agreement", data={"signed_on": "never"})
    assert reply.status_code == 422
    assert "day on which it was signed" in reply.text


def test_a_manager_sees_the_privacy_question_but_an_owner_answers_it(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        make_clinic(session, now=services.clock.now())
    sign_in(client, services, Role.MANAGER)
    assert "An owner answers this" in client.get("/staff/settings/channels").text
    reply = client.post("/staff/settings/channels/privacy", data={"privacy_mode": "standard"})
    assert reply.status_code == 403


def test_an_invitation_shows_its_link_once(owner: FlaskClient, services: Services) -> None:
    form = {"email": "new@example.com", "name": "New Person", "role": "front_desk"}
    page = owner.post("/staff/settings/team/invite", data=form).text
    address = page.split('id="link" readonly value="')[1].split('"')[0]
    assert address.startswith(f"{services.public_url}/staff/password/")
    token = address.rsplit("/", 1)[1]
    assert token not in owner.get("/staff/settings/team/").text
    guest = owner.application.test_client()
    assert "New Person" in guest.get(f"/staff/password/{token}").text


def test_an_invitation_with_faults_keeps_what_was_typed(owner: FlaskClient) -> None:
    form = {"email": "x", "name": "New Person", "role": "reviewer", "credential": ""}
    reply = owner.post("/staff/settings/team/invite", data=form)
    assert reply.status_code == 422
    assert 'id="email-error"' in reply.text
    assert 'id="credential-error"' in reply.text
    assert 'value="New Person"' in reply.text
    assert (
        owner.post("/staff/settings/team/invite", data={**form, "role": "king"}).status_code == 422
    )


def test_a_changed_role_counts_at_once(owner: FlaskClient, services: Services) -> None:
    user = staff_user(services, Role.MARKETER)
    form = {"name": user.name, "role": "viewer"}
    assert owner.post(f"/staff/settings/team/{user.id}", data=form).status_code == 303
    with services.db.reading() as session:
        changed = users.get(session, user.id)
    assert changed.role == Role.VIEWER
    assert changed.standing != user.standing


def test_an_owner_cannot_lock_the_team_out(owner: FlaskClient, services: Services) -> None:
    with services.db.reading() as session:
        (me,) = session.scalars(select(StaffUser.id))
    assert owner.post(f"/staff/settings/team/{me}/switch-off").status_code == 409
    form = {"name": "Robin", "role": "viewer"}
    assert owner.post(f"/staff/settings/team/{me}", data=form).status_code == 409


def test_health_tells_whether_anything_is_at_work(owner: FlaskClient, services: Services) -> None:
    assert "No worker has done anything" in owner.get("/staff/settings/health").text
    now = services.clock.now()
    with services.db.transaction() as session:
        session.add(TaskRun(name="deliver", started_at=now, finished_at=now))
        session.add(TaskRun(name="drips", started_at=now - timedelta(hours=1)))
        session.add(TaskRun(name="imports", started_at=now, error="disk full"))
    page = owner.get("/staff/settings/health").text
    assert "No worker has done anything" not in page
    assert "At work" in page
    assert "Late" in page
    assert "disk full" in page


def test_every_periodic_task_has_a_name_that_staff_can_read() -> None:
    assert {task.name for task in TASKS} <= set(NAMES)
