"""Taking an import back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists

from campaigns.bookings import ledger as bookings
from campaigns.consent import ledger, suppression
from campaigns.consent.models import Action, Method
from campaigns.contacts import directory
from campaigns.contacts.models import Contact, Note
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.imports import files, runner, undo
from campaigns.imports.models import ImportState
from tests.factories.consent import agree
from tests.factories.contacts import make_contact
from tests.factories.imports import ANA, run
from tests.imports.test_runner import HEAD, PROOF, person, states


def test_undo_removes_only_people_to_whom_nothing_happened(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_contact(session, now=now, email="old@example.com")
    lines = "".join(f"{n}@example.com,,,,{PROOF}\n" for n in ("old", "a", "b", "c", "d"))
    done = run(each_db, clock, HEAD + lines)
    booked, left, clicked = (person(each_db, f"{n}@example.com").id for n in "abc")
    clock.advance(timedelta(hours=1))
    with each_db.transaction() as session:
        bookings.record(
            session,
            source="desk",
            external_id="1",
            contact_id=booked,
            booked_at=clock.now(),
            now=clock.now(),
        )
        ledger.withdraw(
            session,
            contact_id=left,
            channel="email",
            method=Method.ONE_CLICK,
            actor=SYSTEM,
            now=clock.now(),
        )
        directory.note_clicked(session, clicked, now=clock.now())
        assert undo.removable(session, done.id) == 1
        undo.request(session, ANA, done.id, now=clock.now())
    runner.tick(each_db, clock)
    with each_db.reading() as session:
        after = files.get(session, done.id)
        assert after.state == ImportState.UNDONE
        assert (after.tally["undo_removed"], after.tally["undo_kept"]) == (1, 3)
        assert directory.find_by_address(session, "email", "d@example.com") == []
        assert len(directory.find_by_address(session, "email", "old@example.com")) == 1
        assert ledger.verify(session) is None
        said = [e for e in ledger.history(session, left) if e.action == Action.OPT_OUT]
        assert len(said) == 1
        assert suppression.is_suppressed(session, "email", "b@example.com", clock.now())
    again = run(each_db, clock, HEAD + f"d@example.com,,,,{PROOF}\n")
    assert (again.created, again.tally) == (1, {"email_granted": 1})


def test_later_stages_can_say_that_something_happened(db: Database, clock: FixedClock) -> None:
    done = run(db, clock, HEAD + f"ana@example.com,Ana,,,{PROOF}\n")
    with db.reading() as session:
        assert undo.removable(session, done.id) == 1
        undo.register_trace("everybody", lambda: ~exists().where(Note.contact_id == Contact.id))
        try:
            assert undo.removable(session, done.id) == 0
        finally:
            undo._traces.pop("everybody")


def test_undo_takes_back_agreements_that_rest_on_the_file_alone_and_never_a_stop(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        for name in ("old", "own", "left"):
            make_contact(session, now=now, email=f"{name}@example.com", phone=None)
        own = directory.find_by_address(session, "email", "own@example.com")[0]
        agree(session, own, now=now)
    head = HEAD.replace("\n", ",Unsubscribed\n")
    lines = f"old@example.com,,,(212) 555-0144,{PROOF},\nown@example.com,,,,{PROOF},\n"
    done = run(
        each_db, clock, head + lines + "left@example.com,,,,,,,yes\nnew@example.com,,,,,,,yes\n"
    )
    old, own_id, left = (person(each_db, f"{n}@example.com").id for n in ("old", "own", "left"))
    assert states(each_db, old) == {"email": "granted", "sms": "granted"}
    with each_db.transaction() as session:
        undo.request(session, ANA, done.id, now=clock.now())
    runner.tick(each_db, clock)
    assert states(each_db, old) == {"email": "unconfirmed", "sms": "waiting"}
    assert states(each_db, own_id) == {"email": "granted"}
    assert states(each_db, left) == {"email": "withdrawn"}
    with each_db.reading() as session:
        assert files.get(session, done.id).tally["undo_taken_back"] == 2
        assert ledger.verify(session) is None
        for name in ("left", "new"):
            assert suppression.is_suppressed(session, "email", f"{name}@example.com", now)
        assert {e.action for e in ledger.history(session, old)} == {
            Action.OPT_IN_CONFIRMED,
            Action.TAKEN_BACK,
        }
    with each_db.transaction() as session:
        answer = ledger.reopen(session, contact_id=old, actor=SYSTEM, now=now, words="START")
        assert answer is not None
        assert answer.action == Action.OPT_IN_REQUESTED  # the word brings nothing back
