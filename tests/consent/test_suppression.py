"""The do-not-contact list: by keyed hash, with reasons, some of which never end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from campaigns.consent import suppression
from campaigns.consent.models import SuppressionReason as R
from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import Conflict, NotFound, NotPermitted
from campaigns.core.keys import Key, KeyRing
from tests.conftest import NOON
from tests.factories.contacts import make_contact

DAY = timedelta(days=1)
PHONE = "+12125550123"


def test_an_address_on_the_list_is_found_and_its_text_is_not_kept(each_db: Database) -> None:
    with each_db.transaction() as session:
        suppression.add(session, channel="sms", address=PHONE, reason=R.MANUAL, now=NOON)
        assert suppression.is_suppressed(session, "sms", PHONE, NOON)
        assert not suppression.is_suppressed(session, "email", PHONE, NOON)
        assert not suppression.is_suppressed(session, "sms", "+12125550124", NOON)
        assert PHONE not in str(session.execute(text("SELECT * FROM suppressions")).all())


def test_the_same_reason_twice_is_one_row_and_the_gravest_comes_first(each_db: Database) -> None:
    with each_db.transaction() as session:
        first = suppression.add(session, channel="sms", address=PHONE, reason=R.MANUAL, now=NOON)
        again = suppression.add(session, channel="sms", address=PHONE, reason=R.MANUAL, now=NOON)
        assert first.id == again.id
        suppression.add(session, channel="sms", address=PHONE, reason=R.OPT_OUT, now=NOON)
        suppression.add(session, channel="sms", address=PHONE, reason=R.LEGAL, now=NOON)
        found = suppression.active_for(session, "sms", PHONE, NOON)
    assert [row.reason for row in found] == [R.LEGAL, R.OPT_OUT, R.MANUAL]


def test_a_block_for_a_time_ends_and_is_prolonged_by_a_second_one(each_db: Database) -> None:
    with each_db.transaction() as session:
        for days in (2, 5, 1):
            suppression.add(
                session, channel="email", address="a@example.com", reason=R.SOFT_BLOCK, now=NOON,
                expires_at=NOON + days * DAY,
            )  # fmt: skip
        assert suppression.is_suppressed(session, "email", "a@example.com", NOON + 4 * DAY)
        assert not suppression.is_suppressed(session, "email", "a@example.com", NOON + 5 * DAY)


@pytest.mark.parametrize("reason", sorted(suppression.LIFTED_BY_STAFF))
def test_staff_lift_what_the_clinic_found_out(db: Database, reason: R) -> None:
    with db.transaction() as session:
        row = suppression.add(session, channel="sms", address=PHONE, reason=reason, now=NOON)
        suppression.lift(session, row.id, actor=SYSTEM, now=NOON)
        assert not suppression.is_suppressed(session, "sms", PHONE, NOON)
        with pytest.raises(Conflict):
            suppression.lift(session, row.id, actor=SYSTEM, now=NOON)


@pytest.mark.parametrize("reason", sorted(set(R) - suppression.LIFTED_BY_STAFF))
def test_staff_never_lift_what_others_said(db: Database, reason: R) -> None:
    with db.transaction() as session:
        row = suppression.add(session, channel="sms", address=PHONE, reason=reason, now=NOON)
        with pytest.raises(NotPermitted):
            suppression.lift(session, row.id, actor=SYSTEM, now=NOON)
        with pytest.raises(NotFound):
            suppression.lift(session, 99, actor=SYSTEM, now=NOON)
        assert suppression.is_suppressed(session, "sms", PHONE, NOON)


SPELLINGS = ["jane.doe+x@gmail.com", "janedoe@gmail.com", "JaneDoe@googlemail.com".lower()]


@pytest.mark.parametrize("said", SPELLINGS)
def test_a_stop_blocks_every_spelling_of_a_gmail_mailbox(each_db: Database, said: str) -> None:
    with each_db.transaction() as session:
        people = [make_contact(session, now=NOON, email=spelling) for spelling in SPELLINGS]
        suppression.add(session, channel="email", address=said, reason=R.OPT_OUT, now=NOON)
        for spelling in SPELLINGS:
            assert suppression.is_suppressed(session, "email", spelling, NOON)
        blocked = suppression.active_suppression(Address.channel, Address.address_hash, NOON)
        query = select(Address.contact_id).where(blocked, Address.channel == "email")
        assert set(session.scalars(query)) == {person.id for person in people}
        for other in ("jane.doe@example.com", "janedoes@gmail.com", "jane@gmail.com"):
            assert not suppression.is_suppressed(session, "email", other, NOON)
        # It blocks; it makes nobody the same person.
        found = directory.find_by_address(session, "email", SPELLINGS[0])
        assert [row.id for row in found] == [people[0].id]


def test_a_dot_elsewhere_is_another_mailbox(db: Database) -> None:
    with db.transaction() as session:
        suppression.add(
            session, channel="email", address="a.b+c@example.com", reason=R.OPT_OUT, now=NOON
        )
        assert not suppression.is_suppressed(session, "email", "ab@example.com", NOON)
        assert not suppression.is_suppressed(session, "email", "a.b@example.com", NOON)


def test_every_way_back_is_in_one_group_of_reasons_at_most() -> None:
    groups = (
        suppression.LIFTED_BY_CONSENT, suppression.LIFTED_BY_PROOF, suppression.LIFTED_BY_STAFF,
        suppression.STAYS,
    )  # fmt: skip
    assert frozenset().union(*groups) == set(R)
    assert sum(map(len, groups)) == len(R)


def test_every_reason_has_words() -> None:
    assert set(suppression.IN_WORDS) == set(R)


def test_the_sql_form_agrees_with_the_look_up(each_db: Database) -> None:
    with each_db.transaction() as session:
        on_list = make_contact(session, now=NOON)
        make_contact(session, now=NOON)
        held = session.scalars(
            select(Address).where(Address.contact_id == on_list.id, Address.channel == "email")
        ).one()
        suppression.add(
            session, channel="email", address=held.address, reason=R.SOFT_BLOCK, now=NOON,
            expires_at=NOON + DAY,
        )  # fmt: skip
        for at in (NOON, NOON + DAY):
            blocked = suppression.active_suppression(Address.channel, Address.address_hash, at)
            by_sql = set(session.scalars(select(Address.id).where(blocked)))
            by_hand = {
                row.id
                for row in session.scalars(select(Address))
                if suppression.is_suppressed(session, row.channel, row.address, at)
            }
            assert by_sql == by_hand == ({held.id} if at == NOON else set())


def test_a_rotated_key_forgets_no_stop(db: Database) -> None:
    with db.transaction() as session:
        suppression.add(session, channel="sms", address=PHONE, reason=R.OPT_OUT, now=NOON)
    old = db.keys
    newer = Key(2, b"n" * 32)
    ring = KeyRing({**old.keys, "suppression": (newer, *old.all("suppression"))})
    rotated = Database(db.url, keys=ring)
    try:
        with rotated.reading() as session:
            assert suppression.is_suppressed(session, Channel.SMS, PHONE, NOON)
    finally:
        rotated.dispose()
