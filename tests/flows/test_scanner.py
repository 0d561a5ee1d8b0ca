"""A mail scanner fetches every address of a message a hundred times: nothing changes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from campaigns.app import create_app
from campaigns.consent import ledger
from campaigns.contacts.models import Contact
from campaigns.core.db import Base
from campaigns.events.models import Click
from campaigns.providers.models import LocalDelivery
from campaigns.reports import timeline
from campaigns.wiring import Services
from tests.factories.delivery import make_sending, settle

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"


def addresses_in(services: Services) -> list[str]:
    """Every address of ours in the emails and texts that went out, headers included."""
    with services.db.reading() as session:
        went = session.scalars(select(LocalDelivery)).all()
        assert {row.channel for row in went} == {"email", "sms"}
        written = " ".join(f"{row.html or ''} {row.text or ''} {row.headers or {}}" for row in went)
    found = re.findall(r"http://127\.0\.0\.1:8000(/[A-Za-z0-9/_.?=&;-]+)", written)
    return sorted({path.replace("&amp;", "&") for path in found})


def content_of(services: Services, *, without: str) -> dict[str, list[object]]:
    with services.db.reading() as session:
        return {
            name: list(session.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")))
            for name in sorted(Base.metadata.tables)
            if name != without and len(Base.metadata.tables[name].columns) > 1
        }


@pytest.mark.parametrize(("after", "times"), [(timedelta(seconds=5), 100), (timedelta(days=2), 12)])
def test_a_scanner_changes_nothing_and_counts_as_no_click(
    each_services: Services, after: timedelta, times: int
) -> None:
    services = each_services
    make_sending(services, people=1, channels=("email", "sms"))
    settle(services)
    paths = addresses_in(services)
    kinds = {path.split("/")[1] for path in paths}
    assert {"u", "p", "c", "l"} <= kinds
    assert any(path.startswith("/c/") and path.endswith("/0") for path in paths), "no trap"
    services.clock.advance(after)  # type: ignore[attr-defined]
    client = create_app(services).test_client()
    before = content_of(services, without="clicks")
    for path in paths:
        for _ in range(times):
            for method in ("GET", "HEAD"):
                reply = client.open(path, method=method, headers={"User-Agent": BROWSER})
                assert reply.status_code < 500
                assert "Set-Cookie" not in reply.headers
                reply.close()
    assert content_of(services, without="clicks") == before
    with services.db.reading() as session:
        assert not session.scalars(select(Click.id).where(Click.suspect.is_(False))).all()
        (person,) = session.scalars(select(Contact)).all()
        assert person.last_clicked_at is None
        assert {s.status for s in ledger.state_of(session, person.id).values()} == {"granted"}
        happened = timeline.of_person(session, person.id)
        assert not [one for one in happened if one.kind == "click"]
