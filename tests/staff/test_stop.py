"""The page that stops: everything, a channel, a state; and what becomes of what waited."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from campaigns.clinic import profile, switches
from campaigns.core.clock import FixedClock
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.accounts import sign_in
from tests.factories.delivery import make_sending, settle, states


def stop(client: FlaskClient) -> None:
    reply = client.post("/staff/stop", data={"reason": "Wrong link"})
    assert reply.status_code == 303


def test_resuming_sends_what_was_not_marked_and_gives_up_the_rest(
    client: FlaskClient, services: Services, clock: FixedClock
) -> None:
    broadcast = make_sending(services, people=1, channels=("email", "sms"), name="June")
    sign_in(client, services)
    stop(client)
    settle(services)
    page = client.get("/staff/stop").text
    assert "2 messages" in page
    assert "1 message ·" in page
    assert "1 messages" not in page
    assert f'id="broadcast-{broadcast.id}-email-send" value="send" checked' in page
    reply = client.post(
        "/staff/stop/resume",
        data={
            f"broadcast-{broadcast.id}-email": "discard",
            f"broadcast-{broadcast.id}-sms": "send",
        },
        follow_redirects=True,
    )
    assert "1 message was given up and will not be sent" in reply.text
    settle(services)
    assert states(services) == {"cancelled:discarded": 1, "delivered": 1}


def test_what_was_for_a_day_that_passed_is_proposed_to_be_given_up(
    client: FlaskClient, services: Services, clock: FixedClock
) -> None:
    broadcast = make_sending(services, people=2)
    sign_in(client, services)
    stop(client)
    settle(services)
    clock.set(NOON + timedelta(hours=25))
    sign_in(client, services)
    page = client.get("/staff/stop").text
    assert f'id="broadcast-{broadcast.id}-email-discard" value="discard" checked' in page
    assert "Out of date" in page


def test_one_channel_and_one_state_are_stopped_and_allowed_again(
    client: FlaskClient, services: Services
) -> None:
    make_sending(services, people=1)
    sign_in(client, services)
    for part in ("channel:sms", "state:LA"):
        reply = client.post("/staff/stop/part", data={"part": part, "part_reason": "Hurricane"})
        assert reply.status_code == 303
    page = client.get("/staff/people/").text
    assert "All texts are stopped since" in page
    assert "Texts to Louisiana are stopped since" in page
    assert client.post("/staff/stop/part/channel/sms/allow").status_code == 303
    assert client.post("/staff/stop/part/state/LA/allow").status_code == 303
    with services.db.reading() as session:
        assert switches.stopped(session) == []
        assert profile.get(session).stopped_at is None


def test_a_part_without_a_reason_or_of_nothing_is_refused_beside_the_field(
    client: FlaskClient, services: Services
) -> None:
    make_sending(services, people=1)
    sign_in(client, services)
    reply = client.post("/staff/stop/part", data={"part": "planet:mars", "part_reason": ""})
    assert reply.status_code == 422
    assert "Choose what to stop." in reply.text
    assert "Say why" in reply.text


def test_the_state_table_is_shown_with_its_date_and_its_age(
    client: FlaskClient, services: Services, clock: FixedClock
) -> None:
    make_sending(services, people=1)
    sign_in(client, services)
    page = client.get("/staff/settings/hours").text
    assert "Fla. Stat. 501.616(6)" in page
    assert "more than 180 days old" not in page
    clock.set(NOON + timedelta(days=200))
    sign_in(client, services)
    assert "more than 180 days old" in client.get("/staff/settings/hours").text
