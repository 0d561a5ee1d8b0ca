"""The ledger keeps every wish, and the latest wish of the person's own decides."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from campaigns.consent import addressing, ledger, merging, suppression
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentStatus,
    Method,
    Suppression,
    SuppressionReason,
)
from campaigns.contacts import directory
from campaigns.contacts.models import Channel, ContactStatus
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotFound
from tests.conftest import NOON
from tests.factories.consent import WORDS, agree, agree_to_topics, leave, make_member, person
from tests.factories.contacts import make_contact

HOUR = timedelta(hours=1)


def status(session, contact, channel=Channel.EMAIL) -> str | None:  # type: ignore[no-untyped-def]
    state = ledger.state_of(session, contact.id).get(channel)
    return state.status if state else None


def test_an_agreement_is_kept_with_the_exact_words(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        entry = agree(session, contact, Channel.SMS, now=NOON, evidence={"ip": "203.0.113.9"})
        state = ledger.state_of(session, contact.id)["sms"]
        words = ledger.wording_of(session, entry)
        proof = ledger.evidence_of(session, [entry.id])[entry.id]
    assert state.status == ConsentStatus.GRANTED
    assert (state.entry_id, state.frequency_per_month) == (entry.id, 6)
    assert state.source_label == "our sign-up form"
    assert words is not None
    assert "from Deeply Vital at the mobile number above" in words
    assert "Up to 6 msgs/month" in words
    assert "{" not in words
    assert proof["ip"] == "203.0.113.9"
    assert proof["address"].startswith("+1212")


def test_a_stop_withdraws_and_suppresses_in_one_go(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        phone = directory.addresses_of(session, contact.id)[Channel.SMS].address
        entry = leave(session, contact, Channel.SMS, now=NOON + HOUR)
    with each_db.reading() as session:
        assert entry is not None
        assert status(session, contact, Channel.SMS) == ConsentStatus.WITHDRAWN
        assert status(session, contact, Channel.EMAIL) == ConsentStatus.GRANTED
        found = suppression.is_suppressed(session, Channel.SMS, phone, NOON + HOUR)
        assert found is not None
        assert found.reason == SuppressionReason.OPT_OUT


def test_a_second_stop_writes_nothing(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        assert leave(session, contact, now=NOON + HOUR) is not None
        before = session.scalar(select(func.count(ConsentEntry.id)))
        assert leave(session, contact, now=NOON + 2 * HOUR) is None
        assert session.scalar(select(func.count(ConsentEntry.id))) == before
        assert session.scalar(select(func.count(Suppression.id))) == 1


def test_somebody_without_any_consent_can_still_say_stop(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON, email=None)
        assert leave(session, contact, Channel.EMAIL, now=NOON) is not None
        assert leave(session, contact, Channel.SMS, now=NOON) is not None
        assert status(session, contact, Channel.EMAIL) == ConsentStatus.WITHDRAWN
        assert leave(session, contact, Channel.EMAIL, now=NOON + HOUR) is None


def test_a_later_sign_up_of_the_persons_own_lifts_the_stop(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        leave(session, contact, now=NOON + HOUR)
        entry = agree(session, contact, now=NOON + 2 * HOUR)
        assert status(session, contact) == ConsentStatus.GRANTED
        row = session.scalars(select(Suppression)).one()
        assert (row.lifted_at, row.lifted_by_entry_id) == (NOON + 2 * HOUR, entry.id)


@pytest.mark.parametrize("said", [NOON, NOON + HOUR])
def test_a_yes_older_than_the_stop_is_kept_and_changes_nothing(
    each_db: Database, said: datetime
) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON - HOUR)
        leave(session, contact, now=NOON + HOUR)
        entry = agree(session, contact, now=NOON + 2 * HOUR, expressed_at=said)
        assert entry.expressed_at == said
        assert status(session, contact) == ConsentStatus.WITHDRAWN
        assert session.scalars(select(Suppression)).one().lifted_at is None


@pytest.mark.parametrize("method", [Method.IMPORT, Method.STAFF, Method.PROVIDER])
def test_what_is_not_the_persons_own_word_never_reopens(each_db: Database, method: Method) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        leave(session, contact, now=NOON + HOUR)
        agree(session, contact, now=NOON + 2 * HOUR, method=method, actor=SYSTEM)
        assert status(session, contact) == ConsentStatus.WITHDRAWN
        assert session.scalars(select(Suppression)).one().lifted_at is None


@pytest.mark.parametrize(
    "reason",
    sorted(set(SuppressionReason) - suppression.LIFTED_BY_CONSENT - suppression.LIFTED_BY_PROOF),
)
def test_a_new_agreement_lifts_no_other_reason(
    each_db: Database, reason: SuppressionReason
) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        email = directory.addresses_of(session, contact.id)[Channel.EMAIL].address
        suppression.add(session, channel="email", address=email, reason=reason, now=NOON)
        agree(session, contact, now=NOON + HOUR)
        found = suppression.is_suppressed(session, "email", email, NOON + HOUR)
        assert found is not None
        assert found.reason == reason


@pytest.mark.parametrize("reason", sorted(suppression.LIFTED_BY_PROOF))
def test_a_complaint_or_an_erasure_is_taken_back_from_the_address_itself_alone(
    each_db: Database, reason: SuppressionReason
) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        email = directory.addresses_of(session, contact.id)[Channel.EMAIL].address
        suppression.add(session, channel="email", address=email, reason=reason, now=NOON)
        agree(session, contact, now=NOON + HOUR, method=Method.PAPER_FORM, actor=SYSTEM)
        assert suppression.is_suppressed(session, "email", email, NOON + HOUR)
        agree(session, contact, now=NOON + HOUR)
        assert suppression.is_suppressed(session, "email", email, NOON + HOUR) is None
        assert status(session, contact) == ConsentStatus.GRANTED


def test_a_stop_that_arrives_late_does_not_undo_a_newer_own_agreement(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        ledger.withdraw(
            session, contact_id=contact.id, channel="email", method=Method.PROVIDER,
            actor=SYSTEM, now=NOON + HOUR, expressed_at=NOON - HOUR,
        )  # fmt: skip
        assert status(session, contact) == ConsentStatus.GRANTED
        assert session.scalars(select(Suppression)).all() == []
        assert len(ledger.history(session, contact.id)) == 3


def test_nothing_is_said_in_the_future(db: Database) -> None:
    with db.transaction() as session:
        contact = make_contact(session, now=NOON)
        entry = agree(session, contact, now=NOON, expressed_at=NOON + timedelta(days=400))
        assert entry.expressed_at == NOON


def test_a_stop_of_one_counts_for_all_who_share_the_phone(each_db: Database) -> None:
    with each_db.transaction() as session:
        first = make_member(session, now=NOON, phone="2125550123")
        make_member(session, now=NOON, phone="2125550123")
        leave(session, first, Channel.SMS, now=NOON + HOUR)
        assert suppression.is_suppressed(session, "sms", "+12125550123", NOON + HOUR)


def test_consent_to_texts_needs_words_and_a_number(db: Database) -> None:
    with db.transaction() as session:
        contact = make_contact(session, now=NOON, email=None)
        with pytest.raises(InvalidInput) as caught:
            agree(session, contact, Channel.SMS, now=NOON, wording=None)
        assert caught.value.code == "wording_missing"
        with pytest.raises(InvalidInput) as caught:
            agree(session, contact, Channel.EMAIL, now=NOON)
        assert caught.value.code == "address_missing"
        with pytest.raises(NotFound):
            ledger.withdraw(
                session, contact_id=99, channel="sms", method=Method.KEYWORD, actor=SYSTEM, now=NOON
            )


def test_a_request_is_pending_and_never_lowers_an_agreement(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        for expected in (ConsentStatus.PENDING, ConsentStatus.GRANTED):
            ledger.record(
                session, contact_id=contact.id, channel="email", action=Action.OPT_IN_REQUESTED,
                method=Method.WEB_FORM, actor=person(contact), now=NOON,
            )  # fmt: skip
            assert status(session, contact) == expected
            agree(session, contact, now=NOON)


def test_start_brings_back_an_earlier_written_consent_for_the_same_number(
    each_db: Database,
) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        leave(session, contact, Channel.SMS, now=NOON + HOUR)
        entry = ledger.reopen(
            session, contact_id=contact.id, actor=person(contact), now=NOON + 2 * HOUR,
            words="START",
        )  # fmt: skip
        assert entry is not None
        assert entry.action == Action.OPT_IN_CONFIRMED
        assert entry.wording_sha256 is not None
        assert status(session, contact, Channel.SMS) == ConsentStatus.GRANTED
        again = ledger.reopen(
            session, contact_id=contact.id, actor=person(contact), now=NOON + 3 * HOUR,
            words="START",
        )  # fmt: skip
        assert again is None


def test_start_alone_is_no_agreement(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        leave(session, contact, Channel.SMS, now=NOON)
        entry = ledger.reopen(
            session, contact_id=contact.id, actor=person(contact), now=NOON + HOUR, words="START"
        )
        assert entry is not None
        assert entry.action == Action.OPT_IN_REQUESTED
        assert status(session, contact, Channel.SMS) == ConsentStatus.PENDING
        assert session.scalars(select(Suppression)).one().lifted_at is None


def test_start_does_not_revive_a_consent_that_is_stale(db: Database) -> None:
    with db.transaction() as session:
        contact = make_member(session, now=NOON)
        later = NOON + timedelta(days=700)
        leave(session, contact, Channel.SMS, now=later)
        entry = ledger.reopen(
            session, contact_id=contact.id, actor=person(contact), now=later + HOUR, words="START"
        )
        assert entry is not None
        assert entry.action == Action.OPT_IN_REQUESTED


def test_an_unsubscribe_by_mistake_is_undone_within_15_minutes(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        leave(session, contact, now=NOON)
        soon = NOON + timedelta(minutes=15)
        entry = ledger.undo(
            session, contact_id=contact.id, channel="email", actor=person(contact), now=soon
        )
        assert entry.method == Method.UNDO
        assert ledger.wording_of(session, entry) is not None
        assert status(session, contact) == ConsentStatus.GRANTED
        leave(session, contact, now=soon)
        with pytest.raises(InvalidInput, match="too late"):
            ledger.undo(
                session, contact_id=contact.id, channel="email", actor=person(contact),
                now=soon + timedelta(minutes=16),
            )  # fmt: skip


def test_undo_gives_nothing_that_was_not_there_before(db: Database) -> None:
    with db.transaction() as session:
        contact = make_contact(session, now=NOON)
        leave(session, contact, now=NOON)
        with pytest.raises(InvalidInput):
            ledger.undo(
                session, contact_id=contact.id, channel="email", actor=person(contact), now=NOON
            )


def test_consent_to_topics_stands_apart_from_the_channels(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_contact(session, now=NOON)
        assert not ledger.has_topic_consent(session, contact.id)
        agree_to_topics(session, contact, now=NOON)
        assert ledger.has_topic_consent(session, contact.id)
        ledger.record(
            session, contact_id=contact.id, channel="email", now=NOON + HOUR,
            action=Action.HEALTH_TOPIC_WITHDRAWN, method=Method.PREFERENCES, actor=person(contact),
        )  # fmt: skip
        assert not ledger.has_topic_consent(session, contact.id)
        assert set(ledger.state_of(session, contact.id)) == {"topic"}


def test_consent_ends_with_the_address_it_was_given_for(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        same = directory.addresses_of(session, contact.id)[Channel.SMS].address
        assert not addressing.change(
            session, contact.id, "sms", same, actor=SYSTEM, now=NOON + HOUR
        )
        assert status(session, contact, Channel.SMS) == ConsentStatus.GRANTED
        addressing.change(session, contact.id, "sms", "6465550199", actor=SYSTEM, now=NOON + HOUR)
        addressing.change(session, contact.id, "email", None, actor=SYSTEM, now=NOON + HOUR)
        assert status(session, contact, Channel.SMS) == ConsentStatus.WAITING
        assert status(session, contact, Channel.EMAIL) == ConsentStatus.NONE
        assert ledger.verify(session) is None


def test_a_stop_outlives_a_change_of_address(each_db: Database) -> None:
    with each_db.transaction() as session:
        contact = make_member(session, now=NOON)
        leave(session, contact, Channel.SMS, now=NOON)
        addressing.change(session, contact.id, "sms", "6465550199", actor=SYSTEM, now=NOON + HOUR)
        assert status(session, contact, Channel.SMS) == ConsentStatus.WITHDRAWN


def test_merging_loses_no_stop_and_carries_consent_with_its_address(each_db: Database) -> None:
    with each_db.transaction() as session:
        keep = make_member(session, now=NOON, phone=None, channels=(Channel.EMAIL,))
        drop = make_member(session, now=NOON, last_name="Double")
        phone = directory.addresses_of(session, drop.id)[Channel.SMS].address
        leave(session, drop, Channel.EMAIL, now=NOON + HOUR)
        merging.merge(session, keep_id=keep.id, drop_id=drop.id, actor=SYSTEM, now=NOON + 2 * HOUR)
        assert status(session, keep, Channel.EMAIL) == ConsentStatus.WITHDRAWN
        assert status(session, keep, Channel.SMS) == ConsentStatus.GRANTED
        assert directory.addresses_of(session, keep.id)[Channel.SMS].address == phone
        assert (drop.status, drop.merged_into_id) == (ContactStatus.MERGED, keep.id)
        assert ledger.verify(session) is None
        with pytest.raises(InvalidInput):
            merging.merge(session, keep_id=keep.id, drop_id=keep.id, actor=SYSTEM, now=NOON)


def test_the_words_are_stored_once_for_all_who_saw_them(each_db: Database) -> None:
    with each_db.transaction() as session:
        entries = [
            agree(session, make_contact(session, now=NOON), now=NOON, wording=WORDS)
            for _ in range(3)
        ]
    assert len({entry.wording_sha256 for entry in entries}) == 1


@pytest.mark.postgres
def test_a_stop_waits_for_whoever_holds_the_person(postgres_db: Database) -> None:
    with postgres_db.transaction() as session:
        contact = make_member(session, now=NOON)
    stopped = threading.Event()

    def stop() -> None:
        with postgres_db.transaction() as session:
            leave(session, contact, now=NOON + HOUR)
        stopped.set()

    with postgres_db.transaction() as session:
        directory.lock(session, [contact.id])
        waiting = threading.Thread(target=stop)
        waiting.start()
        assert not stopped.wait(0.3)
    waiting.join(10)
    assert stopped.is_set()
    with postgres_db.reading() as session:
        assert status(session, contact) == ConsentStatus.WITHDRAWN
