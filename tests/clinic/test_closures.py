"""Closures hold on their first and last day."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.clinic import closures, profile
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotFound
from tests.conftest import NOON

FIRST, LAST = date(2026, 12, 24), date(2027, 1, 2)


def test_a_closure_holds_on_both_ends_and_not_beyond(each_db: Database) -> None:
    with each_db.transaction() as session:
        added = closures.add(
            session, SYSTEM, starts_on=FIRST, ends_on=LAST, label="Holidays", now=NOON
        )
        assert profile.is_closed(session, FIRST)
        assert profile.is_closed(session, LAST)
        assert not profile.is_closed(session, date(2026, 12, 23))
        assert not profile.is_closed(session, date(2027, 1, 3))
        assert closures.days(session, date(2027, 1, 1), date(2027, 1, 31)) == {
            date(2027, 1, 1),
            date(2027, 1, 2),
        }
        assert [c.label for c in closures.list_from(session, NOON.date())] == ["Holidays"]
        closures.remove(session, SYSTEM, added.id, now=NOON)
        assert not profile.is_closed(session, FIRST)
        with pytest.raises(NotFound):
            closures.remove(session, SYSTEM, added.id, now=NOON)


def test_a_closure_that_ends_before_it_begins_is_refused(db: Database) -> None:
    with db.transaction() as session:
        with pytest.raises(InvalidInput):
            closures.add(session, SYSTEM, starts_on=LAST, ends_on=FIRST, label="x", now=NOON)
        with pytest.raises(InvalidInput):
            closures.add(session, SYSTEM, starts_on=FIRST, ends_on=LAST, label=" ", now=NOON)
