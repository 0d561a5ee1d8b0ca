"""A phone of a record that was merged away: nobody is written to there, but its STOP counts."""

from __future__ import annotations

import pytest

from campaigns.consent import merging, suppression
from campaigns.consent.models import ConsentStatus
from campaigns.contacts.models import Channel
from campaigns.core.actors import SYSTEM
from campaigns.wiring import Services
from tests.factories.consent import make_member
from tests.webhooks.conftest import calling
from tests.webhooks.found import consent
from tests.webhooks.signing import Vendors

OLD = "+12125550177"


@pytest.mark.parametrize("body", ["STOP", "please take me off your list", "stop all"])
def test_a_stop_from_the_phone_that_did_not_move_counts(
    each_hooked: Services, vendors: Vendors, body: str
) -> None:
    now = each_hooked.clock.now()
    with each_hooked.db.transaction() as session:
        keep = make_member(session, now=now, phone="2125550188")
        drop = make_member(session, now=now, phone="2125550177")
        merging.merge(session, keep_id=keep.id, drop_id=drop.id, actor=SYSTEM, now=now)
        session.flush()
        session.refresh(keep)
        session.expunge(keep)
    vendors.text(calling(each_hooked), OLD, body)
    with each_hooked.db.reading() as session:
        assert suppression.is_suppressed(session, Channel.SMS, OLD, now) is not None
    assert consent(each_hooked, keep) == ConsentStatus.WITHDRAWN
