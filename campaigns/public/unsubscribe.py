"""``/u/<token>``: leaving, by the mailbox's own button (RFC 8058) or by ours.

A POST needs no cookie, no log-in and no form token, whatever its content type; it is
committed before it is answered, never redirected, and pressing twice is as good as once.
"""

from __future__ import annotations

from datetime import datetime

from flask import make_response, request
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.consent import ledger
from campaigns.consent.models import Method
from campaigns.core.errors import InvalidInput
from campaigns.core.signing import Purpose
from campaigns.delivery import recipients
from campaigns.public import frame, seals
from campaigns.public.blueprint import bp
from campaigns.public.confirm import visitor
from campaigns.public.seals import Seal
from campaigns.web import context

ONE_CLICK = ("List-Unsubscribe", "One-Click")


@bp.get("/u/<token>")
@open_to_all("the token names one message; looking changes nothing")
def ask_to_leave(token: str) -> Response:
    """Show where the person stands, one button, and the way to finer choices."""
    with context.reading() as session:
        recipient = recipients.of_token(session, Purpose.UNSUBSCRIBE, token)
        if recipient is None:
            return frame.not_found()
        on = recipients.gets_messages(session, recipient, recipient.channel)
    return frame.page(
        "leave.html",
        token=token,
        channel=recipient.channel,
        masked=recipient.masked,
        on=on,
        preferences=context.services().tokens.issue(Purpose.PREFERENCES, recipient.message_id),
    )


@bp.post("/u/<token>")
@open_to_all("mailbox providers press this without cookies or log-in (RFC 8058)")
def leave(token: str) -> Response:
    """Record the stop at once.

    The body tells a mailbox's button, our own form and our undo apart. Whoever posts
    anything else to this address can only want one thing, and is not left on the list for
    saying it in a way that no standard knows.
    """
    form = request.form
    one_click = _is_one_click()
    if not one_click and "undo" in form:
        return _undo(token, form["undo"])
    ours = not one_click and (form.get("confirm") == "1" or "lang" in form)
    now = context.now()
    with context.reading() as session:
        recipient = recipients.of_token(session, Purpose.UNSUBSCRIBE, token)
        if recipient is None:
            return frame.not_found()
        done = recipients.has_left(session, recipient, recipient.channel, now=now)
    undo = "" if done else _stop(token, now, ours=ours)
    if not ours:
        return _plain(frame.say("left_plain"), 200)
    return frame.page(
        "left.html", token=token, channel=recipient.channel, masked=recipient.masked, undo=undo
    )


def _stop(token: str, now: datetime, *, ours: bool) -> str:
    """Write the stop; return the sealed field that can undo it, empty where nothing may."""
    with context.transaction() as session:
        recipient = recipients.of_token(session, Purpose.UNSUBSCRIBE, token)
        if recipient is None:  # deleted since it was read
            return ""
        entry = recipients.stop(
            session,
            recipient,
            recipient.channel,
            Method.UNSUBSCRIBE_PAGE if ours else Method.ONE_CLICK,
            now=now,
            evidence=visitor(),
        )
        if entry is None or entry.contact_id != recipient.contact_id:
            return ""
        if not ledger.may_undo(
            session,
            contact_id=entry.contact_id,
            channel=recipient.channel,
            entry_id=entry.id,
            now=now,
        ):
            return ""
    return seals.seal(context.services().keys, Seal.UNDO, now, recipient.message_id, entry.id)


def _undo(token: str, sealed: str) -> Response:
    now = context.now()
    with context.transaction() as session:
        recipient = recipients.of_token(session, Purpose.UNSUBSCRIBE, token)
        if recipient is None:
            return frame.not_found()
        numbers = seals.unseal(
            context.services().keys, Seal.UNDO, sealed, now, within=ledger.UNDO_WITHIN
        )
        if numbers is None or numbers[0] != recipient.message_id or recipient.contact_id is None:
            return frame.page("undo_late.html", status=410)
        if recipients.gets_messages(session, recipient, recipient.channel):
            return frame.page("undone.html")
        try:
            ledger.undo(
                session,
                contact_id=recipient.contact_id,
                channel=recipient.channel,
                actor=recipient.actor,
                now=now,
                entry_id=numbers[1],
            )
        except InvalidInput:
            return frame.page("undo_late.html", status=410)
        back = recipients.gets_messages(session, recipient, recipient.channel)
    return frame.page("undone.html") if back else frame.page("undo_late.html", status=410)


def _is_one_click() -> bool:
    """Tell whether this is a mailbox's button: the pair in a form of either type, or bare."""
    name, value = ONE_CLICK
    if request.form.get(name) == value:
        return True
    known = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    return not known and request.get_data(cache=True)[:64].strip() == f"{name}={value}".encode()


def _plain(text: str, status: int) -> Response:
    response = make_response(f"{text}\n", status)
    response.content_type = "text/plain; charset=utf-8"
    return response
