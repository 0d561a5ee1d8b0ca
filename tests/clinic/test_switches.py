"""Stopping one channel, or texts to one state: who did it and why stays on record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from campaigns.accounts.models import AuditEntry
from campaigns.clinic import switches
from campaigns.contacts import areas
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.db import Database
from campaigns.core.errors import Conflict, InvalidInput
from tests.conftest import NOON
from tests.factories.clinic import make_clinic

ROBIN = Actor(kind=ActorKind.STAFF, id=7, name="Robin")


def test_a_channel_and_a_state_are_stopped_and_allowed_again(each_db: Database) -> None:
    with each_db.transaction() as session:
        make_clinic(session, now=NOON)
        switches.stop(session, ROBIN, kind="channel", code="sms", reason="Wrong link", now=NOON)
        switches.stop(session, ROBIN, kind="state", code="LA", reason="Hurricane", now=NOON)
    with each_db.reading() as session:
        assert [(row.kind, row.code) for row in switches.stopped(session)] == [
            ("channel", "sms"),
            ("state", "LA"),
        ]
        assert switches.is_channel_stopped(session, "sms")
        assert not switches.is_channel_stopped(session, "email")
        assert switches.stopped_states(session) == ("LA",)
    with each_db.transaction() as session:
        switches.allow(session, ROBIN, kind="state", code="LA", now=NOON)
        assert switches.stopped_states(session) == ()
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert list(actions[-3:]) == ["switch.stopped", "switch.stopped", "switch.allowed"]


def test_a_switch_that_means_nothing_is_refused(db: Database) -> None:
    with db.transaction() as session:
        make_clinic(session, now=NOON)
        for kind, code in (("state", "XX"), ("channel", "fax"), ("planet", "LA")):
            with pytest.raises(InvalidInput, match="Choose what to stop"):
                switches.stop(session, ROBIN, kind=kind, code=code, reason="x", now=NOON)
        with pytest.raises(InvalidInput, match="Say why"):
            switches.stop(session, ROBIN, kind="state", code="LA", reason=" ", now=NOON)
        switches.stop(session, ROBIN, kind="state", code="LA", reason="x", now=NOON)
        with pytest.raises(Conflict):
            switches.stop(session, ROBIN, kind="state", code="LA", reason="x", now=NOON)
        with pytest.raises(Conflict):
            switches.allow(session, ROBIN, kind="state", code="TX", now=NOON)


def test_every_state_with_area_codes_can_be_stopped() -> None:
    assert set(switches.STATES) == areas.STATES
