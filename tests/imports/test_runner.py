"""What becomes of the people in a file, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from campaigns.audience import interests
from campaigns.consent import ledger, suppression
from campaigns.consent.models import Method, SuppressionReason
from campaigns.contacts import directory
from campaigns.contacts.models import Contact, ContactStatus
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import Conflict
from campaigns.imports import files, forecast, remarks, runner
from campaigns.imports.models import ImportRow, ImportState
from tests.factories.contacts import make_contact
from tests.factories.imports import ANA, begin, receive, run

PROOF = "2026-05-03,Paper form,I agree to texts."
HEAD = "Email,First name,Last name,Phone,Consent date,Consent source,Consent wording\n"


def person(db: Database, email: str) -> Contact:
    with db.reading() as session:
        (found,) = directory.find_by_address(session, "email", email)
        return found


def states(db: Database, contact_id: int) -> dict[str, str]:
    with db.reading() as session:
        return {c: s.status for c, s in ledger.state_of(session, contact_id).items()}


def reasons(db: Database, import_id: int) -> dict[int, tuple[str, str]]:
    with db.reading() as session:
        return {
            row.line: (row.code or "", row.reason or "")
            for row in remarks.first(session, import_id)
        }


def test_proof_grants_and_its_absence_waits(each_db: Database, clock: FixedClock) -> None:
    done = run(
        each_db,
        clock,
        HEAD
        + f"ana@example.com,Ana,Ruiz,(212) 555-0101,{PROOF}\n"
        + "ben@example.com,Ben,Orr,212.555.0102,,,\n"
        + "cleo@example.com,Cleo,Ek,2125550103,2026-05-03,Paper form,\n",
    )
    assert (done.state, done.created, done.refused) == ("done", 3, 0)
    ana, ben, cleo = (person(each_db, f"{n}@example.com") for n in ("ana", "ben", "cleo"))
    assert states(each_db, ana.id) == {"email": "granted", "sms": "granted"}
    assert states(each_db, ben.id) == {"email": "unconfirmed", "sms": "waiting"}
    assert states(each_db, cleo.id) == {"email": "granted", "sms": "waiting"}
    assert "words agreed to are missing" in reasons(each_db, done.id)[4][1]
    assert ana.source == f"import:{done.id}"
    with each_db.reading() as session:
        entries = ledger.history(session, ana.id)
        assert {e.method for e in entries} == {Method.IMPORT}
        assert {e.expressed_at.date().isoformat() for e in entries} == {"2026-05-03"}
        assert {ledger.wording_of(session, e) for e in entries} == {"I agree to texts."}
        assert ledger.evidence_of(session, [entries[0].id])[entries[0].id]["line"] == 2
        assert ledger.verify(session) is None


@pytest.mark.parametrize(
    ("date", "words"),
    [("soon", "is not a date"), ("2031-01-01", "in the future"), ("13/45/2026", "is not a date")],
)
def test_a_date_that_proves_nothing_grants_nothing(
    db: Database, clock: FixedClock, date: str, words: str
) -> None:
    done = run(db, clock, HEAD + f"ana@example.com,Ana,,,{date},Paper,Words\n")
    assert states(db, person(db, "ana@example.com").id) == {"email": "unconfirmed"}
    assert words in reasons(db, done.id)[2][1]


def test_whoever_left_comes_in_left_even_with_proof(each_db: Database, clock: FixedClock) -> None:
    done = run(
        each_db,
        clock,
        HEAD.replace("\n", ",Unsubscribed\n")
        + f"ana@example.com,Ana,,(212) 555-0101,{PROOF},2026-06-01\n"
        + f"ben@example.com,Ben,,,{PROOF},no\n"
        + f"cleo@example.com,Cleo,,,{PROOF},purple\n",
    )
    ana = person(each_db, "ana@example.com")
    assert states(each_db, ana.id) == {"email": "withdrawn", "sms": "withdrawn"}
    assert states(each_db, person(each_db, "ben@example.com").id) == {"email": "granted"}
    assert states(each_db, person(each_db, "cleo@example.com").id) == {"email": "unconfirmed"}
    with each_db.reading() as session:
        for channel, address in (("email", "ana@example.com"), ("sms", "+12125550101")):
            held = suppression.is_suppressed(session, channel, address, clock.now())
            assert held is not None
            assert held.reason == SuppressionReason.OPT_OUT
        assert ledger.history(session, ana.id)[0].expressed_at.date().isoformat() == "2026-06-01"
    assert done.tally["email_left"] == 1
    assert "not understood" in reasons(each_db, done.id)[4][1]


def test_whoever_asked_before_stays_out_and_it_is_said(
    each_db: Database, clock: FixedClock
) -> None:
    with each_db.transaction() as session:
        suppression.add(
            session,
            channel="email",
            address="ana@example.com",
            reason=SuppressionReason.OPT_OUT,
            now=clock.now(),
        )
    done = run(each_db, clock, HEAD + f"ANA@example.com,Ana,,,{PROOF}\n")
    assert done.tally == {"email_left_before": 1, "remarks": 1}
    code, reason = reasons(each_db, done.id)[2]
    assert code == "opted_out_before"
    assert "Previously opted out of email" in reason
    assert "email" not in states(each_db, person(each_db, "ana@example.com").id)


def test_a_bounced_email_is_not_used(db: Database, clock: FixedClock) -> None:
    done = run(db, clock, "Email,Status\nana@example.com,cleaned\n")
    with db.reading() as session:
        held = suppression.is_suppressed(session, "email", "ana@example.com", clock.now())
    assert held is not None
    assert held.reason == SuppressionReason.HARD_BOUNCE
    assert done.tally["email_bounced"] == 1


def test_blanks_never_replace_and_values_do_unless_told_otherwise(
    each_db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        make_contact(session, now=now, email="ana@example.com", first_name="Ana", city="Austin")
    head = "Email,First name,City,State\n"
    assert run(each_db, clock, head + "ana@example.com,,,\n").unchanged == 1
    done = run(each_db, clock, head + "ana@example.com,Anna,,TX\n", fill_only=True)
    assert done.unchanged == 1
    assert person(each_db, "ana@example.com").first_name == "Ana"
    assert run(each_db, clock, head + "ana@example.com,Anna,,TX\n").updated == 1
    ana = person(each_db, "ana@example.com")
    assert (ana.first_name, ana.city, ana.state) == ("Anna", "Austin", "TX")


def test_one_person_on_several_lines_is_one_person(each_db: Database, clock: FixedClock) -> None:
    done = run(
        each_db,
        clock,
        "Email,First name,Last name,Phone,City\n"
        "ana@example.com,Ana,Ruiz,(212) 555-0101,\n"
        " ANA@EXAMPLE.COM ,,,,Austin\n"
        ",Ana,Ruiz,212-555-0101,\n",
    )
    assert (done.created, done.updated, done.unchanged) == (1, 1, 1)
    assert person(each_db, "ana@example.com").city == "Austin"
    assert "The same person as line 2" in reasons(each_db, done.id)[3][1]


def test_a_household_may_share_a_phone(each_db: Database, clock: FixedClock) -> None:
    done = run(
        each_db,
        clock,
        "Email,First name,Last name,Phone\n"
        "ana@example.com,Ana,Ruiz,(212) 555-0101\n"
        "ben@example.com,Ben,Ruiz,(212) 555-0101\n"
        ",Cleo,Ruiz,(212) 555-0101\n",
    )
    assert (done.created, done.refused) == (3, 0)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("new@example.com,Ana,Ruiz,(212) 555-0101", "person_conflict"),
        ("ben@example.com,Ana,Ruiz,(212) 555-0101", "person_conflict"),
        ("ben@example.com,,,(212) 555-0101", "person_conflict"),
        ("dead@example.com,Dee,,", "person_inactive"),
        ("nope,,,", "email_invalid"),
        ("nope,,,555", "email_invalid"),
        (",Ghost,,", "address_missing"),
        (",,,", "empty"),
    ],
)
def test_a_line_that_cannot_be_right_is_refused_with_a_reason(
    each_db: Database, clock: FixedClock, line: str, code: str
) -> None:
    now = clock.now()
    with each_db.transaction() as session:
        for email, first, phone in (
            ("ana@example.com", "Ana", "+12125550101"),
            ("ben@example.com", "Ben", None),
        ):
            make_contact(
                session, now=now, email=email, first_name=first, last_name="Ruiz", phone=phone
            )
        dead = make_contact(session, now=now, email="dead@example.com")
        directory.set_status(session, dead.id, ContactStatus.DECEASED, now=now)
    done = run(each_db, clock, f"Email,First name,Last name,Phone\n{line}\n")
    assert (done.refused, done.created, done.updated) == (1, 0, 0)
    found, reason = reasons(each_db, done.id)[2]
    assert found == code
    assert reason.endswith(".")


def test_a_bad_phone_leaves_the_person_with_the_email(db: Database, clock: FixedClock) -> None:
    done = run(db, clock, "Email,Phone\nana@example.com,call me\n")
    assert done.created == 1
    assert "The phone was left out." in reasons(db, done.id)[2][1]


def test_interests_come_only_with_agreement_and_unknown_ones_are_named(
    each_db: Database, clock: FixedClock
) -> None:
    done = run(
        each_db,
        clock,
        "Email,Interests,Tags,Topics consent date,Topics consent source\n"
        "ana@example.com,Joint pain; Hot yoga,SKIN,2026-05-03,Paper form\n"
        "ben@example.com,joint_pain,,,\n"
        "cleo@example.com,Hair growth,,2026-05-03,Paper form\n",
    )
    with each_db.reading() as session:
        ana, ben = (person(each_db, f"{n}@example.com").id for n in ("ana", "ben"))
        assert interests.codes_of(session, ana) == {"joint_pain", "skin"}
        assert interests.codes_of(session, ben) == set()
    told = reasons(each_db, done.id)
    assert "hot yoga" in told[2][1]
    assert "no agreement on file" in told[3][1]
    assert "hair growth" in told[4][1]
    assert (done.tally["topics_stored"], done.tally["topics_without_consent"]) == (1, 1)


def test_the_same_file_twice_changes_nothing(each_db: Database, clock: FixedClock) -> None:
    content = HEAD + f"ana@example.com,Ana,Ruiz,(212) 555-0101,{PROOF}\n"
    run(each_db, clock, content)
    again = run(each_db, clock, content)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    assert again.tally == {"email_known": 1, "sms_known": 1}
    with each_db.reading() as session:
        assert files.same_file(session, again) is not None
        assert session.scalar(select(func.count()).select_from(Contact)) == 1


def test_a_forecast_is_what_the_run_then_does(each_db: Database, clock: FixedClock) -> None:
    import examples.make_contacts as sample

    content = sample.make()
    import_id = receive(each_db, clock, content)
    with each_db.reading() as session:
        told = forecast.forecast(session, import_id, now=clock.now())
        assert session.scalar(select(func.count()).select_from(Contact)) == 0
    with each_db.transaction() as session:
        files.start(session, ANA, import_id, now=clock.now())
    assert runner.tick(each_db, clock) == told.lines
    with each_db.reading() as session:
        done = files.get(session, import_id)
        assert ledger.verify(session) is None
    assert dict(told.tally) == done.tally
    assert told.outcomes == {
        "created": done.created,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "refused": done.refused,
    }
    assert done.created > 500


class FailingClock(FixedClock):
    """A clock that breaks at one of its readings, as a disk or a cable might."""

    def __init__(self, clock: FixedClock, readings: int) -> None:
        super().__init__(clock.now())
        self.left = readings

    def now(self) -> Any:
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("broken")
        return super().now()


def test_a_fault_in_the_middle_keeps_what_was_read_and_goes_on(
    each_db: Database, clock: FixedClock
) -> None:
    content = "Email\n" + "".join(f"p{n}@example.com\n" for n in range(50))
    import_id = begin(each_db, clock, content)
    with pytest.raises(RuntimeError):
        runner.run(each_db, import_id, FailingClock(clock, 5), chunk=7)
    with each_db.reading() as session:
        stopped = files.get(session, import_id)
    assert stopped.state == ImportState.FAILED
    assert stopped.rows_done == 21
    assert "What was read is kept" in (stopped.message or "")
    with each_db.transaction() as session:
        files.start(session, ANA, import_id, now=clock.now())
    assert runner.run(each_db, import_id, clock, chunk=7) == 29
    with each_db.reading() as session:
        done = files.get(session, import_id)
        assert (done.created, done.rows_done, done.state) == (50, 50, "done")
        assert session.scalar(select(func.count()).select_from(Contact)) == 50
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 50


def test_what_was_started_cannot_be_changed_started_twice_or_thrown_away(
    db: Database, clock: FixedClock
) -> None:
    done = run(db, clock, "Email\nana@example.com\n")
    with db.transaction() as session:
        for act in (
            lambda: files.set_mapping(session, done.id, {"Email": "email"}),
            lambda: files.start(session, ANA, done.id, now=clock.now()),
            lambda: files.discard(session, ANA, done.id, now=clock.now()),
        ):
            with pytest.raises(Conflict):
                act()
        with pytest.raises(Conflict, match="not kept"):
            files.lines_of(session, files.get(session, done.id))


def test_the_file_of_remarks_opens_without_harm_and_comes_back_in(
    db: Database, clock: FixedClock
) -> None:
    done = run(
        db,
        clock,
        'Email,Note\nbad,"=HYPERLINK(""x"")"\nok@example.com,fine\nworse,"@SUM(1), ""a""\nb"\n',
    )
    with db.reading() as session:
        assert remarks.count(session, done.id) == (2, 0)
        text = "".join(remarks.write_csv(session, done.id))
    assert text.startswith("\ufeffEmail,Note,Line in file,What happened,Reason")
    assert "'=HYPERLINK" in text
    assert "'@SUM" in text
    assert remarks.safe("+12125550101") == "+12125550101"
    assert remarks.safe("+1+cmd") == "'+1+cmd"
    mended = text.replace("bad,", "bad@example.com,").replace("worse,", "worse@example.com,")
    assert run(db, clock, mended).created == 2


def test_evidence_and_outcomes_name_the_line(db: Database, clock: FixedClock) -> None:
    run(db, clock, f"{HEAD}\n\nana@example.com,Ana,,,{PROOF}\n")
    with db.reading() as session:
        (row,) = session.scalars(select(ImportRow))
    assert (row.line, row.outcome) == (4, "created")
