"""An email that came without proof may be asked to confirm: once, whoever it belongs to."""

from __future__ import annotations

from datetime import timedelta

from campaigns.consent import optin
from campaigns.consent.models import OptInRequest
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
