"""Whoever is erased is gone, the proof that the law was kept stays, and nobody brings them back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from campaigns.consent import addressing, ledger, optin, suppression, verification
from campaigns.consent.models import (
    Action,
    ConsentEntry,
    ConsentEvidence,
    Method,
    SuppressionReason,
)
from campaigns.contacts import directory, notes
from campaigns.contacts.models import Channel, Contact, ContactStatus
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.db import Base, Database
from campaigns.core.errors import Conflict, InvalidInput, NotPermitted
from campaigns.privacy import erasure
from tests.conftest import NOON
from tests.factories.consent import agree, agree_to_topics, leave, make_member, person
from tests.factories.contacts import make_contact

MARIA = Actor(kind=ActorKind.STAFF, id=7, name="Maria")
LATER = NOON + timedelta(days=3)
EMAIL, PHONE = "zelda.quist@example.com", "+12125550177"


def make_zelda(session: Any) -> Contact:
    contact = make_member(
        session, now=NOON, first_name="Zelda", last_name="Quist", email=EMAIL, phone=PHONE,
        city="Yonkers",
    )  # fmt: skip
    agree_to_topics(session, contact, now=NOON)
    leave(session, contact, Channel.SMS, now=NOON)
    notes.add(session, MARIA, contact.id, "Zelda called about her visit", now=NOON)
    return contact


def erase(session: Any, contact: Contact, now: Any = LATER) -> erasure.Erased:
    return erasure.erase(session, MARIA, contact.id, reason="By letter.", now=now)


def test_nothing_that_names_the_person_is_left_and_the_ledger_holds(each_db: Database) -> None:
    with each_db.transaction() as session:
        zelda, other = make_zelda(session), make_member(session, now=NOON)
        entries = session.scalars(select(ConsentEntry.id)).all()
        done = erase(session, zelda)
        assert (done.people, done.addresses) == (1, 2)
    with each_db.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = session.execute(text(f"SELECT * FROM {table.name}")).all()
            for trace in ("Zelda", "Quist", "zelda", "5550177", "Yonkers"):
                assert trace not in str(rows), table.name
        assert verification.find_fault(session) is None
        assert len(session.scalars(select(ConsentEntry.id)).all()) == len(entries) + 1
        assert session.get_one(Contact, zelda.id).status == ContactStatus.ERASED
        assert ledger.state_of(session, other.id)["email"].status == "granted"
        for channel, address in (("email", EMAIL), ("sms", PHONE)):
            found = suppression.active_for(session, channel, address, LATER)
            assert found[0].reason == SuppressionReason.ERASED


def test_records_that_were_merged_go_with_the_person(db: Database) -> None:
    from campaigns.consent import merging

    with db.transaction() as session:
        zelda = make_zelda(session)
        twin = make_contact(session, now=NOON, first_name="Zelda", email="zq@example.com", phone="")
        agree(session, twin, now=NOON)
        merging.merge(session, keep_id=zelda.id, drop_id=twin.id, actor=MARIA, now=NOON)
        with pytest.raises(Conflict):
            erase(session, twin)
        assert erase(session, zelda).people == 2
        assert session.scalars(select(Contact.first_name)).all() == ["", ""]
        assert suppression.is_suppressed(session, "email", "zq@example.com", LATER)
        assert verification.find_fault(session) is None


def test_a_phone_of_the_household_stays_usable_for_the_others(db: Database) -> None:
    with db.transaction() as session:
        zelda = make_zelda(session)
        make_member(session, now=NOON, phone=PHONE)
        erase(session, zelda)
        reasons = {r.reason for r in suppression.active_for(session, "sms", PHONE, LATER)}
        assert SuppressionReason.ERASED not in reasons


def test_staff_cannot_bring_back_whoever_was_erased(each_db: Database) -> None:
    with each_db.transaction() as session:
        zelda = make_zelda(session)
        erase(session, zelda)
        with pytest.raises(Conflict):
            erase(session, zelda)
        with pytest.raises(InvalidInput, match="was erased"):
            addressing.change(session, zelda.id, "email", EMAIL, actor=MARIA, now=LATER)
        with pytest.raises(InvalidInput, match="asked to be erased"):
            suppression.refuse_erased(session, "email", EMAIL, LATER)
        other = make_contact(session, now=LATER, email=EMAIL, phone="")
        agree(session, other, now=LATER, method=Method.PAPER_FORM, actor=MARIA)
        assert "email" not in ledger.state_of(session, other.id)
        for row in suppression.active_for(session, "email", EMAIL, LATER):
            with pytest.raises(NotPermitted):
                suppression.lift(session, row.id, actor=MARIA, now=LATER)


def test_the_person_may_begin_anew_from_the_address_itself(each_db: Database) -> None:
    again = LATER + timedelta(days=1)
    with each_db.transaction() as session:
        erase(session, make_zelda(session))
        new = make_contact(session, now=again, email=EMAIL, phone="")
        entry = agree_on_form(session, new, again)
        assert ledger.state_of(session, new.id)["email"].status == "pending"
        assert suppression.is_suppressed(session, "email", EMAIL, again)
        asked = optin.request(
            session, contact_id=new.id, channel="email", address=EMAIL, entry_id=entry.id,
            origin=optin.FORM, now=again,
        )  # fmt: skip
        assert asked is not None
        optin.confirm(session, asked.id, now=again + timedelta(minutes=1))
        assert ledger.state_of(session, new.id)["email"].status == "granted"
        assert not suppression.is_suppressed(session, "email", EMAIL, again)
        assert verification.find_fault(session) is None


def agree_on_form(session: Any, contact: Contact, now: Any) -> ConsentEntry:
    return ledger.record(
        session, contact_id=contact.id, channel="email", action=Action.OPT_IN_REQUESTED,
        method=Method.WEB_FORM, actor=person(contact), now=now, wording="Email me.",
    )  # fmt: skip


def test_evidence_taken_away_without_an_erasure_is_noticed(each_db: Database) -> None:
    with each_db.transaction() as session:
        zelda, other = make_zelda(session), make_member(session, now=NOON)
        erase(session, zelda)
        mine = session.scalars(
            select(ConsentEntry.id).where(ConsentEntry.contact_id == other.id)
        ).first()
        session.delete(session.get_one(ConsentEvidence, mine))
        session.flush()
        assert verification.verify(session) == mine


def test_a_reason_is_asked_for(db: Database) -> None:
    with db.transaction() as session:
        zelda = make_zelda(session)
        with pytest.raises(InvalidInput):
            erasure.erase(session, MARIA, zelda.id, reason=" ", now=LATER)
        assert directory.addresses_of(session, zelda.id)
