"""A sign-up form on the front desk's tablet, ``/f/<slug>/tablet/<token>``.

A member of staff opened it; the tablet itself holds no log-in and no cookie. After each
person, and when nobody touches it, it is blank again, and going back shows nothing of
anybody: pages are not stored, and what an earlier page posts is thrown away. Each blank
form has a seat of its own, so devices that share a link do not clear one another.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import redirect, request
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.consent import tablets
from campaigns.core.signing import Purpose
from campaigns.public import form as forms_page
from campaigns.public import frame, seals
from campaigns.public.blueprint import bp
from campaigns.public.filled import Filled
from campaigns.public.form import Place
from campaigns.public.seals import Seal
from campaigns.web import context

_SEAL_GRAIN = timedelta(seconds=1)
"""A seal's time has whole seconds."""


@bp.get("/f/<slug>/tablet")
@open_to_all("tells whoever opens it to ask the front desk")
def tablet_closed(slug: str) -> Response:
    """Say that the front desk opens this page."""
    form = forms_page.form_at(slug)
    return form if isinstance(form, Response) else frame.page("tablet_ended.html", status=403)


@bp.get("/f/<slug>/tablet/<token>")
@open_to_all("a member of staff opened it for this tablet")
def tablet(slug: str, token: str) -> Response:
    """Show a blank form."""
    place = _place(slug, token)
    return place if isinstance(place, Response) else forms_page.show(place, Filled())


@bp.post("/f/<slug>/tablet/<token>")
@open_to_all("a member of staff opened it for this tablet")
def submit_tablet(slug: str, token: str) -> Response:
    """Take the sign-up and be blank for the next person."""
    place = _place(slug, token)
    if isinstance(place, Response):
        return place
    if _is_spent(place):
        return _again(place)
    response = forms_page.take(place)
    if response.status_code == 200:
        _blank(place)
    return response


@bp.post("/f/<slug>/tablet/<token>/clear")
@open_to_all("a member of staff opened it for this tablet; clears what is typed")
def clear_tablet(slug: str, token: str) -> Response:
    """Be blank again: somebody walked away, or wants to start over."""
    place = _place(slug, token)
    if isinstance(place, Response):
        return place
    _blank(place)
    return _again(place)


def _place(slug: str, token: str) -> Place | Response:
    form = forms_page.form_at(slug)
    if isinstance(form, Response):
        return form
    tablet_id = context.services().tokens.read(Purpose.TABLET, token)
    with context.reading() as session:
        row = tablets.find_running(session, tablet_id, context.now())
    if row is None or row.form_id != form.id:
        return frame.page("tablet_ended.html", status=410)
    return Place(
        form=form,
        kind="tablet",
        path=f"/f/{form.slug}/tablet/{token}",
        layout="public/tablet.html",
        tablet_id=row.id,
        seat=_posted_seat() or secrets.randbits(40) + 1,
        evidence={"tablet": row.id, "opened_by": row.opened_by, "opened_by_id": row.opened_by_id},
    )


def _is_spent(place: Place) -> bool:
    """Tell whether the posted page was shown to somebody who has left the tablet since."""
    now = context.now()
    text = request.form.get("shown_at", "")
    age = seals.age(context.services().keys, Seal.SIGN_UP, text, now)
    if age is None:
        return False  # the form itself says what is wrong
    with context.reading() as session:
        row = tablets.find_running(session, place.tablet_id, now)
    if row is None:
        return False
    return _posted_seat() in row.spent_seats or now - age + _SEAL_GRAIN <= row.blank_since


def _posted_seat() -> int | None:
    """Return the seat of the page that is posted: it stays while the same person mends it."""
    numbers = seals.unseal(
        context.services().keys,
        Seal.SIGN_UP,
        request.form.get("shown_at", ""),
        context.now(),
        within=forms_page.OLDEST,
    )
    return numbers[0] if numbers else None


def _blank(place: Place) -> None:
    with context.transaction() as session:
        tablets.blank(session, place.tablet_id or 0, seat=_posted_seat(), now=context.now())


def _again(place: Place) -> Response:
    return redirect(f"{place.path}?lang={frame.language()}", 303)
