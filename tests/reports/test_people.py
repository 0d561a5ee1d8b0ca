"""The export of a broadcast's people."""

from __future__ import annotations

import csv
import io

import pytest

from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.reports import people
from tests.factories.clinic import make_clinic
from tests.factories.contacts import make_contact
from tests.factories.messages import message
from tests.reports.test_funnel import broadcast, click


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+1+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=x", ";=1", "%0", "|x"],
)
def test_no_cell_can_be_taken_for_a_formula(text: str) -> None:
    assert people.safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["+12125550142", "Ana", "ana@example.com", "", "3 - 1", "O'Hara"])
def test_other_cells_are_left_as_they_are(text: str) -> None:
    assert people.safe_cell(text) == text


def test_the_export_holds_everybody_once_with_what_became_of_them(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now)
        named = make_contact(session, now=now, first_name="=1+1", last_name='O"Hara, Jr')
        click(session, message(session, named, now=now, origin_id=sent.id), now)
        message(
            session, make_contact(session, now=now), now=now, origin_id=sent.id,
            state="suppressed", reason="opted_out",
        )  # fmt: skip
    with each_db.reading() as session:
        text = "".join(people.export(session, sent.id))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["outcome"] for row in rows] == ["delivered", "not sent"]
    assert rows[0]["first_name"] == "'=1+1"
    assert rows[0]["last_name"] == 'O"Hara, Jr'
    assert rows[0]["clicked_at"] == "2026-11-17T18:00:00+00:00"
    assert "stop" in rows[1]["reason"]


def test_people_are_paged_without_a_gap(each_db: Database, clock: FixedClock) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_clinic(session, now=now)
        sent = broadcast(session, now)
        for _ in range(7):
            message(session, make_contact(session, now=now), now=now, origin_id=sent.id)
    seen: list[int] = []
    with each_db.reading() as session:
        while rows := people.behind(
            session, sent.id, figure="planned_total", after=seen[-1] if seen else 0, limit=3
        ):
            seen += [row.message_id for row in rows]
    assert len(seen) == len(set(seen)) == 7
