"""An email that came without proof may be asked to confirm: once, whoever it belongs to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from campaigns.consent import optin, suppression
from campaigns.consent.models import OptInRequest
from campaigns.contacts import directory
from campaigns.contacts.models import Address
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.imports import asking, undo
from tests.factories.imports import run

HEAD = "Email,First name,Last name,Consent date,Consent source\n"
FILE = HEAD + (
    "ana@example.com,Ana,One,,\n"
    "home@example.com,Ben,Two,,\n"
    "home@example.com,Cleo,Three,,\n"
    "dora@example.com,Dora,Four,2026-05-03,Paper form\n"
)


def test_each_address_without_proof_is_asked_once(each_db: Database, clock: FixedClock) -> None:
    done = run(each_db, clock, FILE)
    with each_db.transaction() as session:
        assert asking.askable(session, done.id, now=clock.now()) == 2
        assert asking.ask(session, done.id, now=clock.now()) == 2
        first = session.get_one(OptInRequest, 1)
        assert (first.address, first.origin) == ("ana@example.com", optin.IMPORT)
        assert first.expires_at == clock.now() + timedelta(days=7)
        assert first.confirmed_at is None
        assert undo.removable(session, done.id) == 1  # who was asked stays
    again = run(each_db, clock, FILE)
    with each_db.transaction() as session:
        for number in (done.id, again.id):
            assert asking.askable(session, number, now=clock.now()) == 0
            assert asking.ask(session, number, now=clock.now()) == 0


def test_an_address_is_asked_once_however_it_comes_again_and_whoever_presses(
    each_db: Database, clock: FixedClock
) -> None:
    lines = HEAD + "ana@example.com,Ana,One,,\n"
    first = run(each_db, clock, lines)
    with each_db.transaction() as session:
        assert asking.ask(session, first.id, now=clock.now()) == 1
    clock.advance(timedelta(days=400))
    with each_db.transaction() as session:
        asked = session.get_one(OptInRequest, 1)
        gone = directory.get(session, asked.contact_id)
        gone.status = "erased"
        session.execute(delete(Address).where(Address.contact_id == gone.id))
    again = run(each_db, clock, lines.replace("Ana,One", "Zoe,Two"))
    assert again.created == 1
    with each_db.transaction() as session:
        assert asking.askable(session, again.id, now=clock.now()) == 0
        assert asking.ask(session, again.id, now=clock.now()) == 0
    with pytest.raises(IntegrityError), each_db.transaction() as session:
        session.add(
            OptInRequest(
                contact_id=asked.contact_id,
                channel="email",
                address="ana@example.com",
                requested_at=clock.now(),
                expires_at=clock.now(),
                origin=optin.IMPORT,
            )
        )


def test_an_address_that_opted_out_is_never_asked(each_db: Database, clock: FixedClock) -> None:
    done = run(each_db, clock, HEAD + "anaruiz@gmail.com,Ana,One,,\n")
    with each_db.transaction() as session:
        suppression.add(
            session,
            channel="email",
            address="ana.ruiz+x@gmail.com",
            reason="opt_out",
            now=clock.now(),
        )
        assert asking.askable(session, done.id, now=clock.now()) == 0
        assert asking.ask(session, done.id, now=clock.now()) == 0
