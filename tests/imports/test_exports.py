"""Lists as other systems export them: who agreed, who left, and in which order that counts."""

from __future__ import annotations

import pytest

from campaigns.consent import ledger, suppression
from campaigns.consent.models import SuppressionReason
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.imports import columns, forecast
from campaigns.imports.models import Import
from tests.factories.imports import receive, run
from tests.imports.test_runner import HEAD, PROOF, person, reasons, states

R = SuppressionReason
MAILCHIMP = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)


def why(db: Database, clock: FixedClock, address: str, channel: str = "email") -> set[str]:
    with db.reading() as session:
        found = suppression.active_for(session, channel, address, clock.now())
        return {row.reason for row in found}


def status(db: Database, email: str, channel: str = "email") -> str | None:
    return states(db, person(db, email).id).get(channel)


def test_mailchimps_opt_in_times_and_addresses_are_evidence(
    each_db: Database, clock: FixedClock
) -> None:
    done = run(
        each_db,
        clock,
        MAILCHIMP + "\n"
        "ana@example.com,Ana,,4,2026-01-02 10:11:12,203.0.113.9,2026-01-02 10:20:00,203.0.113.9,"
        ",1,a,,\n"
        "ben@example.com,Ben,,2,2026-01-03 10:11:12,,2026-01-03 10:11:12,198.51.100.7,,2,b,,\n"
        "cleo@example.com,Cleo,,2,,,2026-01-03 10:11:12,198.51.100.7,,3,c,,\n"
        "dora@example.com,Dora,,2,2026-01-04 10:11:12,,,,,4,d,,\n",
    )
    assert status(each_db, "ana@example.com") == "granted"
    assert status(each_db, "ben@example.com") == "granted"
    assert status(each_db, "cleo@example.com") == "unconfirmed"
    assert status(each_db, "dora@example.com") == "unconfirmed"
    assert "how consent to email was given" in reasons(each_db, done.id)[5][1]
    with each_db.reading() as session:
        (entry,) = ledger.history(session, person(each_db, "ana@example.com").id)
        proof = ledger.evidence_of(session, [entry.id])[entry.id]
    assert proof["ip"] == proof["confirmed_ip"] == "203.0.113.9"
    assert proof["confirmed_at"].startswith("2026-01-02T10:20")
    assert entry.expressed_at.isoformat().startswith("2026-01-02T10:11:12")


def test_mailchimps_other_files_hold_nobody_who_may_be_written_to(
    each_db: Database, clock: FixedClock
) -> None:
    for name, head, row in (
        (
            "unsubscribed_members_export_1.csv",
            "UNSUB_TIME,UNSUB_REASON",
            "2026-03-01 08:00:00,NORMAL",
        ),
        ("cleaned_members_export_1.csv", "CLEAN_TIME", "2026-03-01 08:00:00"),
        ("nonsubscribed_members_export_1.csv", "", ""),
        ("unsubscribed_email_audience_export.csv", "", ""),
    ):
        email = f"{name[:3]}{len(name)}@example.com"
        optin = "4,2026-01-02 10:11:12,203.0.113.9,,,,1,a,,"
        run(each_db, clock, f"{MAILCHIMP},{head}\n{email},A,,{optin},{row}\n", filename=name)
    assert why(each_db, clock, "uns33@example.com") == {R.OPT_OUT}
    assert status(each_db, "uns33@example.com") == "withdrawn"
    assert why(each_db, clock, "cle28@example.com") == {R.HARD_BOUNCE}
    assert status(each_db, "cle28@example.com") == "unconfirmed"
    assert why(each_db, clock, "non34@example.com") == set()
    assert status(each_db, "non34@example.com") == "unconfirmed"
    assert why(each_db, clock, "uns38@example.com") == {R.OPT_OUT}


def test_only_an_export_of_mailchimp_is_told_by_its_name() -> None:
    assert columns.guess_holds("cleaned_contacts.csv", ["Email", "Name"]) == ""
    assert columns.guess_holds("cleaned_members_export.csv", ["Email Address", "LEID"]) == "cleaned"
    assert columns.guess_holds("Non-Subscribed_x.csv", ["EUID"]) == "nonsubscribed"
    assert columns.guess_holds("subscribed_members_export.csv", ["LEID"]) == ""


def test_klaviyos_columns_say_who_agreed_and_why_others_are_not_emailed(
    each_db: Database, clock: FixedClock
) -> None:
    head = (
        "Email,Phone Number,First Name,Email Marketing Consent,Email Marketing Consent Timestamp,"
        "SMS Consent,SMS Consent Timestamp,Email Suppressions\n"
    )
    rows = (
        "ana@example.com,+12125550101,Ana,SUBSCRIBED,2026-02-03 04:05:06,SUBSCRIBED,2026-02-03,[]",
        "ben@example.com,,Ben,NEVER_SUBSCRIBED,,,,",
        "cleo@example.com,,Cleo,SUBSCRIBED,2026-02-03 04:05:06,,,['HARD_BOUNCE']",
        "dora@example.com,,Dora,SUBSCRIBED,2026-02-03 04:05:06,,,SPAM_COMPLAINT",
        "emil@example.com,,Emil,SUBSCRIBED,2026-02-03 04:05:06,,,USER_SUPPRESSED",
        "fay@example.com,+12125550106,Fay,UNSUBSCRIBED,2026-02-03,UNSUBSCRIBED,,UNSUBSCRIBE",
        "gus@example.com,,Gus,SUBSCRIBED,2026-02-03 04:05:06,,,SOMETHING_NEW",
    )
    run(each_db, clock, head + "\n".join(rows) + "\n")
    assert status(each_db, "ana@example.com") == "granted"
    assert status(each_db, "ana@example.com", "sms") == "waiting"  # no words on record
    assert status(each_db, "ben@example.com") == "unconfirmed"
    assert why(each_db, clock, "cleo@example.com") == {R.HARD_BOUNCE}
    assert why(each_db, clock, "dora@example.com") == {R.COMPLAINT}
    assert why(each_db, clock, "emil@example.com") == {R.OPT_OUT}
    assert why(each_db, clock, "fay@example.com") == {R.OPT_OUT}
    assert why(each_db, clock, "+12125550106", "sms") == {R.OPT_OUT}
    assert why(each_db, clock, "gus@example.com") == {R.OPT_OUT}
    for name in ("cleo", "dora", "emil", "fay", "gus"):
        assert status(each_db, f"{name}@example.com") != "granted"


@pytest.mark.parametrize(
    ("head", "row", "expected", "reason"),
    [
        ("Status", "subscribed", "unconfirmed", set()),
        ("Status", "Unsubscribed", "withdrawn", {R.OPT_OUT}),
        ("Status", "cleaned", "unconfirmed", {R.HARD_BOUNCE}),
        ("Status", "non-subscribed", "unconfirmed", set()),
        ("Status", "pending", "unconfirmed", set()),
        ("Status", "Reported as spam", "withdrawn", {R.COMPLAINT}),
        ("Status", "2", "withdrawn", {R.OPT_OUT}),
        ("Status", "3", "unconfirmed", {R.HARD_BOUNCE}),
        ("Do not contact", "yes", "withdrawn", {R.OPT_OUT}),
        ("Do Not Contact", "2026-01-05", "withdrawn", {R.OPT_OUT}),
        ("Confirmed Opt-Out Date", "2026-01-05", "withdrawn", {R.OPT_OUT}),
        ("Unsubscribed from all email", "true", "withdrawn", {R.OPT_OUT}),
        ("Bounced", "1", "unconfirmed", {R.HARD_BOUNCE}),
        ("Spam complaint", "yes", "withdrawn", {R.COMPLAINT}),
        ("Email permission status", "Unsubscribed", "withdrawn", {R.OPT_OUT}),
    ],
)
def test_what_other_systems_say_of_who_left(
    db: Database, clock: FixedClock, head: str, row: str, expected: str, reason: set[str]
) -> None:
    run(db, clock, f"Email,{head}\nana@example.com,{row}\n")
    assert status(db, "ana@example.com") == expected
    assert why(db, clock, "ana@example.com") == reason


def test_activecampaigns_dates_and_address_are_evidence(db: Database, clock: FixedClock) -> None:
    run(
        db,
        clock,
        "Email,First Name,IP4,Date Subscribed,Status\n"
        "ana@example.com,Ana,203.0.113.9,2026-01-02 10:11:12,1\n"
        "ben@example.com,Ben,203.0.113.9,2026-01-02 10:11:12,0\n",
    )
    assert status(db, "ana@example.com") == "granted"
    assert status(db, "ben@example.com") == "unconfirmed"


def both(db: Database, clock: FixedClock, content: str, **options: object) -> Import:
    """Run a file, and hold its forecast to what the run did."""
    import_id = receive(db, clock, content, **options)
    with db.reading() as session:
        told = forecast.forecast(session, import_id, now=clock.now())
    done = run(db, clock, content, **options)
    assert dict(told.tally) == done.tally
    assert told.outcomes["refused"] == done.refused
    return done


def test_a_stop_further_down_counts_before_an_agreement_further_up(
    each_db: Database, clock: FixedClock
) -> None:
    lines = f"home@gmail.com,Ana,One,,{PROOF},\n"
    lines += "".join(f"p{n}@example.com,P{n},,,{PROOF},\n" for n in range(700))
    lines += "h.o.me+x@gmail.com,Ben,Two,,,,,yes\n"
    done = both(each_db, clock, HEAD.replace("\n", ",Unsubscribed\n") + lines)
    assert (done.tally["email_granted"], done.tally["email_left"]) == (700, 1)
    assert done.tally["email_left_before"] == 1
    assert status(each_db, "home@gmail.com") is None
    assert "Previously opted out of email" in reasons(each_db, done.id)[2][1]


def test_other_spellings_of_a_mailbox_that_left_stay_out(
    each_db: Database, clock: FixedClock
) -> None:
    with each_db.transaction() as session:
        suppression.add(
            session, channel="email", address="anaruiz@gmail.com", reason=R.OPT_OUT, now=clock.now()
        )
    done = both(each_db, clock, f"{HEAD}a.na.ruiz+news@gmail.com,Ana,,,{PROOF}\n")
    assert done.tally == {"email_left_before": 1, "remarks": 1}


def test_an_agreement_for_a_dead_address_is_counted_as_not_to_be_contacted(
    each_db: Database, clock: FixedClock
) -> None:
    with each_db.transaction() as session:
        suppression.add(
            session, channel="email", address="ana@example.com", reason=R.HARD_BOUNCE,
            now=clock.now(),
        )  # fmt: skip
    done = both(each_db, clock, f"{HEAD}ana@example.com,Ana,,,{PROOF}\n")
    assert done.tally == {"email_granted": 1, "email_blocked": 1}


def test_nothing_of_a_person_who_was_erased_comes_back(
    each_db: Database, clock: FixedClock
) -> None:
    with each_db.transaction() as session:
        suppression.add(
            session, channel="email", address="ana@example.com", reason=R.ERASED, now=clock.now()
        )
    done = both(each_db, clock, f"{HEAD}ana@example.com,Ana,Ruiz,2125550101,{PROOF}\n")
    assert (done.created, done.refused, done.tally) == (0, 1, {})
    code, reason = reasons(each_db, done.id)[2]
    assert code == "erased_before"
    assert "asked to be erased" in reason
