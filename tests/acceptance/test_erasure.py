"""18: whoever was erased does not come back with a file."""

from __future__ import annotations

from typing import Any

import urllib3
from sqlalchemy import select

from campaigns.accounts import sessions
from campaigns.accounts.models import Role
from campaigns.contacts import directory
from campaigns.contacts.models import Address, Channel
from campaigns.core.actors import SYSTEM
from campaigns.imports import runner
from campaigns.imports.models import Import
from campaigns.privacy import erasure
from campaigns.web.sessions import cookie_name, token_for
from tests.acceptance.conftest import House, Reply
from tests.factories import imports
from tests.factories.accounts import staff_user
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


class Staff:
    """A manager at the staff pages, over the wire."""

    def __init__(self, house: House) -> None:
        self.http = house.http
        user = staff_user(house.services, Role.OWNER)
        with house.services.db.transaction() as session:
            raw = sessions.open_for(session, user, now=house.now)
        self.headers = {
            "Cookie": f"{cookie_name(house.services)}={raw}",
            "X-CSRF-Token": token_for(house.services, raw),
        }

    def post(self, path: str, fields: dict[str, Any]) -> Reply:
        body, kind = urllib3.encode_multipart_formdata(fields)
        reply: Reply = self.http.post(path, data=body, headers=self.headers, content_type=kind)
        assert reply.status_code == 303, reply.data.decode()
        return reply


def test_18_so_it_is_over_http_from_the_page_that_erases_to_the_page_that_imports(
    house: House,
) -> None:
    with house.services.db.transaction() as session:
        person = make_member(session, now=house.now, email="ana.gone@example.com")
        other = make_member(session, now=house.now)
        phone = directory.addresses_of(session, person.id)[Channel.SMS].address
    staff = Staff(house)
    staff.post(f"/staff/people/{person.id}/erase", {"typed": "erase", "reason": "By letter"})
    file = (
        "Email,Phone,Consent date,Consent source,Consent wording\n"
        f"Ana.Gone@Example.com,{phone},2026-05-01,Paper,I agree to hear from the clinic.\n"
    )
    came = staff.post("/staff/people/import/", {"file": ("people.csv", file, "text/csv")})
    base = came.headers["Location"].removesuffix("/columns")
    meanings = ("email", "phone", "consent_at", "consent_source", "consent_wording")
    columns = {f"column-{n}": meaning for n, meaning in enumerate(meanings)}
    staff.post(f"{base}/columns", columns)
    staff.post(f"{base}/start", {"go": "1"})
    runner.tick(house.services.db, house.services.clock)
    with house.services.db.transaction() as session:
        make_scheduled(session, now=house.now, channels=("email", "sms"))
    house.send()
    assert {row.to for row in house.outbox()}.isdisjoint({"ana.gone@example.com", phone})
    left = {row.contact_id for row in messages(house.services) if row.intent_at is not None}
    assert left == {other.id}
    with house.services.db.reading() as session:
        done = session.scalars(select(Import)).one()
    assert done.state == "done"
    assert not done.tally.get("email_granted")
    assert not done.tally.get("sms_granted")
