"""18: whoever was erased does not come back with a file."""

from __future__ import annotations

from sqlalchemy import select

from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel
from campaigns.core.actors import SYSTEM
from campaigns.privacy import erasure
from tests.acceptance.conftest import House
from tests.factories import imports
from tests.factories.broadcasts import make_scheduled
from tests.factories.consent import make_member
from tests.factories.delivery import messages


def test_18_an_erased_contact_that_is_imported_again_is_refused(house: House) -> None:
    with house.services.db.transaction() as session:
        person = make_member(session, now=house.now, email="ana.gone@example.com")
        other = make_member(session, now=house.now)
        phone = directory.addresses_of(session, person.id)[Channel.SMS].address
        erasure.erase(session, SYSTEM, person.id, reason="asked by letter", now=house.now)
    header = (
        "first name,email,phone,email consent,email consent method,email consent date,"
        "email consent wording,sms consent,sms consent method,sms consent date,sms consent wording"
    )
    proof = 'yes,paper form,2026-05-01,"I agree to hear from the clinic."'
    lines = [f"Ana,Ana.Gone@Example.com,{phone},{proof},{proof}"]
    lines.append(f"Ana,,{phone.removeprefix('+1')},{proof},{proof}")
    imports.run(house.services.db, house.services.clock, "\n".join([header, *lines]) + "\n")
    with house.services.db.transaction() as session:
        make_scheduled(session, now=house.now, channels=("email", "sms"))
    house.send()
    assert {row.to for row in house.outbox()}.isdisjoint({"ana.gone@example.com", phone})
    assert len(house.outbox()) == 2  # the other person gets both
    left = {row.contact_id for row in messages(house.services) if row.intent_at is not None}
    assert left == {other.id}
    with house.services.db.reading() as session:
        kept = session.scalars(select(Address.contact_id).where(Address.address == phone)).all()
        assert person.id not in kept
