"""``/confirm/<token>``: the second step of a sign-up. Looking changes nothing, the button does."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.clinic import profile
from campaigns.consent import disclosures, limits, optin
from campaigns.consent.models import Disclosure
from campaigns.contacts import addresses
from campaigns.contacts.models import Channel
from campaigns.core.errors import InvalidInput, NotFound
from campaigns.core.signing import Purpose
from campaigns.public import frame, signups
from campaigns.public.blueprint import bp
from campaigns.web import context


@bp.get("/confirm/<token>")
@open_to_all("the token names one sign-up; looking changes nothing")
def ask_to_confirm(token: str) -> Response:
    """Show the button, or that it was pressed already, or that the time is over."""
    request_id = context.services().tokens.read(Purpose.CONFIRM, token)
    if request_id is None:
        return frame.not_found()
    with context.reading() as session:
        try:
            row = optin.get(session, request_id)
        except NotFound:
            return frame.not_found()
        channel, masked = row.channel, addresses.mask(row.channel, row.address)
        words = _words(session) if optin.needs_words(session, row) else None
        confirmed, expired = row.confirmed_at is not None, row.expires_at <= context.now()
    if confirmed:
        return frame.page("confirmed.html", text_next=signups.TextNext.NONE)
    if expired:
        return frame.page("expired.html", status=410)
    return frame.page("confirm.html", token=token, channel=channel, masked=masked, words=words)


@bp.post("/confirm/<token>")
@open_to_all("the token is proof that the address received our message")
def confirm(token: str) -> Response:
    """Record the confirmation; pressing twice is as good as once."""
    request_id = context.services().tokens.read(Purpose.CONFIRM, token)
    if request_id is None:
        return frame.not_found()
    if request.form.get("confirm") != "1":
        return frame.faulty(400)
    now, text_next = context.now(), signups.TextNext.NONE
    with context.transaction() as session:
        try:
            row = optin.get(session, request_id)
            first_time = row.confirmed_at is None
            shown = None
            if optin.needs_words(session, row):
                shown = _words(session, request.form.get("words", type=int))
            optin.confirm(session, request_id, now=now, evidence=visitor(), shown=shown)
            if first_time:
                connection = limits.connection_of(session, request.remote_addr or "")
                text_next = signups.apply_claims(session, row, connection, now=now)
        except NotFound:
            return frame.not_found()
        except InvalidInput:
            return frame.page("expired.html", status=410)
    return frame.page("confirmed.html", text_next=text_next)


def _words(session: Session, shown_id: int | None = None) -> tuple[int, str]:
    """Return the wording for email that the page shows: the version it showed, or today's."""
    clinic, base = profile.get(session), context.services().public_url
    version = None if shown_id is None else session.get(Disclosure, shown_id)
    if version is None or version.kind != Channel.EMAIL:
        version = disclosures.current(session, Channel.EMAIL, frame.language())
    text = disclosures.render(
        version, brand=clinic.brand, privacy_url=f"{base}/privacy", terms_url=f"{base}/terms"
    )
    return version.id, text


def visitor() -> dict[str, Any]:
    """Return what is kept as evidence of who pressed a button."""
    return {
        "ip": request.remote_addr or "",
        "user_agent": request.user_agent.string[:300],
        "locale": frame.language(),
    }
