"""What staff vouch for a whole file: one form, its words, its days, its digest in the ledger."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError

from campaigns.consent import ledger
from campaigns.consent.models import ConsentState
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput
from campaigns.imports import files, forecast
from campaigns.imports.models import Attestation
from campaigns.privacy import proof
from tests.factories.imports import receive, run
from tests.imports.test_runner import person, reasons, states

TEXTS = (
    "I agree to get recurring automated marketing texts from Deeply Vital. Consent is not a "
    "condition of any purchase. Reply STOP to end."
)


def form(**values: Any) -> dict[str, Any]:
    return {
        "form": "Open house 2026",
        "method": "paper_form",
        "first_day": "2026-04-01",
        "last_day": "2026-06-30",
        "words": {"email": "Email me news.", "sms": TEXTS, "topic": "You may keep my topics."},
        "kept": "Binder at the front desk",
        "everybody": True,
        **values,
    }


def test_staff_vouch_for_lines_without_proof_and_each_entry_names_the_digest(
    each_db: Database, clock: FixedClock
) -> None:
    done = run(
        each_db,
        clock,
        "Email,Phone,Interests,Email status\n"
        "ana@example.com,(212) 555-0101,Skin,\n"
        "ben@example.com,,,unsubscribed\n"
        "cleo@example.com,,,pending\n",
        attestations=[form(per_month=4)],
    )
    ana = person(each_db, "ana@example.com").id
    assert states(each_db, ana) == {"email": "granted", "sms": "granted", "topic": "granted"}
    assert states(each_db, person(each_db, "ben@example.com").id)["email"] == "withdrawn"
    assert states(each_db, person(each_db, "cleo@example.com").id)["email"] == "unconfirmed"
    assert done.tally["topics_stored"] == 1
    with each_db.reading() as session:
        kept = session.scalars(select(Attestation)).one()
        assert hashlib.sha256(kept.body.encode()).hexdigest() == kept.sha256
        body = json.loads(kept.body)
        assert body["by"] == "Ana Staff"
        assert body["statement"] == (
            "Every person in this file filled in this form between 2026-04-01 and 2026-06-30."
        )
        entries = ledger.history(session, ana)
        proofs = ledger.evidence_of(session, [e.id for e in entries])
        assert {p["attestation"] for p in proofs.values()} == {kept.sha256}
        assert {e.expressed_at.date().isoformat() for e in entries} == {"2026-04-01"}
        found = session.get_one(ConsentState, (ana, "sms"))
        assert found.frequency_per_month == 4
        assert ledger.verify(session) is None
        shown = proof.of_person(session, ana, clinic_zone="America/New_York", now=clock.now())
        assert body["statement"] in shown.events[0].evidence["vouched_for"]
    with pytest.raises(DBAPIError, match="append-only"), each_db.transaction() as session:
        session.execute(delete(Attestation))
    with pytest.raises(DBAPIError, match="append-only"), each_db.transaction() as session:
        session.execute(text("UPDATE import_attestations SET body = '{}'"))


@pytest.mark.parametrize(
    ("date", "status"),
    [
        ("2026-04-01", "granted"),
        ("2026-06-30", "granted"),
        ("2026-06-30T23:30:00-04:00", "granted"),
        ("", "granted"),
        ("2026-03-31", "unconfirmed"),
        ("2026-07-01", "unconfirmed"),
        ("2031-01-01", "unconfirmed"),
        ("soon", "unconfirmed"),
    ],
)
def test_a_line_whose_own_date_lies_outside_is_not_covered(
    db: Database, clock: FixedClock, date: str, status: str
) -> None:
    content = f"Email,Phone,Consent date\nana@example.com,(212) 555-0101,{date}\n"
    done = run(db, clock, content, attestations=[form()])
    found = states(db, person(db, "ana@example.com").id)
    assert found["email"] == status
    assert found["sms"] == ("granted" if status == "granted" else "waiting")
    if date.startswith(("2026-03", "2026-07")):
        assert "not within the days that staff vouch for" in reasons(db, done.id)[2][1]


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("Text me.", "automated"),
        (TEXTS.replace("automated ", ""), "automated"),
        (TEXTS.replace("marketing ", ""), "marketing"),
        (TEXTS.replace("Consent is not a condition of any purchase. ", ""), "no condition"),
        ("", "Give the words"),
    ],
)
def test_words_that_are_no_agreement_to_texts_are_refused(
    db: Database, clock: FixedClock, words: str, missing: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        receive(db, clock, "Phone\n2125550101\n", attestations=[form(words={"sms": words})])
    assert missing in caught.value.fields["sms_words"]


def test_vouching_needs_every_part(db: Database, clock: FixedClock) -> None:
    empty = {"words": {"email": ""}}
    with pytest.raises(InvalidInput) as caught:
        receive(db, clock, "Email\nana@example.com\n", attestations=[empty])
    assert sorted(caught.value.fields) == [
        *("email_words", "everybody", "first_day", "form", "kept", "last_day", "method"),
    ]
    for faulty in (
        {"last_day": "2026-03-01"},
        {"last_day": (clock.now() + timedelta(days=2)).date()},
        {"per_month": "many"},
        {"words": {}},
        {"everybody": "yes"},
    ):
        with pytest.raises(InvalidInput):
            receive(db, clock, "Email\nana@example.com\n", attestations=[form(**faulty)])


def test_the_forecast_tells_own_proof_from_what_is_vouched_for(
    db: Database, clock: FixedClock
) -> None:
    import_id = receive(
        db,
        clock,
        "Email,Consent date,Consent source\n"
        "own@example.com,2026-05-03,Paper form\n"
        "old@example.com,2024-05-03,Paper form\n"
        "vouched@example.com,,\n"
        "late@example.com,2026-08-01,\n",
        attestations=[form()],
    )
    with db.reading() as session:
        told = forecast.forecast(session, import_id, now=clock.now())
    assert (told.tally["email_granted"], told.tally["email_attested"]) == (3, 1)
    assert (told.tally["email_stale"], told.tally["email_unproven"]) == (1, 1)
    with db.reading() as session:
        assert session.scalars(select(Attestation)).all() == []
        assert files.get(session, import_id).state == "ready"
