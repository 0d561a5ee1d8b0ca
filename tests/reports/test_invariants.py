"""Each promise about messages: kept by a real send, and found broken when a row is forged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.contacts.models import Contact
from campaigns.delivery.models import Message
from campaigns.events.models import ProviderEvent
from campaigns.reports import invariants
from campaigns.wiring import Services
from tests.conftest import NOON
from tests.factories.consent import leave
from tests.factories.delivery import ScriptedEmail, ScriptedSms, make_sending, settle, with_ways


def _sent(services: Services) -> Services:
    services = with_ways(services, email=ScriptedEmail(), sms=ScriptedSms())
    make_sending(services, people=4, channels=("email", "sms"))
    settle(services)
    return services


def _first(session: Session, channel: str = "email") -> Message:
    found = session.scalar(select(Message).where(Message.channel == channel).order_by(Message.id))
    assert found is not None
    return found


def _same_address(session: Session) -> None:
    address = _first(session).address
    session.execute(update(Message).where(Message.channel == "email").values(address=address))


def _moved_to_another_post(session: Session) -> None:
    sms = _first(session, "sms")
    _first(session).attempt_id = sms.attempt_id


def _lost_row(session: Session) -> None:
    session.delete(_first(session))


def _left_waiting(session: Session) -> None:
    assert session.scalar(select(Broadcast.state)) == BroadcastState.SENT
    _first(session).state = "planned"


def _stopped_before(session: Session) -> None:
    message = _first(session)
    contact = session.get_one(Contact, message.contact_id)
    leave(session, contact, "email", now=NOON - timedelta(hours=1))


def _at_night(session: Session) -> None:
    message = _first(session, "sms")
    session.get_one(Contact, message.contact_id).updated_at = NOON - timedelta(days=2)
    message.intent_at = NOON - timedelta(hours=12)


def _report_waits(session: Session) -> None:
    session.add(
        ProviderEvent(
            provider="sendgrid",
            dedupe_key="one",
            kind="open",
            received_at=NOON - timedelta(hours=1),
            payload={},
        )
    )


def _no_post(session: Session) -> None:
    _first(session).attempt_id = 999_999


def _no_consent(session: Session) -> None:
    _first(session).consent_entry_id = None


def _stuck(session: Session) -> None:
    message = _first(session)
    message.state, message.intent_at = "sending", NOON - timedelta(hours=1)


def _loose(session: Session) -> None:
    _first(session).state = "sending"


def _old_question(session: Session) -> None:
    message = _first(session)
    message.state, message.intent_at = "uncertain", NOON - timedelta(hours=27)


FORGED: dict[str, Callable[[Session], None]] = {
    "every message names its consent": _no_consent,
    "nobody got a campaign twice": _same_address,
    "nothing accepted was sent again": _moved_to_another_post,
    "everybody of a campaign is accounted for": _lost_row,
    "campaigns that are sent have nobody waiting": _left_waiting,
    "nobody was written to after leaving": _stopped_before,
    "texts left in lawful hours": _at_night,
    "reports of providers are applied": _report_waits,
    "messages have their requests and people": _no_post,
    "no message is stuck": _stuck,
    "what is under way can end": _loose,
    "open questions are settled in time": _old_question,
}


def test_all_hold_after_a_send(each_services: Services) -> None:
    services = _sent(each_services)
    with services.db.reading() as session:
        assert invariants.find_faults(session, services.clock.now()) == {}


@pytest.mark.parametrize("name", invariants.CHECKS)
def test_each_check_finds_what_breaks_it(services: Services, name: str) -> None:
    services = _sent(services)
    with services.db.transaction() as session:
        FORGED[name](session)
    with services.db.reading() as session:
        assert name in invariants.find_faults(session, services.clock.now())
