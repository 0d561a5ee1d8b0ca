"""A hosted sign-up form, ``/f/<slug>``: what is shown, what is checked, what is answered.

The same form is filled in on our page, in a frame on the clinic's website and on the front
desk's tablet: a ``Place`` says what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.consent import forms, limits
from campaigns.consent.limits import Connection
from campaigns.consent.models import SignupForm
from campaigns.contacts.models import Channel
from campaigns.core import logs
from campaigns.core.errors import NotConfigured
from campaigns.public import filled as fillings
from campaigns.public import frame, seals, signups
from campaigns.public.blueprint import bp
from campaigns.public.filled import Filled
from campaigns.public.seals import Seal
from campaigns.web import context

log = logs.get(__name__)

OLDEST = timedelta(hours=24)
QUICKEST = timedelta(seconds=2)
"""No person fills the form faster."""
TRAP = "website"
"""A field that people do not see; programs fill it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a form is filled in, and what is different there."""

    form: SignupForm
    kind: str = "page"
    path: str
    """Where the form is shown and posted to."""
    layout: str = "public/base.html"
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Fields that travel with the form."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    tablet_id: int | None = None
    seat: int | None = None
    """Which blank form of the tablet's this is; several devices may share a link."""
    ancestors: tuple[str, ...] = ()
    """Websites that may frame it."""

    @property
    def autocomplete(self) -> bool:
        """Whether the browser may fill in what it knows: not on a tablet that many use."""
        return self.tablet_id is None


@bp.get("/f/<slug>")
@open_to_all("anybody may ask for messages")
def sign_up(slug: str) -> Response:
    """Show the form."""
    form = form_at(slug)
    return form if isinstance(form, Response) else show(_page(form), Filled())


@bp.post("/f/<slug>")
@open_to_all("anybody may ask for messages; nothing is sent but one confirmation")
def submit(slug: str) -> Response:
    """Check the form; take the sign-up, or show the form again with what was typed."""
    form = form_at(slug)
    return form if isinstance(form, Response) else take(_page(form))


def form_at(slug: str) -> SignupForm | Response:
    """Return a form in use, or the page that says that there is none."""
    with context.reading() as session:
        if frame.clinic_of(session) is None:
            return frame.not_found()
        form = forms.by_slug(session, slug)
    if form is None:
        return frame.not_found()
    return form if form.active else frame.page("closed.html", status=410)


def show(place: Place, filled: Filled, *, status: int = 200) -> Response:
    """Show the form, with what was typed and what is wrong with it."""
    services, form, locale = context.services(), place.form, frame.language()
    with context.reading() as session:
        clinic = frame.clinic_of(session)
        if clinic is None:
            return frame.not_found()
        try:
            shown = fillings.words_shown(session, clinic)
        except NotConfigured:
            return frame.not_found()
        topics = [
            (one.code, fillings.topic_name(one.code, one.name))
            for one in fillings.topics_of(session, form)
        ]
    return render(
        place,
        "form.html",
        status=status,
        filled=filled,
        words={kind: words.text for kind, words in shown.items()},
        topics=topics,
        channels=form.channels,
        headline=forms.words_of(form, "headline", locale),
        lead=forms.words_of(form, "lead", locale),
        shown_at=seals.seal(
            services.keys, Seal.SIGN_UP, context.now(), *([place.seat] if place.seat else [])
        ),
        trap=TRAP,
    )


def take(place: Place) -> Response:
    """Take what was posted at a place: the sign-up, or the form once more."""
    filled = Filled.of_request()
    if request.form.get(TRAP):
        log.warning("signup_trap")
        return answer(place, filled)
    services, now = context.services(), context.now()
    with context.reading() as session:
        clinic = frame.clinic_of(session)
        if clinic is None:
            return frame.not_found()
        wish = fillings.check(
            session,
            filled,
            clinic,
            place.form,
            source_label=_source_label(place),
            evidence={
                "place": place.kind,
                "source_url": f"{services.public_url}/f/{place.form.slug}",
                **place.evidence,
            },
        )
    if wish is None:
        return show(place, filled, status=422)
    age = seals.age(services.keys, Seal.SIGN_UP, request.form.get("shown_at", ""), now)
    if age is None or not QUICKEST <= age <= OLDEST:
        filled.errors["form"] = frame.say("error_stale")
        return show(place, filled, status=422)
    texts_closed = False
    with context.transaction() as session:
        limits.hold_lock(session)
        connection = _connection(session, place)
        allowed = limits.may_submit(session, connection, now)
        if allowed and wish.phone and not signups.can_pay(session, now):
            texts_closed, wish = True, replace(wish, phone=None)
        if allowed and (wish.phone or wish.email):
            signups.take(session, wish, connection, now=now)
    if not allowed:
        log.warning("signup_limit", place=place.kind)
        response = render(place, "busy.html", status=429)
        response.headers["Retry-After"] = "3600"
        return response
    if texts_closed:
        log.warning("signup_budget", place=place.kind)
        if wish.email is None:
            filled.errors["phone"] = frame.say("error_texts_closed")
            return show(place, filled, status=422)
    return answer(place, filled, texts_closed=texts_closed)


def answer(place: Place, filled: Filled, *, texts_closed: bool = False) -> Response:
    """Say what happens next; the same words for known and unknown people."""
    wants_sms = "sms_ok" in filled.ticks and Channel.SMS in place.form.channels
    return render(
        place,
        "answer.html",
        wants_sms=wants_sms and not texts_closed,
        texts_closed=wants_sms and texts_closed,
        offers_email=Channel.EMAIL in place.form.channels,
        thanks=forms.words_of(place.form, "thanks", frame.language()),
    )


def render(place: Place, template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a page in the layout of a place."""
    return frame.page(
        template,
        status=status,
        layout=place.layout,
        place=place,
        ancestors=place.ancestors,
        scripts=place.tablet_id is not None,
        resets=place.tablet_id is not None and "filled" not in values,
        site=context.services().public_url,
        **values,
    )


def _page(form: SignupForm) -> Place:
    return Place(form=form, path=f"/f/{form.slug}")


def _connection(session: Session, place: Place) -> Connection:
    if place.tablet_id is not None:
        return limits.tablet_connection(session, place.tablet_id)
    return limits.connection_of(session, request.remote_addr or "")


def _source_label(place: Place) -> str:
    own = forms.words_of(place.form, "source", frame.language())
    if own:
        return own
    return frame.say("source_label_tablet" if place.tablet_id else "source_label")
