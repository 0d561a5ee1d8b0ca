"""The front desk's tablet: a form that a member of staff opened there for some hours.

The tablet holds no log-in: its address names this row, which ends by itself or at a tap.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.consent import forms
from campaigns.consent.models import SignupTablet
from campaigns.core.actors import Actor
from campaigns.core.errors import Conflict, NotFound

HOURS = (4, 8, 12)
"""For how long a tablet may be opened."""
_SHOWN = 20


def start(
    session: Session, actor: Actor, form_id: int, *, hours: int, now: datetime
) -> SignupTablet:
    """Open a form for a tablet.

    Raises: NotFound ``signup_form``; Conflict ``signup_form_off``.
    """
    form = forms.get(session, form_id)
    if not form.active:
        raise Conflict("signup_form_off", "This form is switched off. Switch it on first.")
    tablet = SignupTablet(
        form_id=form.id,
        opened_by_id=actor.id or 0,
        opened_by=actor.name[:120],
        opened_at=now,
        expires_at=now + timedelta(hours=min(max(hours, HOURS[0]), HOURS[-1])),
        blank_since=now,
    )
    session.add(tablet)
    session.flush()
    audit.append(
        session, actor, "signup_tablet.opened", subject_kind="signup_form", subject_id=form.id,
        now=now, tablet=tablet.id,
    )  # fmt: skip
    return tablet


def end(session: Session, actor: Actor, tablet_id: int, *, now: datetime) -> SignupTablet:
    """End a tablet's session at once; ending it twice is as good as once.

    Raises: NotFound ``signup_tablet``.
    """
    tablet = session.get(SignupTablet, tablet_id)
    if tablet is None:
        raise NotFound("signup_tablet", "There is no such tablet.")
    if tablet.ended_at is None:
        tablet.ended_at = now
        audit.append(
            session, actor, "signup_tablet.ended", subject_kind="signup_form",
            subject_id=tablet.form_id, now=now, tablet=tablet.id,
        )  # fmt: skip
    return tablet


def running(session: Session, form_id: int, now: datetime) -> list[SignupTablet]:
    """Return the tablets on which a form is open now, newest first."""
    query = (
        select(SignupTablet)
        .where(
            SignupTablet.form_id == form_id,
            SignupTablet.ended_at.is_(None),
            SignupTablet.expires_at > now,
        )
        .order_by(SignupTablet.id.desc())
        .limit(_SHOWN)
    )
    return list(session.scalars(query))


def find_running(session: Session, tablet_id: int | None, now: datetime) -> SignupTablet | None:
    """Return a tablet's row while it may be used."""
    tablet = session.get(SignupTablet, tablet_id) if tablet_id is not None else None
    if tablet is None or tablet.ended_at is not None or tablet.expires_at <= now:
        return None
    return tablet


def blank(session: Session, tablet_id: int, *, seat: int | None = None, now: datetime) -> None:
    """Note that the next person is at the device: what its pages held is worth nothing.

    Several devices may share a link: ``seat`` names the one form that ends. Without it all
    pages shown until now end.
    """
    tablet = session.get(SignupTablet, tablet_id, with_for_update=True)
    if tablet is None:
        return
    if seat is None:
        tablet.blank_since = max(tablet.blank_since, now)
    elif seat not in tablet.spent_seats:
        tablet.spent_seats = [*tablet.spent_seats, seat]
