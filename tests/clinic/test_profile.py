"""The clinic starts with safe defaults, and its fields are checked together."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry
from campaigns.clinic import profile
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.db import Database
from campaigns.core.errors import Conflict, InvalidInput, NotConfigured
from tests.conftest import NOON
from tests.factories.clinic import make_clinic

ROBIN = Actor(kind=ActorKind.STAFF, id=7, name="Robin")


def test_without_a_clinic_the_message_says_what_to_do(db: Database) -> None:
    with db.reading() as session, pytest.raises(NotConfigured, match="campaigns run"):
        profile.get(session)


def test_the_default_hours_and_caps_are_the_careful_ones(each_db: Database) -> None:
    with each_db.transaction() as session:
        profile.create_default(session, now=NOON)
    with each_db.transaction() as session:
        clinic = profile.create_default(session, now=NOON)
    assert clinic.sms_window == {
        "mf": ["10:00", "18:00"], "sat": ["10:00", "17:00"], "sun": None, "holidays": "closed",
    }  # fmt: skip
    assert clinic.email_window["sun"] == ["07:00", "20:00"]
    assert (clinic.sms_per_day, clinic.sms_per_week) == (1, 2)
    assert (clinic.email_per_day, clinic.email_per_week) == (1, 3)
    assert clinic.stopped_at is None
    assert len(clinic.brand) <= 24


def test_what_is_missing_is_said_in_sentences_until_it_is_there(db: Database) -> None:
    with db.transaction() as session:
        clinic = profile.create_default(session, now=NOON)
        assert len(profile.missing_for_email(clinic)) == 2
        assert len(profile.missing_for_sms(clinic)) == 2
        clinic = make_clinic(session, now=NOON)
        assert profile.missing_for_email(clinic) == profile.missing_for_sms(clinic) == []
        assert profile.postal_address(clinic) == "1 Sample Street, New York, NY 10001"


def test_all_faulty_fields_are_named_and_none_is_saved(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        with pytest.raises(InvalidInput) as caught:
            profile.update(
                session, ROBIN, now=NOON, name="New name", brand="x" * 25, timezone="Mars/Base",
                phone="12", website="clinic", sms_per_day=0, accent="red", postal_code="1",
                sms_window={"mf": ["18:00", "10:00"]}, sender_email="news", nonsense=1,
            )  # fmt: skip
        assert set(caught.value.fields) == {
            "brand", "timezone", "phone", "website", "sms_per_day", "accent", "postal_code",
            "sms_window", "sender_email", "nonsense",
        }  # fmt: skip
        assert profile.get(session).name == "Deeply Vital Medical"


def test_a_change_is_in_the_trail_by_field_and_not_by_value(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        profile.update(session, ROBIN, now=NOON, phone="212-555-0142", city="New York")
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.detail) == ("clinic.changed", {"fields": ["phone"]})
        assert profile.get(session).phone == "+12125550142"


def test_a_window_must_open_on_some_day(db: Database) -> None:
    with pytest.raises(InvalidInput):
        profile.checked_window({"mf": None, "sat": None, "sun": None})
    with pytest.raises(InvalidInput):
        profile.checked_window({"mf": ["ten", "eleven"]})
    checked = profile.checked_window({"mf": ["9:00", "17:00"]} | {"mf": ["09:00", "17:00"]})
    assert checked == {"mf": ["09:00", "17:00"], "sat": None, "sun": None, "holidays": "closed"}


def test_everything_stops_with_a_reason_and_goes_on_again(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        with pytest.raises(InvalidInput):
            profile.stop_everything(session, ROBIN, reason=" ", now=NOON)
        profile.stop_everything(session, ROBIN, reason="Wrong phone number", now=NOON)
    with each_db.transaction() as session:
        clinic = profile.get(session)
        assert (clinic.stopped_at, clinic.stopped_by) == (NOON, "Robin")
        with pytest.raises(Conflict):
            profile.stop_everything(session, ROBIN, reason="Again", now=NOON)
        profile.allow_again(session, ROBIN, now=NOON)
        assert clinic.stopped_at is None
        with pytest.raises(Conflict):
            profile.allow_again(session, ROBIN, now=NOON)
        trail = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert trail[-2:] == ["sending.stopped", "sending.allowed"]
