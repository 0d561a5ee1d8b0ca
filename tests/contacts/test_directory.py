"""People are made, found and changed; addresses are one for each channel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.contacts import directory, notes
from campaigns.contacts.models import Channel, ContactStatus
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotFound
from tests.conftest import NOON
from tests.factories.contacts import make_contact


def test_a_new_person_has_normal_addresses_and_their_keyed_hashes(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = directory.create(
            session,
            now=NOON,
            first_name="  Zoë  ",
            last_name="Núñez",
            email="Zoe@Example.com",
            phone="(212) 555-0123",
            state="ny",
            locale="es-MX",
            source="test",
        )
        held = directory.addresses_of(session, person.id)
    assert (person.first_name, person.state, person.locale) == ("Zoë", "NY", "es")
    assert held[Channel.EMAIL].address == "zoe@example.com"
    assert held[Channel.SMS].address == "+12125550123"
    expected = each_db.keys.address_hash("sms", "+12125550123")
    assert held[Channel.SMS].address_hash == expected


def test_all_faulty_fields_are_named_at_once_and_nothing_is_kept(db: Database) -> None:
    with pytest.raises(InvalidInput) as caught, db.transaction() as session:
        directory.create(
            session, now=NOON, email="nobody", phone="123", state="XX", postal_code="9",
            locale="fr", source="test",
        )  # fmt: skip
    assert set(caught.value.fields) == {"email", "phone", "state", "postal_code", "locale"}
    with db.reading() as session:
        assert directory.search(session, "") == []


@pytest.mark.parametrize(
    "typed",
    [
        "maria",
        "MAR",
        "gonz",
        "maria gonz",
        "gonzález maria",
        "maria.g@",
        "maria.g@example.com",
        "(212) 555-0177",
        "212555",
        "0177",
    ],
)
def test_a_person_is_found_by_what_people_type(each_db: Database, typed: str) -> None:
    with each_db.transaction() as session:
        wanted = make_contact(
            session, now=NOON, first_name="Maria", last_name="González",
            email="maria.g@example.com", phone="2125550177",
        )  # fmt: skip
        make_contact(session, now=NOON, first_name="Ana", last_name="Lopez", phone="3055550100")
        assert [c.id for c in directory.search(session, typed)] == [wanted.id]


@pytest.mark.parametrize("typed", ["%", "_", "mari\\", "zzz", "9999", "a' OR 1=1 --"])
def test_signs_with_a_meaning_to_the_database_are_plain_text(each_db: Database, typed: str) -> None:
    with each_db.transaction() as session:
        make_contact(session, now=NOON)
        assert directory.search(session, typed) == []


def test_pages_follow_each_other_without_gap_or_repetition(each_db: Database) -> None:
    with each_db.transaction() as session:
        made = [
            make_contact(session, now=NOON, first_name=f"P{n % 3}", last_name=f"L{n % 2}").id
            for n in range(11)
        ]
        seen: list[int] = []
        after = None
        while page := directory.search(session, "", limit=4, after=after):
            seen += [c.id for c in page]
            after = directory.place_of(page[-1])
    assert sorted(seen) == made
    assert len(set(seen)) == 11


def test_a_shared_phone_finds_everybody_who_shares_it(each_db: Database) -> None:
    with each_db.transaction() as session:
        first = make_contact(session, now=NOON, phone="2125550123")
        second = make_contact(session, now=NOON, phone="2125550123")
        gone = make_contact(session, now=NOON, phone="2125550123")
        directory.set_status(session, gone.id, ContactStatus.ERASED, now=NOON)
        found = directory.find_by_address(session, Channel.SMS, "+12125550123")
    assert [c.id for c in found] == [first.id, second.id]


def test_an_address_is_replaced_and_taken_away(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        directory.set_address(session, person.id, Channel.SMS, "646-555-0199", now=NOON)
        held = directory.addresses_of(session, person.id)[Channel.SMS]
        assert held.address == "+16465550199"
        assert held.address_hash == each_db.keys.address_hash("sms", "+16465550199")
        directory.set_address(session, person.id, Channel.SMS, None, now=NOON)
        assert Channel.SMS not in directory.addresses_of(session, person.id)


def test_a_hold_is_never_shortened_by_a_second_one(db: Database) -> None:
    with db.transaction() as session:
        person = make_contact(session, now=NOON)
        long = NOON + timedelta(days=90)
        directory.hold(session, person.id, until=long, reason="holiday", now=NOON)
        directory.hold(
            session, person.id, until=NOON + timedelta(days=30), reason="unclear", now=NOON
        )
        assert (person.hold_until, person.hold_reason) == (long, "holiday")
        directory.release(session, person.id, now=NOON)
        assert person.hold_until is None


def test_a_hold_in_the_past_is_refused(db: Database) -> None:
    with db.transaction() as session:
        person = make_contact(session, now=NOON)
        with pytest.raises(InvalidInput):
            directory.hold(session, person.id, until=NOON, reason="x", now=NOON)


def test_signs_of_life_never_move_backwards(each_db: Database) -> None:
    with each_db.transaction() as session:
        person = make_contact(session, now=NOON)
        directory.note_clicked(session, person.id, now=NOON)
        directory.note_heard(session, person.id, now=NOON - timedelta(days=1))
        session.refresh(person)
    assert person.last_clicked_at == person.last_heard_at == NOON


def test_edits_name_what_changed(db: Database) -> None:
    with db.transaction() as session:
        person = make_contact(session, now=NOON, first_name="Maria", city="New York")
        changed = directory.edit(session, person.id, now=NOON, first_name="María", city="New York")
    assert changed == ["first_name"]


def test_somebody_who_is_not_there_is_not_found(db: Database) -> None:
    with db.reading() as session, pytest.raises(NotFound):
        directory.get(session, 99)


def test_notes_are_kept_newest_first_and_never_empty(db: Database) -> None:
    with db.transaction() as session:
        person = make_contact(session, now=NOON)
        notes.add(session, SYSTEM, person.id, "First", now=NOON)
        notes.add(session, SYSTEM, person.id, " Second ", now=NOON)
        assert [n.text for n in notes.list_of(session, person.id)] == ["Second", "First"]
        with pytest.raises(InvalidInput):
            notes.add(session, SYSTEM, person.id, "  ", now=NOON)
