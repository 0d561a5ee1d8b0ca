"""Dates that could be two days are never guessed: the file proves the order, or staff say it."""

from __future__ import annotations

import pytest

from campaigns.consent import ledger
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput
from tests.factories.imports import begin, run
from tests.imports.test_runner import person, states

HEAD = "Email,Consent date,Consent source\n"


def file(*dates: str) -> str:
    return HEAD + "".join(f"p{n}@example.com,{at},Paper form\n" for n, at in enumerate(dates))


def day(db: Database, number: int = 0) -> str | None:
    contact = person(db, f"p{number}@example.com")
    with db.reading() as session:
        found = [e.expressed_at.date().isoformat() for e in ledger.history(session, contact.id)]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (("3/4/2026", "12/31/2025"), "2026-03-04"),
        (("3/4/2026", "31/12/2025"), "2026-04-03"),
        (("4/4/2026",), "2026-04-04"),
        (("2026-03-04",), "2026-03-04"),
    ],
)
def test_the_file_itself_may_prove_the_order(
    db: Database, clock: FixedClock, dates: tuple[str, ...], first: str
) -> None:
    run(db, clock, file(*dates))
    assert day(db) == first


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (("3/4/2026",), "“3/4/2026” on line 2 could mean two different days"),
        (("12/31/2025", "31/12/2025"), "mixes two ways to write a date"),
    ],
)
def test_where_nothing_proves_it_staff_are_asked_and_nothing_is_imported(
    db: Database, clock: FixedClock, dates: tuple[str, ...], words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        begin(db, clock, file(*dates))
    assert caught.value.code == "date_order_missing"
    assert words in caught.value.message


def test_what_staff_say_counts_and_what_does_not_fit_is_no_proof(
    db: Database, clock: FixedClock
) -> None:
    run(db, clock, file("3/4/2026", "31/12/2025", "12/31/2025"), date_order="dmy")
    assert (day(db, 0), day(db, 1), day(db, 2)) == ("2026-04-03", "2025-12-31", None)
    assert states(db, person(db, "p2@example.com").id) == {"email": "unconfirmed"}


def test_what_the_file_proves_is_stronger_than_what_staff_say(
    db: Database, clock: FixedClock
) -> None:
    run(db, clock, file("3/4/2026", "31/12/2025"), date_order="mdy")
    assert (day(db, 0), day(db, 1)) == ("2026-04-03", "2025-12-31")
