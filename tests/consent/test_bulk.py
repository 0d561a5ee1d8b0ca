"""Files bring people in with proof, keep the rest waiting, and bring nobody back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from campaigns.consent import ledger, suppression
from campaigns.consent.bulk import Wish, import_grants
from campaigns.consent.models import Action, ConsentEntry, ConsentStatus, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from tests.conftest import NOON
from tests.factories.consent import WORDS, leave, make_member
from tests.factories.contacts import make_contact

LAST_YEAR = NOON - timedelta(days=300)


def wish(session: Any, contact: Contact, channel: Channel, **overrides: Any) -> Wish:
    fields: dict[str, Any] = {
        "contact_id": contact.id,
        "channel": channel,
        "action": Action.OPT_IN_CONFIRMED,
        "address": directory.addresses_of(session, contact.id)[channel].address,
        "expressed_at": LAST_YEAR,
        "wording": WORDS,
        "source_label": "the front desk",
        "evidence": {"line": 2},
        **overrides,
    }
    return Wish(**fields)


def states(session: Any, contact: Contact) -> dict[str, str]:
    return {c: s.status for c, s in ledger.state_of(session, contact.id).items()}


def test_proven_rows_are_granted_and_the_chain_holds(each_db: Database) -> None:
    with each_db.transaction() as session:
        people = [make_contact(session, now=NOON) for _ in range(20)]
        wishes = [wish(session, p, c) for p in people for c in Channel]
        outcome = import_grants(session, wishes, actor=SYSTEM, now=NOON)
        assert outcome.recorded == 40
        assert ledger.verify(session) is None
        state = ledger.state_of(session, people[7].id)["sms"]
        assert (state.status, state.since) == (ConsentStatus.GRANTED, LAST_YEAR)
        entry = session.get_one(ConsentEntry, state.entry_id)
        assert ledger.wording_of(session, entry) == WORDS
        assert (entry.expressed_at, entry.recorded_at) == (LAST_YEAR, NOON)


def test_rows_without_proof_stay_unconfirmed_or_waiting(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        other = make_contact(session, now=NOON)
        outcome = import_grants(
            session,
            [
                wish(session, contact, Channel.EMAIL, action=None),
                wish(session, contact, Channel.SMS, wording=None),
                wish(session, other, Channel.EMAIL, expressed_at=None),
            ],
            actor=SYSTEM,
            now=NOON,
        )
        assert outcome.recorded == 0
        assert len(outcome.unproven) == 3
        assert states(session, contact) == {"email": "unconfirmed", "sms": "waiting"}
        assert states(session, other) == {"email": "unconfirmed"}


def test_a_stop_in_the_file_is_recorded_and_wins_over_a_yes_in_it(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        twin = make_contact(session, now=NOON)
        shared = directory.addresses_of(session, contact.id)[Channel.EMAIL].address
        directory.set_address(session, twin.id, Channel.EMAIL, shared, now=NOON)
        outcome = import_grants(
            session,
            [
                wish(session, twin, Channel.EMAIL),
                wish(session, contact, Channel.EMAIL, action=Action.OPT_OUT),
            ],
            actor=SYSTEM,
            now=NOON,
        )
        assert states(session, contact) == {"email": "withdrawn"}
        assert outcome.refused == {(twin.id, "email")}
        assert suppression.is_suppressed(session, "email", shared, NOON)
        assert ledger.verify(session) is None


def test_a_file_never_brings_back_who_left_or_complained(each_db: Database) -> None:
    with each_db.transaction() as session:
        left = make_member(session, now=LAST_YEAR)
        leave(session, left, Channel.EMAIL, now=LAST_YEAR)
        angry = make_contact(session, now=NOON)
        phone = directory.addresses_of(session, angry.id)[Channel.SMS].address
        suppression.add(
            session, channel="sms", address=phone, reason=SuppressionReason.COMPLAINT, now=NOON
        )
        outcome = import_grants(
            session,
            [
                wish(session, left, Channel.EMAIL, expressed_at=NOON),
                wish(session, angry, Channel.SMS, expressed_at=NOON),
            ],
            actor=SYSTEM,
            now=NOON,
        )
        assert outcome.refused == {(left.id, "email"), (angry.id, "sms")}
        assert states(session, left)["email"] == ConsentStatus.WITHDRAWN
        assert "sms" not in states(session, angry)


def test_the_same_file_twice_writes_nothing_the_second_time(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        wishes = [
            wish(session, contact, Channel.EMAIL),
            wish(session, contact, Channel.SMS, action=Action.OPT_OUT),
            Wish(
                contact_id=contact.id,
                channel=Channel.EMAIL,
                action=Action.HEALTH_TOPIC_CONSENT,
                expressed_at=LAST_YEAR,
                wording="You may store my topics.",
            ),
        ]
        first = import_grants(session, wishes, actor=SYSTEM, now=NOON)
        again = import_grants(session, wishes, actor=SYSTEM, now=NOON)
        assert (first.recorded, again.recorded) == (3, 0)
        assert len(again.unchanged) == 3
        assert ledger.has_topic_consent(session, contact.id)
        assert session.scalar(select(func.count(ConsentEntry.id))) == 3


def test_nothing_to_import_is_nothing(db: Database) -> None:
    with db.transaction() as session:
        assert import_grants(session, [], actor=SYSTEM, now=NOON).recorded == 0
